"""Actions in doubt: what is observed, what speaks for and against, and what a ruling leads to."""

from __future__ import annotations

from amlrunbook.errors import AmlRunbookError
from amlrunbook.executor.boundary import guarded
from amlrunbook.executor.stage import Stage, said
from amlrunbook.model.operation import Action, Intent, Observation, Outcome, Preview
from amlrunbook.planning.plan import PlannedStep
from amlrunbook.state import events as e
from amlrunbook.state.fold import StepRecord
from amlrunbook.state.transitions import StepState


def look(stage: Stage, planned: PlannedStep, action: Action, preview: Preview, *, why: str) -> None:
    """Observe an action whose outcome is unknown, and journal the evidence."""
    record = stage.state.step(planned.id)
    intent = intent_of(record)
    poll_url = record.accepted.poll_url if record.accepted else ""
    context = stage.context(planned)
    answer = guarded(
        lambda: action.observe(context, preview, intent, poll_url),
        f"The observation of {action.id}",
    )
    if isinstance(answer, AmlRunbookError):
        answer = Observation(reached=False, readable=False, text=answer.what)
    stage.conclude(doubt(stage, planned.id, answer, why=why))


def look_blindly(stage: Stage, planned: PlannedStep, reason: str, *, why: str) -> None:
    """Journal a doubt that cannot be observed, because what was confirmed cannot be read."""
    unseen = Observation(reached=False, readable=False, text=reason)
    stage.conclude(doubt(stage, planned.id, unseen, why=why))


def intent_of(record: StepRecord) -> Intent:
    """Return what was confirmed of a step; its request id is empty where nothing was."""
    confirmed = record.intent
    return Intent(
        step=record.step,
        operation=confirmed.operation if confirmed else "",
        request_id=confirmed.request_id if confirmed else "",
    )


def doubt(stage: Stage, step: str, seen: Observation, *, why: str) -> e.ActionDoubted:
    """Return the event that lays the evidence out: what Azure shows, and what the journal itself says."""
    sides: dict[str, list[str]] = {"for": [], "against": [], "neither": []}
    for piece in seen.evidence:
        side = piece.speaks if piece.speaks in sides else "neither"
        sides[side].append(said(f"{piece.source}: {piece.text}"))
    if not seen.evidence:
        seen_side = "for" if seen.reached else "against" if seen.readable else "neither"
        sides[seen_side].append(said(f"resource: {seen.text}"))
    for side, text in _journals_own(stage.state.step(step)):
        sides[side].append(text)
    return e.ActionDoubted(
        step=step,
        why=said(why),
        reached=seen.reached,
        evidence_for=tuple(sides["for"]),
        evidence_against=tuple(sides["against"]),
        evidence_neither=tuple(sides["neither"]),
    )


def _journals_own(record: StepRecord) -> list[tuple[str, str]]:
    words: list[tuple[str, str]] = []
    if record.state is StepState.CONFIRMED:
        words.append(
            ("against", "journal: it was confirmed, and no request is recorded as having left")
        )
    if record.accepted is not None:
        status = record.accepted.status
        words.append(("neither", f"journal: Azure accepted it with {status}; its end is not known"))
    if record.result is not None and record.result.outcome is Outcome.SUCCEEDED:
        words.append(("for", f"journal: Azure's own answer: {record.result.text}"))
    return words
