"""One page: what is moved, what is not, what is in doubt, and the next safe act; the words for the channel."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from amlrunbook.executor.clock import ClockView, span
from amlrunbook.executor.commands import RunProbes
from amlrunbook.executor.one_page import LABELS, NOTHING, OnePage, Row, one_page
from amlrunbook.executor.status_text import support_ticket
from screens.clipboard import offer
from screens.follower import FollowerScreen
from screens.incident import DeclareScreen, told_screen
from screens.keys import BACK, HELP, MENU, UP_ONE, Key, bindings
from screens.widgets.notice import Notice
from screens.widgets.page_view import PageView, Paragraph
from screens.widgets.tones import Tone

_KEYS = (
    Key("status", ("t",), "status text", "Show the words for the incident channel, to copy or bare."),
    Key("told", ("u",), "I told them…", "Say that the channel was told; the timer for the next update starts again."),
    Key("support", ("s",), "support ticket", "Show what a support engineer asks for: what was sent, when, with every id."),
    Key("probes", ("p",), "ask probes", "Ask the profile's health probes now; all of them green stops the clock."),
    Key("declare", ("i",), "declare incident…", "Declare the incident: the clock starts."),
    Key("copy", ("y",), "copy", "Send this page to the terminal's clipboard, and show it.", bar=False),
    Key("bare", ("b",), "bare", "Print this page bare, without boxes or broken lines.", bar=False),
    BACK,
    HELP,
    MENU,
    UP_ONE,
)  # fmt: skip
_LABEL = 11
_TONES = {
    "MOVED": Tone.SUCCESS,
    "LOST": Tone.ERROR,
    "IN DOUBT": Tone.ERROR,
    "NEXT SAFE": Tone.STRONG,
}


class OnePageScreen(FollowerScreen):
    """The rows in their fixed order, drawn anew whenever something happens."""

    CSS_PATH = "page.tcss"
    TITLE_HERE = "One page"
    DECIDES = (
        "Here you see at one glance where the switch stands: what is moved, what is not, what nobody knows, "
        "what is lost, whom the run waits for, and the next act that makes nothing worse. It is made from the "
        "journal; what nobody asked is called unknown."
    )
    KEYS_HERE = _KEYS
    BINDINGS: ClassVar[list[BindingType]] = bindings(_KEYS)

    def compose(self) -> ComposeResult:
        """Lay the page out."""
        yield self.header()
        yield PageView(id="page")
        yield Notice()
        yield self.status_rule()
        yield self.key_bar()

    def begin(self) -> None:
        """Show how things stand."""
        self.query_one(PageView).focus()
        self.fill()

    @property
    def page(self) -> OnePage:
        """The page as things stand."""
        return one_page(self.feed.run.plan, self.feed.run.state, self.now(), self.feed.run.forecast)

    def status(self) -> str:
        """Return whether something is going on."""
        return "◌ working" if self.feed.run.busy else "as the journal has it"

    def refusal(self, key: Key) -> str:
        """Return why ``key`` has no use now."""
        state = self.feed.run.state
        if key.id in {"told", "probes", "declare"}:
            stopped = self.feed.refusal()
            if stopped:
                return stopped
        if key.id == "declare" and state.clock.declared:
            return "The incident is declared; the clock goes on until the probes are green."
        if key.id == "probes" and not self.feed.run.plan.profile.probes:
            return "The profile has no health probes."
        return ""

    def tick(self) -> None:
        """Let the times on the page run."""
        self.fill()

    def fill(self) -> None:
        """Show the page."""
        page = self.page
        self.query_one(PageView).show_page(
            [_clock_row(page.clock), *(_row(row) for row in page.rows)]
        )
        self.redraw()

    def do_copy(self) -> None:
        """Offer the page to the terminal's clipboard."""
        offer(self, *self.page.lines)

    def do_bare(self) -> None:
        """Print the page bare."""
        from screens.page import show_bare

        show_bare(self, self.page.lines)

    def do_status(self) -> None:
        """Show the words for the incident channel."""
        from screens.page import status_page

        self.open_screen(status_page(self.feed))

    def do_support(self) -> None:
        """Show the words for a support ticket."""
        from screens.page import lines_page

        run = self.feed.run
        self.open_screen(
            lines_page(self.feed, "Support ticket", support_ticket(run.plan, run.entries))
        )

    def do_told(self) -> None:
        """Ask when the next word is due."""
        self.open_screen(told_screen(self.feed), self.take)

    def do_declare(self) -> None:
        """Ask how grave the incident is."""
        self.open_screen(DeclareScreen(self.feed.run.plan.profile.targets.rto), self.take)

    def do_probes(self) -> None:
        """Ask the probes."""
        self.feed.run.submit(RunProbes())


def _clock_row(view: ClockView) -> Paragraph:
    if not view.declared:
        text = f"no incident is declared; the run is {span(view.elapsed)} old (i declares it)"
        return Paragraph(text, Tone.DIM, "CLOCK", _LABEL)
    if view.stopped:
        text = f"stopped at {span(view.elapsed)} of {span(view.target)}: the probes are green"
        return Paragraph(text, Tone.SUCCESS, "CLOCK", _LABEL)
    when = "would end not before" if view.unforeseen else "would end at"
    ends = f", {when} {span(view.projected)}" if view.projected is not None else ", end unknown"
    if view.projected is not None and view.by_budgets:
        ends = f", budgets run to {span(view.projected)}"
    late = "LATE: " if view.late else ""
    text = f"{late}{span(view.elapsed)} of {span(view.target)}{ends}; machines {span(view.machine_elapsed)}, people {span(view.human_elapsed)}"
    return Paragraph(text, Tone.ERROR if view.late else Tone.STRONG, "CLOCK", _LABEL)


def _row(row: Row) -> Paragraph:
    if row.label not in LABELS or row.text == NOTHING:
        return Paragraph(row.text, Tone.DIM, row.label, _LABEL)
    return Paragraph(row.text, _TONES.get(row.label, Tone.PLAIN), row.label, _LABEL)
