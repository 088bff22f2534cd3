"""The feed: what a run tells, brought from the run's thread to the screens, at most so often a second."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from textual.message import Message

from amlrunbook.errors import AmlRunbookError
from amlrunbook.executor.clock import update_timer
from amlrunbook.executor.commands import AnyCommand
from amlrunbook.executor.status_text import Attention, attention
from amlrunbook.executor.watching import LiveRun
from amlrunbook.state.events import Recorded
from amlrunbook.state.fold import RunState
from screens.clock_words import header_words
from screens.told import RunTold, words_of
from screens.widgets.mode_header import HeaderFacts


@dataclass(frozen=True, slots=True)
class Refusal:
    """A command that was refused, and why."""

    command: AnyCommand
    error: AmlRunbookError


@dataclass(frozen=True, slots=True)
class Change:
    """What came since the last look; the state itself is the run's."""

    refusals: tuple[Refusal, ...] = ()
    death: BaseException | None = None


class RunFeed:
    """A run's watcher.

    Its watching half is called on the run's thread and only leaves a word; its looking half belongs to the app's thread.
    """

    def __init__(
        self,
        run: LiveRun,
        *,
        post: Callable[[Message], object],
        clock: Callable[[], datetime],
        call_for: Callable[[Attention], None] = lambda _why: None,
    ) -> None:
        self.run = run
        """The run; screens hand it commands and read its state."""
        self.clock = clock
        """What time it is, UTC."""
        self.death: BaseException | None = None
        """What ended the run's thread; ``None`` while it lives."""
        self.call_for = call_for
        """Calls the operator, on the app's thread: a bell, a notification."""
        self._due_told = ""
        self._state = run.state
        """The state at the last look, on the app's thread."""
        self._post = post
        self._lock = threading.Lock()
        self._told = False
        self._refusals: list[Refusal] = []
        self._listeners: list[Callable[[Change], None]] = []
        self._unwatch: Callable[[], None] | None = None

    # On the app's thread

    def start(self) -> None:
        """Begin to watch."""
        if self._unwatch is None:
            self._unwatch = self.run.watch(self)

    def stop(self) -> None:
        """Watch no more; the run goes on."""
        unwatch, self._unwatch = self._unwatch, None  # the run's thread may take it away as well
        if unwatch is not None:
            unwatch()

    def listen(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Have ``listener`` called at each look; returns a function that ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def look(self) -> None:
        """Tell every listener what came since the last look."""
        with self._lock:
            self._told = False
            change = Change(refusals=tuple(self._refusals), death=self.death)
            self._refusals.clear()
        before, self._state = self._state, self.run.state
        why = attention(before, self._state)
        if why is not Attention.NONE:
            self.call_for(why)
        for listener in tuple(self._listeners):
            listener(change)

    def refusal(self) -> str:
        """Return why nothing can be changed in this run any more; empty where it can."""
        state = self.run.state
        if self.death is not None:
            return "The run has stopped: " + words_of(self.death)
        if state.closed is not None:
            return "The run is closed; its journal takes no more entries. q leaves."
        if state.handed_over is not None:
            return (
                f"HANDED OVER: this run is {state.handed_over.principal}'s now. "
                "This screen can be read, and changes nothing any more."
            )
        return ""

    def tick(self) -> None:
        """A second went by: see whether the incident channel wants a word."""
        state = self.run.state
        if not state.clock.declared or state.closed is not None:
            return
        timer = update_timer(state, self.clock())
        if timer.due and timer.seconds_left < 0 and timer.due != self._due_told:
            self._due_told = timer.due
            self.call_for(Attention.UPDATE_DUE)

    def header(self) -> HeaderFacts:
        """Return what the header tells of this run."""
        plan, state = self.run.plan, self.run.state
        source, target = plan.profile.regions
        return HeaderFacts(
            mode=self.run.mode,
            profile=plan.profile.name,
            source=source,
            target=target or "",
            subscription=plan.profile.subscription,
            operator=self.run.operator,
            opened_at=state.clock.declared or state.opened_at,
            target_seconds=state.clock.target_seconds,
            stopped_at=state.clock.stopped or (state.last_t if state.closed else ""),
            snapshot_taken=plan.snapshot_taken,
            snapshot_earlier=plan.snapshot_earlier,
            more=header_words(plan, state, self.clock(), self.run.forecast),
            handed_over=state.handed_over is not None,
        )

    # On the run's thread

    def recorded(self, entries: tuple[Recorded, ...], state: RunState) -> None:
        """Something became durable."""
        del entries, state
        self._tell()

    def refused(self, command: AnyCommand, error: AmlRunbookError) -> None:
        """A command was refused."""
        with self._lock:
            self._refusals.append(Refusal(command, error))
        self._tell()

    def idle(self, state: RunState) -> None:
        """Nothing is running."""
        del state
        self._tell()

    def died(self, error: BaseException) -> None:
        """The run cannot go on."""
        self.death = error
        self._tell()

    def _tell(self) -> None:
        with self._lock:
            if self._told:
                return
            self._told = True
        try:
            self._post(RunTold())
        except RuntimeError:
            # The app's loop is closed: nobody looks any more, and the journal has it all.
            self._unwatch = None
