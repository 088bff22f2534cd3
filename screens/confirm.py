"""The confirmation: what is lost, what is changed, how to undo it, and a focus that begins on no."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input

from amlrunbook.executor.commands import Confirm, Decline
from amlrunbook.executor.legality import typed_names
from amlrunbook.model.display import shown
from amlrunbook.model.mode import Mode
from amlrunbook.model.operation import Confirmation
from amlrunbook.state.events import ActionProposed
from amlrunbook.state.transitions import StepState
from screens.feed import Change, RunFeed
from screens.follower import Listening
from screens.keyed import AmlModal
from screens.keys import BACK, UP_ONE, Key, bindings
from screens.question import Option, OptionRows
from screens.second_person import second_person_missing, second_person_words
from screens.step_fields import (
    commands_of,
    confirmation_words,
    on_this_machine,
    resource_words,
    risk_words,
    touched_words,
)
from screens.widgets.line_view import LineView, ListRows, Row
from screens.widgets.lines import Span, shortened
from screens.widgets.notice import Notice
from screens.widgets.page_view import PageView, Paragraph
from screens.widgets.tones import Tone

_KEYS = (
    Key("take", ("enter",), "take answer", "Take the answer under the cursor."),
    Key("turn", ("tab",), "type name", "Go between the line where the name is typed and the answers."),
    Key("more", ("space",), "more text", "Show the next page of the text, where it is longer than its place."),
    Key("copy", ("y",), "copy az", "Send the az commands to the terminal's clipboard, and show them.", bar=False),
    BACK,
    Key("help", ("question_mark", "f1"), "help", "Show this page."),
    UP_ONE,
)  # fmt: skip
_LABEL = 12
_NO, _SEND = "no", "send"


class ConfirmScreen(AmlModal[None], Listening[None]):
    """A preview to say yes or no to. Going back declines it: nothing is sent, and it can be previewed again."""

    CSS_PATH = "confirm.tcss"
    TITLE_HERE = "Confirm"
    DECIDES = (
        "Here an action is sent, or not. The text says what you lose, what you change and whether it can be "
        "undone. The answer under the cursor at first is no. Where a name must be typed, tab goes to the line, "
        "and enter there goes on to the answers. Before the first byte leaves, your confirmation is in the journal."
    )
    KEYS_HERE = _KEYS
    BINDINGS: ClassVar[list[BindingType]] = bindings(_KEYS)

    def __init__(self, feed: RunFeed, step: str) -> None:
        super().__init__()
        self.feed = feed
        self.step = feed.run.plan.step(step)
        self.confirmation = self.step.confirmation
        self.proposal = feed.run.state.step(step).proposal
        if self.proposal is not None:
            self.confirmation = self.proposal.confirmation.stricter(self.step.confirmation)

    # What is shown

    @property
    def name_to_type(self) -> str:
        """The name that must be typed, as the run itself will ask for it."""
        return " and ".join(typed_names(self.step, self._proposed.resources)) or self.step.id

    @property
    def typed(self) -> bool:
        """Whether a name must be typed."""
        return self.confirmation.rank >= Confirmation.TYPE_NAME.rank

    @property
    def _proposed(self) -> ActionProposed:
        if self.proposal is None:
            raise ValueError(f"{self.step.id} has no preview")
        return self.proposal

    def compose(self) -> ComposeResult:
        """Lay the question out."""
        with Vertical(classes="box"):
            yield LineView(ListRows((Row("", self._heading()),)), id="heading")
            yield PageView(self._text(), id="text")
            with Horizontal(id="typing"):
                yield LineView(
                    ListRows((Row("", (Span(f"Type {self.name_to_type} :", Tone.STRONG),)),)),
                    id="ask",
                )
                yield Input(classes="line-input", id="name", select_on_focus=False)
            yield LineView(OptionRows(self._options()), id="options")
            yield Notice()
            yield self.key_bar()

    def begin(self) -> None:
        """Begin on no."""
        for quiet in ("#heading", "#text", "#ask"):
            self.query_one(quiet, LineView).can_focus = False
        self.query_one("#typing").display = self.typed
        self.set_class(not self.typed, "-untyped")
        ask = self.query_one("#ask", LineView)
        ask.styles.width = len(self.name_to_type) + 8
        self.query_one("#options", LineView).focus()

    def changed(self, change: Change) -> None:
        """Go away when there is nothing to confirm any more."""
        del change
        if self.feed.run.state.step(self.step.id).state is not StepState.PROPOSED:
            self.finish()

    def _heading(self) -> tuple[Span, ...]:
        profile = self.feed.run.plan.profile
        source, target = profile.regions
        return (
            Span(f" {self.feed.run.mode.word} ", Tone.BADGE),
            Span(f"  {shortened(shown(profile.name), 20)}  {source} → {target or '(none)'}"),
        )

    def _asks(self) -> str:
        return f"{risk_words(self._proposed.risk)}: {confirmation_words(self.confirmation)}"

    def _text(self) -> list[Paragraph]:
        """Return what one decides by, in the order of the step's own fields: the weightiest is never below the fold."""
        proposal = self._proposed
        lost = Tone.ERROR if proposal.loses else Tone.PLAIN
        text = [
            Paragraph(proposal.summary, Tone.STRONG),
            Paragraph(self._asks(), Tone.STRONG, "Risk", _LABEL),
            Paragraph(proposal.loses or "nothing", lost, "You lose", _LABEL),
            *self._touched(),
        ]
        if proposal.before or proposal.after:
            passage = f"{proposal.before or 'unknown'} → {proposal.after or 'unknown'}"
            text.append(Paragraph(passage, Tone.PLAIN, "From → to", _LABEL))
        if proposal.undo:
            text.append(Paragraph(proposal.undo, Tone.PLAIN, "Undo", _LABEL))
        else:
            text.append(Paragraph("undo this: there is no undo", Tone.ERROR, "You cannot", _LABEL))
        text.append(Paragraph(proposal.takes or "not known", Tone.PLAIN, "Takes", _LABEL))
        text.append(
            Paragraph(proposal.cost or "nothing that is known", Tone.PLAIN, "Costs", _LABEL)
        )
        does = "Writes" if on_this_machine(self._proposed) else "Sends"
        text += [Paragraph(request, Tone.DIM, does, _LABEL) for request in proposal.requests]
        text += second_person_words(self.feed.run.state.step(self.step.id), _LABEL)
        return text

    def _touched(self) -> list[Paragraph]:
        named = [resource_words(resource) for resource in self._proposed.resources]
        said = touched_words(self._proposed)
        if len(named) == 1:
            return [Paragraph(f"{said}: {named[0]}", Tone.PLAIN, "You change", _LABEL)]
        first = Paragraph(said, Tone.PLAIN, "You change", _LABEL)
        return [first, *(Paragraph(name, Tone.PLAIN, "", _LABEL) for name in named)]

    def _options(self) -> tuple[Option[object], ...]:
        mode = self.feed.run.mode
        tone = Tone.ERROR if mode is Mode.LIVE else Tone.PLAIN
        refused = "not possible: this run is read-only"
        if on_this_machine(self._proposed):
            where = refused if mode is Mode.READ_ONLY else "the file, on this machine"
            return (
                Option("No, go back", "nothing is written", _NO),
                Option("Write", where, _SEND, tone),
            )
        where = {
            Mode.READ_ONLY: refused,
            Mode.DRILL: "to the simulated Azure",
            Mode.LIVE: "to real Azure",
        }[mode]
        return (Option("No, go back", "nothing is sent", _NO), Option("Send", where, _SEND, tone))

    # Answering

    def label(self, key: Key) -> str:
        """Return what ``key`` does; nothing where no name is typed and it has no use."""
        return "" if key.id == "turn" and not self.typed else key.label

    def refusal(self, key: Key) -> str:
        """Tab goes nowhere where no name is typed."""
        if key.id == "turn" and not self.typed:
            return "No name is asked for here: choose an answer with the arrow keys."
        return ""

    def do_turn(self) -> None:
        """Go between the line and the answers."""
        line, options = self.query_one(Input), self.query_one("#options", LineView)
        (options if line.has_focus else line).focus()

    def do_more(self) -> None:
        """Turn the text's page."""
        self.query_one("#text", PageView).turn()

    @on(Input.Submitted)
    def name_typed(self, event: Input.Submitted) -> None:
        """Go on to the answers; nothing is sent from the line itself."""
        event.stop()
        if self._why_not():
            self.say(self._why_not(), Tone.WARNING)
            return
        self.say("")
        options = self.query_one("#options", LineView)
        options.focus()
        options.go_to("2")

    def _why_not(self) -> str:
        if self.feed.run.mode is Mode.READ_ONLY:
            return "This run is read-only: nothing can be sent from it. y shows the az command."
        value = self.query_one(Input).value
        if self.typed and not value:
            return f"Type {self.name_to_type} first: tab goes to the line."
        if self.typed and value != self.name_to_type:
            return f"That is not {self.name_to_type}."
        return second_person_missing(self.feed.run.state.step(self.step.id))

    def do_take(self) -> None:
        """Send, or go back."""
        if self.query_one("#options", LineView).cursor_key == "1":
            self.do_back()
            return
        refusal = self._why_not()
        if refusal:
            self.say(refusal, Tone.WARNING)
            return
        self.feed.run.submit(
            Confirm(step=self.step.id, typed=self.query_one(Input).value if self.typed else "")
        )
        self.finish()

    def do_back(self) -> None:
        """Decline: nothing is sent."""
        self.feed.run.submit(Decline(step=self.step.id))
        self.finish()

    do_back_q = do_back

    def do_copy(self) -> None:
        """Offer the az commands to the terminal's clipboard, and show them."""
        from screens.clipboard import offer

        offer(self, *commands_of(self.step, self.feed.run.state.step(self.step.id)))
