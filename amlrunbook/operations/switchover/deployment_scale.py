"""Setting the number of instances of an online deployment, and its size of machine if asked.

A PATCH takes ``sku.capacity`` and tags alone; another size needs a PUT of the whole deployment.
Source: https://learn.microsoft.com/rest/api/azureml/online-deployments (update, create-or-update)
"""

from __future__ import annotations

import copy
from typing import Any

from amlrunbook.azure.arm_path import with_version
from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.errors import AmlRunbookError, UsageError
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
from amlrunbook.model.snapshot import Document
from amlrunbook.operations.changing import Changing, refuse_secrets, seen, unseen
from amlrunbook.operations.switchover.by_hand import scale_by_hand
from amlrunbook.operations.switchover.deployment_quota import (
    Room,
    quota_words,
    room_for,
    suffices,
)
from amlrunbook.operations.switchover.deployment_ready import scale_command
from amlrunbook.operations.switchover.pairing import (
    DEPLOYMENTS,
    Place,
    age_words,
    capacity_of,
    instances,
    last_known,
    place_of,
    text_at,
)

MOST_INSTANCES = 500
"""More than Azure gives one deployment: a typing error."""
_BUSY = frozenset({"creating", "updating", "deleting", "scaling"})


class ScaleDeployment:
    """Gives a deployment as many instances as its mirror in the other workspace had."""

    id = "switchover.scale-deployment"
    title = "Scale a deployment"
    risk = Risk.REVERSIBLE
    confirmation = Confirmation.ENTER

    def __init__(
        self,
        gateway: AzureGateway,
        *,
        seconds: float = 2700.0,
        looks: int = 4,
        look_again: float = 5.0,
    ) -> None:
        self._gateway = gateway
        self._changing = Changing(
            gateway=gateway, title=self.title, seconds=seconds, looks=looks, look_again=look_again
        )

    def preview(self, context: OperationContext) -> Preview:
        """Read the deployment and say how many instances it would get, and what quota that needs.

        Raises:
            UsageError: the step names no deployment of the pair, or no number of instances is known.
            AzureError: the deployment cannot be read.
        """
        resource = _place(context).resource
        deployment = Document(self._gateway.get(resource.text))
        count, whence = _count(context, resource, deployment)
        size = context.params.get("instance_type", "")
        now = capacity_of(deployment) or 0
        here = text_at(deployment, "properties.instanceType")
        quota, enough = self._quota(context, deployment, size or here, count)
        fewer = f"{instances(now - count)} of {now} stop. " if count < now else ""
        short = (
            "The quota does not suffice, as far as it can be read: Azure may refuse. "
            if enough is False
            else ""
        )
        return Preview(
            summary=f"Set {_name(resource)} to {instances(count)}{f' of {shown(size)}' if size else ''} ({whence}).",
            requests=(_request(context, resource, deployment),),
            resources=(resource.text,),
            before=f"{instances(now)} of {shown(here) or 'a size that is not told'}.",
            after=f"{instances(count)} of {shown(size or here) or 'the same size'}, Succeeded. {quota}",
            loses=f"{fewer}{short}".strip(),
            undo=scale_command(resource, max(now, 1)) or f"Set it to {max(now, 1)} again.",
            cost=self._cost(context, size or here, count - now),
            takes="Minutes: each new instance starts and pulls its image. An autoscale rule, where there is one, may change "
            "the number again.",
            commands=tuple(filter(None, (_command(resource, count, size),))),
            needless=_needless(deployment, count, size),
        )

    def by_hand(self, context: OperationContext) -> tuple[str, ...]:
        """Return how it is done with ``az``.

        Raises:
            UsageError: the step names no deployment of the pair.
        """
        return scale_by_hand(context)

    def apply(
        self, context: OperationContext, preview: Preview, intent: Intent, reporter: Reporter
    ) -> ActionResult:
        """Send the previewed request once, if the deployment still is as it was.

        Raises:
            ReadOnlyError: the gateway is read-only; nothing was sent.
        """
        resource = _place(context).resource
        return self._changing.apply(
            preview,
            intent,
            reporter,
            lambda: _request(context, resource, Document(self._gateway.get(resource.text))),
        )

    def observe(
        self, context: OperationContext, preview: Preview, intent: Intent, poll_url: str
    ) -> Observation:
        """Look whether it was scaled: the deployment, the activity log, the poll URL."""
        look = self._look(_place(context).resource, preview)
        return self._changing.observe(look, preview, intent, poll_url)

    def verify(self, context: OperationContext, preview: Preview) -> Observation:
        """Read the deployment anew, a few times where it is not as wanted yet."""
        resource = _place(context).resource
        return self._changing.verify(lambda: self._look(resource, preview))

    def _look(self, resource: ResourceId, preview: Preview) -> Observation:
        body = preview.requests[0].body
        try:
            deployment = Document(self._gateway.get(resource.text))
        except AmlRunbookError as error:
            return unseen(_name(resource), error)
        state = text_at(deployment, "properties.provisioningState") or "not told"
        size = text_at(deployment, "properties.instanceType")
        now = capacity_of(deployment)
        wanted = (body.get("properties") or {}).get("instanceType", size)
        reached = (
            now == body["sku"]["capacity"]
            and state == "Succeeded"
            and str(wanted).lower() == size.lower()
        )
        return seen(
            f"{_name(resource)} has {instances(now or 0)} of {shown(size)}, state {shown(state)}.",
            reached=reached,
        )

    def _quota(
        self, context: OperationContext, deployment: Document, size: str, count: int
    ) -> tuple[str, bool | None]:
        """Return what the scaling needs of the quota, in words, and whether it is there."""
        room = self._room(context, size)
        if isinstance(room, str):
            return room, None
        same = size.lower() == text_at(deployment, "properties.instanceType").lower()
        now = (capacity_of(deployment) or 0) if same else 0
        if not room.offered:
            return f"{room.region} does not offer {shown(size)}.", False
        return quota_words(room, now, count), suffices(room, now, count)

    def _room(self, context: OperationContext, size: str) -> Room | str:
        if not size:
            return "What quota it needs cannot be said."
        place = _place(context)
        try:
            return room_for(self._gateway, place.here.subscription, place.region, size)
        except AmlRunbookError as error:
            return f"Whether the quota suffices could not be read: {error.what}"

    def _cost(self, context: OperationContext, size: str, more: int) -> str:
        words = f"{more} more machines of {shown(size)} are billed while they run."
        if more <= 0:
            return "No more machines than now are billed."
        room = self._room(context, size)
        price = room.price if isinstance(room, Room) else ""
        return f"{words} The list price of one is {price} an hour." if price else words


