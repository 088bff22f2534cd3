"""What every screen has: keys from one declaration, a help page, a notice, a way out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar, TypeVar

from textual.css.query import NoMatches
from textual.events import Event
from textual.message import Message
from textual.screen import ModalScreen, Screen

from screens.keys import Key
from screens.widgets.key_bar import KeyBar
from screens.widgets.mode_header import HeaderFacts, ModeHeader
from screens.widgets.notice import Notice
from screens.widgets.status_rule import StatusRule
from screens.widgets.tones import Tone

Result = TypeVar("Result")
Answer = TypeVar("Answer")


class Keyed(Screen[Result]):
    """The common part of screens and modals."""

    KEYS_HERE: ClassVar[tuple[Key, ...]] = ()
    """Every key of the screen but those that move in lists."""
    TITLE_HERE: str = ""
    """One word or two for the trail and the help page."""
    DECIDES: ClassVar[str] = ""
    """What is decided here: one paragraph for the help page."""
    _refused: tuple[Key, str] | None = None
    """The key that was refused last, and in which words."""

    def on_mount(self) -> None:
        """Begin, where there is something to begin with: a program that is being left lays nothing out."""
        if self.children:
            self.begin()

    def begin(self) -> None:
        """Put the focus where one begins, and show how things stand."""

    @property
    def is_there(self) -> bool:
        """Whether there is something to draw on: laid out, and not left."""
        return (
            self.is_mounted
            and self.is_attached
            and self.app.is_running
            and self in self.app.screen_stack
        )

    async def _on_message(self, message: Message) -> None:
        """Hear what widgets and threads tell; on a screen that goes, there is nothing any more to show it on."""
        if isinstance(message, Event) or not message.bubble or self.is_there:
            await super()._on_message(message)

    def action_do(self, what: str) -> None:
        """Do what a key says, or say why it cannot be done now.

        A key for a screen that is left already, or not laid out yet, is no answer to what is in sight.
        """
        if not (self.is_active and self.is_there):
            return
        key = next(key for key in self.KEYS_HERE if key.id == what)
        refusal = self.refusal(key)
        if refusal:
            self.say(refusal, Tone.WARNING)
            self._refused = (key, refusal)
            return
        self._refused = None
        self.say("")
        method: Callable[[], object] = getattr(self, f"do_{what.replace('-', '_')}")
        method()

    def refusal(self, key: Key) -> str:
        """Return why ``key`` cannot be used now; empty where it can."""
        del key
        return ""

    def label(self, key: Key) -> str:
        """Return what ``key`` does here and now, in a word or two."""
        return key.label

    def take_back_refusal(self) -> None:
        """Take a notice away that said why a key had no use, as soon as it does not hold any more."""
        if self._refused is None:
            return
        key, said = self._refused
        if self.refusal(key) == said:
            return
        self._refused = None
        if any(notice.text == said for notice in self.query(Notice)):
            self.say("")

    def say(self, text: str, tone: Tone = Tone.PLAIN) -> None:
        """Show a notice, or take it away."""
        try:
            self.query_one(Notice).say(text, tone)
        except NoMatches:
            if text:
                self.notify(text, markup=False)

    def redraw(self) -> None:
        """Draw the parts that every screen has from what is known now."""
        for widget in self.query("ModeHeader, StatusRule, KeyBar"):
            if isinstance(widget, (ModeHeader, StatusRule, KeyBar)):
                widget.redraw()

    def key_bar(self) -> KeyBar:
        """Return the key bar of this screen."""
        return KeyBar(self.KEYS_HERE, label=self.label, refusal=self.refusal)

    def open_screen(
        self, screen: Screen[Answer], then: Callable[[Answer | None], None] | None = None
    ) -> None:
        """Go one level in; ``then`` takes what the screen comes back with."""
        _ = self.app.push_screen(screen, then)

    def finish(self, result: Result | None = None) -> None:
        """Go one level out with ``result``, once.

        Textual hands on a second answer, and takes the screen below away, where a key comes twice before it drew.
        """
        if self.is_active:
            _ = self.dismiss(result)

    def do_help(self) -> None:
        """Show the keys of this screen."""
        from screens.help import HelpScreen

        self.open_screen(HelpScreen(self.TITLE_HERE, self.DECIDES, self.KEYS_HERE))

    def do_menu(self) -> None:
        """Find a key by what it does, and do that."""
        from screens.palette import PaletteScreen

        keys = [key for key in self.KEYS_HERE if key.id != "menu"]
        self.open_screen(PaletteScreen(keys, self.label), self._do_chosen)

    def _do_chosen(self, what: str | None) -> None:
        if what is not None:
            self.action_do(what)


class KeyedScreen(Keyed[Result]):
    """A whole screen: header above, notice, counts and keys below."""

    def __init__(self, *, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self.now = clock
        """What time it is, UTC."""

    def facts(self) -> HeaderFacts:
        """Return what the header tells."""
        raise NotImplementedError

    def tick(self) -> None:
        """A second went by: show anew what depends on the time, beside the header."""

    def status(self) -> str:
        """Return the counts below."""
        return ""

    def header(self) -> ModeHeader:
        """Return the header of this screen."""
        return ModeHeader(self.facts, self.now)

    def status_rule(self) -> StatusRule:
        """Return the rule with the counts."""
        return StatusRule(mode=self.facts().mode, status=self.status, trail=self.trail)

    def trail(self) -> str:
        """Return where one is: the names of the screens, outermost first."""
        names = [
            screen.TITLE_HERE
            for screen in self.app.screen_stack
            if isinstance(screen, KeyedScreen) and screen.TITLE_HERE
        ]
        return " > ".join(names)

    def do_back(self) -> None:
        """Go one level out."""
        self.finish()

    do_back_q = do_back


class AmlModal(Keyed[Result], ModalScreen[Result]):
    """A question over a screen."""

    def do_back(self) -> None:
        """Go one level out."""
        self.finish()

    do_back_q = do_back
