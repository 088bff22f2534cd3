"""Tones: the weight of a span, and how the theme draws it. Without colour, attributes stand in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from rich.style import Style
from textual.color import Color


class Tone(StrEnum):
    """The weight of a span."""

    PLAIN = "plain"
    DIM = "dim"
    STRONG = "strong"
    SUCCESS = "success"
    WARNING = "warning"
    ERROR = "error"
    ACCENT = "accent"
    LABEL = "label"
    MODE = "mode"
    """In the mode's colour: rules, and what tells the mode."""
    BADGE = "badge"
    """The mode's word, reversed."""
    CURSOR = "cursor"
    """Laid over the row under the cursor."""


@dataclass(frozen=True, slots=True)
class _Look:
    """Theme variables and attributes of a tone, with colour and without."""

    colour: str
    ground: str = ""
    attributes: str = ""
    plain_attributes: str = ""
    """The attributes where there is no colour."""
    reversed_plain: bool = False
    """Whether it is drawn reversed where there is no colour."""


_LOOKS: dict[Tone, _Look] = {
    Tone.PLAIN: _Look("foreground"),
    Tone.DIM: _Look("quiet", plain_attributes="dim"),
    Tone.STRONG: _Look("foreground", attributes="bold", plain_attributes="bold"),
    Tone.SUCCESS: _Look("success"),
    Tone.WARNING: _Look("warning", plain_attributes="bold"),
    Tone.ERROR: _Look("error", attributes="bold", plain_attributes="bold underline"),
    Tone.ACCENT: _Look("accent"),
    Tone.LABEL: _Look("secondary"),
    Tone.MODE: _Look("primary"),
    Tone.BADGE: _Look("on-mode", "primary", "bold", "bold", reversed_plain=True),
    Tone.CURSOR: _Look("", "cursor", "bold", "bold", reversed_plain=True),
}

_NAMES = sorted(
    {"foreground", "background"}
    | {name for look in _LOOKS.values() for name in (look.colour, look.ground) if name}
)
"""The theme's variables that tones are drawn with."""

DEFAULT_VARIABLES: Mapping[str, str] = {
    "quiet": "#9AA7B0",
    "on-mode": "#101418",
    "cursor": "#2C3F4E",
}
"""What a theme that is not ours lacks."""


def tone_styles(variables: Mapping[str, str], *, no_color: bool) -> Mapping[Tone, Style]:
    """Return how every tone is drawn with a theme's variables."""
    values = tuple((name, variables.get(name, "")) for name in _NAMES)
    return _styles(values, no_color)


@lru_cache(maxsize=16)
def _styles(values: tuple[tuple[str, str], ...], no_color: bool) -> Mapping[Tone, Style]:
    colours = {name: Color.parse(value).rich_color for name, value in values if value}
    styles: dict[Tone, Style] = {}
    for tone, look in _LOOKS.items():
        colour, ground = colours.get(look.colour), colours.get(look.ground)
        attributes = look.attributes
        if no_color:
            attributes = look.plain_attributes
            colour, ground = colours.get("foreground"), None
            if look.reversed_plain:
                colour, ground = colours.get("background"), colours.get("foreground")
        styles[tone] = Style.parse(attributes) + Style(color=colour, bgcolor=ground)
    return styles