def _place(context: OperationContext) -> Place:
    return place_of(context, DEPLOYMENTS, "deployment")


def _name(resource: ResourceId) -> str:
    return shown("/".join(resource.names[1:]))


def _count(
    context: OperationContext, resource: ResourceId, deployment: Document
) -> tuple[int, str]:
    """Return how many instances there shall be, and who says so.

    Raises:
        UsageError: the step's number is none, or none is given and the primary's is not known.
    """
    given = context.params.get("count", "")
    if given:
        if not given.isascii() or not given.isdigit() or not 1 <= int(given) <= MOST_INSTANCES:
            raise UsageError(
                f"{given!r} is no number of instances.",
                state="Nothing was sent.",
                next_step=f"Give 1 to {MOST_INSTANCES}; without instances nobody is served.",
            )
        return int(given), "as the step says"
    place = _place(context)
    mirror = last_known(context.snapshot).by_id(place.mirror)
    mirrored = capacity_of(mirror) if mirror is not None and mirror.unread is None else None
    if mirror is None or not mirrored:
        raise UsageError(
            f"How many instances the {place.other}'s {_name(resource)} had is not known.",
            state="Nothing was sent.",
            next_step='Give the step a number: params = { count = "3" }.',
        )
    now = capacity_of(deployment) or 0
    if mirrored < now:
        return now, f"it has more than the {place.other}'s {mirrored}{age_words(mirror)} already"
    return mirrored, f"as many as the {place.other}'s{age_words(mirror)}"


def _request(context: OperationContext, resource: ResourceId, deployment: Document) -> Request:
    """Return the request: a PATCH of the capacity, or a whole PUT where the size changes too.

    Raises:
        UsageError: the deployment is busy, or holds a secret that a preview may not show.
    """
    count, _ = _count(context, resource, deployment)
    state = text_at(deployment, "properties.provisioningState")
    if state.lower() in _BUSY:
        raise UsageError(
            f"{_name(resource)} is {state} just now: Azure takes no second change.",
            state="Nothing was sent.",
            next_step="Wait until it has ended, then look again.",
        )
    sku = deployment.field("sku")
    name = sku.get("name") if isinstance(sku, dict) else None
    path = with_version(resource.text)
    size = context.params.get("instance_type", "")
    if not size or size.lower() == text_at(deployment, "properties.instanceType").lower():
        return Request(
            method="PATCH", path=path, body={"sku": {"name": name or "Default", "capacity": count}}
        )
    return Request(method="PUT", path=path, body=_whole(deployment, count, size))


def _whole(deployment: Document, count: int, size: str) -> dict[str, Any]:
    raw = copy.deepcopy(dict(deployment.raw))
    names = ("location", "kind", "identity", "tags", "sku")
    body: dict[str, Any] = {name: raw[name] for name in names if raw.get(name) is not None}
    properties = raw.get("properties") or {}
    properties.pop("provisioningState", None)
    properties["instanceType"] = size
    body["properties"] = properties
    body["sku"] = {**(body.get("sku") or {"name": "Default"}), "capacity": count}
    return refuse_secrets(body, "The deployment's document")


def _needless(deployment: Document, count: int, size: str) -> str:
    here = text_at(deployment, "properties.instanceType")
    state = text_at(deployment, "properties.provisioningState")
    if (
        capacity_of(deployment) == count
        and state == "Succeeded"
        and (not size or size.lower() == here.lower())
    ):
        return f"It has {instances(count)} of {shown(here)} already."
    return ""


def _command(resource: ResourceId, count: int, size: str) -> str:
    command = scale_command(resource, count)
    # an instance type is words and digits; anything else gets no command
    if not size or not command:
        return command
    return (
        f"{command} instance_type={size}"
        if size.isascii() and size.replace("_", "").isalnum()
        else ""
    )
