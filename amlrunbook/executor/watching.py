"""The seam between a run and those who show it: what a screen may see and say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from amlrunbook.errors import AmlRunbookError
from amlrunbook.executor.commands import AnyCommand
from amlrunbook.executor.forecast import Forecast
from amlrunbook.model.mode import Mode
from amlrunbook.planning.plan import Plan
from amlrunbook.state.events import Recorded
from amlrunbook.state.fold import RunState


class Watcher(Protocol):
    """Told of everything that became durable. Called on threads of the run's own, one at a time: never block in it."""

    def recorded(self, entries: tuple[Recorded, ...], state: RunState) -> None:
        """These entries are durable, and this is the state after them."""

    def refused(self, command: AnyCommand, error: AmlRunbookError) -> None:
        """A command was refused; nothing was journaled but what was already shown."""

    def idle(self, state: RunState) -> None:
        """Nothing is running: the run waits for the operator."""

    def died(self, error: BaseException) -> None:
        """The run cannot go on (its journal cannot be written, say)."""


class LiveRun(Protocol):
    """A run as a screen sees it."""

    @property
    def plan(self) -> Plan:
        """The plan that is run."""

    @property
    def mode(self) -> Mode:
        """What the process may change."""

    @property
    def operator(self) -> str:
        """Who runs it."""

    @property
    def journal_path(self) -> str:
        """Where the journal lies, for the person."""

    @property
    def state(self) -> RunState:
        """The state after the last durable entry."""

    @property
    def entries(self) -> tuple[Recorded, ...]:
        """Every durable entry, in order."""

    @property
    def forecast(self) -> Forecast:
        """What the steps took in earlier runs; :data:`~amlrunbook.executor.forecast.UNFORESEEN` where none is known."""

    @property
    def busy(self) -> bool:
        """Whether a command is being carried out."""

    @property
    def focus(self) -> str:
        """The step that wants the operator next; empty when nothing does."""

    def submit(self, command: AnyCommand) -> None:
        """Hand over a command; returns at once. Refusals come back through the watcher."""

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Have ``watcher`` told from now on; returns a function that ends it."""

    def evidence(self, sha256: str) -> bytes:
        """Return the bytes of a piece of evidence.

        Raises:
            IncompleteError: they are withheld or do not fit their hash.
        """
