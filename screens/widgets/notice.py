"""The notice: what the program has to say of the last key, above the key bar."""

from __future__ import annotations

from textual.geometry import Size

from amlrunbook.model.display import shown_lines
from screens.widgets.lines import Line, LineBlock, Span, wrapped
from screens.widgets.tones import Tone

_MARGIN = 2
_MOST_LINES = 8


class Notice(LineBlock):
    """A few lines that stay until the next key that does something."""

    text: str = ""
    tone: Tone = Tone.PLAIN

    def say(self, text: str, tone: Tone = Tone.PLAIN) -> None:
        """Show ``text``, or nothing."""
        self.text = text
        self.tone = tone
        self.set_class(bool(text), "-shown")
        self._drawn = None
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return as many lines as the text takes."""
        del container, viewport
        return min(len(self._broken(width)), _MOST_LINES)

    def lines(self, width: int, height: int) -> list[Line]:
        """Return the text, broken to the width."""
        broken = self._broken(width)
        if len(broken) > height:
            broken = [*broken[: height - 1], "…"]
        return [(Span(" "), Span(line, self.tone)) for line in broken]

    def _broken(self, width: int) -> list[str]:
        return [
            piece for line in shown_lines(self.text) for piece in wrapped(line, width - _MARGIN)
        ]
