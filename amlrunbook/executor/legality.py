"""Whether a command may be carried out now, and if not, why and what is safe instead. Pure."""

from __future__ import annotations

from difflib import get_close_matches
from typing import assert_never

from amlrunbook.errors import RefusedError, UsageError
from amlrunbook.executor import commands as c
from amlrunbook.executor.branching import steps_between
from amlrunbook.executor.children import left_out_with, waits_for_parent
from amlrunbook.executor.readiness import hindrance, unmet_needs
from amlrunbook.model.mode import Mode
from amlrunbook.model.operation import Confirmation
from amlrunbook.model.redaction import masked_text
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.planning.grammar import Choice, StepKind
from amlrunbook.planning.plan import Plan, PlannedStep
from amlrunbook.state.events import Ruling, SkippedBy
from amlrunbook.state.fold import RunState, StepRecord
from amlrunbook.state.transitions import StepState

_S = StepState
_RUNNABLE = {
    StepKind.CHECK: frozenset({_S.READY, _S.PASSED, _S.WARNED, _S.FAILED, _S.UNKNOWN, _S.SKIPPED}),
    StepKind.WAIT: frozenset({_S.READY, _S.PASSED, _S.WARNED, _S.FAILED, _S.UNKNOWN, _S.SKIPPED}),
    StepKind.ACTION: frozenset(
        {_S.READY, _S.PASSED, _S.FAILED, _S.UNKNOWN, _S.SKIPPED, _S.PROPOSED}
    ),
    StepKind.RUNBOOK: frozenset({_S.READY, _S.SKIPPED}),
}
_LEAVABLE = frozenset(
    {
        _S.PENDING,
        _S.BLOCKED,
        _S.READY,
        _S.PROPOSED,
        _S.PASSED,
        _S.WARNED,
        _S.FAILED,
        _S.UNKNOWN,
    }
)
_NOTHING = "Nothing was done, and nothing was written."
_LONGEST_TIMER = 24 * 60


def refuse(command: c.AnyCommand, plan: Plan, state: RunState, mode: Mode) -> None:  # noqa: C901, PLR0912, PLR0915 - one flat case a command
    """Return if ``command`` may be carried out now.

    Raises:
        RefusedError: it may not; the text says why, and what is safe instead.
    """
    if state.closed is not None:
        raise _no("The run is closed.", "Start a new run; this one can be read and replayed.")
    _not_handed_over(state)
    _no_secrets(command)
    match command:
        case c.RunStep():
            _run(plan, state, _planned(plan, command.step))
        case c.Confirm():
            _confirm(command, plan, state, mode)
        case c.Decline():
            _in_state(_record(plan, state, command), _S.PROPOSED, "has no proposal to go back from")
        case c.Skip():
            _worded(command.reason, "a reason")
            _skip(plan, state, _planned(plan, command.step))
        case c.DoneOutside():
            _worded(command.evidence, "words that say how it can be seen")
            _leave(_record(plan, state, command))
        case c.Decide():
            _decide(command, plan, state)
        case c.Overrule():
            _worded(command.reason, "a reason")
            _overrule(command, plan, state)
        case c.LookAgain():
            _in_state(_record(plan, state, command), _S.IN_DOUBT, "is not in doubt")
        case c.Rule():
            _worded(command.reason, "a reason")
            _in_state(_record(plan, state, command), _S.IN_DOUBT, "is not in doubt")
        case c.SwitchVariant():
            _worded(command.reason, "a reason")
            _switch(command, state, _planned(plan, command.step))
        case c.AdoptPlan():
            _adopt(command, plan)
        case c.AskApproval() | c.GiveAnswer() | c.BreakGlass() | c.OverruleSafety():
            _second_person(command, _record(plan, state, command), mode)
        case c.OfferHandover() | c.DeclareIncident() | c.RunProbes() | c.GiveUpdate():
            _of_the_incident(command, state)
        case c.AskHint():
            if mode is not Mode.DRILL:
                raise _no("Hints belong to drills, and this is none.", "Read the step's own words.")
        case c.AddNote():
            _worded(command.text, "some words")
            if command.step:
                _planned(plan, command.step)
        case c.Pause():
            if state.paused:
                raise _no("The run is paused already.", "Go on with any step, or leave.")
        case c.Close():
            _close(state)
        case _:
            assert_never(command)


