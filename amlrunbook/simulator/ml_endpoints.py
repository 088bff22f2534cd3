"""Online and batch endpoints of Azure Machine Learning workspaces, with their deployments.

Source: https://learn.microsoft.com/rest/api/azureml/online-endpoints
"""

from __future__ import annotations

import time
from typing import Any

from starlette.responses import Response

from amlrunbook.simulator import ml_identity, ml_scoring, ml_serving, operations
from amlrunbook.simulator.answers import Refusal, json_answer
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Kind
from amlrunbook.simulator.authorization import note_principal
from amlrunbook.simulator.ml_deployments import complete_common
from amlrunbook.simulator.ml_versions import VERSIONS, WORKSPACES
from amlrunbook.simulator.operations import Style
from amlrunbook.simulator.places import region_name
from amlrunbook.simulator.tokens import LIFETIME, TokenMint
from amlrunbook.simulator.world import Document, World

ENDPOINTS = f"{WORKSPACES}/onlineEndpoints"
BATCH_ENDPOINTS = f"{WORKSPACES}/batchEndpoints"
BATCH_DEPLOYMENTS = f"{BATCH_ENDPOINTS}/deployments"
MIRROR_LIMIT = 50
"""Percent of traffic that may be mirrored."""


def complete_endpoint(world: World, document: Document, before: Document | None) -> None:
    """Fill an online endpoint's document as Azure does."""
    complete_common(world, document, before)
    document.setdefault("kind", "Managed")
    _identity(world, document, before)
    properties = document["properties"]
    scoring, swagger = ml_scoring.addresses(world, document)
    properties.update(scoringUri=scoring, swaggerUri=swagger)
    properties.pop("keys", None)
    for key, value in (
        ("authMode", "Key"),
        ("compute", None),
        ("traffic", {}),
        ("mirrorTraffic", {}),
        ("publicNetworkAccess", "Enabled"),
    ):
        properties.setdefault(key, value)


def _identity(world: World, document: Document, before: Document | None) -> None:
    document.setdefault("identity", {"type": "SystemAssigned"})
    ml_identity.complete(world, document, before)


def _check_endpoint(call: Call, document: Document, before: Document | None) -> None:
    ml_identity.disregard(document, before)
    if before is None:
        _check_name(call, document)
    properties = document["properties"]
    traffic = _percentages("traffic", properties.get("traffic") or {})
    mirror = _percentages("mirrorTraffic", properties.get("mirrorTraffic") or {})
    if sum(traffic.values()) not in {0, 100}:
        raise _bad(f"The traffic adds up to {sum(traffic.values())} percent; it must be 0 or 100.")
    if sum(mirror.values()) > MIRROR_LIMIT:
        raise _bad(f"At most {MIRROR_LIMIT} percent of the traffic can be mirrored.")
    for name in {**traffic, **mirror}:
        held = call.world.get(f"{document['id']}/deployments/{name}")
        if held is None:
            raise _bad(f"The traffic names the deployment '{name}', which does not exist.")
        if traffic.get(name) and held["properties"]["provisioningState"] != "Succeeded":
            raise _bad(f"The deployment '{name}' is not ready to take traffic.")


def _check_name(call: Call, document: Document) -> None:
    """Refuse a name that an endpoint of the region has, in whichever workspace.

    Source: https://learn.microsoft.com/azure/machine-learning/concept-endpoints-online ; the code
    is assumed.
    """
    region = region_name(str(document["location"]))
    if ml_serving.endpoint_at(call.world, region, str(document["name"])) is not None:
        raise _bad(
            f"There is already an endpoint with the name '{document['name']}'. Endpoint names need "
            "to be unique within a region."
        )


def _percentages(key: str, value: Any) -> dict[str, int]:
    wrong = not isinstance(value, dict) or not all(
        isinstance(share, int) and not isinstance(share, bool) and 0 <= share <= 100  # noqa: PLR2004
        for share in value.values()
    )
    if wrong:
        raise _bad(f"'{key}' must give each deployment a percentage of 0 to 100.")
    return dict(value)


