"""Actions: propose, confirm, intent, apply, verify. Nothing here repeats a request by itself."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from typing import assert_never

import msgspec

from amlrunbook.errors import AmlRunbookError, IncompleteError, ReadOnlyError, RefusedError
from amlrunbook.executor.boundary import guarded
from amlrunbook.executor.branching import branch
from amlrunbook.executor.budgets import Budget
from amlrunbook.executor.checking import GOOD, asked
from amlrunbook.executor.commands import Confirm
from amlrunbook.executor.doubting import doubt, look
from amlrunbook.executor.stage import Stage, listed, said
from amlrunbook.model.finding import Verdict
from amlrunbook.model.operation import (
    Action,
    ActionResult,
    Confirmation,
    Intent,
    Observation,
    Outcome,
    Preview,
    Risk,
)
from amlrunbook.planning.plan import PlannedStep
from amlrunbook.state import events as e
from amlrunbook.state.fold import StepRecord
from amlrunbook.state.transitions import StepState

_PROPOSABLE = frozenset({StepState.READY, StepState.FAILED, StepState.PROPOSED})


class ActionReporter:
    """Where an action says how it goes on; each word is durable when the call returns."""

    def __init__(self, stage: Stage, intent: Intent, budget: Budget) -> None:
        self._stage = stage
        self._intent = intent
        self._budget = budget

    def sent(self, method: str, path: str) -> None:
        """Make it durable that a changing request is about to leave."""
        self._stage.record.append(
            e.ActionSent(
                step=self._intent.step,
                request_id=self._intent.request_id,
                method=method,
                path=said(path),
            )
        )

    def accepted(self, status: int, poll_url: str, service_request_id: str) -> None:
        """Make it durable that Azure accepted, and where the outcome is polled."""
        self._stage.record.append(
            e.ActionAccepted(
                step=self._intent.step,
                request_id=self._intent.request_id,
                status=status,
                poll_url=said(poll_url),
                service_request_id=said(service_request_id),
            )
        )

    def progressed(self, text: str, done: int = 0, total: int = 0) -> None:
        """Make the word durable and show it."""
        self._stage.record.append(
            e.StepProgressed(step=self._intent.step, text=said(text), done=done, total=total)
        )
        self._budget.look()


def least_confirmation(action: Action, planned: PlannedStep) -> Confirmation:
    """Return how an action is confirmed: the strictest of its own, the plan's and its risk's.

    What loses data is confirmed by name at least, whatever operation and runbook say.
    """
    least = action.confirmation.stricter(planned.confirmation)
    return least.stricter(Confirmation.TYPE_NAME) if action.risk is Risk.DATA_LOSS else least


def preview_bytes(preview: Preview) -> bytes:
    """Return a preview as the evidence that a proposal names by its hash."""
    return msgspec.json.encode(preview, order="sorted")


def propose(stage: Stage, planned: PlannedStep) -> None:
    """Read what is there and journal what would be done, or that there is nothing to do."""
    action = stage.action(planned.do)
    if stage.state.step(planned.id).state not in _PROPOSABLE:
        stage.record.append(e.StepReady(step=planned.id))
    answer = _previewed(stage, planned, action)
    if isinstance(answer, AmlRunbookError):
        text = said(f"What would be done cannot be said: {answer.what}")
        record = stage.state.step(planned.id)
        if record.state is StepState.PROPOSED:
            stage.record.append(e.ActionDeclined(step=planned.id, reason=text))
        stage.conclude(e.StepStarted(step=planned.id), e.StepUnknown(step=planned.id, text=text))
    elif answer.needless:
        _pass_needless(stage, planned, answer)
    else:
        _show(stage, planned, action, answer)


def _previewed(stage: Stage, planned: PlannedStep, action: Action) -> Preview | AmlRunbookError:
    context = stage.context(planned)
    return guarded(lambda: action.preview(context), f"The preview of {action.id}")


def _pass_needless(stage: Stage, planned: PlannedStep, preview: Preview) -> None:
    text = said(f"Nothing to do: {preview.needless}")
    declined: tuple[e.Event, ...] = ()
    if stage.state.step(planned.id).state is StepState.PROPOSED:
        declined = (e.ActionDeclined(step=planned.id, reason=text),)
    stage.conclude(
        *declined, e.StepStarted(step=planned.id), e.StepPassed(step=planned.id, text=text)
    )


def _show(stage: Stage, planned: PlannedStep, action: Action, preview: Preview) -> None:
    sha256 = stage.record.add_evidence(
        f"preview of {planned.id}", preview_bytes(preview), planned.id
    )
    stage.record.append(
        e.ActionProposed(
            step=planned.id,
            operation=action.id,
            summary=said(preview.summary),
            requests=listed(tuple(f"{r.method} {r.path}" for r in preview.requests)),
            resources=listed(preview.resources),
            risk=action.risk,
            confirmation=least_confirmation(action, planned),
            before=said(preview.before),
            after=said(preview.after),
            loses=said(preview.loses),
            undo=said(preview.undo),
            cost=said(preview.cost),
            takes=said(preview.takes),
            commands=listed(preview.commands),
            preview_sha256=sha256,
            effects=preview.effects,
        )
    )


def kept_preview(stage: Stage, record: StepRecord) -> Preview:
    """Return the preview that a step's proposal was shown with.

    Raises:
        IncompleteError: it is withheld, altered, or none was kept.
    """
    sha256 = record.proposal.preview_sha256 if record.proposal else ""
    if not sha256:
        raise IncompleteError(f"Step {record.step!r} has no preview in its journal.")
    data = stage.record.evidence(sha256)
    try:
        return msgspec.json.decode(data, type=Preview)
    except msgspec.DecodeError as error:
        raise IncompleteError(f"The preview of step {record.step!r} cannot be read.") from error


@dataclass(frozen=True, slots=True)
class Intended:
    """An action whose intent is durable, and of which nothing was sent yet."""

    planned: PlannedStep
    preview: Preview
    intent: Intent


def intend(stage: Stage, planned: PlannedStep, command: Confirm, *, fresh: bool) -> Intended:
    """Make the intent of a confirmed action durable, and return it.

    ``fresh`` says that the proposal was made by this process; one that was not is looked at again first.

    Raises:
        RefusedError: what would be done is not any more what was shown; nothing was sent.
        JournalError: the journal cannot be written; nothing was sent.
    """
    action = stage.action(planned.do)
    record = stage.state.step(planned.id)
    preview = _still_the_same(stage, planned, action, record, fresh=fresh)
    intent = Intent(step=planned.id, operation=action.id, request_id=str(uuid.uuid4()))
    stage.record.append(
        e.ActionConfirmed(
            step=planned.id,
            operation=action.id,
            request_id=intent.request_id,
            resources=listed(preview.resources),
            confirmation=least_confirmation(action, planned),
            typed=command.typed,
            preview_sha256=record.proposal.preview_sha256 if record.proposal else "",
            operator=stage.operator,
        )
    )
    return Intended(planned, preview, intent)


def carry_out(stage: Stage, intended: Intended) -> None:
    """Carry an intended action out, once: request, result, verification.

    Raises:
        JournalError: the journal cannot be written; nothing was sent that is not in it.
    """
    planned, preview = intended.planned, intended.preview
    action = stage.action(planned.do)
    budget = Budget(stage, planned)
    result = _applied(stage, action, intended, budget)
    budget.look()
    resulted = e.ActionResulted(
        step=planned.id,
        request_id=intended.intent.request_id,
        outcome=result.outcome,
        text=said(result.text),
    )
    _after(stage, planned, preview, resulted)


def _still_the_same(
    stage: Stage, planned: PlannedStep, action: Action, record: StepRecord, *, fresh: bool
) -> Preview:
    shown = record.proposal.preview_sha256 if record.proposal else ""
    if fresh:
        return kept_preview(stage, record)
    answer = _previewed(stage, planned, action)
    if isinstance(answer, AmlRunbookError):
        raise RefusedError(
            f"What would be done cannot be read again before it is done: {answer.what}",
            state="Nothing was sent; the proposal stands.",
            next_step="Confirm again once Azure answers.",
        ) from answer
    if answer.needless:
        _pass_needless(stage, planned, answer)
        raise RefusedError(
            f"There is nothing to confirm any more: {answer.needless}",
            state="Nothing was sent; the step has passed.",
            next_step="Go on with the next step.",
        )
    if hashlib.sha256(preview_bytes(answer)).hexdigest() != shown:
        _show(stage, planned, action, answer)
        raise RefusedError(
            "What would be done has changed since it was proposed.",
            state="Nothing was sent; the new proposal is shown.",
            next_step="Read it, then confirm it or go back.",
        )
    return answer


def _applied(stage: Stage, action: Action, intended: Intended, budget: Budget) -> ActionResult:
    reporter = ActionReporter(stage, intended.intent, budget)
    context = stage.context(intended.planned)
    answer = guarded(
        lambda: action.apply(context, intended.preview, intended.intent, reporter),
        f"Action {action.id}",
    )
    if isinstance(answer, ReadOnlyError):
        return ActionResult(outcome=Outcome.FAILED, text=answer.what)
    if isinstance(answer, AmlRunbookError):
        return ActionResult(outcome=Outcome.UNKNOWN, text=answer.what)
    return answer


def _after(stage: Stage, planned: PlannedStep, preview: Preview, result: e.ActionResulted) -> None:
    """Journal how an action's own answers ended, and do what that asks for."""
    action = stage.action(planned.do)
    match result.outcome:
        case Outcome.SUCCEEDED:
            stage.record.append(result)
            verify(stage, planned, action, preview)
        case Outcome.FAILED:
            _fail(stage, planned, result, f"{planned.id} failed")
        case Outcome.UNKNOWN:
            stage.record.append(result)
            look(stage, planned, action, preview, why=f"No clear answer came: {result.text}")
        case _:
            assert_never(result.outcome)


