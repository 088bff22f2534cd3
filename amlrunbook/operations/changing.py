"""What every changing action does alike: send once what was previewed, and look by other requests.

:class:`Changing` is the flow of those that send one request to Azure. An action that changes something else takes the parts
that fit it: it is refused in a read-only process, gives up, and says what it saw in the same words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from amlrunbook.azure.deadline import Deadline, current_deadline
from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.errors import AmlRunbookError, ReadOnlyError, RefusedError, UsageError
from amlrunbook.model.mode import Mode
from amlrunbook.model.operation import (
    ActionResult,
    Evidence,
    Intent,
    Observation,
    Outcome,
    Preview,
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


def not_sent(why: str) -> ActionResult:
    """Return the result of an action that was given up before anything left."""
    return _failed(f"{why} Nothing was sent.")


def _failed(text: str) -> ActionResult:
    return ActionResult(outcome=Outcome.FAILED, text=text)


def seen(text: str, *, reached: bool, source: str = "resource") -> Observation:
    """Return what the changed thing itself shows."""
    evidence = Evidence(source=source, text=text, speaks="for" if reached else "against")
    return Observation(reached=reached, text=text, evidence=(evidence,))


def unseen(what: str, error: AmlRunbookError, source: str = "resource") -> Observation:
    """Return that the changed thing could not be read: no evidence for or against."""
    text = f"{what} could not be read: {error.what}"
    evidence = Evidence(source=source, text=text, speaks="neither")
    return Observation(reached=False, text=text, readable=False, evidence=(evidence,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Changing:
    """The flow of an action that changes Azure by one request.

    The action itself says what it reads, what it would send, and what proves that it happened.
    """

    gateway: AzureGateway
    title: str
    seconds: float
    """How long the change may take, polls included."""
    looks: int
    """How many times it is looked for the wanted state."""
    look_again: float
    """Seconds between two looks."""
    unread: str = "What is there could not be read again. {why} Nothing was sent."
    """What is said where reading anew raised; ``{why}`` stands for the error's own sentence."""
    outdated: str = "What is there changed since the preview: look again. Nothing was sent."
    """What is said where reading anew leads to another request."""

    def apply(
        self,
        preview: Preview,
        intent: Intent,
        reporter: Reporter,
        again: Callable[[], Request | str],
        progress: Callable[[datetime], str] | None = None,
    ) -> ActionResult:
        """Send the previewed request once and follow it, if reading anew still leads to the same request.

        Args:
            preview: what was confirmed.
            intent: names the request.
            reporter: told how it goes.
            again: reads what is there and returns the request that a preview would show now, or a sentence on why
                there would be none.
            progress: asked after each poll that finds it running what the resource shows, given when it began, by
                Azure's clock; must not raise.

        Raises:
            ReadOnlyError: the process or the gateway is read-only; nothing was sent.
        """
        refuse_read_only(self.gateway.mode, self.title)
        try:
            now = again()
        except AmlRunbookError as error:
            return _failed(self.unread.format(why=error.what))
        if isinstance(now, str):
            return not_sent(now)
        request = preview.requests[0]
        if now != request:
            return _failed(self.outdated)
        return self._send(request, intent, reporter, progress)

    def observe(self, look: Observation, preview: Preview, intent: Intent, url: str) -> Observation:
        """Return what the resource shows together with what the activity log and the poll URL say."""
        resource = ResourceId.parse(preview.resources[0])
        evidence = [*look.evidence, activity_evidence(self.gateway, resource, intent.request_id)]
        if url:
            evidence.append(poll_evidence(self.gateway, url))
        return msgspec.structs.replace(look, evidence=tuple(evidence))

    def verify(self, look: Callable[[], Observation]) -> Observation:
        """Look a few times, until the wanted state is seen or the caller's deadline ends."""
        patience = current_deadline(self.looks * self.look_again + self.seconds)
        return self.looked_on(look(), look, self.looks, patience)

    def looked_on(
        self, found: Observation, look: Callable[[], Observation], looks: int, patience: Deadline
    ) -> Observation:
        """Look on after a first look, up to ``looks`` with that one, as long as it is not reached and patience lasts."""
        for _ in range(looks - 1):
            if found.reached or not patience.wait(self.look_again):
                break
            found = look()
        return found

    def _send(
        self,
        request: Request,
        intent: Intent,
        reporter: Reporter,
        progress: Callable[[datetime], str] | None,
    ) -> ActionResult:
        target = urlsplit(request.path)
        query: dict[str, Any] = {name: values[0] for name, values in parse_qs(target.query).items()}
        began = self.gateway.now()
        try:
            answer = self.gateway.change(
                request.method,
                target.path,
                request.body or None,
                request_id=intent.request_id,
                on_sent=reporter.sent,
                on_accepted=reporter.accepted,
                on_progress=reporter.progressed,
                look=None if progress is None else lambda: progress(began),
                version=query.pop("api-version"),
                seconds=self.seconds,
                **query,
            )
        except ReadOnlyError:
            raise
        except RefusedError as error:
            return _failed(error.what)
        return ActionResult(outcome=answer.outcome, text=answer.text)
