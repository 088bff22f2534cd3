"""A live run on a thread of its own: commands in by a queue, words out by watchers.

The thread is a daemon: leaving the program never waits for Azure, and a killed run is resumed from its
journal. Notes are written, and a pause is heard, while a step is running.
"""

from __future__ import annotations

import queue
from collections.abc import Callable
from threading import Event, Lock, Thread

from amlrunbook.errors import AmlRunbookError, JournalError
from amlrunbook.executor.adopting import Successor
from amlrunbook.executor.commands import AddNote, AnyCommand, Pause
from amlrunbook.executor.forecast import Forecast
from amlrunbook.executor.run import Executor
from amlrunbook.executor.watching import Watcher
from amlrunbook.model.mode import Mode
from amlrunbook.model.snapshot import Snapshot
from amlrunbook.planning.plan import Plan
from amlrunbook.state.events import Recorded
from amlrunbook.state.fold import RunState


class RunThread:
    """A run as screens and prompts see it (:class:`~amlrunbook.executor.watching.LiveRun`)."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._commands: queue.SimpleQueue[AnyCommand] = queue.SimpleQueue()
        self._notes: queue.SimpleQueue[AddNote] = queue.SimpleQueue()
        self._counting = Lock()
        self._waiting = 1  # until it has begun
        self._dead = Event()
        executor.crew.listen(self._one_ended)

    def start(self) -> RunThread:
        """Begin to take commands; returns itself."""
        Thread(target=self._work, name="run", daemon=True).start()
        Thread(target=self._take_notes, name="notes", daemon=True).start()
        return self

    @property
    def plan(self) -> Plan:
        """The plan that is run."""
        return self._executor.stage.plan

    @property
    def mode(self) -> Mode:
        """What the process may change."""
        return self._executor.stage.mode

    @property
    def operator(self) -> str:
        """Who runs it."""
        return self._executor.stage.operator

    @property
    def journal_path(self) -> str:
        """Where the journal lies, for the person."""
        return self._executor.stage.record.path

    @property
    def state(self) -> RunState:
        """The state after the last durable entry."""
        return self._executor.state

    @property
    def entries(self) -> tuple[Recorded, ...]:
        """Every durable entry, in order."""
        return self._executor.stage.record.entries

    @property
    def forecast(self) -> Forecast:
        """What the steps took in earlier runs."""
        return self._executor.forecast

    @property
    def busy(self) -> bool:
        """Whether a command is being carried out, waits to be, or work goes on that has to be waited for."""
        with self._counting:
            waiting = self._waiting > 0
        return waiting or self._executor.occupied

    def propose_successor(self, plan: Plan, snapshot: Snapshot | None = None) -> Successor:
        """Say which plan may follow the run's own; :class:`~amlrunbook.executor.commands.AdoptPlan` adopts it.

        Raises:
            RefusedError: it cannot follow.
        """
        return self._executor.propose_successor(plan, snapshot)

    @property
    def successor(self) -> Successor | None:
        """The plan that may follow the run's own, where one was proposed and not adopted yet."""
        return self._executor.successor

    @property
    def focus(self) -> str:
        """The step that wants the operator next; empty when nothing does."""
        return self._executor.focus

    def submit(self, command: AnyCommand) -> None:
        """Hand over a command; returns at once. Refusals come back through the watcher.

        A note is written at once, whatever else goes on. A pause is heard at the next safe place: a
        wait and the pause between two tries end at once, an action is followed to its end.
        """
        if isinstance(command, AddNote):
            self._notes.put(command)
            return
        if isinstance(command, Pause):
            self._executor.stage.pace.ask_stop()
        with self._counting:
            self._waiting += 1
        self._commands.put(command)

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Have ``watcher`` told from now on; returns a function that ends it."""
        return self._executor.stage.record.watch(watcher)

    def evidence(self, sha256: str) -> bytes:
        """Return the bytes of a piece of evidence.

        Raises:
            IncompleteError: they are withheld or do not fit their hash.
        """
        return self._executor.stage.record.evidence(sha256)

    def _work(self) -> None:
        self._guarded(None)
        self._done_one()
        while not self._dead.is_set():
            command = self._commands.get()
            if isinstance(command, Pause):
                self._executor.stage.pace.stop_answered()
            self._guarded(command)
            self._done_one()

    def _done_one(self) -> None:
        with self._counting:
            self._waiting -= 1
        self._idle_if_so()

    def _idle_if_so(self) -> None:
        if not self.busy and not self._dead.is_set():
            self._tell_idle(self.state)

    def _one_ended(self, error: BaseException | None) -> None:
        """Hear, on its own thread, that something that went on side by side has ended."""
        if error is not None:
            self._die(error)
        else:
            self._idle_if_so()

    def _take_notes(self) -> None:
        while not self._dead.is_set():
            self._guarded(self._notes.get())
            self._idle_if_so()

    def _guarded(self, command: AnyCommand | None) -> None:
        """Carry a command out; none picks up what an earlier process left in the air."""
        try:
            self._carry_out(command)
        except JournalError as error:
            self._die(error)
        except AmlRunbookError as error:
            if command is None:
                self._die(error)
            else:
                self._tell_refused(command, error)
        except Exception as defect:  # noqa: BLE001 - the worker boundary: those who watch must hear of it
            self._die(defect)

    def _carry_out(self, command: AnyCommand | None) -> None:
        if command is None:
            self._executor.pick_up()
        elif isinstance(command, AddNote):
            self._executor.note(command)
        else:
            self._executor.perform(command)

    def _tell_idle(self, state: RunState) -> None:
        self._tell(lambda watcher: watcher.idle(state))

    def _tell_refused(self, command: AnyCommand, error: AmlRunbookError) -> None:
        self._tell(lambda watcher: watcher.refused(command, error))

    def _die(self, error: BaseException) -> None:
        self._dead.set()
        self._tell(lambda watcher: watcher.died(error))

    def _tell(self, word: Callable[[Watcher], None]) -> None:
        self._executor.stage.record.tell(word)
