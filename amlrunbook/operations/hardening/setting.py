"""One setting of one resource, changed in place: what all hardening actions have in common.

A :class:`Setting` says where a setting is read, what is sent, and when it is as wanted; :class:`SettingAction` makes an
action of it. Nothing is sent where the document is not as it was when it was previewed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from amlrunbook.azure.arm_path import with_version
from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.errors import AmlRunbookError, NotFoundError, UsageError
from amlrunbook.model.display import shown
from amlrunbook.model.operation import (
    ActionResult,
    Confirmation,
    Intent,
    Observation,
    OperationContext,
    Preview,
    Reporter,
    Request,
    Risk,
)
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.operations.changing import Changing, unseen

_DIGITS = 9
"""More than the largest number that a step may ask for has."""


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
    seen: Callable[[ResourceId, dict[str, Any], dict[str, Any]], Observation]
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
        self._changing = Changing(
            gateway=gateway,
            title=setting.title,
            seconds=setting.seconds,
            looks=looks,
            look_again=look_again,
            unread="The settings could not be read again. Nothing was sent. {why}",
            outdated="The settings changed since the preview. Nothing was sent: look again.",
        )
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
        wanted, request = self._wanted(context)
        return Preview(
            summary=wanted.summary,
            requests=(request,),
            resources=(self._resource(context).text,),
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
        return self._changing.apply(preview, intent, reporter, lambda: self._wanted(context)[1])

    def observe(
        self, context: OperationContext, preview: Preview, intent: Intent, poll_url: str
    ) -> Observation:
        """Look whether the change happened: the resource, the activity log, the poll URL."""
        return self._changing.observe(self._look(context, preview), preview, intent, poll_url)

    def verify(self, context: OperationContext, preview: Preview) -> Observation:
        """Read the setting anew, a few times where it is not the wanted one yet."""
        return self._changing.verify(lambda: self._look(context, preview))

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

    def _wanted(self, context: OperationContext) -> tuple[Wanted, Request]:
        resource = self._resource(context)
        path = self._setting.path(resource, context)
        wanted = self._setting.wanted(resource, self._found(path), context)
        request = Request(method=self._setting.method, path=with_version(path), body=wanted.body)
        return wanted, request

    def _look(self, context: OperationContext, preview: Preview) -> Observation:
        resource = self._resource(context)
        try:
            found = self._found(self._setting.path(resource, context))
        except AmlRunbookError as error:
            return unseen(resource.name, error)
        return self._setting.seen(resource, found, preview.requests[0].body)


def number_asked(
    context: OperationContext, key: str, what: str, *, default: int, least: int, most: int
) -> int:
    """Return the number that a step asks for by a parameter; ``what`` says of what it is a number.

    Raises:
        UsageError: it is no whole number, or not within ``least`` and ``most``.
    """
    text = context.params.get(key, str(default))
    if (
        not text.isascii()
        or not text.isdigit()
        or len(text) > _DIGITS
        or not least <= int(text) <= most
    ):
        raise UsageError(
            f"{shown(text)!r} is no number of {what}.", next_step=f"Give {least} to {most}."
        )
    return int(text)


def properties_of(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document's properties; empty where it has none."""
    properties = document.get("properties")
    return properties if isinstance(properties, dict) else {}
