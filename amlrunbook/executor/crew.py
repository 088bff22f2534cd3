"""Work that is done side by side: daemon threads, bounded a step, whose end others can wait for.

A thread of this crew writes by the run's one record, like everybody else; what ends one of them with an
error ends the run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from threading import Condition, Thread

_LOOK_SECONDS = 0.2
"""How often somebody who waits for room looks whether a stop was asked for."""


class Crew:
    """The threads of one run."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._working: Counter[str] = Counter()
        self._failure: BaseException | None = None
        self._listener: Callable[[BaseException | None], None] = lambda _error: None

    def listen(self, listener: Callable[[BaseException | None], None]) -> None:
        """Have ``listener`` called, on the worker's thread, whenever one ends; with its error if it had one."""
        self._listener = listener

    @property
    def busy(self) -> bool:
        """Whether anybody works."""
        with self._changed:
            return self._working.total() > 0

    def room(self, group: str, limit: int, stopped: Callable[[], bool]) -> bool:
        """Wait until fewer than ``limit`` work for ``group``; false once ``stopped`` says so.

        Raises:
            BaseException: what ended a worker.
        """
        with self._changed:
            while self._working[group] >= limit and not stopped():
                self._changed.wait(_LOOK_SECONDS)
            self._raise()
            return not stopped()

    def start(self, group: str, work: Callable[[], None]) -> None:
        """Do ``work`` on a thread of its own, counted to ``group``."""
        with self._changed:
            self._working[group] += 1
        Thread(target=self._do, args=(group, work), name=f"run {group}", daemon=True).start()

    def join(self, group: str = "") -> None:
        """Wait until nobody works for ``group``; for anything, where none is named.

        Raises:
            BaseException: what ended a worker.
        """
        with self._changed:
            while self._working[group] if group else self._working.total():
                self._changed.wait()
            self._raise()

    def _raise(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _do(self, group: str, work: Callable[[], None]) -> None:
        failure: BaseException | None = None
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - the worker boundary: raised again for whoever waits
            failure = error
        with self._changed:
            self._failure = self._failure or failure
            self._working[group] -= 1
            self._changed.notify_all()
        self._listener(failure)
