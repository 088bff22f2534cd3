"""The key bar: what the keys do here and now, generated from the screen's own declaration."""

from __future__ import annotations

from collections.abc import Callable

from screens.keys import Key
from screens.widgets.lines import Line, LineBlock, Span
from screens.widgets.tones import Tone

_GAP = "  "


class KeyBar(LineBlock):
    """Keys and their words; a key that cannot be used now is dim, and says why when it is pressed.

    A key without a word has no meaning here, and is left out.
    """

    def __init__(
        self,
        keys: tuple[Key, ...],
        *,
        label: Callable[[Key], str],
        refusal: Callable[[Key], str],
    ) -> None:
        super().__init__()
        self._keys = tuple(key for key in keys if key.bar)
        self._label = label
        self._refusal = refusal

    def lines(self, width: int, height: int) -> list[Line]:
        """Return the keys, flowing over as many lines as there are."""
        del height
        lines: list[list[Span]] = [[Span(" ")]]
        used = 1
        for key in self._keys:
            refused = bool(self._refusal(key))
            label = self._label(key)
            if not label:
                continue
            size = len(key.shown_key) + 1 + len(label)
            if used > 1 and used + len(_GAP) + size > width:
                lines.append([Span(" ")])
                used = 1
            if used > 1:
                lines[-1].append(Span(_GAP))
                used += len(_GAP)
            lines[-1] += [
                Span(key.shown_key, Tone.DIM if refused else Tone.ACCENT),
                Span(f" {label}", Tone.DIM if refused else Tone.PLAIN),
            ]
            used += size
        return [tuple(line) for line in lines]
