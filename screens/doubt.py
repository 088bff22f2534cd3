"""In doubt: did the action happen? What speaks for it, what against, and the operator's ruling."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal

from amlrunbook.executor.commands import LookAgain, Rule
from amlrunbook.state.events import Ruling
from amlrunbook.state.fold import Doubt, StepRecord
from amlrunbook.state.transitions import StepState
from screens.ask import AskScreen
from screens.feed import RunFeed
from screens.follower import FollowerScreen
from screens.keys import BACK, HELP, MENU, UP_ONE, Key, bindings
from screens.moments import time_of_day
from screens.told import words_of
from screens.widgets.notice import Notice
from screens.widgets.page_view import PageView, Paragraph
from screens.widgets.tones import Tone

_KEYS = (
    Key("look", ("w",), "wait, look again", "Have Azure observed once more. It changes nothing, and is always safe."),
    Key("happened", ("h",), "it happened…", "Rule that it happened, with a reason: the run goes on to verify it."),
    Key("not-happened", ("d",), "it did not…", "Rule that it did not happen, with a reason: it can be previewed and confirmed again."),
    Key("cannot-tell", ("c",), "cannot tell…", "Rule that it cannot be told, with a reason: it stays in doubt, and the journal says so."),
    Key("evidence", ("e",), "evidence", "Show the journal: every entry, and the evidence behind it."),
    BACK,
    HELP,
    MENU,
    UP_ONE,
)  # fmt: skip

_RULINGS: dict[Ruling, tuple[str, str]] = {
    Ruling.HAPPENED: ("It happened", "What shows that it happened? The run goes on to verify it."),
    Ruling.DID_NOT_HAPPEN: (
        "It did not happen",
        (
            "What shows that it did not, and will not still? It can be confirmed again then: if it did "
            "happen after all, it would be done twice."
        ),
    ),
    Ruling.CANNOT_TELL: ("It cannot be told", "What was tried? The step stays in doubt."),
}


class DoubtScreen(FollowerScreen):
    """The evidence on both sides, and the three rulings."""

    CSS_PATH = "doubt.tcss"
    TITLE_HERE = "In doubt"
    DECIDES = (
        "An action was confirmed, and nobody knows whether it happened. Here you look at what Azure shows now, "
        "for and against, and rule. Nothing is repeated by itself. If you are not sure, wait and look again: "
        "that is always safe."
    )
    KEYS_HERE = _KEYS
    BINDINGS: ClassVar[list[BindingType]] = bindings(_KEYS)

    def __init__(self, feed: RunFeed, step: str) -> None:
        super().__init__(feed)
        self.step = feed.run.plan.step(step)

    def compose(self) -> ComposeResult:
        """Lay the screen out."""
        yield self.header()
        yield PageView(id="head")
        with Horizontal(id="sides"):
            yield PageView(id="for")
            yield PageView(id="against")
        yield PageView(id="says")
        yield Notice()
        yield self.status_rule()
        yield self.key_bar()

    def begin(self) -> None:
        """Show what is known."""
        self.query_one("#for", PageView).focus()
        self.fill()

    @property
    def record(self) -> StepRecord:
        """What happened to the step."""
        return self.feed.run.state.step(self.step.id)

    def status(self) -> str:
        """Return whether somebody looks just now."""
        return "◌ looking" if self.feed.run.busy else "nothing is being sent"

    def refusal(self, key: Key) -> str:
        """Return why a ruling is not possible now."""
        if key.id in {"look", "happened", "not-happened", "cannot-tell"}:
            if self.feed.death is not None:
                return "The run has stopped: " + words_of(self.feed.death)
            if self.record.state is not StepState.IN_DOUBT:
                return "It is not in doubt any more; esc goes back to the run."
        return ""

    def fill(self) -> None:
        """Show both sides as they stand."""
        record = self.record
        doubt = record.doubt
        head = [Paragraph(f"? Did “{self.step.title}” happen?", Tone.ERROR)]
        intent = record.intent
        if intent is not None:
            head.append(
                Paragraph(
                    f"Confirmed by {intent.operator or 'an operator'}; Azure's activity log shows it as {intent.request_id}.",
                    indent=2,
                )
            )
        head.append(
            Paragraph(
                f"In doubt since {time_of_day(record.since)} UTC: {doubt.why if doubt else record.text}",
                indent=2,
            )
        )
        self.query_one("#head", PageView).show_page(head)
        self.query_one("#for", PageView).show_page(
            _side("For", doubt.evidence_for if doubt else ())
        )
        self.query_one("#against", PageView).show_page(
            _side("Against", doubt.evidence_against if doubt else ())
        )
        self.query_one("#says", PageView).show_page(said(record))
        self.redraw()

    def do_look(self) -> None:
        """Have Azure observed once more."""
        self.say("Looking; nothing is sent…")
        self.feed.run.submit(LookAgain(step=self.step.id))

    def do_happened(self) -> None:
        """Rule that it happened."""
        self._rule(Ruling.HAPPENED)

    def do_not_happened(self) -> None:
        """Rule that it did not happen."""
        self._rule(Ruling.DID_NOT_HAPPEN)

    def do_cannot_tell(self) -> None:
        """Rule that it cannot be told."""
        self._rule(Ruling.CANNOT_TELL)

    def _rule(self, ruling: Ruling) -> None:
        title, text = _RULINGS[ruling]
        step = self.step.id
        question = AskScreen(
            f"{title}: {self.step.title}",
            text,
            lambda reason: Rule(step=step, ruling=ruling, reason=reason),
        )
        self.open_screen(question, self.take)

    def do_evidence(self) -> None:
        """Show the journal."""
        from screens.evidence import EvidenceScreen

        self.open_screen(EvidenceScreen(self.feed))


def _side(title: str, evidence: tuple[str, ...]) -> list[Paragraph]:
    page = [Paragraph(title, Tone.STRONG)]
    page += [Paragraph(each, Tone.PLAIN, "-", 2) for each in evidence]
    return page if evidence else [*page, Paragraph("nothing", Tone.DIM, "", 2)]


def said(record: StepRecord) -> list[Paragraph]:
    """Return what the evidence comes to, and what is safe now."""
    doubt = record.doubt or Doubt(why="", reached=False)
    page = [Paragraph(each, Tone.WARNING, "Unknown", 10) for each in doubt.evidence_neither]
    if record.state is not StepState.IN_DOUBT:
        page.append(Paragraph(f"It is {record.state.value} now: {record.text}", Tone.STRONG))
        return page
    if doubt.ruling is not None:
        page.append(Paragraph(f"{doubt.ruling.value}: {doubt.reason}", Tone.PLAIN, "Ruled", 10))
    if doubt.reached:
        page.append(Paragraph("the wanted state is there now", Tone.SUCCESS, "It says", 10))
        page.append(
            Paragraph("rule that it happened; the run then verifies it", Tone.PLAIN, "Safe now", 10)
        )
    else:
        page.append(
            Paragraph(
                "the wanted state is not there; it may still be on its way",
                Tone.WARNING,
                "It says",
                10,
            )
        )
        page.append(Paragraph("wait, and look again", Tone.PLAIN, "Safe now", 10))
    page.append(Paragraph("starting it again", Tone.ERROR, "Not safe", 10))
    return page
