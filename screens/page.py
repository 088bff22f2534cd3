"""A page of text: nothing shortened; and bare, outside the app, for a selection by mouse."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import BindingType

from amlrunbook.executor.forecast import UNFORESEEN, Forecast
from amlrunbook.model.display import shown, shown_lines
from amlrunbook.model.finding import Verdict
from amlrunbook.model.mode import Mode
from amlrunbook.planning.plan import PlannedStep
from amlrunbook.state.fold import StepRecord
from screens.clipboard import offer
from screens.feed import RunFeed
from screens.keyed import KeyedScreen
from screens.keys import BACK, HELP, MENU, UP_ONE, Key, bindings
from screens.step_fields import another_way, commands_of, prose, short_name, step_fields
from screens.verdict_marks import VERDICT_MARKS
from screens.widgets.mode_header import HeaderFacts
from screens.widgets.notice import Notice
from screens.widgets.page_view import PageView, Paragraph
from screens.widgets.tones import Tone

_KEYS = (
    Key("copy", ("y",), "copy", "Send the text to copy to the terminal's clipboard, and show it."),
    Key("bare", ("b",), "bare, for the mouse", "Leave the screen for a moment and print the text to copy bare, without boxes or broken lines."),
    BACK,
    HELP,
    MENU,
    UP_ONE,
)  # fmt: skip
_LABEL = 10
_MOST_FOUND = 20
"""Findings of one step that its page shows; the others are in the list of all."""


class PageScreen(KeyedScreen[None]):
    """A text to read; ``copies`` is what ``y`` and ``b`` give away."""

    CSS_PATH = "page.tcss"
    DECIDES = "This page is to be read; nothing happens here. Long pages scroll."
    KEYS_HERE = _KEYS
    BINDINGS: ClassVar[list[BindingType]] = bindings(_KEYS)

    def __init__(
        self,
        feed: RunFeed,
        title: str,
        paragraphs: Sequence[Paragraph],
        *,
        copies: Sequence[str] = (),
    ) -> None:
        super().__init__(clock=feed.clock)
        self.feed = feed
        self.TITLE_HERE = title
        self.paragraphs = tuple(paragraphs)
        self.copies = tuple(shown(text) for text in copies if text)

    def compose(self) -> ComposeResult:
        """Lay the page out."""
        yield self.header()
        yield PageView(self.paragraphs, id="page")
        yield Notice()
        yield self.status_rule()
        yield self.key_bar()

    def begin(self) -> None:
        """Let the keys scroll the page."""
        self.query_one(PageView).focus()

    def facts(self) -> HeaderFacts:
        """Return what the header tells."""
        return self.feed.header()

    def refusal(self, key: Key) -> str:
        """Return why there is nothing to copy."""
        if key.id in {"copy", "bare"} and not self.copies:
            return "There is nothing to copy here."
        return ""

    def do_copy(self) -> None:
        """Offer the text to the terminal's clipboard."""
        offer(self, *self.copies)

    def do_bare(self) -> None:
        """Print the text bare and wait for enter."""
        show_bare(self, self.copies)


def show_bare(screen: KeyedScreen[Any], texts: Sequence[str]) -> None:
    """Give the terminal back for a moment, with ``texts`` on it bare; shown as a notice where it cannot be."""
    try:
        with screen.app.suspend():
            print_bare(texts, write=sys.__stdout__.write if sys.__stdout__ else None)
    except SuspendNotSupported:
        screen.say(
            "This terminal cannot be given back for a moment. The text:\n"
            + "\n".join(shown(text) for text in texts)
        )


def print_bare(texts: Sequence[str], *, write: Callable[[str], object] | None) -> None:
    """Print ``texts``, each on a line that is not broken, and wait for enter."""
    if write is None:
        return
    write("\n" + "\n".join(shown(text) for text in texts) + "\n\nenter goes back ")
    if sys.__stdout__ is not None:
        sys.__stdout__.flush()
    if sys.__stdin__ is not None:
        sys.__stdin__.readline()


