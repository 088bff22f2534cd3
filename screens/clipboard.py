"""Copying: asked of the terminal, and shown all the same, because no terminal answers."""

from __future__ import annotations

from typing import Protocol

from amlrunbook.model.display import shown
from screens.app import AmlApp
from screens.widgets.tones import Tone


class _Speaker(Protocol):
    @property
    def app(self) -> object:
        """The app of the screen."""

    def say(self, text: str, tone: Tone = Tone.PLAIN) -> None:
        """Show a notice."""


def offer(screen: _Speaker, *texts: str) -> None:
    """Send ``texts`` towards the terminal's clipboard, a line each, and show them; never called copied.

    What would act on a terminal is escaped in both: a name with a line break in it must not become a
    command of its own where it is pasted.
    """
    lines = "\n".join(shown(text) for text in texts if text)
    if not lines:
        screen.say("There is nothing to copy here.", Tone.WARNING)
        return
    if isinstance(screen.app, AmlApp):
        screen.app.send_to_clipboard(lines)
    screen.say(f"Sent to the terminal's clipboard (it does not say whether it took it):\n{lines}")
