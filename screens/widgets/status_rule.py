"""The rule below a screen: counts in words, and where one is."""

from __future__ import annotations

from collections.abc import Callable

from rich.cells import cell_len

from amlrunbook.model.mode import Mode
from screens.marks import mode_look
from screens.widgets.lines import Line, LineBlock, Span, fewer
from screens.widgets.tones import Tone


class StatusRule(LineBlock):
    """A line in the mode's hand with the counts at its left and the trail of screens at its right."""

    def __init__(self, *, mode: Mode, status: Callable[[], str], trail: Callable[[], str]) -> None:
        super().__init__()
        self._mode = mode
        self._status = status
        self._trail = trail

    def lines(self, width: int, height: int) -> list[Line]:
        """Return the one line; the trail gives way to the counts."""
        del height
        rule = mode_look(self._mode).rule
        status = self._status()
        status = f" {fewer(status, width - 6)} " if status else ""
        trail = f" {self._trail()} "
        room = width - 4 - cell_len(status)
        if cell_len(trail) > room - 2:
            trail = ""
        middle = max(room - cell_len(trail), 0)
        return [
            (
                Span(rule * 2, Tone.MODE),
                Span(status),
                Span(rule * middle, Tone.MODE),
                Span(trail, Tone.DIM),
                Span(rule * 2, Tone.MODE),
            )
        ]
