"""A question with a few answers, each with what follows from it; the harmless one is in front."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical

from amlrunbook.model.display import shown
from screens.keyed import AmlModal
from screens.keys import BACK, HELP, UP_ONE, Key, bindings
from screens.widgets.line_view import LineView, ListRows, Row
from screens.widgets.lines import Line, Span, fitted
from screens.widgets.notice import Notice
from screens.widgets.page_view import PageView, Paragraph
from screens.widgets.tones import Tone

Answer = TypeVar("Answer")

_KEYS = (
    Key("take", ("enter",), "take this answer", "Take the answer under the cursor."),
    Key("scroll-down", ("space",), "more text", "Scroll the text above."),
    BACK,
    HELP,
    UP_ONE,
)
_INDENT = 2


@dataclass(frozen=True, slots=True)
class Option(Generic[Answer]):
    """One answer."""

    label: str
    follows: str
    """What follows from it."""
    answer: Answer
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class OptionRows:
    """The answers as rows of a list; what follows from the answer stands beside it."""

    options: Sequence[Option[Any]]

    def __len__(self) -> int:
        return len(self.options)

    def key(self, index: int) -> str:
        """Return the answer's number, from 1."""
        return str(index + 1)

    def line(self, index: int, width: int) -> Line:
        """Return the answer and what follows from it."""
        option = self.options[index]
        room = min(max((len(each.label) for each in self.options), default=0) + 2, width // 2)
        return (
            Span(" "),
            Span(
                fitted(shown(option.label), room),
                option.tone if option.tone is not Tone.PLAIN else Tone.STRONG,
            ),
            Span(fitted(shown(option.follows), width - room - 1)),
        )


class QuestionScreen(AmlModal[Answer], Generic[Answer]):
    """A text, and answers to choose from. Back means the same as the first, harmless one: nothing."""

    CSS_PATH = "question.tcss"
    TITLE_HERE = "Question"
    DECIDES = "Read the text, choose an answer with the arrow keys, and take it with enter. The first answer changes nothing."
    KEYS_HERE = _KEYS
    BINDINGS: ClassVar[list[BindingType]] = bindings(_KEYS)

    def __init__(
        self, title: str, text: Sequence[Paragraph], options: Sequence[Option[Answer]]
    ) -> None:
        super().__init__()
        self.heading = title
        self.text = tuple(text)
        self.options = tuple(options)

    def compose(self) -> ComposeResult:
        """Lay the question out."""
        with Vertical(classes="box") as box:
            box.border_title = None
            yield LineView(ListRows((Row("", (Span(self.heading, Tone.STRONG),)),)), id="heading")
            yield PageView(self.text, id="text")
            yield LineView(OptionRows(self.options), id="options")
            yield Notice()
            yield self.key_bar()

    def begin(self) -> None:
        """Begin on the first answer; the text is scrolled by keys of its own."""
        self.query_one("#heading", LineView).can_focus = False
        self.query_one("#text", PageView).can_focus = False
        self.query_one("#options", LineView).focus()

    def do_take(self) -> None:
        """Take the answer under the cursor."""
        index = self.query_one("#options", LineView).cursor
        self.finish(self.options[index].answer)

    def do_scroll_down(self) -> None:
        """Scroll the text by a page, and from its end to its beginning."""
        self.query_one("#text", PageView).turn()
