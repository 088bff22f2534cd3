"""A question with a few answers, each with what follows from it; the harmless one is in front."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from rich.cells import cell_len
from textual import on
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
_BOX, _EDGES = 78, 4
"""Cells: the box of a question where there is room, and what its border and padding take of it."""
_FEW = 4
"""Answers; with more of them the text gives way."""


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

    def is_cut(self, index: int, width: int) -> bool:
        """Return whether what follows from an answer is longer than its place beside it."""
        return cell_len(shown(self.options[index].follows)) > width - self._room(width) - 1

    def _room(self, width: int) -> int:
        return min(max((len(each.label) for each in self.options), default=0) + 2, width // 2)

    def line(self, index: int, width: int) -> Line:
        """Return the answer and what follows from it."""
        option = self.options[index]
        room = self._room(width)
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
            yield PageView(id="follows")
            yield Notice()
            yield self.key_bar()

    def begin(self) -> None:
        """Begin on the first answer; the text is scrolled by keys of its own."""
        self.query_one("#heading", LineView).can_focus = False
        self.query_one("#text", PageView).can_focus = False
        self.query_one("#follows", PageView).can_focus = False
        self.query_one("#options", LineView).focus()
        self.set_class(len(self.options) > _FEW, "-many")
        self._show_what_follows()

    def on_resize(self) -> None:
        """Break what follows anew."""
        self._show_what_follows()

    @on(LineView.Moved, "#options")
    def moved(self, event: LineView.Moved) -> None:
        """Show what follows from the answer that the cursor came to."""
        event.stop()
        self._show_what_follows()

    def _show_what_follows(self) -> None:
        """Show the whole of what follows from the answer under the cursor, where any is cut beside it.

        The place stays as high as its longest text, so that no answer moves while one compares them.
        """
        page = self.query_one("#follows", PageView)
        options = self.query_one("#options", LineView)
        rows = OptionRows(self.options)
        width = min(self.size.width or _BOX, _BOX) - _EDGES
        page.display = any(rows.is_cut(index, width) for index in range(len(rows)))
        self.set_class(bool(page.display), "-following")
        if not page.display:
            return
        said = [Paragraph(option.follows) for option in self.options]
        page.styles.height = max(PageView([each]).row_count(width - 1) for each in said)
        page.show_page(said[max(options.cursor, 0) :][:1])

    def do_take(self) -> None:
        """Take the answer under the cursor."""
        index = self.query_one("#options", LineView).cursor
        self.finish(self.options[index].answer)

    def do_scroll_down(self) -> None:
        """Scroll the text by a page, and from its end to its beginning."""
        self.query_one("#text", PageView).turn()