def lines_page(feed: RunFeed, title: str, text: str) -> PageScreen:
    """Return a page of plain lines, all of which ``y`` and ``b`` give away."""
    lines = text.split("\n")
    return PageScreen(feed, title, [Paragraph(line) for line in lines], copies=lines)


def status_page(feed: RunFeed) -> PageScreen:
    """Return the words for the incident channel, as things stand now."""
    from amlrunbook.executor.status_text import status_text

    return lines_page(
        feed,
        "Status text",
        status_text(feed.run.plan, feed.run.state, feed.clock(), feed.run.forecast),
    )


def _ended(feed: RunFeed) -> list[Paragraph]:
    """Return the words for a run that is closed: where its journal is."""
    state = feed.run.state
    if state.closed is None:
        return []
    where = f"The run is closed. Its journal: {feed.run.journal_path}"
    return [Paragraph(where, Tone.STRONG), Paragraph("")]


def report_page(feed: RunFeed) -> PageScreen:
    """Return what the run came to."""
    from amlrunbook.report.closing import closing_report
    from amlrunbook.report.closing_text import as_lines, head_lines, sections

    report = closing_report(feed.run.plan, feed.run.state)
    title, *rest = head_lines(report)
    text = [*_ended(feed), Paragraph(title, Tone.STRONG), *(Paragraph(line) for line in rest)]
    for label, items in sections(report):
        text.append(Paragraph(""))
        first, *more = items or ("nothing",)
        text.append(Paragraph(first, Tone.PLAIN if items else Tone.DIM, label, _LABEL))
        text += [Paragraph(item, Tone.PLAIN, "", _LABEL) for item in more]
    return PageScreen(feed, "Report", text, copies=as_lines(report))


def _found(record: StepRecord) -> list[Paragraph]:
    """Return what a check found that wants a look, with all that was observed: the step's own words name the first only."""
    wanted = [
        found
        for found in record.findings
        if found.verdict not in {Verdict.PASS, Verdict.NOT_APPLICABLE}
    ]
    text = [Paragraph("")] if wanted else []
    for found in wanted[:_MOST_FOUND]:
        mark = VERDICT_MARKS[found.verdict]
        said = f"{short_name(found.resource)}: {found.title}: {found.observed}"
        text.append(Paragraph(said, mark.tone, f"{mark.glyph} {mark.word}", _LABEL))
    if len(wanted) > _MOST_FOUND:
        text.append(
            Paragraph(
                f"{len(wanted) - _MOST_FOUND} more: f on the run's screen.", Tone.DIM, "", _LABEL
            )
        )
    return text


def step_page(
    step: PlannedStep, record: StepRecord, mode: Mode, forecast: Forecast = UNFORESEEN
) -> list[Paragraph]:
    """Return everything there is to say of a step."""
    text = [Paragraph(step.title, Tone.STRONG), Paragraph("")]
    for field in step_fields(step, record, mode, forecast=forecast):
        if field.label == "AZ":
            continue
        text.append(Paragraph(field.text, field.tone, field.label, _LABEL))
    text += _found(record)
    if step.explain:
        text += [Paragraph(""), Paragraph(prose(step.explain), Tone.PLAIN, "EXPLAIN", _LABEL)]
    if step.needs:
        text.append(Paragraph(", ".join(step.needs), Tone.PLAIN, "NEEDS", _LABEL))
    if record.proposal is not None:
        text += [Paragraph(each, Tone.PLAIN, "SENDS", _LABEL) for each in record.proposal.requests]
        text += [
            Paragraph(each, Tone.PLAIN, "TOUCHES", _LABEL) for each in record.proposal.resources
        ]
    text += [Paragraph(""), Paragraph("az", Tone.STRONG)]
    other = another_way(step, record)
    text += [Paragraph(other, Tone.WARNING)] if other else []
    commands = commands_of(step, record)
    text += [Paragraph(line) for command in commands for line in shown_lines(command)]
    return text if commands else [*text, Paragraph("none")]
