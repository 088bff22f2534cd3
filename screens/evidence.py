"""The journal of the run: every durable entry, and the evidence behind it."""

from __future__ import annotations

from collections.abc import Sequence

from amlrunbook.errors import IncompleteError
from amlrunbook.model.display import shown
from amlrunbook.state import events as e
from screens.clipboard import offer
from screens.entries import entry_page, evidence_page, kind_of, sentence_of, step_of
from screens.listing import ListingScreen
from screens.moments import counted, time_of_day
from screens.page import PageScreen
from screens.told import words_of
from screens.widgets.line_view import Rows
from screens.widgets.lines import Line, Span, fitted
from screens.widgets.page_view import Paragraph
from screens.widgets.tones import Tone

_NUMBER = 6
_KIND = 18

_TONES: dict[type[e.Event], Tone] = {
    e.StepFailed: Tone.ERROR,
    e.ActionDoubted: Tone.ERROR,
    e.SafetyViolated: Tone.ERROR,
    e.GlassBroken: Tone.ERROR,
    e.StepWarned: Tone.WARNING,
    e.StepUnknown: Tone.WARNING,
    e.WarningRaised: Tone.WARNING,
    e.ActionConfirmed: Tone.ACCENT,
    e.ActionSent: Tone.ACCENT,
    e.ActionVerified: Tone.SUCCESS,
    e.StepPassed: Tone.SUCCESS,
    e.EvidenceAdded: Tone.STRONG,
}
"""Kinds that stand out; their name says the same."""


class EntryRows:
    """Journal entries as rows: number, time, kind, what it says."""

    def __init__(self, entries: Sequence[e.Recorded]) -> None:
        self._entries = entries

    def __len__(self) -> int:
        return len(self._entries)

    def key(self, index: int) -> str:
        """Return the entry's number."""
        return str(self._entries[index].n)

    def line(self, index: int, width: int) -> Line:
        """Return the entry on one line."""
        del width
        entry = self._entries[index]
        step = step_of(entry.event)
        said = sentence_of(entry.event)
        return (
            Span(f"{entry.n:>{_NUMBER}} {time_of_day(entry.t)} ", Tone.DIM),
            Span(
                fitted(shown(kind_of(entry.event)), _KIND),
                _TONES.get(type(entry.event), Tone.PLAIN),
            ),
            Span(f" {shown(step)}{':' if said else ''}" if step else "", Tone.DIM),
            Span(f" {shown(said)}"),
        )


class EvidenceScreen(ListingScreen):
    """Every entry of the journal, in order."""

    TITLE_HERE = "Evidence"
    DECIDES = (
        "Here you see what the journal holds, in order: every event, every call to Azure, every piece of "
        "evidence. Nothing is decided here. enter shows the whole entry; of an evidence entry, the bytes that "
        "were kept, drawn so that they can do nothing to your terminal."
    )

    def place_cursor(self) -> None:
        """Begin on the latest entry."""
        self.view.move(len(self.feed.run.entries))

    def rows(self) -> Rows:
        """Return every entry."""
        return EntryRows(self.feed.run.entries)

    def haystacks(self) -> Sequence[str]:
        """Return what the filter looks through; entries are only ever added."""
        for entry in self.feed.run.entries[len(self._texts) :]:
            event = entry.event
            self._texts.append(
                f"{entry.n} {kind_of(event)} {step_of(event)} {sentence_of(event)}".lower()
            )
        return self._texts

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._texts: list[str] = []

    def summary(self) -> Line:
        """Return how many entries there are, and where the journal lies."""
        run = self.feed.run
        state = run.state
        text = f" {len(run.entries)} entries · {counted(state.calls, 'call')}"
        if state.failed_calls:
            text += f", {state.failed_calls} without a good answer"
        return (Span(text, Tone.STRONG), Span(f" · {run.journal_path}", Tone.DIM))

    def _chosen(self) -> e.Recorded | None:
        key = self.view.cursor_key
        return next((each for each in self.feed.run.entries if str(each.n) == key), None)

    def do_open(self) -> None:
        """Show the whole entry, and the evidence that it names."""
        entry = self._chosen()
        if entry is None:
            self.say("There is no entry here.")
            return
        page = entry_page(entry)
        sha256 = evidence_hash(entry.event)
        if sha256:
            page += [
                Paragraph(""),
                Paragraph(f"evidence {sha256}", Tone.STRONG),
                *self._evidence(sha256),
            ]
        self.open_screen(
            PageScreen(
                self.feed, f"Entry {entry.n}", page, copies=[sha256 or sentence_of(entry.event)]
            )
        )

    def _evidence(self, sha256: str) -> list[Paragraph]:
        try:
            return evidence_page(self.feed.run.evidence(sha256))
        except IncompleteError as error:
            return [Paragraph(line, Tone.WARNING) for line in words_of(error).split("\n")]

    def do_copy(self) -> None:
        """Offer the entry's words."""
        entry = self._chosen()
        offer(self, sentence_of(entry.event) if entry else "")


def evidence_hash(event: e.Event) -> str:
    """Return the hash of the evidence that an entry names; nothing where it names none."""
    match event:
        case e.EvidenceAdded():
            return event.sha256
        case e.ActionProposed() | e.ActionConfirmed():
            return event.preview_sha256
        case _:
            return ""
