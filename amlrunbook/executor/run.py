"""The executor: carries commands out, one at a time, on the thread that calls it."""

from __future__ import annotations

from functools import partial
from typing import assert_never

from amlrunbook.errors import IncompleteError, RefusedError
from amlrunbook.executor import acting, approvals, checking, children, clock, drilling, handover
from amlrunbook.executor import commands as c
from amlrunbook.executor.adopting import Successor, adopt, successor_of
from amlrunbook.executor.branching import skipped_on_the_way
from amlrunbook.executor.calling import step_of_call
from amlrunbook.executor.calls import MadeCall
from amlrunbook.executor.closing import closing_event, undone
from amlrunbook.executor.crew import Crew
from amlrunbook.executor.doubting import look, look_blindly
from amlrunbook.executor.forecast import UNFORESEEN
from amlrunbook.executor.legality import choice_of, refuse
from amlrunbook.executor.outside import done_outside
from amlrunbook.executor.readiness import focus
from amlrunbook.executor.stage import Stage, said
from amlrunbook.model.operation import Outcome
from amlrunbook.model.snapshot import Snapshot
from amlrunbook.planning.grammar import StepKind
from amlrunbook.planning.plan import Plan, PlannedStep
from amlrunbook.state import events as e
from amlrunbook.state.fold import RunState, StepRecord
from amlrunbook.state.transitions import StepState

_UNDER_WAY = frozenset({StepState.RUNNING, StepState.CONFIRMED, StepState.SENT, StepState.ACCEPTED})
_AT_ANY_TIME = (
    c.AddNote,
    c.Pause,
    c.Close,
    c.OfferHandover,
    c.DeclareIncident,
    c.RunProbes,
    c.GiveUpdate,
    c.AskHint,
)


