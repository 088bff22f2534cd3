"""Earlier drills on disk: what their journals say they scored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from amlrunbook.errors import AmlRunbookError
from amlrunbook.executor.ledger import recorded_of
from amlrunbook.journal import JOURNAL_FILE, read_entries
from amlrunbook.state import events as e
from amlrunbook.store.runs import list_run_folders

MOST_RUNS = 60
"""How many runs are read, the newest first."""
LARGEST = 2 << 20
"""Bytes of a journal that is read for its score; a larger one is passed over."""


@dataclass(frozen=True, slots=True)
class EarlierDrill:
    """A drill that was scored."""

    scenario: str
    folder: Path
    score: e.DrillScore


def earlier_drills(*, but: Path | None = None) -> list[EarlierDrill]:
    """Return the drills that were scored, the newest first, but for the one in the folder ``but``.

    A journal that cannot be read tells no score; it is passed over.
    """
    found = []
    for run in list(reversed(list_run_folders()))[:MOST_RUNS]:
        if but is not None and run.path.resolve() == but.resolve():
            continue
        drill = _read(run.path)
        if drill is not None:
            found.append(drill)
    return found


def _read(folder: Path) -> EarlierDrill | None:
    scenario, score = "", None
    try:
        if (folder / JOURNAL_FILE).stat().st_size > LARGEST:
            return None
        for entry in read_entries(folder):
            event = recorded_of(entry).event
            if isinstance(event, e.RunOpened):
                scenario = event.scenario
            elif isinstance(event, e.DrillScore):
                score = event
    except (AmlRunbookError, OSError):
        return None
    return EarlierDrill(scenario, folder, score) if scenario and score is not None else None


def compared(points: int, earlier: list[EarlierDrill]) -> str:
    """Return how a score stands to the earlier ones of its scenario, the newest of which come first."""
    if not earlier:
        return "This is the first drill of this scenario here."
    best = max(drill.score.points for drill in earlier)
    last = earlier[0].score.points
    word = (
        "a new best" if points > best else "as good as the best" if points == best else "below it"
    )
    count = f"{len(earlier)} earlier drill{'' if len(earlier) == 1 else 's'} of this scenario"
    return f"{count}: best {best}, last {last}; this one {points}, {word}."
