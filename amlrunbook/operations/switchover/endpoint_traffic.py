"""Sharing the traffic of an online endpoint among its deployments.

A PATCH of an online endpoint takes identity and tags only, so the whole endpoint is read, changed in this one place and
put back. Source: https://learn.microsoft.com/rest/api/azureml/online-endpoints/create-or-update
"""

from __future__ import annotations

import copy
from typing import Any

from amlrunbook.azure.arm_path import with_version
from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.errors import AmlRunbookError
from amlrunbook.model.display import shown
from amlrunbook.model.finding import Verdict
from amlrunbook.model.operation import (
    ActionResult,
    Confirmation,
    Effects,
    Evidence,
    Intent,
    Observation,
    OperationContext,
    Preview,
    Reporter,
    Request,
    Risk,
    ServingPlace,
)
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.model.snapshot import Document
from amlrunbook.operations.changing import Changing, refuse_secrets, seen, unseen
from amlrunbook.operations.switchover.by_hand import traffic_by_hand, traffic_line
from amlrunbook.operations.switchover.endpoint_shares import (
    Wanted,
    refuse_unfit,
    shares_of,
    shares_text,
    wanted_shares,
)
from amlrunbook.operations.switchover.pairing import (
    DEPLOYMENTS,
    ENDPOINTS,
    Place,
    last_known,
    place_of,
    text_at,
)
from amlrunbook.operations.switchover.scoring_probe import score_once
from amlrunbook.operations.switchover.scoring_words import sample_body, score_said

_READ_ONLY = ("scoringUri", "swaggerUri", "provisioningState", "keys")
"""Parts of an endpoint that Azure tells and does not take back."""


class EndpointTraffic:
    """Sets how an endpoint's requests are shared among its deployments."""

    id = "switchover.endpoint-traffic"
    title = "Share the traffic of an endpoint"
    risk = Risk.DISRUPTIVE
    confirmation = Confirmation.TYPE_NAME

    def __init__(
        self,
        gateway: AzureGateway,
        *,
        seconds: float = 900.0,
        looks: int = 4,
        look_again: float = 5.0,
    ) -> None:
        self._gateway = gateway
        self._changing = Changing(
            gateway=gateway, title=self.title, seconds=seconds, looks=looks, look_again=look_again
        )

    def preview(self, context: OperationContext) -> Preview:
        """Read endpoint and deployments and say how the traffic would be shared.

        Raises:
            UsageError: the step names no endpoint of the pair, or no shares are known.
            RefusedError: a deployment that would get traffic cannot take it.
            AzureError: endpoint or deployments cannot be read.
        """
        place = _place(context)
        resource = place.resource
        endpoint = Document(self._gateway.get(resource.text))
        wanted = self._wanted(context, _place(context))
        mirror = _mirror(context, place)
        before = shares_of(endpoint)
        return Preview(
            summary=f"Share the traffic of {shown(resource.name)}: {shares_text(wanted.shares)} ({wanted.whence}).",
            requests=(_request(resource, endpoint, wanted),),
            resources=(resource.text,),
            before=f"Traffic: {shares_text(before)}.",
            after=f"Traffic: {shares_text(_serving(wanted.shares))}; a request to the endpoint is answered."
            f" {_callers(endpoint, mirror, place.other)}",
            undo=traffic_line(resource, before or dict.fromkeys(wanted.shares, 0))
            or f"Set the traffic to {shares_text(before)} again.",
            cost="None of its own: instances are billed whether they get traffic or not.",
            takes="A minute or two.",
            commands=tuple(filter(None, (traffic_line(resource, wanted.shares),))),
            effects=_effects(place.region, wanted),
            needless=_needless(endpoint, wanted),
        )

    def by_hand(self, context: OperationContext) -> tuple[str, ...]:
        """Return how it is done with ``az``.

        Raises:
            UsageError: the step names no endpoint of the pair.
        """
        return traffic_by_hand(context)

    def apply(
        self, context: OperationContext, preview: Preview, intent: Intent, reporter: Reporter
    ) -> ActionResult:
        """Put the previewed endpoint once, if endpoint and deployments still are as they were.

        Raises:
            ReadOnlyError: the gateway is read-only; nothing was sent.
        """
        resource = _place(context).resource

        def again() -> Request:
            wanted = self._wanted(context, _place(context))
            return _request(resource, Document(self._gateway.get(resource.text)), wanted)

        return self._changing.apply(preview, intent, reporter, again)

    def observe(
        self, context: OperationContext, preview: Preview, intent: Intent, poll_url: str
    ) -> Observation:
        """Look whether the traffic was set: the endpoint, the activity log, the poll URL."""
        look = self._look(_place(context).resource, preview)
        return self._changing.observe(look, preview, intent, poll_url)

    def verify(self, context: OperationContext, preview: Preview) -> Observation:
        """Read the endpoint anew and send it a scoring request, wherever its traffic leads."""
        resource = _place(context).resource
        looked = self._changing.verify(lambda: self._look(resource, preview))
        if not looked.reached or not _serving(_traffic(preview)):
            return looked
        return self._asked(context, resource, looked)

    def _asked(
        self, context: OperationContext, resource: ResourceId, looked: Observation
    ) -> Observation:
        """Add what a scoring request without a deployment's name gets; only a clear failure outweighs the GET."""
        try:
            body = sample_body(context.params.get("body", ""))
            verdict, words = score_said(score_once(self._gateway, resource, body))
        except AmlRunbookError as error:
            verdict, words = Verdict.UNKNOWN, f"could not be asked to score: {error.what}"
        speaks = {Verdict.PASS: "for", Verdict.WARN: "for", Verdict.FAIL: "against"}
        text = f"{shown(resource.name)} {words}".rstrip(".") + "."
        said = Evidence(source="scoring request", text=text, speaks=speaks.get(verdict, "neither"))
        return Observation(
            reached=verdict is not Verdict.FAIL,
            text=f"{looked.text} {text}",
            evidence=(*looked.evidence, said),
        )

    def _look(self, resource: ResourceId, preview: Preview) -> Observation:
        try:
            endpoint = Document(self._gateway.get(resource.text))
        except AmlRunbookError as error:
            return unseen(shown(resource.name), error)
        state = text_at(endpoint, "properties.provisioningState") or "not told"
        found, wanted = shares_of(endpoint), _serving(_traffic(preview))
        text = f"{shown(resource.name)}: traffic {shares_text(found)}, state {shown(state)}."
        return seen(text, reached=found == wanted and state == "Succeeded")

    def _wanted(self, context: OperationContext, place: Place) -> Wanted:
        """Read the deployments and return the shares that they may have.

        Raises:
            UsageError: no shares are known.
            RefusedError: one cannot take its share.
        """
        path = f"{place.resource.text}/{DEPLOYMENTS.rsplit('/', 1)[-1]}"
        found = [Document(raw) for raw in self._gateway.get_all(path)]
        deployments = {document.name: document for document in found}
        given = context.params.get("traffic", "")
        wanted = wanted_shares(given, _mirror(context, place), deployments, place.other)
        refuse_unfit(wanted.shares, deployments)
        return wanted


