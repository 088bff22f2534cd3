"""Leaving: what stops when one leaves, and what does not."""

from __future__ import annotations

from typing import Any

from textual.app import App

from amlrunbook.executor.commands import AnyCommand, Close, Pause
from amlrunbook.executor.watching import LiveRun
from amlrunbook.model.mode import Mode
from amlrunbook.state.transitions import StepState
from screens.feed import RunFeed
from screens.question import Option, QuestionScreen
from screens.results import RunEnded, RunLeft
from screens.widgets.page_view import Paragraph
from screens.widgets.tones import Tone

_LABEL = 10
_MOST = 3
"""Checks that failed and are named before a run is ended."""


class LeaveScreen(QuestionScreen[str]):
    """Whether to leave the program."""

    TITLE_HERE = "Leave"
    DECIDES = "Here you leave, or stay. The text says what stops when you leave and what does not."


def what_stops(run: LiveRun) -> list[Paragraph]:
    """Return what stops when one leaves, and what does not."""
    state = run.state
    titles = {step.id: step.title for step in run.plan.steps}
    flying = [titles.get(record.step, record.step) for record in state.in_flight]
    stops = "this screen" + (
        "; the check that runs is not finished, and is run again later"
        if run.busy and not flying
        else ""
    )
    stays = f"the run: every entry is in its journal, {run.journal_path}"
    text = [
        Paragraph(stops, Tone.PLAIN, "Stops", _LABEL),
        Paragraph(stays, Tone.PLAIN, "Stays", _LABEL),
    ]
    if flying:
        text.append(
            Paragraph(
                f"Azure, with what was sent: {', '.join(flying)}. When you resume, the program looks whether it happened.",
                Tone.WARNING,
                "Goes on",
                _LABEL,
            )
        )
    if run.mode is Mode.DRILL:
        text.append(
            Paragraph(
                "the simulated Azure: the drill can be resumed", Tone.PLAIN, "Lives on", _LABEL
            )
        )
    resume = "choose it under “Open runs” on the home screen"
    if state.handed_over is not None:
        resume = f"{state.handed_over.principal} goes on with: amlrunbook run --resume {run.journal_path} --accept-handover"
    text.append(Paragraph(resume, Tone.PLAIN, "Resume", _LABEL))
    return text


class AskToLeave(LeaveScreen):
    """The question asked of a run; it carries out its own answer, from whatever screen it was asked."""

    def __init__(self, feed: RunFeed) -> None:
        self.feed = feed
        follows = "the run is paused and can be resumed"
        if feed.death is not None:
            follows = "the run has stopped; it can be resumed"
        elif feed.run.state.handed_over is not None:
            follows = (
                f"the run is {feed.run.state.handed_over.principal}'s; nothing more is written"
            )
        options = [Option("Stay", "nothing happens", "stay"), Option("Leave", follows, "leave")]
        super().__init__("Leave the program?", what_stops(feed.run), options)

    def do_take(self) -> None:
        """Leave, or stay."""
        index = self._chosen()
        if self.options[index].answer == "stay":
            self.finish("stay")
            return
        leave(self.app, self.feed)

    def _chosen(self) -> int:
        from screens.widgets.line_view import LineView

        return self.query_one("#options", LineView).cursor


def ask_to_leave(app: App[Any], feed: RunFeed | None) -> None:
    """Ask whether to leave, once; without a run nothing is lost, and nothing is asked."""
    if feed is None:
        app.exit()
    elif feed.run.state.closed is not None:
        app.exit(RunEnded())
    elif not isinstance(app.screen, LeaveScreen):
        _ = app.push_screen(AskToLeave(feed))


def leave(app: App[Any], feed: RunFeed) -> None:
    """Leave now: an open run is paused, and can be resumed."""
    if feed.death is None and feed.run.state.handed_over is None:
        feed.run.submit(Pause(reason="the operator left the screen"))
    app.exit(RunLeft())


def close_question(feed: RunFeed) -> QuestionScreen[AnyCommand | None]:
    """Return the question whether to end the run."""
    run = feed.run
    state = run.state
    open_steps = [step.title for step in run.plan.steps if not state.step(step.id).state.settled]
    text = [Paragraph("A closed journal takes no more entries, and the run cannot be resumed.")]
    if state.in_flight:
        text.append(Paragraph("An action is in doubt or under way; rule on it first.", Tone.ERROR))
    if open_steps:
        text.append(
            Paragraph(
                f"{len(open_steps)} steps are not settled: " + ", ".join(open_steps), Tone.WARNING
            )
        )
    else:
        text.append(Paragraph("Every step is settled.", Tone.SUCCESS))
    text += [Paragraph(words, Tone.WARNING) for words in _not_well(feed)]
    options: list[Option[AnyCommand | None]] = [
        Option("No, go back", "the run stays open", None),
        Option("End the run", "its outcome is journaled, the journal is closed", Close()),
    ]
    return QuestionScreen("End this run?", text, options)


def _not_well(feed: RunFeed) -> list[str]:
    """Return what ending the run leaves as it is: callers who are not served, checks that failed."""
    plan, state = feed.run.plan, feed.run.state
    if state.clock.declared:
        if state.clock.stopped or not plan.profile.probes:
            return []
        return [
            "The probes have not been green yet: the clock goes on, and callers may not be served."
        ]
    records = (state.step(step.id) for step in plan.steps)
    failed = [record.text for record in records if record.state is StepState.FAILED and record.text]
    told = [f"This stays as it is: {text}" for text in dict.fromkeys(failed)]
    more = len(told) - _MOST
    return [*told[:_MOST], *([f"So do {more} more."] if more > 0 else [])]