def _no(what: str, next_step: str, state: str = _NOTHING) -> RefusedError:
    return RefusedError(what, state=state, next_step=next_step)


def _no_secrets(command: c.AnyCommand) -> None:
    for field in command.__struct_fields__:
        value = getattr(command, field)
        if isinstance(value, str) and masked_text(value) != value:
            raise _no(
                f"The {field} holds what looks like a secret, and a journal can never forget it.",
                "Say it again without the secret.",
            )


def _planned(plan: Plan, step: str) -> PlannedStep:
    ids = [planned.id for planned in plan.steps]
    if step in ids:
        return plan.step(step)
    near = get_close_matches(step, ids, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else "Look at the plan for the steps there are."
    raise _no(f"The plan has no step {step!r}.", hint)


def _record(plan: Plan, state: RunState, command: c.StepCommand) -> StepRecord:
    return state.step(_planned(plan, command.step).id)


def _worded(text: str, what: str) -> None:
    if not text.strip():
        raise _no(f"This takes {what}.", "Say it again with words in it.")


def _in_state(record: StepRecord, wanted: StepState, otherwise: str) -> None:
    if record.state is not wanted:
        raise _no(
            f"Step {record.step!r} {otherwise}: it is {record.state.value}.",
            _next_for(record),
        )


def _run(plan: Plan, state: RunState, planned: PlannedStep) -> None:
    record = state.step(planned.id)
    match planned.kind:
        case StepKind.MANUAL:
            raise _no(
                f"Step {planned.id!r} is done by hand, outside this program.",
                "Do it and say how it can be seen, or skip it with a reason.",
            )
        case StepKind.DECISION:
            raise _no(
                f"Step {planned.id!r} is a decision.",
                "Choose one of: " + ", ".join(choice.id for choice in planned.choices) + ".",
            )
        case StepKind.CHECK | StepKind.WAIT | StepKind.ACTION | StepKind.RUNBOOK:
            if record.state not in _RUNNABLE[planned.kind]:
                raise _no(
                    f"Step {planned.id!r} cannot be run: {_standing(record)}.",
                    _next_for_child_plan(record)
                    if planned.kind is StepKind.RUNBOOK
                    else _next_for(record),
                )
        case _:
            assert_never(planned.kind)
    if record.skipped_by is SkippedBy.WHEN and record.state is _S.SKIPPED:
        raise _no(
            f"Step {planned.id!r} is not called for: {record.text}",
            "It comes back by itself where that changes.",
        )
    if waits_for_parent(planned, state) or left_out_with(planned, state):
        raise _no(
            f"Step {planned.id!r} belongs to {planned.parent!r}, which is {state.step(planned.parent).state.value}.",
            f"Run {planned.parent} first.",
        )
    unmet = unmet_needs(plan, state, planned)
    if unmet:
        raise _no(
            f"Step {planned.id!r} is blocked: it needs {', '.join(unmet)}.",
            "Do that first, or overrule it with a reason.",
        )
    if planned.not_applicable:
        raise _no(
            f"Step {planned.id!r} does not concern this pair: {planned.not_applicable}",
            "Go on with the next step.",
        )


def _standing(record: StepRecord) -> str:
    if record.state is _S.BLOCKED:
        return f"it is blocked ({record.why_blocked})"
    return f"it is {record.state.value}"


def _next_for_child_plan(record: StepRecord) -> str:
    if record.state in {_S.RUNNING, _S.FAILED, _S.UNKNOWN, _S.PASSED, _S.WARNED}:
        return "Go on with the steps inside it; it ends as they end."
    return _next_for(record)


def _next_for(record: StepRecord) -> str:
    match record.state:
        case _S.BLOCKED:
            return "Do what it needs first, or overrule that with a reason."
        case _S.PENDING | _S.READY:
            return "Run the step first, or skip it with a reason."
        case _S.PROPOSED:
            return "Confirm what is proposed, or go back from it."
        case _S.CONFIRMED | _S.SENT | _S.ACCEPTED | _S.RUNNING:
            return "Wait until it ends."
        case _S.IN_DOUBT:
            return "Look again at what Azure shows, then rule on it."
        case _S.VERIFIED | _S.DONE_OUTSIDE | _S.PASSED | _S.WARNED | _S.SKIPPED:
            return "Go on with the next step."
        case _S.FAILED | _S.UNKNOWN:
            return "Run it again, skip it with a reason, or do it outside."
        case _:
            assert_never(record.state)


def _confirm(command: c.Confirm, plan: Plan, state: RunState, mode: Mode) -> None:
    planned = _planned(plan, command.step)
    record = state.step(planned.id)
    _in_state(record, _S.PROPOSED, "has no proposal to confirm")
    if not mode.may_change:
        raise _no(
            f"This run is {mode.value}: step {planned.id!r} would change Azure.",
            "Do it by the az command that the step shows and mark it as done outside, "
            "or start a run that is armed with --live.",
            "Nothing was sent.",
        )
    if record.proposal is None:
        raise _no("The proposal is gone.", "Propose it again.")
    why = hindrance(plan, state, planned)
    if why:
        raise _no(
            f"Step {planned.id!r} is not to be done any more as it was proposed: {why.rstrip('.')}.",
            "Go back from it. Then do what it needs first, or overrule that with a reason.",
            "Nothing was sent; the proposal stands.",
        )
    match record.proposal.confirmation:
        case Confirmation.ENTER:
            return
        case Confirmation.TYPE_NAME | Confirmation.TWO_PERSONS:
            names = typed_names(planned, record.proposal.resources) or (planned.id,)
            if not _are_typed(command.typed, names):
                one = len(names) == 1
                raise _no(
                    f"What was typed is not the name of {'the resource' if one else 'every resource'}: "
                    f"it is {' and '.join(names)}.",
                    f"Type {'the name' if one else 'all the names, a space between,'} exactly, or go back.",
                    "Nothing was sent.",
                )
        case _:
            assert_never(record.proposal.confirmation)


def _are_typed(typed: str, names: tuple[str, ...]) -> bool:
    """Return whether every name was typed: one exactly, several in any order, ``and`` between or not."""
    if len(names) == 1:
        return typed == names[0]
    return typed == " and ".join(names) or sorted(typed.split(" ")) == sorted(names)


def typed_names(planned: PlannedStep, resources: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names that must be typed to confirm: of every resource that is touched."""
    touched = resources or ((planned.resource,) if planned.resource else ())
    return tuple(dict.fromkeys(_known_name(resource) for resource in touched))


def _known_name(resource: str) -> str:
    """Return the name that an operator knows; the text itself where it is no id."""
    try:
        return ResourceId.parse(resource).known_name
    except UsageError:
        return resource


def _skip(plan: Plan, state: RunState, planned: PlannedStep) -> None:
    record = state.step(planned.id)
    if planned.kind is not StepKind.RUNBOOK or record.state is not _S.RUNNING:
        _leave(record)
        return
    inside = plan.inside(planned.id)
    busy = [step for step in state.in_flight if step.step in inside]
    if busy:
        raise _no(
            f"Step {planned.id!r} cannot be left out now: {busy[0].step} is {busy[0].state.value}.",
            _next_for(busy[0]),
        )


_SWITCHABLE = _LEAVABLE | {_S.SKIPPED}


def _switch(command: c.SwitchVariant, state: RunState, planned: PlannedStep) -> None:
    if command.variant not in planned.variants:
        known = ", ".join(planned.variants)
        raise _no(
            f"Step {planned.id!r} has no variant {command.variant!r}.",
            f"It has: {known}." if known else "It is done in one way only.",
        )
    record = state.step(planned.id)
    if record.state not in _SWITCHABLE:
        raise _no(
            f"The variant of step {planned.id!r} cannot be switched now: it is {record.state.value}.",
            _next_for(record),
        )
    if command.variant == (record.variant or planned.variant):
        raise _no(f"Step {planned.id!r} is {command.variant!r} already.", "Go on with it.")


def _adopt(command: c.AdoptPlan, plan: Plan) -> None:
    if command.digest == plan.digest:
        raise _no("That is the plan that the run goes by already.", "Go on with the next step.")


def _not_handed_over(state: RunState) -> None:
    if state.handed_over is not None:
        raise _no(
            f"HANDED OVER: this run is {state.handed_over.principal}'s now.",
            "They go on with: amlrunbook run --resume JOURNAL --accept-handover",
        )


def _of_the_incident(
    command: c.OfferHandover | c.DeclareIncident | c.RunProbes | c.GiveUpdate, state: RunState
) -> None:
    match command:
        case c.OfferHandover():
            _worded(command.principal, "the name of the person who goes on")
            _hand_over(state)
        case c.DeclareIncident():
            _worded(command.severity, "a severity")
            if state.clock.declared:
                raise _no(
                    f"The incident was declared at {state.clock.declared}.",
                    "The clock goes on until the probes are green; say what is new in a note.",
                )
        case c.RunProbes():
            return
        case c.GiveUpdate():
            if not 0 < command.next_minutes <= _LONGEST_TIMER:
                raise _no("The next word is due in 1 to 1440 minutes.", "Say it again.")


def _hand_over(state: RunState) -> None:
    flying = [record for record in state.in_flight if record.state is not _S.IN_DOUBT]
    if flying:
        raise _no(
            f"Step {flying[0].step!r} is {flying[0].state.value}: nobody can take over an action in the air.",
            "Wait until it ends.",
        )


def _second_person(command: c.StepCommand, record: StepRecord, mode: Mode) -> None:
    _in_state(record, _S.PROPOSED, "has no proposal that a second person could say something to")
    if not mode.may_change:
        raise _no(
            f"This run is {mode.value}: nothing can be sent, so nobody needs to approve it.",
            "Start a run that is armed with --live, or practise in a drill.",
        )
    if isinstance(command, (c.BreakGlass, c.OverruleSafety)):
        _worded(command.reason, "a reason")


def _leave(record: StepRecord) -> None:
    if record.state not in _LEAVABLE:
        raise _no(
            f"Step {record.step!r} cannot be left out now: it is {record.state.value}.",
            _next_for(record),
        )


def _decide(command: c.Decide, plan: Plan, state: RunState) -> None:
    planned = _planned(plan, command.step)
    if planned.kind is not StepKind.DECISION:
        raise _no(f"Step {planned.id!r} is no decision but a {planned.kind.value}.", "Run it.")
    record = state.step(planned.id)
    _in_state(record, _S.READY, "cannot be decided now")
    choice = choice_of(planned, command.choice)
    if choice.next and steps_between(plan, planned.id, choice.next) is None:
        raise _no(
            f"Choice {choice.id!r} leads back to {choice.next!r}, which this release does not do.",
            "Take another choice, and run the earlier step again by hand.",
        )


def choice_of(planned: PlannedStep, choice_id: str) -> Choice:
    """Return a decision's choice.

    Raises:
        RefusedError: it has no such choice.
    """
    for choice in planned.choices:
        if choice.id == choice_id:
            return choice
    ids = ", ".join(choice.id for choice in planned.choices)
    raise _no(f"Step {planned.id!r} has no choice {choice_id!r}.", f"Choose one of: {ids}.")


def _overrule(command: c.Overrule, plan: Plan, state: RunState) -> None:
    planned = _planned(plan, command.step)
    unmet = unmet_needs(plan, state, planned)
    if state.step(planned.id).state is not _S.BLOCKED or command.need not in unmet:
        raise _no(
            f"Step {planned.id!r} is not blocked by {command.need!r}.",
            f"It needs: {', '.join(unmet)}." if unmet else _next_for(state.step(planned.id)),
        )


def _close(state: RunState) -> None:
    flying = [
        record
        for record in state.in_flight
        if record.doubt is None or record.doubt.ruling is not Ruling.CANNOT_TELL
    ]
    if flying:
        raise _no(
            f"Step {flying[0].step!r} is {flying[0].state.value}: a run does not close over an open action.",
            "Look again and rule on it; a ruling of 'cannot-tell' lets the run close.",
        )