def _bad(message: str) -> Refusal:
    return Refusal(400, "BadRequest", message)


def _check_batch_endpoint(_call: Call, document: Document, before: Document | None) -> None:
    ml_identity.disregard(document, before)


def complete_batch_endpoint(world: World, document: Document, before: Document | None) -> None:
    """Fill a batch endpoint's document as Azure does."""
    complete_common(world, document, before)
    _identity(world, document, before)
    properties = document["properties"]
    where = f"{world.base_url}/azureml/{document['location']}/batch/{document['name']}"
    properties["scoringUri"] = f"{where}/jobs"
    properties.setdefault("authMode", "AADToken")
    properties.setdefault("defaults", {"deploymentName": None})


def _keys(call: Call, document: Document) -> Response:
    if document["properties"].get("authMode") != "Key":
        raise _bad(f"The endpoint '{document['name']}' does not sign in by keys.")
    return json_answer(
        {
            f"{which}Key": ml_scoring.key_of(call.azure, document, which)
            for which in ("primary", "secondary")
        }
    )


def _regenerate(call: Call, document: Document) -> Response:
    """Make one of an endpoint's keys anew.

    Source: https://learn.microsoft.com/rest/api/azureml/online-endpoints/regenerate-keys
    """
    which = str(call.document().get("keyType", "")).lower()
    if which not in {"primary", "secondary"}:
        raise _bad("The keyType must be Primary or Secondary.")
    operation = operations.begin(
        call.azure,
        target=str(document["id"]),
        action=f"{ENDPOINTS}/regenerateKeys/action",
        effects=[],
        answers_target=False,
        state=call.state,
    )
    ml_scoring.renew_key(call.world, document, which)
    return Response(
        status_code=202, headers=operations.headers(call.azure, operation, Style.LOCATION)
    )


def _token(call: Call, document: Document) -> Response:
    """Answer a token of the endpoint's own, or of Entra's by its authentication mode.

    Source: https://learn.microsoft.com/azure/machine-learning/how-to-authenticate-online-endpoint
    """
    mode = document["properties"].get("authMode")
    if mode == "Key":
        raise _bad(f"The endpoint '{document['name']}' does not sign in by tokens.")
    own = mode == "AMLToken"
    audience = ml_scoring.audience_of(document) if own else ml_scoring.AUDIENCES[0]
    now = int(time.time())
    return json_answer(
        {
            "accessToken": TokenMint(call.azure).mint(audience),
            "expiryTimeUtc": now + LIFETIME,
            "refreshAfterTimeUtc": now + LIFETIME // 2,
            "tokenType": "Bearer",
        }
    )


KINDS = (
    Kind(
        type=ENDPOINTS,
        api_versions=VERSIONS,
        tracked=True,
        check=_check_endpoint,
        complete=complete_endpoint,
        create_style=Style.BOTH,
        update_style=Style.BOTH,
        patch_style=Style.LOCATION,
        patch_keys=("identity", "tags"),
        delete_style=Style.BOTH,
        on_create=note_principal,
        actions={"listkeys": _keys, "regeneratekeys": _regenerate, "token": _token},
    ),
    Kind(
        type=BATCH_ENDPOINTS,
        api_versions=VERSIONS,
        tracked=True,
        check=_check_batch_endpoint,
        complete=complete_batch_endpoint,
        create_style=Style.BOTH,
        update_style=Style.BOTH,
        patch_style=Style.LOCATION,
        patch_keys=("identity", "tags"),
        delete_style=Style.BOTH,
        actions={"listkeys": _keys},
    ),
    Kind(
        type=BATCH_DEPLOYMENTS,
        api_versions=VERSIONS,
        tracked=True,
        complete=complete_common,
        create_style=Style.BOTH,
        update_style=Style.BOTH,
        patch_style=Style.LOCATION,
        delete_style=Style.BOTH,
    ),
)
