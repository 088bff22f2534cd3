"""The questions that tell planes and regions apart: whom to ask, and what an answer or its absence is.

Data plane and identity are asked without a token: a refusal is an answer, and a dark sign-in must not hide them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from amlrunbook.assessment import types
from amlrunbook.azure.blob_service import blob_bases
from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.azure.reach import Reached
from amlrunbook.azure.translation import plain
from amlrunbook.azure.unread import why
from amlrunbook.errors import AmlRunbookError, AnswerError, SignInError, ThrottledError
from amlrunbook.model.profile import Profile
from amlrunbook.operations.outage.plane_signs import Answered, Plane, Sign
from amlrunbook.operations.outage.scope import Known, Scope, Side

SLOW_MILLISECONDS = 5_000
MOST_ACCOUNTS = 8
"""Storage accounts asked on each side: more of them tell no more of a region."""
MOST_ENDPOINTS = 4
"""Scoring addresses asked on each side."""
_ERRORS_FROM = 500
_TOO_MANY = 429


@dataclass(frozen=True, slots=True)
class Question:
    """One question."""

    sign: Sign
    """What is asked, its answer still open."""
    ask: Callable[[float], Sign]
    """Asks within so many seconds; raises nothing for darkness."""


def questions(gateway: AzureGateway, profile: Profile, scope: Scope) -> tuple[Question, ...]:
    """Return all questions about a pair; the probes are asked apart."""
    sides = [Side.PRIMARY, *([Side.SECONDARY] if scope.secondary else [])]
    found = [_identity(gateway, profile), _resource_manager(gateway)]
    for side in sides:
        found.append(_machine_learning(gateway, profile, scope, side))
        found += _control(gateway, scope, side)
        found += _data(gateway, scope, side)
    return tuple(found)


def _identity(gateway: AzureGateway, profile: Profile) -> Question:
    """Ask for the public document that every sign-in begins with.

    Source: https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc
    """
    tenant = profile.tenant or "common"
    url = f"{gateway.cloud.authority}/{tenant}/v2.0/.well-known/openid-configuration"
    return _address(gateway, _open(Plane.IDENTITY, None, "identity", "the sign-in service"), url)


def _resource_manager(gateway: AzureGateway) -> Question:
    """Ask Azure's resource manager itself, which serves every region and refuses without a token."""
    url = f"{gateway.cloud.resource_manager}/subscriptions?api-version=2022-12-01"
    what = "Azure's resource manager itself"
    return _address(gateway, _open(Plane.CONTROL, None, "resource manager", what), url)


def _machine_learning(
    gateway: AzureGateway, profile: Profile, scope: Scope, side: Side
) -> Question:
    """Ask the regional provider of Azure Machine Learning for its quota's usage.

    Source: https://learn.microsoft.com/rest/api/azureml/usages/list
    """
    region = scope.region(side)
    path = (
        f"/subscriptions/{profile.subscription}/providers/Microsoft.MachineLearningServices"
        f"/locations/{region}/usages"
    )
    what = f"the Machine Learning provider in {region}"
    return _document(gateway, _open(Plane.CONTROL, side, "Machine Learning", what), path)


_PROVIDERS = ((types.STORAGE, "Storage"), (types.VAULT, "Key Vault"), (types.WORKSPACE, "Machine Learning"))  # fmt: skip


def _control(gateway: AzureGateway, scope: Scope, side: Side) -> Iterator[Question]:
    """Ask the providers for one resource each: its provider serves it from its own region."""
    for kind, service in _PROVIDERS:
        for known in scope.of_type(kind, side)[:1]:
            what = f"the provider of {service} in {scope.region(side)} ({known.resource.name})"
            sign = _open(Plane.CONTROL, side, service, what, known.resource.text)
            yield _document(gateway, sign, known.resource.text)


def _data(gateway: AzureGateway, scope: Scope, side: Side) -> Iterator[Question]:
    for known in scope.of_type(types.STORAGE, side)[:MOST_ACCOUNTS]:
        yield _blob(gateway, side, known, secondary=False)
        if side is Side.PRIMARY and _second_side(known) is not None:
            yield _blob(gateway, Side.SECONDARY, known, secondary=True)
    for known in scope.of_type(types.WORKSPACE, side):
        yield from _own_addresses(gateway, scope, side, known)


