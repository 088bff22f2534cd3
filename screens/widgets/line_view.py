"""A list or page of any size: only the lines that are seen are made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from rich.style import Style
from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from screens.keys import MOVING, bindings
from screens.widgets.lines import Line, LineBlock, Span, strip_of
from screens.widgets.tones import Tone


class Rows(Protocol):
    """What a view shows: as many rows as there are, each made when it is seen."""

    def __len__(self) -> int:
        """How many rows there are."""

    def key(self, index: int) -> str:
        """What identifies the row, so that the cursor stays on it; empty where it cannot be chosen."""

    def line(self, index: int, width: int) -> Line:
        """The row as a line of ``width`` cells."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row that is made already."""

    key: str
    line: Line


@dataclass(frozen=True, slots=True)
class ListRows:
    """Rows that are made already."""

    rows: Sequence[Row]

    def __len__(self) -> int:
        return len(self.rows)

    def key(self, index: int) -> str:
        """Return what identifies the row."""
        return self.rows[index].key

    def line(self, index: int, width: int) -> Line:
        """Return the row's line; ``width`` does not matter to it."""
        del width
        return self.rows[index].line


NO_ROWS = ListRows(())


class LineView(LineBlock, can_focus=True):
    """A list with a cursor. The cursor moves by keys only, and stays on its row when rows change."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(MOVING)

    @dataclass
    class Moved(Message):
        """The cursor came to another row."""

        view: LineView
        key: str

        @property
        def control(self) -> LineView:
            """The view that sent this."""
            return self.view

    def __init__(self, rows: Rows = NO_ROWS, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.rows = rows
        """What is shown."""
        self.cursor = self._choosable(0, 1)
        """The index of the row under the cursor; -1 where none can be chosen."""
        self.top = 0
        """The index of the first row that is seen."""
        self._seen: dict[int, Line] = {}
        """What was drawn last on each line."""

    # What is shown

    def show(self, rows: Rows, *, key: str = "") -> None:
        """Show ``rows``; the cursor stays on its row, or goes to the one with ``key``."""
        wanted = key or self.cursor_key
        before = self.cursor_key
        offset = self.cursor - self.top
        old_cursor = self.cursor
        place = (self.top, old_cursor, len(self.rows))
        self.rows = rows
        self.cursor = self._index_of(wanted, old_cursor)
        if self.cursor >= 0 and self.cursor_key == before and old_cursor >= 0:
            self.top = self.cursor - offset
        self._keep_in_sight()
        if self.styles.is_auto_height or place != (self.top, self.cursor, len(rows)):
            self.refresh(layout=self.styles.is_auto_height)
        else:
            self.refresh_lines(
                y
                for y, line in self._seen.items()
                if y < self.content_size.height and line != self._line_at(y)
            )
        if self.cursor_key != before:
            self.post_message(self.Moved(self, self.cursor_key))

    @property
    def cursor_key(self) -> str:
        """What identifies the row under the cursor; empty where there is none."""
        return self.rows.key(self.cursor) if 0 <= self.cursor < len(self.rows) else ""

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return how high the view would like to be."""
        del container, viewport
        return max(self.row_count(width), 1)

    def row_count(self, width: int) -> int:
        """Return how many rows there are when ``width`` cells are there for a row."""
        del width
        return len(self.rows)

    def lines(self, width: int, height: int) -> list[Line]:
        """Return the lines in sight."""
        indices = range(self.top, min(self.top + height, len(self.rows)))
        return [self.rows.line(index, width) for index in indices]

    def render_line(self, y: int) -> Strip:
        """Draw one row, and the thumb of where the sight is."""
        height = self.content_size.height
        index = self.top + y
        total = len(self.rows)
        thumbed = total > height
        room = self._room
        line = self._seen[y] = self._line_at(y)
        at_cursor = index == self.cursor and index < total
        line = _marked(line) if at_cursor else line
        plain = self.tone_style()
        style = self._cursor_style(plain) if at_cursor and self.has_focus else plain
        strip = strip_of(line, room, style, ascii_only=self.ascii_only)
        if not thumbed:
            return strip
        thumb = strip_of((self._thumb(y, height, total),), 1, plain, ascii_only=self.ascii_only)
        return Strip.join([strip, thumb])

    @property
    def _room(self) -> int:
        """The cells of a row; the thumb takes one where not all rows are in sight."""
        width, height = self.content_size
        return width - 1 if len(self.rows) > height else width

    def _line_at(self, y: int) -> Line:
        index = self.top + y
        return self.rows.line(index, self._room) if index < len(self.rows) else ()

    def _thumb(self, y: int, height: int, total: int) -> Span:
        size = max(1, height * height // total)
        start = (height - size) * self.top // max(total - height, 1)
        inside = start <= y < start + size
        return Span("┃" if inside else "│", Tone.MODE if inside else Tone.DIM)

    def _cursor_style(self, plain: Callable[[Tone], Style]) -> Callable[[Tone], Style]:
        cursor = self.tones[Tone.CURSOR]
        return lambda tone: plain(tone) + cursor

    # Moving

    def action_do(self, what: str) -> None:
        """Move."""
        page = max(self.content_size.height - 1, 1)
        match what:
            case "up":
                self.move(-1)
            case "down":
                self.move(1)
            case "page-up":
                self.move(-page)
            case "page-down":
                self.move(page)
            case "first":
                self.move(-len(self.rows))
            case _:
                self.move(len(self.rows))

    def move(self, by: int) -> None:
        """Move the cursor by so many rows, or the sight where there is nothing to choose."""
        top, cursor = self.top, self.cursor
        if cursor < 0:
            self.top += by
        else:
            target = min(max(cursor + by, 0), len(self.rows) - 1)
            self._set_cursor(self._choosable(target, 1 if by > 0 else -1), target)
        self._show_moved(top, cursor)

    def go_to(self, key: str) -> None:
        """Put the cursor on the row with ``key``, where there is one."""
        top, cursor = self.top, self.cursor
        index = self._index_of(key, cursor)
        self._set_cursor(index, index)
        self._show_moved(top, cursor)

    def _show_moved(self, top: int, cursor: int) -> None:
        """Draw what moving changed: everything, or only the rows that the cursor left and came to."""
        self._keep_in_sight()
        if self.top != top:
            self.refresh()
        elif self.cursor != cursor:
            self.refresh_lines(index - top for index in (cursor, self.cursor) if index >= 0)

    def _set_cursor(self, index: int, target: int) -> None:
        if index < 0 or index == self.cursor:
            self.top = (
                min(self.top, target) if index == self.cursor and target < self.cursor else self.top
            )
            return
        self.cursor = index
        self.post_message(self.Moved(self, self.cursor_key))

    def _choosable(self, start: int, direction: int) -> int:
        """Return the nearest row that can be chosen from ``start`` on, then the other way; -1 for none."""
        total = len(self.rows)
        for step in (direction, -direction):
            index = start
            while 0 <= index < total:
                if self.rows.key(index):
                    return index
                index += step
        return -1

    def _index_of(self, key: str, near: int) -> int:
        total = len(self.rows)
        if key and 0 <= near < total and self.rows.key(near) == key:
            return near
        if key:
            for index in range(total):
                if self.rows.key(index) == key:
                    return index
        return self._choosable(min(max(near, 0), max(total - 1, 0)), 1)

    def _keep_in_sight(self) -> None:
        height = self.content_size.height
        if height <= 0:  # not laid out: it is drawn before it hears of its size
            self.top = min(max(self.top, 0), max(len(self.rows) - 1, 0))
            return
        if self.cursor >= 0:
            if self.cursor < self.top:
                self.top = self.cursor
            elif self.cursor >= self.top + height:
                self.top = self.cursor - height + 1
        self.top = min(max(self.top, 0), max(len(self.rows) - height, 0))

    def on_resize(self) -> None:
        """Keep the cursor in sight when the terminal changes its size."""
        self._keep_in_sight()
        self.refresh()

    def on_focus(self) -> None:
        """Show the cursor."""
        self.refresh()

    def on_blur(self) -> None:
        """Hide the cursor."""
        self.refresh()


def _marked(line: Line) -> Line:
    """Return ``line`` with the cursor's sign in its first cell, where that is free."""
    if not line or not line[0].text.startswith(" "):
        return line
    first = line[0]
    return (Span("▶", Tone.STRONG), Span(first.text[1:], first.tone), *line[1:])
