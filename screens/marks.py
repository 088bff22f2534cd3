"""What a state looks like: a glyph, a word and a tone. Never a colour alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from amlrunbook.model.mode import Mode
from screens.widgets.tones import Tone


@dataclass(frozen=True, slots=True)
class Mark:
    """How one state is shown."""

    glyph: str
    """One cell wide; :data:`screens.widgets.lines.PLAIN_GLYPHS` has its ASCII form."""
    word: str
    tone: Tone

    @property
    def text(self) -> str:
        """The glyph and the word."""
        return f"{self.glyph} {self.word}"


@dataclass(frozen=True, slots=True)
class ModeLook:
    """How a mode sets itself apart: by word, by rule and border, by theme."""

    word: str
    rule: str
    """The character that the screen's rules are drawn with."""
    theme: str
    css_class: str


def mode_look(mode: Mode) -> ModeLook:
    """Return how ``mode`` looks."""
    match mode:
        case Mode.READ_ONLY:
            return ModeLook(mode.word, "─", "amlrunbook-read-only", "-read-only")
        case Mode.DRILL:
            return ModeLook(mode.word, "╌", "amlrunbook-drill", "-drill")
        case Mode.LIVE:
            return ModeLook(mode.word, "═", "amlrunbook-live", "-live")
        case _ as never:
            assert_never(never)