def _place(context: OperationContext) -> Place:
    return place_of(context, ENDPOINTS, "online endpoint")


def _mirror(context: OperationContext, place: Place) -> Document | None:
    mirror = last_known(context.snapshot).by_id(place.mirror)
    return mirror if mirror is not None and mirror.unread is None else None


def _traffic(preview: Preview) -> dict[str, int]:
    traffic: dict[str, int] = preview.requests[0].body["properties"]["traffic"]
    return traffic


def _serving(shares: dict[str, int]) -> dict[str, int]:
    return {name: share for name, share in shares.items() if share}


def _request(resource: ResourceId, endpoint: Document, wanted: Wanted) -> Request:
    raw = copy.deepcopy(dict(endpoint.raw))
    body = {
        key: raw[key] for key in ("location", "kind", "sku", "tags") if raw.get(key) is not None
    }
    identity = _identity(raw.get("identity"))
    if identity:
        body["identity"] = identity
    properties = raw.get("properties") or {}
    for name in _READ_ONLY:
        properties.pop(name, None)
    properties["traffic"] = dict(sorted(wanted.shares.items()))
    body["properties"] = properties
    refuse_secrets(body, "The endpoint's document")
    return Request(method="PUT", path=with_version(resource.text), body=body)


def _identity(identity: Any) -> dict[str, Any]:
    """Return an identity as it may be put back: its principals are Azure's to tell."""
    if not isinstance(identity, dict) or not identity.get("type"):
        return {}
    kept: dict[str, Any] = {"type": identity["type"]}
    users = identity.get("userAssignedIdentities")
    if isinstance(users, dict) and users:
        kept["userAssignedIdentities"] = {name: {} for name in users}
    return kept


def _callers(endpoint: Document, mirror: Document | None, other: str) -> str:
    """Say what callers must change: they are not brought along. Nothing is lost by it, so it is no loss."""
    mine = text_at(endpoint, "properties.authMode") or "not told"
    uri = shown(text_at(endpoint, "properties.scoringUri"))
    address = f"Callers must be sent to {uri}." if uri else "Callers must be sent to its address."
    if mirror is None:
        return f"{address} How the {other}'s endpoint signs callers in is not known; this one: {shown(mine)}."
    theirs = text_at(mirror, "properties.authMode") or "not told"
    if mine.lower() != theirs.lower():
        return f"{address} They sign in by {shown(mine)} here, by {shown(theirs)} at the {other}: theirs is refused here."
    if mine.lower() == "aadtoken":
        return (
            f"{address} Their Entra tokens are taken here too, where they hold the role to score."
        )
    return f"{address} Its keys and tokens are others than the {other}'s: callers need this endpoint's."


def _effects(region: str, wanted: Wanted) -> Effects:
    place = (ServingPlace(kind="inference", region=region),)
    if _serving(wanted.shares):
        return Effects(starts_serving=place)
    return Effects(stops_serving=place)


def _needless(endpoint: Document, wanted: Wanted) -> str:
    state = text_at(endpoint, "properties.provisioningState")
    if shares_of(endpoint) == _serving(wanted.shares) and state == "Succeeded":
        return f"The traffic is {shares_text(wanted.shares)} already."
    return ""
