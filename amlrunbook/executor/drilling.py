"""A drill's side of a run: what is heard of the world, hints that are asked for, and the score at the end."""

from __future__ import annotations

from typing import Protocol

from amlrunbook.errors import RefusedError, SimulatorError
from amlrunbook.executor.stage import Stage, said
from amlrunbook.state import events as e


class Drilling(Protocol):
    """The simulated world, as far as a run in it may ask of it."""

    def heard(self) -> tuple[str, ...]:
        """Return all that was to be heard since the alarm, in order; nothing where the world is silent."""

    def hint(self) -> str:
        """Return the next hint, which costs; an empty text where there is none left.

        Raises:
            SimulatorError: the world does not answer.
        """

    def score(self, entries: tuple[e.Recorded, ...]) -> e.DrillScore | None:
        """Return the score, judged from the world, with the times of the run; ``None`` where nothing is judged.

        Raises:
            SimulatorError: the world does not answer.
        """


def tell_heard(stage: Stage) -> None:
    """Journal what was heard of the world since the last time; nothing outside a drill.

    Raises:
        JournalError: the journal cannot be written.
    """
    drilling = stage.people.drilling
    if drilling is None or _is_over(stage):
        return
    heard = drilling.heard()
    with stage.record.held():
        new = heard[stage.state.drill_heard :]
        if new and not _is_over(stage):
            stage.record.append(*(e.DrillFault(text=said(text)) for text in new))


def _is_over(stage: Stage) -> bool:
    return stage.state.closed is not None or stage.state.handed_over is not None


def ask_hint(stage: Stage) -> None:
    """Journal the next hint.

    Raises:
        RefusedError: this is no drill, or there is no hint left.
        SimulatorError: the world does not answer.
        JournalError: the journal cannot be written.
    """
    drilling = stage.people.drilling
    if drilling is None:
        raise RefusedError(
            "Hints belong to drills, and this is none.",
            state="Nothing was written.",
            next_step="The step's own words say why it is done; the one page says what comes next.",
        )
    text = drilling.hint()
    if not text:
        raise RefusedError(
            "There is no hint left.",
            state="Nothing was written, and nothing more is charged.",
            next_step="Read the hints that you were given: they are in the journal.",
        )
    stage.record.append(e.DrillHint(text=said(text)))


def score(stage: Stage) -> None:
    """Journal the score of a drill; nothing where nothing is judged.

    A world that does not answer leaves the run without a score, and a warning that says so.

    Raises:
        JournalError: the journal cannot be written.
    """
    drilling = stage.people.drilling
    if drilling is None:
        return
    try:
        scored = drilling.score(stage.record.entries)
    except SimulatorError as error:
        stage.record.append(e.WarningRaised(text=said(f"Not scored: {error.what}")))
        return
    if scored is not None:
        stage.record.append(scored)