def _second_side(known: Known) -> Side | None:
    sku = known.document.field("sku.name") if known.document is not None else None
    readable = isinstance(sku, str) and sku.partition("_")[2].upper().startswith("RA")
    return Side.SECONDARY if readable else None


def _blob(gateway: AzureGateway, side: Side, known: Known, *, secondary: bool) -> Question:
    base = blob_bases(gateway.cloud, known.resource.name)[1 if secondary else 0]
    host = f"{known.resource.name}{'-secondary' if secondary else ''}"
    what = f"the blob service of {host}"
    sign = _open(Plane.DATA, side, "Storage", what, known.resource.text)
    return _address(gateway, sign, f"{base}/?comp=list")


def _own_addresses(
    gateway: AzureGateway, scope: Scope, side: Side, workspace: Known
) -> Iterator[Question]:
    """Ask the addresses that a workspace's documents name: its region's API, and its endpoints' scoring."""
    name = workspace.resource.name
    url = workspace.document.field("properties.discoveryUrl") if workspace.document else None
    if isinstance(url, str) and url:
        what = f"the workspace API of {name}"
        yield _address(gateway, _open(Plane.DATA, side, "Machine Learning", what), url)
    prefix = f"{workspace.resource.key}/onlineendpoints/"
    endpoints = [d for d in scope.inventory.documents if d.key.startswith(prefix)]
    asked = [d for d in endpoints if d.type.lower() == types.ONLINE_ENDPOINT.lower()]
    for endpoint in asked[:MOST_ENDPOINTS]:
        url = endpoint.field("properties.scoringUri")
        if isinstance(url, str) and url:
            what = f"the scoring address of {endpoint.name}"
            yield _address(gateway, _open(Plane.DATA, side, "online endpoints", what), url)


def _address(gateway: AzureGateway, sign: Sign, url: str) -> Question:
    return Question(sign, lambda seconds: _judged(sign, gateway.reach(url, seconds=seconds)))


def _open(plane: Plane, side: Side | None, service: str, what: str, resource: str = "") -> Sign:
    """Return a sign whose answer is still open: as nobody answered it, it is dark."""
    return Sign(
        plane, side, service, plain(what, 160), Answered.DARK, "no answer in time", resource
    )


def _judged(sign: Sign, seen: Reached) -> Sign:
    if seen.text.startswith("not asked"):
        answered = Answered.UNASKED
    elif not seen.status:
        answered = Answered.DARK
    elif seen.status >= _ERRORS_FROM:
        answered = Answered.FAILING
    elif seen.status == _TOO_MANY:
        answered = Answered.THROTTLED
    else:
        answered = _by_time(seen.milliseconds)
    return replace(sign, answered=answered, text=plain(seen.text.removeprefix("no answer: "), 200))


def _by_time(milliseconds: int) -> Answered:
    return Answered.SLOW if milliseconds > SLOW_MILLISECONDS else Answered.YES


def _document(gateway: AzureGateway, sign: Sign, path: str) -> Question:
    """Ask for a resource's document, or the first of a collection where the sign is about no resource."""

    def ask(seconds: float) -> Sign:
        began = time.monotonic()
        try:
            if sign.resource:
                gateway.get(path, seconds=seconds)
            else:
                gateway.get_all(path, seconds=seconds, most=1)
        except AmlRunbookError as error:
            return refused(sign, error)
        took = int((time.monotonic() - began) * 1000)
        return replace(sign, answered=_by_time(took), text=f"in {took} ms")

    return Question(sign, ask)


def refused(sign: Sign, error: AmlRunbookError) -> Sign:
    """Return what an error says of whom was asked: a refusal is an answer, a failed sign-in is none of theirs."""
    match error:
        case SignInError():
            answered = Answered.UNASKED
        case ThrottledError():
            answered = Answered.THROTTLED
        case AnswerError() if error.status < _ERRORS_FROM:
            answered = Answered.YES
        case AnswerError():
            answered = Answered.FAILING
        case _:
            answered = Answered.DARK
    return replace(sign, answered=answered, text=why(error, 200))