class Executor:
    """One run, driven by commands. Every event is durable before anybody is told of it.

    One thread at a time may call :meth:`perform`; :meth:`note` may be called from another meanwhile. It
    returns when the command is carried out to its end, but for one: a confirmed action of a step with
    ``parallel`` is followed by a thread of the crew, so that the next instance can be confirmed meanwhile.
    """

    def __init__(self, stage: Stage, *, left: bool = False) -> None:
        self.stage = stage
        """What the run stands on."""
        self._proposed_here: set[str] = set()
        self._now = ""
        self._left = left
        self._successor: Successor | None = None
        self.forecast = UNFORESEEN
        """What the steps took in earlier runs, for those who show the run."""
        self.crew = Crew()
        """Who carries out what goes on side by side."""

    @property
    def state(self) -> RunState:
        """The state after the last durable entry."""
        return self.stage.state

    @property
    def focus(self) -> str:
        """The step that wants the operator next; empty when nothing does."""
        return focus(self.stage.plan, self.state)

    @property
    def occupied(self) -> bool:
        """Whether work goes on side by side, and the operator has nothing to do meanwhile."""
        if not self.crew.busy:
            return False
        state = self.state
        return state.paused or state.step(self.focus).state in _UNDER_WAY

    @property
    def successor(self) -> Successor | None:
        """The plan that was proposed to follow this one; ``None`` where none was, or it was adopted."""
        return self._successor

    def propose_successor(self, plan: Plan, snapshot: Snapshot | None = None) -> Successor:
        """Keep ``plan`` as what :class:`~amlrunbook.executor.commands.AdoptPlan` may adopt; writes nothing.

        ``snapshot`` is what it was made from; the run's own unless given.

        Raises:
            RefusedError: it cannot follow the run's plan.
        """
        self._successor = successor_of(self.stage, plan, snapshot)
        return self._successor

    def perform(self, command: c.AnyCommand) -> None:
        """Carry ``command`` out.

        Raises:
            RefusedError: it may not be carried out now.
            JournalError: the journal cannot be written; the run is over for this process.
        """
        self.pick_up()
        refuse(command, self.stage.plan, self.state, self.stage.mode)
        if self.state.paused and not isinstance(command, _AT_ANY_TIME):
            self.stage.record.append(
                e.RunResumed(
                    operator=self.stage.operator,
                    after=len(self.stage.record.entries),
                    reason="The operator went on.",
                )
            )
        self._now = command.step if isinstance(command, c.StepCommand) else ""
        before = self.state
        try:
            self._carry_out(command)
            clock.probe_after_change(self.stage, before)
            self._settle_dialogs()
        finally:
            self._now = ""
        if self.state.handed_over is None and self.state.closed is None:
            self._tell_world(before)
            drilling.tell_heard(self.stage)
            self.stage.record.write_calls()

    def _settle_dialogs(self) -> None:
        if self.state.handed_over is None and self.state.closed is None:
            clock.settle_dialogs(self.stage)

    def call_made(self, call: MadeCall) -> None:
        """Put a call to Azure aside for the journal; any thread may, and none waits."""
        step = step_of_call(self.stage.plan, self.state, self._now, call.path)
        self.stage.record.calls.made(call, step)

    def _tell_world(self, before: RunState) -> None:
        """Journal the simulated Azure's revision after an action, so that a drill can be judged and replayed."""
        ended = any(
            record.attempts > before.step(record.step).attempts and record.intent is not None
            for record in self.state.steps.values()
        )
        if ended:
            handover.tell_world(self.stage)

    def note(self, command: c.AddNote) -> None:
        """Write a note; any thread may, whatever else goes on.

        Raises:
            RefusedError: it has no words, names no step of the plan, or holds a secret.
            JournalError: the journal cannot be written.
        """
        refuse(command, self.stage.plan, self.state, self.stage.mode)
        self.stage.record.append(e.NoteAdded(text=said(command.text), step=command.step))

    def _carry_out(self, command: c.AnyCommand) -> None:  # noqa: C901, PLR0912, PLR0915 - one flat case a command
        stage = self.stage
        match command:
            case c.RunStep():
                self._run(stage.plan.step(command.step))
            case c.Confirm():
                self._confirm(stage.plan.step(command.step), command)
            case c.Decline():
                stage.conclude(e.ActionDeclined(step=command.step, reason=said(command.reason)))
            case c.Skip():
                self._skip(stage.plan.step(command.step), said(command.reason))
            case c.DoneOutside():
                done_outside(stage, stage.plan.step(command.step), command.evidence)
            case c.SwitchVariant():
                self._switch(stage.plan.step(command.step), command)
            case c.AdoptPlan():
                self._adopt(command)
            case c.Decide():
                self._decide(stage.plan.step(command.step), command)
            case c.Overrule():
                stage.conclude(
                    e.StepOverruled(
                        step=command.step, need=command.need, reason=said(command.reason)
                    )
                )
            case c.LookAgain():
                self._look_again(stage.plan.step(command.step), "The operator looked again.")
            case c.Rule():
                self._rule(stage.plan.step(command.step), command)
            case c.AskApproval():
                approvals.ask(stage, stage.plan.step(command.step))
            case c.GiveAnswer():
                approvals.give(stage, stage.plan.step(command.step), command)
            case c.BreakGlass():
                approvals.break_glass(stage, stage.plan.step(command.step), command)
            case c.OverruleSafety():
                approvals.overrule_safety(stage, stage.plan.step(command.step), command)
            case c.OfferHandover():
                self.crew.join()
                handover.offer(stage, command)
            case c.DeclareIncident():
                clock.declare(stage, command)
            case c.RunProbes():
                clock.probe(stage)
            case c.GiveUpdate():
                stage.record.append(
                    e.UpdateGiven(text=said(command.text), next_seconds=command.next_minutes * 60)
                )
            case c.AskHint():
                drilling.ask_hint(stage)
            case c.AddNote():
                self.note(command)
            case c.Pause():
                stage.record.append(e.RunPaused(reason=said(command.reason)))
            case c.Close():
                self._close()
            case _:
                assert_never(command)

    def _run(self, planned: PlannedStep) -> None:
        match planned.kind:
            case StepKind.CHECK | StepKind.WAIT:
                self._look(planned)
            case StepKind.ACTION:
                acting.propose(self.stage, planned)
                self._proposed_here.add(planned.id)
            case StepKind.RUNBOOK:
                self._open_child(planned)
            case StepKind.MANUAL | StepKind.DECISION:
                raise ValueError(f"a {planned.kind.value} step is not run")
            case _:
                assert_never(planned.kind)

    def _look(self, planned: PlannedStep) -> None:
        """Run a check or a wait; with ``parallel``, every instance that is ready, side by side."""
        look = checking.run_check if planned.kind is StepKind.CHECK else checking.run_wait
        if planned.parallel == 1:
            look(self.stage, planned)
            return
        beside = [
            other
            for other in self.stage.plan.steps
            if other.base == planned.base
            and other.id != planned.id
            and self.state.step(other.id).state is StepState.READY
        ]
        for one in (planned, *beside):
            if not self._has_room(one):
                break
            self.crew.start(one.base, partial(look, self.stage, one))
        self.crew.join(planned.base)

    def _has_room(self, planned: PlannedStep) -> bool:
        pace = self.stage.pace
        return self.crew.room(planned.base, planned.parallel, lambda: pace.stop_asked)

    def _confirm(self, planned: PlannedStep, command: c.Confirm) -> None:
        if planned.parallel > 1:
            if not self._has_room(planned):
                raise RefusedError(
                    f"A stop was asked for before step {planned.id!r} had its turn.",
                    state="Nothing was sent; the proposal stands.",
                    next_step="Confirm it when the run goes on.",
                )
            refuse(command, self.stage.plan, self.state, self.stage.mode)
        fresh = planned.id in self._proposed_here
        self._proposed_here.add(planned.id)
        approvals.require(self.stage, planned)
        intended = acting.intend(self.stage, planned, command, fresh=fresh)
        if planned.parallel > 1:
            self.crew.start(planned.base, partial(self._carry_out_beside, intended))
        else:
            acting.carry_out(self.stage, intended)

    def _carry_out_beside(self, intended: acting.Intended) -> None:
        """Carry an action out on a thread of the crew, and look at what it did to the world."""
        before = self.state
        acting.carry_out(self.stage, intended)
        clock.probe_after_change(self.stage, before)
        handover.tell_world(self.stage)
        self.stage.record.write_calls()

    def _open_child(self, planned: PlannedStep) -> None:
        stage = self.stage
        child = stage.plan.child(planned.id)
        stage.record.add_evidence(f"plan of {planned.id}", child.to_json(), planned.id)
        stage.conclude(*children.opened(stage.plan, planned, stage.state))

    def _skip(self, planned: PlannedStep, reason: str) -> None:
        """Leave a step out; of a child plan that is open, every step that is."""
        stage = self.stage
        if planned.kind is StepKind.RUNBOOK and stage.state.step(planned.id).state in _UNDER_WAY:
            stage.conclude(*children.skips(stage.plan, planned, stage.state, reason))
        else:
            stage.conclude(e.StepSkipped(step=planned.id, reason=reason))

    def _switch(self, planned: PlannedStep, command: c.SwitchVariant) -> None:
        record = self.state.step(planned.id)
        before = record.variant or planned.variant
        declined: tuple[e.Event, ...] = ()
        if record.state is StepState.PROPOSED:
            reason = f"It was proposed as {before!r}; it is done as {command.variant!r} now."
            declined = (e.ActionDeclined(step=planned.id, reason=reason),)
        switched = e.VariantChanged(
            step=planned.id, before=before, after=command.variant, reason=said(command.reason)
        )
        self.stage.conclude(*declined, switched)

    def _adopt(self, command: c.AdoptPlan) -> None:
        successor = self._successor
        if successor is None or successor.digest != command.digest:
            raise RefusedError(
                "No plan with this digest was proposed to this run.",
                state="The run keeps its plan; nothing was written.",
                next_step="Look at the difference that is proposed, and adopt that.",
            )
        if self.crew.busy:
            raise RefusedError(
                "Actions are being carried out side by side.",
                state="The run keeps its plan; nothing was written.",
                next_step="Adopt the plan once they have ended.",
            )
        self.stage = adopt(self.stage, successor, command.reason)
        self._successor = None

    def _decide(self, planned: PlannedStep, command: c.Decide) -> None:
        choice = choice_of(planned, command.choice)
        decided = e.DecisionMade(
            step=planned.id, choice=choice.id, text=choice.text, reason=said(command.reason)
        )
        skipped: tuple[e.Event, ...] = ()
        if choice.next:
            reason = f"Decided at {planned.id}: {choice.text}"
            skipped = skipped_on_the_way(
                self.stage.plan, self.state, planned.id, choice.next, reason
            )
        self.stage.conclude(decided, *skipped)

    def _rule(self, planned: PlannedStep, command: c.Rule) -> None:
        self.stage.conclude(
            e.DoubtRuled(
                step=planned.id,
                ruling=command.ruling,
                reason=said(command.reason),
                operator=self.stage.operator,
            )
        )
        if command.ruling is e.Ruling.HAPPENED:
            self._verify(planned, ruled=True)

    def _verify(self, planned: PlannedStep, *, ruled: bool) -> None:
        action = self.stage.action(planned.do)
        try:
            preview = acting.kept_preview(self.stage, self.state.step(planned.id))
        except IncompleteError as error:
            look_blindly(self.stage, planned, error.what, why="It cannot be verified.")
            return
        acting.verify(self.stage, planned, action, preview, ruled=ruled)

    def _look_again(self, planned: PlannedStep, why: str) -> None:
        record = self.state.step(planned.id)
        if _succeeded(record):
            self._verify(planned, ruled=False)
            return
        action = self.stage.action(planned.do)
        try:
            preview = acting.kept_preview(self.stage, record)
        except IncompleteError as error:
            look_blindly(self.stage, planned, error.what, why=why)
            return
        look(self.stage, planned, action, preview, why=why)

    def pick_up(self) -> None:
        """Put right what an earlier process left in the air; does nothing in a run that was just opened.

        A check or a wait that was running runs again. An action that was confirmed and has no
        result is in doubt and is observed; one that succeeded is verified. Nothing is sent again.

        Raises:
            JournalError: the journal cannot be written; the run is over for this process.
        """
        if not self._left:
            return
        self._left = False
        for planned in self.stage.plan.steps:
            record = self.state.step(planned.id)
            if record.state.in_flight:
                self._pick_up_action(planned, record)
        for planned in self.stage.plan.steps:
            running = self.state.step(planned.id).state is StepState.RUNNING
            if running and planned.kind is not StepKind.RUNBOOK:
                self._pick_up_running(planned)
        self.stage.conclude()
        self._settle_dialogs()

    def _pick_up_running(self, planned: PlannedStep) -> None:
        self.stage.record.append(e.StepReady(step=planned.id))
        if planned.kind in {StepKind.CHECK, StepKind.WAIT}:
            self._run(planned)

    def _pick_up_action(self, planned: PlannedStep, record: StepRecord) -> None:
        if record.doubt is not None and record.doubt.ruling is e.Ruling.HAPPENED:
            self._verify(planned, ruled=True)
        elif record.state is StepState.IN_DOUBT:
            return
        else:
            why = "The program ended after this action was confirmed and before its end was known."
            self._look_again(planned, why)

    def _close(self) -> None:
        self.crew.join()
        if undone(self.stage.plan, self.state):
            self.stage.record.append(
                e.RunCancelled(reason="Closed by the operator before every step was done.")
            )
        handover.tell_world(self.stage)
        drilling.tell_heard(self.stage)
        drilling.score(self.stage)
        self.stage.record.write_calls()
        closed = closing_event(self.stage.plan, self.state)
        self.stage.record.append(closed)
        self.stage.record.close(closed.outcome.value)


def _succeeded(record: StepRecord) -> bool:
    return record.result is not None and record.result.outcome is Outcome.SUCCEEDED
