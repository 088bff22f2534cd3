"""The record of a run: durable first, then folded, then shown.

:class:`Record` is the only door to a run's journal while the run lives. It holds the state that folds from
the durable entries, so that what is decided, shown and resumed rests on the same thing.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import RLock
from typing import Protocol

from amlrunbook.errors import JournalError, RefusedError
from amlrunbook.executor.calls import CallBuffer
from amlrunbook.executor.readiness import foreseen
from amlrunbook.executor.watching import Watcher
from amlrunbook.state.events import Event, EvidenceAdded, Recorded
from amlrunbook.state.fold import RunState, fold


class Ledger(Protocol):
    """A journal as a run needs it: everything is durable when a call returns."""

    @property
    def path(self) -> str:
        """Where it lies, for the person."""

    @property
    def entries(self) -> tuple[Recorded, ...]:
        """What was in it when it was opened, the opening's own entries included."""

    def append(self, events: tuple[Event, ...]) -> tuple[Recorded, ...]:
        """Write one group of entries.

        Raises:
            JournalError: it cannot be written; the handle is dead from now on.
        """

    def add_evidence(self, name: str, data: bytes, step: str) -> Recorded:
        """Keep ``data`` by its hash and write the entry that names it.

        Raises:
            JournalError: as :meth:`append`.
        """

    def evidence(self, sha256: str) -> bytes:
        """Return the bytes of a piece of evidence.

        Raises:
            IncompleteError: they are withheld, or do not fit their hash.
        """

    def offer_handover(self, principal: str, text: str) -> tuple[Recorded, ...]:
        """Write that the run is ``principal``'s, and write nothing more.

        Raises:
            JournalError: as :meth:`append`.
        """

    def close(self, outcome: str) -> tuple[Recorded, ...]:
        """Write the terminal entry and let go of the file.

        Raises:
            JournalError: as :meth:`append`.
        """

    def release(self) -> None:
        """Let go of the file without a terminal entry, so that the run can be resumed."""


class Record:
    """What is durable of a run, the state that folds from it, and those who are told."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lock = RLock()
        self._entries = list(ledger.entries)
        self._state = fold(self._entries)
        self._watchers: list[Watcher] = []
        self._death: JournalError | None = None
        self.calls = CallBuffer()
        """Calls to Azure that the next group of entries carries along."""

    @property
    def path(self) -> str:
        """Where the journal lies, for the person."""
        return self._ledger.path

    @property
    def state(self) -> RunState:
        """The state after the last durable entry."""
        return self._state

    @property
    def entries(self) -> tuple[Recorded, ...]:
        """Every durable entry, in order."""
        with self._lock:
            return tuple(self._entries)

    def held(self) -> AbstractContextManager[object]:
        """Keep every other thread from appending while the caller decides and appends; may be nested."""
        return self._lock

    def foresee(self, events: tuple[Event, ...]) -> RunState:
        """Return the state that ``events`` would lead to. Writes nothing."""
        return foreseen(self._state, events)

    def append(self, *events: Event) -> RunState:
        """Make ``events`` durable in one group, tell the watchers, and return the state after them.

        Raises:
            RefusedError: an event may not happen where it stands; nothing was written.
            JournalError: the journal cannot be written; nothing can be appended from now on.
        """
        with self._lock:
            self._be_alive()
            refused = self.foresee(events).anomalies[len(self._state.anomalies) :]
            if refused:
                raise RefusedError(
                    f"That may not happen here: {refused[0]}.",
                    state="Nothing was written.",
                    next_step="Look at the step again before you go on.",
                )
            group = (*self.calls.take(), *events)
            return self._told(self._written(lambda: self._ledger.append(group)))

    def write_calls(self) -> None:
        """Make the calls that wait durable in groups of their own.

        Raises:
            JournalError: the journal cannot be written; nothing can be appended from now on.
        """
        while self.calls.waiting:
            self.append()

    def hand_over(self, principal: str, text: str) -> RunState:
        """Write the last entry of this writer: the run is ``principal``'s. Nothing can be appended after it.

        Raises:
            JournalError: the journal cannot be written.
        """
        with self._lock:
            self._be_alive()
            return self._told(self._written(lambda: self._ledger.offer_handover(principal, text)))

    def add_evidence(self, name: str, data: bytes, step: str = "") -> str:
        """Keep ``data`` as evidence and return its SHA-256 in hex.

        Raises:
            JournalError: the journal cannot be written; nothing can be appended from now on.
        """
        with self._lock:
            self._be_alive()
            told = self._written(lambda: (self._ledger.add_evidence(name, data, step),))
            self._told(told)
            event = told[0].event
            if not isinstance(event, EvidenceAdded):
                raise TypeError(f"evidence was recorded as {event.KIND!r}")
            return event.sha256

    def evidence(self, sha256: str) -> bytes:
        """Return the bytes of a piece of evidence.

        Raises:
            IncompleteError: they are withheld, or do not fit their hash.
        """
        return self._ledger.evidence(sha256)

    def close(self, outcome: str) -> None:
        """Write the journal's terminal entry.

        Raises:
            JournalError: the journal cannot be written.
        """
        with self._lock:
            self._be_alive()
            self._told(self._written(lambda: self._ledger.close(outcome)))

    def release(self) -> None:
        """Let go of the journal's file, so that another process can resume the run."""
        with self._lock:
            self._ledger.release()

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Have ``watcher`` told from now on; returns a function that ends it."""
        with self._lock:
            self._watchers.append(watcher)

        def leave() -> None:
            with self._lock:
                if watcher in self._watchers:
                    self._watchers.remove(watcher)

        return leave

    def tell(self, word: Callable[[Watcher], None]) -> None:
        """Say ``word`` to every watcher, never between two halves of an append."""
        with self._lock:
            for watcher in tuple(self._watchers):
                word(watcher)

    def _be_alive(self) -> None:
        if self._death is not None:
            raise JournalError(
                "The journal cannot be written any more, so nothing more is done.",
                state=self._death.what,
                next_step="Resume the run once its disk can be written.",
            ) from self._death

    def _written(self, write: Callable[[], tuple[Recorded, ...]]) -> tuple[Recorded, ...]:
        try:
            return write()
        except JournalError as error:
            self._death = error
            raise

    def _told(self, recorded: tuple[Recorded, ...]) -> RunState:
        self._state = fold(recorded, self._state)
        self._entries.extend(recorded)
        state = self._state
        self.tell(lambda watcher: watcher.recorded(recorded, state))
        return state
