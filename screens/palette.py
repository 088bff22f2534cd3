"""The palette: what the keys of a screen do, found by a word of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from screens.filtering import kept
from screens.keyed import AmlModal
from screens.keys import BACK, MOVING, Key, bindings
from screens.listing import Picked
from screens.widgets.line_view import LineView, ListRows, Row
from screens.widgets.lines import Line, Span, fitted
from screens.widgets.notice import Notice
from screens.widgets.tones import Tone

_KEYS = (
    Key("take", ("enter",), "do it", "Do what is under the cursor."),
    BACK,
    Key("help", ("f1",), "help", "Show this page."),
)
_KEY_CELLS = 8
_NOTHING = "No key here does that; take letters away, or esc goes back."


@dataclass(frozen=True, slots=True)
class Offers:
    """The keys as rows: the key, what it does here and now, and its sentence."""

    keys: Sequence[Key]
    label: Callable[[Key], str]

    def __len__(self) -> int:
        return len(self.keys)

    def key(self, index: int) -> str:
        """Return the key's id."""
        return self.keys[index].id

    def line(self, index: int, width: int) -> Line:
        """Return the key's line."""
        key = self.keys[index]
        room = max((len(self.words(each)) for each in self.keys), default=0) + 2
        return (
            Span(f" {fitted(key.shown_key, _KEY_CELLS)}", Tone.ACCENT),
            Span(fitted(self.words(key), room), Tone.STRONG),
            Span(fitted(key.help, max(width - room - _KEY_CELLS - 1, 0)), Tone.DIM),
        )

    def words(self, key: Key) -> str:
        """Return what the key does, in a word or two."""
        return self.label(key) or key.label


class WantedLine(Input):
    """The line that is typed in; the keys that no letter stands on move in the list below."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(name, f"choose('{key.id}')", key.label, show=False)
        for key in MOVING
        for name in key.keys
        if name in {"up", "down", "pageup", "pagedown"}
    ]

    def action_choose(self, what: str) -> None:
        """Move in the list, while there is one: the key may come after the line was left."""
        if self.is_attached:
            self.screen.query_one("#offers", LineView).action_do(what)


class PaletteScreen(AmlModal[str]):
    """A line to type in, and the keys whose words have it. It comes back with the id of one."""

    CSS_PATH = "palette.tcss"
    TITLE_HERE = "Menu"
    DECIDES = (
        "Here you find what a key of the screen below does. Type a part of a word; the arrows choose, "
        "enter does it as its key would. esc goes back and nothing happens."
    )
    KEYS_HERE = _KEYS
    BINDINGS: ClassVar[list[BindingType]] = bindings(_KEYS)

    def __init__(self, keys: Sequence[Key], label: Callable[[Key], str]) -> None:
        super().__init__()
        self._offers = Offers(keys, label)
        self._haystacks = [f"{self._offers.words(key)} {key.help}".lower() for key in keys]

    def compose(self) -> ComposeResult:
        """Lay the palette out."""
        with Vertical(classes="box"):
            yield WantedLine(
                classes="line-input", id="wanted", placeholder="type a word of what you look for"
            )
            yield LineView(self._offers, id="offers")
            yield Notice()
            yield self.key_bar()

    def begin(self) -> None:
        """Begin in the line."""
        self.query_one(LineView).can_focus = False
        self.query_one(Input).focus()

    @property
    def view(self) -> LineView:
        """The list of keys."""
        return self.query_one("#offers", LineView)

    @on(Input.Changed)
    def filtered(self, event: Input.Changed) -> None:
        """Keep what has the words; those whose label has them come first."""
        event.stop()
        wanted = event.value.strip().lower()
        indices = kept(self._haystacks, wanted)
        named = [
            index
            for index in indices
            if wanted in self._offers.words(self._offers.keys[index]).lower()
        ]
        order = [*named, *(index for index in indices if index not in named)]
        first = self._offers.key(order[0]) if order else ""
        self.view.show(Picked(self._offers, order) if order else _NONE, key=first)

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        """Take what is under the cursor."""
        event.stop()
        self.do_take()

    def do_take(self) -> None:
        """Go back with what is under the cursor."""
        if self.view.cursor_key:
            self.finish(self.view.cursor_key)


_NONE = ListRows((Row("", (Span(f" {_NOTHING}", Tone.WARNING),)),))
