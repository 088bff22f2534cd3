"""Progress of a reading that takes long, told now and then on stderr: a quick one is silent."""

from __future__ import annotations

import time
from collections.abc import Callable

from amlrunbook.cli import talk

EVERY_SECONDS = 3.0
"""How long nothing is said at most, and before anything is said at all."""


class Patience:
    """Told of each read; says how far it is every few seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._said = clock()

    def __call__(self, done: int, known: int, last: str) -> None:
        """Note one read: how many are done, how many are known, and what was read last."""
        now = self._clock()
        if now - self._said >= EVERY_SECONDS and done < known:
            self._said = now
            talk.say(f"{done} of {known} read, {last.rsplit('/', 1)[-1]} last…")
