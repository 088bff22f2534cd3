"""A run for screens: the real vocabulary and the real fold, driven by a script instead of operations.

Commands are carried out on a thread of its own, as a run does it. What a command makes happen is looked up in
the script: a step's id gives the events of one carried-out command after another.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from amlrunbook.errors import AmlRunbookError, IncompleteError, RefusedError
from amlrunbook.executor import commands as c
from amlrunbook.executor.forecast import UNFORESEEN, Forecast
from amlrunbook.executor.watching import Watcher
from amlrunbook.model.mode import Mode
from amlrunbook.planning.plan import Plan
from amlrunbook.state import events as e
from amlrunbook.state.fold import RunState, apply

START = "2026-11-22T10:00:{:02d}.000Z"

Script = dict[str, deque[Sequence[e.Event]]]


class ScriptedRun:
    """A LiveRun whose operations are written down beforehand."""

    def __init__(
        self,
        plan: Plan,
        *,
        mode: Mode = Mode.DRILL,
        script: dict[str, list[Sequence[e.Event]]] | None = None,
        before: Sequence[e.Event] = (),
        evidence: dict[str, bytes] | None = None,
        operator: str = "operator@team",
    ) -> None:
        self._plan = plan
        self._mode = mode
        self._operator = operator
        self._script: Script = {step: deque(groups) for step, groups in (script or {}).items()}
        self._evidence = evidence or {}
        self._watchers: list[Watcher] = []
        self._state = RunState()
        self._entries: list[e.Recorded] = []
        self._queue: deque[c.AnyCommand] = deque()
        self._wake = threading.Condition()
        self._busy = False
        self._resting = True
        """Whether whatever was asked for is carried out, and that nothing is left to do was told."""
        self._done = False
        self.submitted: list[c.AnyCommand] = []
        self.gates: dict[str, threading.Event] = {}
        """A step with a gate starts, and ends when the gate is opened."""
        for event in before:
            self._write(event)
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    # What a screen sees

    @property
    def plan(self) -> Plan:
        return self._plan

    @property
    def mode(self) -> Mode:
        return self._mode

    @property
    def operator(self) -> str:
        return self._operator

    @property
    def journal_path(self) -> str:
        return "/home/operator/.local/share/amlrunbook/runs/2026-11-22-fraud/journal.jsonl"

    @property
    def state(self) -> RunState:
        return self._state

    @property
    def entries(self) -> tuple[e.Recorded, ...]:
        return tuple(self._entries)

    @property
    def forecast(self) -> Forecast:
        return UNFORESEEN

    @property
    def busy(self) -> bool:
        return self._busy

    @property
    def focus(self) -> str:
        doubtful = [r.step for r in self._state.in_doubt]
        if doubtful:
            return doubtful[0]
        return next(
            (s.id for s in self._plan.steps if not self._state.step(s.id).state.settled), ""
        )

    def submit(self, command: c.AnyCommand) -> None:
        with self._wake:
            self.submitted.append(command)
            self._resting = False
            self._queue.append(command)
            self._wake.notify_all()

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def evidence(self, sha256: str) -> bytes:
        if sha256 not in self._evidence:
            raise IncompleteError("The evidence is withheld.", next_step="Ask who holds it.")
        return self._evidence[sha256]

    # What a test may do

    def settle(self) -> None:
        """Wait until every command is carried out, and the watchers were told that the run is idle."""
        with self._wake:
            self._wake.wait_for(lambda: self._resting)

    def happen(self, *events: e.Event) -> None:
        """Have something happen by itself, told from a thread that is not the caller's."""
        thread = threading.Thread(target=self._record, args=(events,))
        thread.start()
        thread.join()

    def die(self, error: BaseException) -> None:
        thread = threading.Thread(target=lambda: [w.died(error) for w in tuple(self._watchers)])
        thread.start()
        thread.join()

    def end(self) -> None:
        """End the run's thread."""
        with self._wake:
            self._done = True
            self._wake.notify_all()
        self._thread.join()

    # The thread

    def _work(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._queue or self._done)
                if self._done:
                    return
                self._busy = True
                command = self._queue.popleft()
            try:
                self._carry_out(command)
            except AmlRunbookError as error:
                for watcher in tuple(self._watchers):
                    watcher.refused(command, error)
            with self._wake:
                self._busy = False
            for watcher in tuple(self._watchers):
                watcher.idle(self._state)
            with self._wake:
                self._resting = not self._queue
                self._wake.notify_all()

    def _carry_out(self, command: c.AnyCommand) -> None:  # noqa: C901, PLR0912 - one flat case a command
        match command:
            case c.RunStep(step=step):
                self._run(step)
            case c.Confirm(step=step):
                if self._mode is Mode.READ_ONLY:
                    raise RefusedError(
                        "This run is read-only.",
                        state="Nothing was sent.",
                        next_step="Use the az command.",
                    )
                self._play(step)
            case c.Decline(step=step, reason=reason):
                self._record((e.ActionDeclined(step=step, reason=reason),))
            case c.Skip(step=step, reason=reason):
                self._record((e.StepSkipped(step=step, reason=reason),))
            case c.DoneOutside(step=step, evidence=said):
                self._record((e.StepDoneOutside(step=step, evidence=said),))
            case c.Decide(step=step, choice=choice, reason=reason):
                text = next(x.text for x in self._plan.step(step).choices if x.id == choice)
                self._record((e.DecisionMade(step=step, choice=choice, text=text, reason=reason),))
            case c.Overrule(step=step, need=need, reason=reason):
                self._record(
                    (e.StepOverruled(step=step, need=need, reason=reason), e.StepReady(step=step))
                )
            case c.LookAgain(step=step):
                self._play(step)
            case c.Rule(step=step, ruling=ruling, reason=reason):
                self._record(
                    (
                        e.DoubtRuled(
                            step=step, ruling=ruling, reason=reason, operator=self._operator
                        ),
                    )
                )
                if ruling is e.Ruling.HAPPENED:
                    self._play(step)
            case c.AddNote(text=text, step=step):
                self._record((e.NoteAdded(text=text, step=step),))
            case c.Pause(reason=reason):
                self._record((e.RunPaused(reason=reason),))
            case c.Close():
                self._record(
                    (e.RunClosed(outcome=e.RunOutcome.COMPLETED, text="done", exit_code=0),)
                )

    def _run(self, step: str) -> None:
        if step not in self._script:
            raise RefusedError(
                f"{step} cannot be run now.",
                state="Nothing was started.",
                next_step="Look at its needs.",
            )
        gate = self.gates.get(step)
        if gate is not None:
            self._record((e.StepStarted(step=step),))
            gate.wait()
        self._play(step)

    def _play(self, step: str) -> None:
        groups = self._script.get(step)
        if not groups:
            raise RefusedError(f"The script has nothing more for {step}.")
        self._record(groups.popleft())

    def _record(self, events: Sequence[e.Event]) -> None:
        entries = tuple(self._write(event) for event in events)
        for watcher in tuple(self._watchers):
            watcher.recorded(entries, self._state)

    def _write(self, event: e.Event) -> e.Recorded:
        n = len(self._entries)
        t = f"2026-11-22T10:{n // 60 % 60:02d}:{n % 60:02d}.000Z"
        entry = e.Recorded(n=n, t=t, event=event)
        self._entries.append(entry)
        self._state = apply(self._state, entry)
        return entry
