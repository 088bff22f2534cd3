"""Copying: asked of the terminal, and shown all the same, because no terminal answers."""

from __future__ import annotations

from typing import Protocol

from screens.app import AmlApp
from screens.widgets.lines import Tone


class _Speaker(Protocol):
    @property
    def app(self) -> object:
        """The app of the screen."""

    def say(self, text: str, tone: Tone = Tone.PLAIN) -> None:
        """Show a notice."""


def offer(screen: _Speaker, text: str) -> None:
    """Send ``text`` towards the terminal's clipboard, and show it; it is never called copied."""
    if not text:
        screen.say("There is nothing to copy here.", Tone.WARNING)
        return
    if isinstance(screen.app, AmlApp):
        screen.app.send_to_clipboard(text)
    screen.say(f"Sent to the terminal's clipboard (it does not say whether it took it):\n{text}")
