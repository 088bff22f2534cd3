"""A page of text of any length: long lines are broken, nothing is cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from amlrunbook.model.display import shown
from screens.widgets.line_view import LineView, ListRows, Row
from screens.widgets.lines import Line, Span, wrapped
from screens.widgets.tones import Tone


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A text of a page: broken to the page's width, with a hanging label before it."""

    text: str
    tone: Tone = Tone.PLAIN
    label: str = ""
    indent: int = 0
    """Cells before the text; the label stands in them."""


class PageView(LineView):
    """A page of text without a cursor: long lines are broken, nothing is cut."""

    def __init__(self, paragraphs: Sequence[Paragraph] = (), *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.paragraphs = tuple(paragraphs)
        """What is on the page."""
        self._width = -1

    def show_page(self, paragraphs: Sequence[Paragraph]) -> None:
        """Show other paragraphs, from the place that was in sight."""
        self.paragraphs = tuple(paragraphs)
        self._width = -1
        self._break(max(self.content_size.width - 1, 1))
        self.refresh(layout=True)

    def row_count(self, width: int) -> int:
        """Return how many lines the page has at ``width``."""
        return sum(len(_broken(paragraph, width - 1)) for paragraph in self.paragraphs)

    def on_resize(self) -> None:
        """Break the lines anew; the view itself is told by textual as well."""
        self._break(max(self.content_size.width - 1, 1))

    def turn(self) -> None:
        """Go on by a page, and from the end to the beginning."""
        height = max(self.content_size.height, 1)
        at_end = self.top + height >= len(self.rows)
        self.move(-len(self.rows) if at_end else height)

    def _break(self, width: int) -> None:
        if width == self._width:
            return
        self._width = width
        rows = [Row("", line) for each in self.paragraphs for line in _broken(each, width)]
        self.show(ListRows(rows))


def _broken(paragraph: Paragraph, width: int) -> list[Line]:
    """Return the lines of ``paragraph`` at ``width`` cells."""
    indent = paragraph.indent
    label = paragraph.label.ljust(indent)[:indent] if indent else ""
    lines: list[Line] = []
    for number, piece in enumerate(wrapped(shown(paragraph.text), width - indent)):
        head = Span(label if number == 0 else " " * indent, Tone.LABEL)
        lines.append((head, Span(piece, paragraph.tone)))
    return lines
