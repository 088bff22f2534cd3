"""Keys: declared once, and from that bound, shown in the key bar, explained by help, found in the palette."""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding, BindingType

_NAMES = {
    "question_mark": "?",
    "colon": ":",
    "slash": "/",
    "escape": "esc",
    "full_stop": ".",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "ctrl+q": "^q",
    "ctrl+c": "^c",
    "ctrl+d": "^d",
    "ctrl+u": "^u",
    "ctrl+p": "^p",
}


@dataclass(frozen=True, slots=True)
class Key:
    """One thing that a key does on a screen."""

    id: str
    """The screen's method is ``do_`` and this, with underscores for hyphens."""
    keys: tuple[str, ...]
    """Textual's names of the keys; the first is the one that is shown."""
    label: str
    """A word or two for the key bar; ``…`` at its end where a question follows."""
    help: str
    """One sentence for the help page."""
    bar: bool = True
    """Whether the key bar shows it."""

    @property
    def shown_key(self) -> str:
        """The key as a person knows it."""
        return key_name(self.keys[0])

    @property
    def all_keys(self) -> str:
        """Every key that does it."""
        return " ".join(key_name(key) for key in self.keys)


def key_name(key: str) -> str:
    """Return Textual's name of a key as a person knows it."""
    return _NAMES.get(key, key)


def bindings(keys: tuple[Key, ...]) -> list[BindingType]:
    """Return the bindings of ``keys``: each calls the screen's action ``do``."""
    return [
        Binding(",".join(key.keys), f"do('{key.id}')", key.label, show=False, id=key.id)
        for key in keys
    ]


HELP = Key("help", ("question_mark", "f1"), "help", "Show this page.")
MENU = Key("menu", ("colon", "ctrl+p"), "menu", "Find any of these by its name.")
BACK = Key("back", ("escape",), "back", "Go exactly one level out; nothing stops.")
LEAVE = Key(
    "leave", ("q",), "leave…", "Leave the program, after saying what stops and what does not."
)
UP_ONE = Key("back-q", ("q",), "back", "Go one level out; nothing stops.", bar=False)

MOVING: tuple[Key, ...] = (
    Key("up", ("up", "k"), "up", "One line up.", bar=False),
    Key("down", ("down", "j"), "down", "One line down.", bar=False),
    Key("page-up", ("pageup", "ctrl+u"), "page up", "One page up.", bar=False),
    Key("page-down", ("pagedown", "ctrl+d"), "page down", "One page down.", bar=False),
    Key("first", ("home", "g"), "first", "To the first line.", bar=False),
    Key("last", ("end", "G"), "last", "To the last line.", bar=False),
)
"""How one moves in every list and page."""
