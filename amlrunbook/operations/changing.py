"""What every changing action does alike: send what was previewed once, and look by other requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from amlrunbook.azure.deadline import current_deadline
from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.errors import AmlRunbookError, ReadOnlyError, RefusedError, UsageError
from amlrunbook.model.mode import Mode
from amlrunbook.model.operation import (
    ActionResult,
    Evidence,
    Intent,
    Observation,
    Outcome,
    Reporter,
    Request,
)
from amlrunbook.model.redaction import MASK, masked_document
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.operations.evidence import activity_evidence, poll_evidence


def refuse_read_only(mode: Mode, title: str) -> None:
    """Refuse an action where the process may change nothing.

    Raises:
        ReadOnlyError: it may not.
    """
    if not mode.may_change:
        raise ReadOnlyError(
            f"{title} was refused: this process is read-only.",
            state="Nothing was sent; everything is as it was.",
            next_step="Start the run with --live to change real Azure, or rehearse it in a drill.",
        )


def refuse_secrets(body: dict[str, Any], what: str) -> dict[str, Any]:
    """Return ``body``, which is to be shown, journaled and sent as it is, if no secret is in it.

    Raises:
        UsageError: it holds what looks like one, or the place of one that was masked.
    """
    if masked_document(body) != body or MASK in str(body):
        raise UsageError(
            f"{what} holds what looks like a secret: it cannot be shown, so it is not sent.",
            state="Nothing was sent.",
            next_step="Do this step outside, and say what came of it.",
        )
    return body


def send_unchanged(
    gateway: AzureGateway,
    request: Request,
    again: Callable[[], Request],
    *,
    intent: Intent,
    reporter: Reporter,
    seconds: float,
) -> ActionResult:
    """Send ``request`` once and follow it, if reading anew still leads to the same request.

    Args:
        gateway: where it goes.
        request: what was previewed.
        again: reads what is there and returns the request that a preview would show now.
        intent: names the request.
        reporter: told how it goes.
        seconds: how long it may take, polls included.

    Raises:
        ReadOnlyError: the gateway is read-only; nothing was sent.
    """
    try:
        now = again()
    except AmlRunbookError as error:
        return not_sent(f"What is there could not be read again. {error.what}")
    if now != request:
        return not_sent("What is there changed since the preview: look again.")
    target = urlsplit(request.path)
    try:
        answer = gateway.change(
            request.method,
            target.path,
            request.body,
            request_id=intent.request_id,
            on_sent=reporter.sent,
            on_accepted=reporter.accepted,
            on_progress=reporter.progressed,
            version=parse_qs(target.query)["api-version"][0],
            seconds=seconds,
        )
    except ReadOnlyError:
        raise
    except RefusedError as error:
        return ActionResult(outcome=Outcome.FAILED, text=error.what)
    return ActionResult(outcome=answer.outcome, text=answer.text)


def not_sent(why: str) -> ActionResult:
    """Return the result of an action that was given up before anything left."""
    return ActionResult(outcome=Outcome.FAILED, text=f"{why} Nothing was sent.")


def seen(text: str, *, reached: bool) -> Observation:
    """Return what the resource itself shows."""
    evidence = Evidence(source="resource", text=text, speaks="for" if reached else "against")
    return Observation(reached=reached, text=text, evidence=(evidence,))


def unseen(what: str, error: AmlRunbookError) -> Observation:
    """Return that the resource could not be read: no evidence for or against."""
    text = f"{what} could not be read: {error.what}"
    evidence = Evidence(source="resource", text=text, speaks="neither")
    return Observation(reached=False, text=text, readable=False, evidence=(evidence,))


def with_trails(
    gateway: AzureGateway, look: Observation, resource: ResourceId, intent: Intent, poll_url: str
) -> Observation:
    """Return an observation together with what the activity log and the poll URL say."""
    evidence = [*look.evidence, activity_evidence(gateway, resource, intent.request_id)]
    if poll_url:
        evidence.append(poll_evidence(gateway, poll_url))
    return Observation(
        reached=look.reached, text=look.text, readable=look.readable, evidence=tuple(evidence)
    )


def looked_again(
    look: Callable[[], Observation], looks: int, pause: float, seconds: float
) -> Observation:
    """Look up to ``looks`` times, ``pause`` seconds apart, until the wanted state is seen or the caller's deadline ends."""
    patience = current_deadline(looks * pause + seconds)
    found = look()
    for _ in range(looks - 1):
        if found.reached or not patience.wait(pause):
            break
        found = look()
    return found