def _fail(stage: Stage, planned: PlannedStep, ending: e.Event, reason: str) -> None:
    """Journal that an action failed, and go where ``on_fail`` leads."""
    with stage.record.held():
        leads = branch(stage.plan, stage.state, planned, planned.on_fail, reason)
        stage.conclude(ending, *leads)


def verify(
    stage: Stage,
    planned: PlannedStep,
    action: Action,
    preview: Preview,
    *,
    ruled: bool = False,
) -> None:
    """Observe independently whether the wanted state is reached, and journal what was seen.

    An action that says it succeeded and is not seen has failed. One that a person ruled to have
    happened (``ruled``) and that is not seen stays in doubt, and so does what cannot be read.
    """
    answer = _observed(stage, planned, action, preview)
    if answer.reached:
        stage.conclude(e.ActionVerified(step=planned.id, text=said(answer.text)))
    elif not answer.readable:
        stage.conclude(doubt(stage, planned.id, answer, why=f"Not verified: {answer.text}"))
    elif ruled:
        why = f"It was ruled to have happened, and is not seen: {answer.text}"
        stage.conclude(doubt(stage, planned.id, answer, why=why))
    else:
        text = said(f"Azure said that it succeeded, and it is not seen: {answer.text}")
        failed = e.StepFailed(step=planned.id, text=text)
        _fail(stage, planned, failed, f"{planned.id} was not verified")


def _observed(stage: Stage, planned: PlannedStep, action: Action, preview: Preview) -> Observation:
    """Return what an independent look shows: the action's own, and the plan's check where it names one."""
    context = stage.context(planned)
    answer = guarded(lambda: action.verify(context, preview), f"The verification of {action.id}")
    if isinstance(answer, AmlRunbookError):
        return Observation(reached=False, readable=False, text=answer.what)
    if not planned.verify or not answer.reached:
        return answer
    report = asked(stage, planned, planned.verify)
    return Observation(
        reached=report.verdict in GOOD,
        readable=report.verdict is not Verdict.UNKNOWN,
        text=f"{answer.text} {planned.verify}: {report.text}",
    )
