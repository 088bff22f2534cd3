"""A whole screen that follows a run: it hears what happens there, and hands over what was asked for."""

from __future__ import annotations

from amlrunbook.executor.commands import AnyCommand
from screens.feed import Change, RunFeed
from screens.keyed import Keyed, KeyedScreen, Result
from screens.told import words_of
from screens.widgets.mode_header import HeaderFacts
from screens.widgets.tones import Tone


class Listening(Keyed[Result]):
    """What hears a run has: one listens for as long as it is there.

    It stands second among the bases: textual takes the styles of the first alone.
    """

    feed: RunFeed

    def on_mount(self) -> None:
        """Listen."""
        self._unlisten = self.feed.listen(self._hear)

    def on_unmount(self) -> None:
        """Listen no more."""
        self._unlisten()

    def _hear(self, change: Change) -> None:
        if self.is_there:
            self.changed(change)

    def changed(self, change: Change) -> None:
        """Show what came since the last look."""


class FollowerScreen(KeyedScreen[None], Listening[None]):
    """What the screens that follow a run have in common."""

    def __init__(self, feed: RunFeed) -> None:
        super().__init__(clock=feed.clock)
        self.feed = feed

    def begin(self) -> None:
        """Put the focus where one begins, and show how things stand."""
        self.fill()

    def fill(self) -> None:
        """Show how things stand."""

    def changed(self, change: Change) -> None:
        """Say what was refused, and show how things stand now."""
        self.take_back_refusal()
        for refusal in change.refusals:
            self.say("✗ refused: " + words_of(refusal.error), Tone.ERROR)
        self.fill()

    def facts(self) -> HeaderFacts:
        """Return what the header tells."""
        return self.feed.header()

    def take(self, command: AnyCommand | None) -> None:
        """Hand over the command that a question came back with; none means that it was left."""
        if command is not None:
            self.feed.run.submit(command)
