"""Failing a storage account over to its second region: who may, and when Azure refuses.

Azure documents which conditions there are, not the codes of all refusals: those of a failover that
cannot be done now are this simulator's choice.

Source: https://learn.microsoft.com/rest/api/storagerp/storage-accounts/failover
"""

from __future__ import annotations

from starlette.responses import Response

from amlrunbook.simulator import operations
from amlrunbook.simulator.answers import Refusal
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.effects import FailOver, Forget, Merge
from amlrunbook.simulator.geo import GeoStats, geo_stats, is_healthy
from amlrunbook.simulator.geo_takeover import PLANNED_FACET
from amlrunbook.simulator.operations import Style
from amlrunbook.simulator.world import Document, World


def fail_over(call: Call, document: Document) -> Response:
    """Answer ``POST .../failover``: planned only with ``failoverType=Planned``.

    Raises:
        Refusal: the account has no second region, a failover runs already, or it cannot be done
            now.
    """
    kind = call.query.get("failovertype")
    if kind is not None and kind.lower() != "planned":
        raise Refusal(
            400,
            "InvalidValuesForRequestParameters",
            f"Values for request parameters are invalid: failoverType '{kind}'.",
        )
    planned = kind is not None
    refuse_while_failing_over(document)
    stats = geo_stats(call.world, document)
    if stats is None:
        raise Refusal(
            400,
            "AccountFailoverNotSupported",
            f"Failover is not supported for the storage account '{document['name']}': its "
            f"redundancy is {document['sku']['name']}.",
        )
    _refuse_impossible(stats, planned)
    document["properties"]["failoverInProgress"] = True
    if planned:
        call.world.facet(str(document["id"]))[PLANNED_FACET] = True
    call.world.touch()
    operation = operations.begin(
        call.azure,
        target=str(document["id"]),
        action="Microsoft.Storage/storageAccounts/failover/action",
        effects=[FailOver(id=str(document["id"]), planned=planned)],
        answers_target=False,
        state=call.state,
    )
    operation.on_failure = [
        Merge(id=str(document["id"]), values={"properties": {"failoverInProgress": None}}),
        Forget(id=str(document["id"]), fact=PLANNED_FACET),
    ]
    return Response(
        status_code=202, headers=operations.headers(call.azure, operation, Style.LOCATION)
    )


def _refuse_impossible(stats: GeoStats, planned: bool) -> None:
    document = stats.document("")
    if planned and not document["canPlannedFailover"]:
        raise Refusal(
            409,
            "PlannedFailoverNotPossible",
            "A planned failover needs both regions available and replication live; the status of "
            f"replication is '{stats.status}'.",
        )
    if not document["canFailover"]:
        raise Refusal(
            409,
            "LastSyncTimeUnavailable",
            "The account cannot fail over now: its secondary is not available or has not been "
            f"synced; the status of replication is '{stats.status}'.",
        )


def refuse_while_failing_over(document: Document) -> None:
    """Refuse a change of an account that is failing over.

    Raises:
        Refusal: it is.
    """
    if document["properties"].get("failoverInProgress"):
        raise Refusal(
            409,
            "AccountFailoverInProgress",
            f"A failover of the storage account '{document['name']}' is in progress. Try again "
            "when it has ended.",
        )


def shown(world: World, document: Document) -> Document:
    """Return an account's document as it is now: are its regions available?"""
    properties = {**document["properties"]}
    for which in ("Primary", "Secondary"):
        region = properties.get(f"{which.lower()}Location")
        if region is not None:
            healthy = is_healthy(world, str(region))
            properties[f"statusOf{which}"] = "available" if healthy else "unavailable"
    return {**document, "properties": properties}
