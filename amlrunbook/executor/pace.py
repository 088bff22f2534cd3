"""Time for a run: how long something took, and waits that an operator can end."""

from __future__ import annotations

import time
from threading import Event
from typing import Protocol


class Pace(Protocol):
    """The time that a run goes by, and the word that asks it to stop."""

    def monotonic(self) -> float:
        """Seconds that only ever grow."""

    def wait(self, seconds: float) -> bool:
        """Wait that long; returns early, and true, once a stop is asked for."""

    @property
    def stop_asked(self) -> bool:
        """Whether somebody asked the run to stop at the next safe place."""

    def ask_stop(self) -> None:
        """Ask the run to stop at the next safe place; any thread may."""

    def stop_answered(self) -> None:
        """Forget the word: the run has stopped."""


class RealPace:
    """Real time, and a flag that wakes a waiting run at once."""

    def __init__(self) -> None:
        self._stop = Event()

    def monotonic(self) -> float:
        """Seconds of the machine's monotonic clock."""
        return time.monotonic()

    def wait(self, seconds: float) -> bool:
        """Wait on the flag, at most ``seconds``."""
        return self._stop.wait(max(0.0, seconds))

    @property
    def stop_asked(self) -> bool:
        """Whether the flag is set."""
        return self._stop.is_set()

    def ask_stop(self) -> None:
        """Set the flag."""
        self._stop.set()

    def stop_answered(self) -> None:
        """Clear the flag."""
        self._stop.clear()
