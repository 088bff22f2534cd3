"""One setting of one resource, changed in place: what all hardening actions have in common.

A :class:`Setting` says where a setting is read, what is sent, and when it is as wanted; :class:`SettingAction` makes an
action of it. Nothing is sent where the document is not as it was when it was previewed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from amlrunbook.azure.arm_path import with_version
from amlrunbook.azure.deadline import current_deadline
from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.errors import (
    AmlRunbookError,
    NotFoundError,
    ReadOnlyError,
    RefusedError,
    UsageError,
)
from amlrunbook.model.operation import (
    ActionResult,
    Confirmation,
    Evidence,
    Intent,
    Observation,
    OperationContext,
    Outcome,
    Preview,
    Reporter,
    Request,
    Risk,
)
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.operations.evidence import activity_evidence, poll_evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What would be sent about a setting, given how it is now."""

    body: dict[str, Any]
    """The whole body of the request."""
    before: str
    after: str
    summary: str
    """One sentence: what changes, where."""
    undo: str = ""
    """A command or a sentence; empty means there is no undo."""
    loses: str = ""
    cost: str = ""
    takes: str = "Seconds."
    command: str = ""
    """The ``az`` command; empty where a name cannot be quoted safely."""
    needless: str = ""
    """Why there is nothing to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How a setting is found after it was changed."""

    reached: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A setting that can be mended in place."""

    id: str
    title: str
    risk: Risk
    confirmation: Confirmation
    type: str
    """The resource type that a step may name, in lower case; empty for any."""
    noun: str
    """What such a resource is called: ``storage account``."""
    method: str
    """``PUT`` where the service takes a whole document, ``PATCH`` where it takes a part."""
    path: Callable[[ResourceId, OperationContext], str]
    """Where the setting is read and written."""
    wanted: Callable[[ResourceId, dict[str, Any], OperationContext], Wanted]
    """What to send, given the document that was found (empty where there is none yet).

    Raises ``UsageError`` or ``RefusedError`` where it cannot be done to this resource.
    """
    seen: Callable[[ResourceId, dict[str, Any], dict[str, Any]], Seen]
    """Whether a document that was found is as the body that was sent wants it."""
    seconds: float = 120.0
    """The deadline of the change and of following it."""
    may_be_absent: bool = False
    """Whether what is read may not be there yet, so that a 404 is no error."""


class SettingAction:
    """The action that changes one setting."""

    def __init__(
        self, gateway: AzureGateway, setting: Setting, *, looks: int = 4, look_again: float = 2.0
    ) -> None:
        self._gateway = gateway
        self._setting = setting
        self._looks = looks
        self._look_again = look_again
        self.id = setting.id
        self.title = setting.title
        self.risk = setting.risk
        self.confirmation = setting.confirmation

    def preview(self, context: OperationContext) -> Preview:
        """Read the setting and say what would change.

        Raises:
            UsageError: the step names a resource of another type, or a parameter that is none.
            RefusedError: it cannot be done to this resource.
            AzureError: the setting cannot be read.
        """
        resource = self._resource(context)
        path = self._setting.path(resource, context)
        wanted = self._setting.wanted(resource, self._found(path), context)
        request = Request(method=self._setting.method, path=with_version(path), body=wanted.body)
        return Preview(
            summary=wanted.summary,
            requests=(request,),
            resources=(resource.text,),
            before=wanted.before,
            after=wanted.after,
            loses=wanted.loses,
            undo=wanted.undo,
            cost=wanted.cost,
            takes=wanted.takes,
            commands=(wanted.command,),
            needless=wanted.needless,
        )

    def apply(
        self, context: OperationContext, preview: Preview, intent: Intent, reporter: Reporter
    ) -> ActionResult:
        """Send the previewed request once, if the setting is still as it was previewed.

        Raises:
            ReadOnlyError: the gateway is read-only; nothing was sent.
        """
        if not self._gateway.mode.may_change:
            raise ReadOnlyError(
                f"{self.title} was refused: this process is read-only.",
                state="Nothing was sent; Azure is as it was.",
                next_step="Start the run with --live to change real Azure, or rehearse it in a drill.",
            )
        request = preview.requests[0]
        target = urlsplit(request.path)
        try:
            if self._changed_since(context, request.body):
                return ActionResult(
                    outcome=Outcome.FAILED,
                    text="The settings changed since the preview. Nothing was sent: look again.",
                )
        except AmlRunbookError as error:
            return ActionResult(
                outcome=Outcome.FAILED,
                text=f"The settings could not be read again. Nothing was sent. {error.what}",
            )
        try:
            answer = self._gateway.change(
                request.method,
                target.path,
                request.body,
                request_id=intent.request_id,
                on_sent=reporter.sent,
                on_accepted=reporter.accepted,
                on_progress=reporter.progressed,
                version=parse_qs(target.query)["api-version"][0],
                seconds=self._setting.seconds,
            )
        except ReadOnlyError:
            raise
        except RefusedError as error:
            return ActionResult(outcome=Outcome.FAILED, text=error.what)
        return ActionResult(outcome=answer.outcome, text=answer.text)

    def observe(
        self, context: OperationContext, preview: Preview, intent: Intent, poll_url: str
    ) -> Observation:
        """Look whether the change happened: the resource, the activity log, the poll URL."""
        resource = self._resource(context)
        seen = self._look(resource, context, preview)
        evidence = [*seen.evidence, activity_evidence(self._gateway, resource, intent.request_id)]
        if poll_url:
            evidence.append(poll_evidence(self._gateway, poll_url))
        return Observation(
            reached=seen.reached, text=seen.text, readable=seen.readable, evidence=tuple(evidence)
        )

    def verify(self, context: OperationContext, preview: Preview) -> Observation:
        """Read the setting anew, a few times where it is not the wanted one yet."""
        resource = self._resource(context)
        patience = current_deadline(self._looks * self._look_again + self._setting.seconds)
        seen = self._look(resource, context, preview)
        for _ in range(self._looks - 1):
            if seen.reached or not patience.wait(self._look_again):
                break
            seen = self._look(resource, context, preview)
        return seen

    def _resource(self, context: OperationContext) -> ResourceId:
        resource = ResourceId.parse(context.resource)
        if self._setting.type and resource.type.lower() != self._setting.type:
            raise UsageError(f"{resource} is no {self._setting.noun}: {self.title} is not for it.")
        return resource

    def _found(self, path: str) -> dict[str, Any]:
        try:
            return self._gateway.get(path)
        except NotFoundError:
            if self._setting.may_be_absent:
                return {}
            raise

    def _changed_since(self, context: OperationContext, body: dict[str, Any]) -> bool:
        resource = self._resource(context)
        found = self._found(self._setting.path(resource, context))
        return self._setting.wanted(resource, found, context).body != body

    def _look(
        self, resource: ResourceId, context: OperationContext, preview: Preview
    ) -> Observation:
        try:
            found = self._found(self._setting.path(resource, context))
        except AmlRunbookError as error:
            text = f"{resource.name} could not be read: {error.what}"
            evidence = Evidence(source="resource", text=text, speaks="neither")
            return Observation(reached=False, text=text, readable=False, evidence=(evidence,))
        seen = self._setting.seen(resource, found, preview.requests[0].body)
        speaks = "for" if seen.reached else "against"
        evidence = Evidence(source="resource", text=seen.text, speaks=speaks)
        return Observation(reached=seen.reached, text=seen.text, evidence=(evidence,))


def properties_of(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document's properties; empty where it has none."""
    properties = document.get("properties")
    return properties if isinstance(properties, dict) else {}
