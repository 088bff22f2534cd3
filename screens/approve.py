"""Approve: ask a second person by a message to paste, take what they answered, or go without, loudly."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from amlrunbook.errors import AmlRunbookError
from amlrunbook.executor.approvals import token_of
from amlrunbook.executor.commands import AskApproval, OverruleSafety
from amlrunbook.state.fold import StepRecord
from amlrunbook.state.transitions import StepState
from screens.ask import AskScreen
from screens.clipboard import offer
from screens.feed import RunFeed
from screens.follower import FollowerScreen
from screens.keys import BACK, HELP, MENU, UP_ONE, Key, bindings
from screens.moments import clock_words, counted, seconds_between, time_of_day
from screens.second_person import (
    enough,
    open_rules,
    second_person_missing,
    second_person_words,
    wants_two,
)
from screens.widgets.notice import Notice
from screens.widgets.page_view import PageView, Paragraph
from screens.widgets.tones import Tone

_KEYS = (
    Key("go", ("enter",), "ask", "Do what comes next: ask (the message to paste into a chat appears), paste the answer, or go on to the confirmation."),
    Key("paste", ("p",), "paste answer…", "Paste what the approver's program printed; an answer that does not count is refused with the reason.", bar=False),
    Key("ask", ("a",), "ask anew", "Ask anew, with another token: after one was lost or declined. What was answered to the last one counts no more."),
    Key("copy", ("y",), "copy message", "Send the message to the terminal's clipboard, and show it."),
    Key("bare", ("b",), "bare, for the mouse", "Leave the screen for a moment and print the message bare, without boxes or broken lines."),
    Key("overrule", ("o",), "overrule rule…", "Overrule the safety rule that forbids the action, with the approvals that name it."),
    Key("glass", ("ctrl+g",), "break the glass…", "Go without a second person: a phrase is typed, the journal says so loudly, and so does the report."),
    BACK,
    HELP,
    MENU,
    UP_ONE,
)  # fmt: skip
_LABEL = 13


class ApproveScreen(FollowerScreen):
    """What is asked, of whom, how much time is left, and what came back."""

    CSS_PATH = "approve.tcss"
    TITLE_HERE = "Approve"
    DECIDES = (
        "Here a second person is brought in. Ask, and paste the message into a chat; the approver runs "
        "amlrunbook approve with it, reads what is asked, and answers with their own key. Paste their answer "
        "here. Nothing is sent to Azure from this screen: the confirmation still comes, with the name to type."
    )
    KEYS_HERE = _KEYS
    BINDINGS: ClassVar[list[BindingType]] = bindings(_KEYS)

    def __init__(self, feed: RunFeed, step: str, then: Callable[[], None]) -> None:
        """``then`` opens the confirmation, once nothing is missing any more."""
        super().__init__(feed)
        self.step = feed.run.plan.step(step)
        self._then = then

    def compose(self) -> ComposeResult:
        """Lay the screen out."""
        yield self.header()
        yield PageView(id="standing")
        yield PageView(id="message")
        yield Notice()
        yield self.status_rule()
        yield self.key_bar()

    def begin(self) -> None:
        """Show how it stands."""
        self.query_one("#standing", PageView).can_focus = False
        self.query_one("#message", PageView).focus()
        self.fill()

    # What is shown

    @property
    def record(self) -> StepRecord:
        """What happened to the step."""
        return self.feed.run.state.step(self.step.id)

    @property
    def seconds_left(self) -> int:
        """For how long an answer counts; 0 where none is asked for, or its time is over."""
        asked = self.record.asked
        left = seconds_between(self.now().isoformat(), asked.expires) if asked else None
        return max(left or 0, 0)

    def status(self) -> str:
        """Return how many approved, and how long an answer counts."""
        asked = self.record.asked
        if asked is None:
            return "nobody is asked yet"
        left = f"{clock_words(self.seconds_left)} left" if self.seconds_left else "expired"
        return f"{len(self.record.approvals)} of {asked.needed} approved · {left}"

    def label(self, key: Key) -> str:
        """Return what ``key`` does here and now."""
        if key.id == "go":
            if self._ready:
                return "confirm…"
            return "paste answer…" if self._waits else "ask"
        if key.id == "ask":
            return key.label if self._waits else ""
        if key.id == "overrule":
            return key.label if open_rules(self.record) else ""
        return key.label

    @property
    def _waits(self) -> bool:
        """Whether somebody is asked, and an answer would still count."""
        return self.record.asked is not None and self.seconds_left > 0

    @property
    def _ready(self) -> bool:
        return wants_two(self.record) and not second_person_missing(self.record)

    def refusal(self, key: Key) -> str:
        """Return why ``key`` has no use now."""
        record = self.record
        changing = {"go", "paste", "ask", "overrule", "glass"}
        if key.id in changing:
            stopped = self.feed.refusal()
            if stopped:
                return stopped
            if record.state is not StepState.PROPOSED:
                return "Nothing is proposed any more; esc goes back to the run."
        if key.id in {"copy", "bare"} and record.asked is None:
            return "Ask first (enter): then there is a message to paste."
        if key.id == "paste" and record.asked is None:
            return "Nobody is asked yet: enter asks."
        if key.id == "overrule" and not open_rules(record):
            return "No rule of safety forbids this."
        if key.id == "overrule" and not enough(record):
            return "Overruling takes the approval of a second person first."
        return ""

    def fill(self) -> None:
        """Show how it stands, and the message."""
        self.query_one("#standing", PageView).show_page(self._standing())
        self.query_one("#message", PageView).show_page(self._message())
        self.redraw()

    def tick(self) -> None:
        """Let the time that is left run."""
        self.query_one("#standing", PageView).show_page(self._standing())
        self.redraw()

    def _standing(self) -> list[Paragraph]:
        record = self.record
        proposal = record.proposal
        page = [Paragraph(f"Two persons: {self.step.title}", Tone.STRONG)]
        if proposal is not None:
            page.append(Paragraph(proposal.summary, Tone.PLAIN, "Does", _LABEL))
            page.append(
                Paragraph(
                    proposal.loses or "nothing",
                    Tone.ERROR if proposal.loses else Tone.PLAIN,
                    "Loses",
                    _LABEL,
                )
            )
        page.append(Paragraph(self._may_answer(), Tone.PLAIN, "May answer", _LABEL))
        page.append(Paragraph(self._given(), Tone.STRONG, "Given", _LABEL))
        page += [each for each in second_person_words(record, _LABEL) if each.label != "Valid"]
        if record.approval_word:
            page.append(Paragraph(record.approval_word, Tone.WARNING, "Last word", _LABEL))
        missing = second_person_missing(record)
        if proposal is not None and not missing:
            page.append(
                Paragraph("nothing; enter goes on to confirm", Tone.SUCCESS, "Missing", _LABEL)
            )
        return page

    def _may_answer(self) -> str:
        own = self.feed.run.operator
        named = ", ".join(each.principal for each in self.feed.run.plan.profile.approvers)
        whom = named or "whoever's key is pinned (trust list)"
        return f"{whom}; never {own}, with any key of theirs"

    def _given(self) -> str:
        asked = self.record.asked
        if asked is None:
            needed = max(1, self.feed.run.plan.profile.approvals.needed)
            return f"nobody is asked yet; {counted(needed, 'approval')} needed"
        given = f"{len(self.record.approvals)} of {asked.needed}"
        until = f"until {time_of_day(asked.expires)} UTC"
        if not self.seconds_left:
            return f"{given}; EXPIRED at {time_of_day(asked.expires)} UTC: an answer counts no more, ask again"
        return f"{given}, {until}, {clock_words(self.seconds_left)} left"

    def _message(self) -> list[Paragraph]:
        lines = self.message_lines()
        if not lines:
            return [
                Paragraph("enter asks; the message to paste into a chat appears here.", Tone.DIM)
            ]
        head = Paragraph("To paste into a chat (y copies it, b shows it bare):", Tone.STRONG)
        return [head, *(Paragraph(line, indent=1) for line in lines)]

    def message_lines(self) -> tuple[str, ...]:
        """Return the message with its token, a line each; none where nobody is asked."""
        asked = self.record.asked
        if asked is None:
            return ()
        try:
            return tuple(token_of(asked).split("\n"))
        except AmlRunbookError as error:
            return (f"The challenge cannot be shown: {error.what}",)

    # What is done

    def do_go(self) -> None:
        """Ask; or take the answer; or go on to the confirmation where nothing is missing."""
        if self._ready:
            self.finish()
            self._then()
        elif self._waits:
            self.do_paste()
        else:
            self.do_ask()

    def do_ask(self) -> None:
        """Ask, or ask anew."""
        self.feed.run.submit(AskApproval(step=self.step.id))

    def do_paste(self) -> None:
        """Take an answer."""
        from screens.paste import PasteScreen

        self.open_screen(PasteScreen(self.step.id), self.take)

    def do_copy(self) -> None:
        """Offer the message to the terminal's clipboard."""
        offer(self, *self.message_lines())

    def do_bare(self) -> None:
        """Print the message bare and wait for enter."""
        from screens.page import show_bare

        show_bare(self, self.message_lines())

    def do_overrule(self) -> None:
        """Ask why the rule may be overruled."""
        step, rule = self.step.id, open_rules(self.record)[0]
        question = AskScreen(
            f"Overrule the safety rule {rule}",
            "Why may it be done all the same? Your name and the approvers' go into the journal with it.",
            lambda reason: OverruleSafety(step=step, rule=rule, reason=reason),
        )
        self.open_screen(question, self.take)

    def do_glass(self) -> None:
        """Ask for the phrase and the reason."""
        from screens.glass import GlassScreen

        self.open_screen(GlassScreen(self.step.id, self.step.title), self.take)
