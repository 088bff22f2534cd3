"""Lines of spans: what our widgets draw, and the one place where text becomes cells.

Everything drawn passes :func:`strip_of`: data is escaped there (no markup is ever parsed), fitted to its
width, and translated where the terminal has ASCII only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import zip_longest
from typing import NamedTuple

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from amlrunbook.model.display import shown
from screens.widgets.tones import Tone, tone_styles


class Span(NamedTuple):
    """A piece of a line."""

    text: str
    tone: Tone = Tone.PLAIN


Line = tuple[Span, ...]
"""One line, from left to right."""

PLAIN_GLYPHS = str.maketrans(
    {
        "✓": "+", "✗": "x", "▶": ">", "▷": ">", "◌": "o", "·": ".", "⊘": "#", "\N{EN DASH}": "-", "↗": "^",
        "→": ">", "…": "~", "─": "-", "╌": "~", "═": "=", "│": "|", "┃": "#", "▌": "[", "▐": "]",
        "«": "<", "»": ">", "“": '"', "”": '"', "\N{RIGHT SINGLE QUOTATION MARK}": "'", "≥": ">", "↑": "^", "↓": "v",
    }
)  # fmt: skip
"""Our own signs in ASCII, cell for cell, so that nothing moves."""

ELLIPSIS = "…"


def as_ascii(text: str) -> str:
    """Return ``text`` in ASCII: our signs by their counterparts, everything else escaped."""
    if text.isascii():
        return text
    return text.translate(PLAIN_GLYPHS).encode("ascii", "backslashreplace").decode("ascii")


def line_of(text: str, tone: Tone = Tone.PLAIN) -> Line:
    """Return a line of one span."""
    return (Span(text, tone),)


def fitted(text: str, width: int) -> str:
    """Return ``text`` in exactly ``width`` cells: padded, or cut with a sign that it is cut."""
    if width <= 0:
        return ""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, width - 1) + ELLIPSIS


def cut_short(text: str, width: int) -> str:
    """Return ``text``, of which more would follow, with the sign that it is cut, in at most ``width`` cells."""
    return set_cell_size(text, min(cell_len(text), width - 1)).rstrip() + ELLIPSIS


def shortened(text: str, width: int) -> str:
    """Return ``text`` in at most ``width`` cells, cut in its middle so that both ends can be told apart."""
    if cell_len(text) <= width:
        return text
    head = (width - 1) // 2
    tail = width - 1 - head
    return f"{text[:head]}{ELLIPSIS}{text[len(text) - tail :]}" if width > 1 else text[:width]


_BETWEEN = " · "


def fewer(status: str, width: int) -> str:
    """Return the counts that fit; the last ones, which matter least, give way."""
    parts = status.split(_BETWEEN)
    while len(parts) > 1 and cell_len(_BETWEEN.join(parts)) > width:
        parts.pop()
    return shortened(_BETWEEN.join(parts), width)


def wrapped(text: str, width: int) -> list[str]:
    """Return one line of text broken into lines of at most ``width`` cells.

    It is broken at spaces; a longer word (a path, a command) behind a slash where one is near its end.
    """
    width = max(width, 1)
    if cell_len(text) <= width:
        return [text]
    lines: list[str] = []
    current = ""
    for word in text.split(" "):
        candidate = f"{current} {word}" if current else word
        if cell_len(candidate) <= width:
            current = candidate
            continue
        if cell_len(word) > width:
            pieces = _word_pieces(candidate, width)
        else:
            lines.append(current)
            pieces = [word]
        lines.extend(pieces[:-1])
        current = pieces[-1]
    lines.append(current)
    return lines


def _word_pieces(word: str, width: int) -> list[str]:
    pieces: list[str] = []
    while cell_len(word) > width:
        head = (
            chop_cells(word, width)[0] or word[0]
        )  # a wide character alone may be wider than the line
        slash = head.rfind("/") + 1
        cut = slash if slash > len(head) // 2 else len(head)
        pieces.append(word[:cut])
        word = word[cut:]
    return [*pieces, word]


def chopped(text: str, width: int) -> list[str]:
    """Return one line of text broken exactly at ``width`` cells, so that nothing of a line is left empty."""
    return chop_cells(text, max(width, 1)) or [""]


def strip_of(
    line: Iterable[Span], width: int, style: Callable[[Tone], Style], *, ascii_only: bool
) -> Strip:
    """Return ``line`` as a strip of exactly ``width`` cells, every text in it made safe to draw."""
    segments: list[Segment] = []
    left = width
    for text, tone in line:
        safe = shown(text)
        safe = as_ascii(safe) if ascii_only else safe
        cells = cell_len(safe)
        if cells > left:
            safe = fitted(safe, left)
            safe = as_ascii(safe) if ascii_only else safe
            cells = left
        if cells:
            segments.append(Segment(safe, style(tone)))
        left -= cells
        if left <= 0:
            break
    if left > 0:
        segments.append(Segment(" " * left, style(Tone.PLAIN)))
    return Strip(segments, width)


def changed(old: Sequence[Line], new: Sequence[Line]) -> list[int]:
    """Return the numbers of the lines that differ."""
    return [
        number
        for number, (before, now) in enumerate(zip_longest(old, new, fillvalue=()))
        if before != now
    ]


class LineBlock(Widget):
    """A widget that draws lines; a subclass says which."""

    def lines(self, width: int, height: int) -> list[Line]:
        """Return what to draw on ``width`` by ``height`` cells."""
        raise NotImplementedError

    @property
    def ascii_only(self) -> bool:
        """Whether the terminal is taken to have ASCII only."""
        return self.app.has_class("-ascii")

    @property
    def tones(self) -> Mapping[Tone, Style]:
        """How every tone is drawn now."""
        return tone_styles(self.app.theme_variables, no_color=self.app.no_color)

    def tone_style(self) -> Callable[[Tone], Style]:
        """Return how every tone looks here."""
        return (self._style_of_drawing or self._composed_style)()

    _style_of_drawing: Callable[[], Callable[[Tone], Style]] | None = None
    """Says how every tone looks, while the widget is drawn: it is the same for all of its lines."""

    def _composed_style(self) -> Callable[[Tone], Style]:
        """Return how every tone looks here; Textual composes that from all that lies around the widget."""
        here, tones = self.rich_style, self.tones
        return lambda tone: here + tones[tone]

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw lines, all in one style: to compose it took longer than all else of a line.

        Most often no line of a widget is to be drawn anew: then it is not composed at all.
        """
        self._style_of_drawing = cache(self._composed_style)
        try:
            return super().render_lines(crop)
        finally:
            self._style_of_drawing = None

    def render_line(self, y: int) -> Strip:
        """Draw one line of the widget."""
        width = self.content_size.width
        drawn = self.drawn(width, self.content_size.height)
        line = drawn[y] if y < len(drawn) else ()
        return strip_of(line, width, self.tone_style(), ascii_only=self.ascii_only)

    def drawn(self, width: int, height: int) -> list[Line]:
        """Return :meth:`lines`, computed once for each refresh."""
        key = (width, height)
        if self._drawn is None or self._drawn[0] != key:
            self._drawn = (key, self.lines(width, height))
        return self._drawn[1]

    _drawn: tuple[tuple[int, int], list[Line]] | None = None

    def redraw(self) -> None:
        """Draw again from what the widget knows now: the lines that are others, where its size is known."""
        before, self._drawn = self._drawn, None
        if before is None:
            self.refresh()
            return
        (width, height), old = before
        self.refresh_lines(changed(old, self.drawn(width, height)))

    def refresh_lines(self, numbers: Iterable[int]) -> None:
        """Have some lines drawn again, or none."""
        width = self.content_size.width
        regions = [Region(0, number, width, 1) for number in numbers]
        if regions:
            self.refresh(*regions)
