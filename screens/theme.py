"""The themes: one palette that the colour-blind can read, in three moods, one a mode.

Okabe and Ito's colours; contrast on ``#101418``: success 10.7, warning 15.3, error 7.6 to 1.
Source: https://jfly.uni-koeln.de/color/
"""

from __future__ import annotations

from textual.theme import Theme

_SUCCESS = "#56B4E9"
_WARNING = "#F0E442"
_ERROR = "#D55E00"


def _theme(name: str, *, primary: str, on_primary: str, background: str, surface: str) -> Theme:
    """Return a theme; ``primary`` is the colour of the mode's word, its rules and its borders."""
    return Theme(
        name=name,
        primary=primary,
        secondary="#8FA3B0",
        accent="#E69F00",
        success=_SUCCESS,
        warning=_WARNING,
        error=_ERROR,
        foreground="#E4E8EB",
        background=background,
        surface=surface,
        panel=surface,
        dark=True,
        variables={
            "on-mode": on_primary,
            "quiet": "#9AA7B0",
            "cursor": "#2C3F4E",
            "input-selection-background": "#56B4E9 35%",
        },
    )


READ_ONLY = _theme(
    "amlrunbook-read-only",
    primary="#8FA3B0",
    on_primary="#101418",
    background="#101418",
    surface="#151A20",
)
DRILL = _theme(
    "amlrunbook-drill",
    primary="#CC79A7",
    on_primary="#101418",
    background="#17111B",
    surface="#1B1521",
)
LIVE = _theme(
    "amlrunbook-live",
    primary="#D55E00",
    on_primary="#000000",
    background="#1A100C",
    surface="#1E130E",
)

THEMES: tuple[Theme, ...] = (READ_ONLY, DRILL, LIVE)
"""Every theme of our own."""
