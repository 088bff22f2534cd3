"""Service-managed failover of a Cosmos DB account: the next region writes by itself when the writing one is down.

Sources: https://learn.microsoft.com/azure/cosmos-db/how-to-manage-database-account,
https://learn.microsoft.com/azure/reliability/reliability-cosmos-db-nosql and
https://learn.microsoft.com/rest/api/cosmos-db-resource-provider/database-accounts/update
"""

from __future__ import annotations

from typing import Any

from amlrunbook.assessment.command import az
from amlrunbook.errors import RefusedError
from amlrunbook.model.display import shown
from amlrunbook.model.operation import Confirmation, Observation, OperationContext, Risk
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.operations.changing import seen
from amlrunbook.operations.hardening.setting import Setting, Wanted, properties_of

_TWO = 2


def _path(account: ResourceId, context: OperationContext) -> str:
    del context
    return account.text


def _wanted(account: ResourceId, found: dict[str, Any], context: OperationContext) -> Wanted:
    """Return the one property; a PATCH leaves all others as they are."""
    del context
    on = _on(found)
    everywhere = properties_of(found).get("enableMultipleWriteLocations") is True
    regions = _regions(found)
    if not on and not everywhere and len(regions) < _TWO:
        raise RefusedError(
            f"{account.name} is in {regions[0] if regions else 'no known region'} only: there is nothing to fail over to.",
            state="Nothing was sent.",
            next_step="Add the secondary's region to it first.",
        )
    needless = _said(account, on=on) if on else ""
    if everywhere and not on:
        needless = f"Every region of {account.name} takes writes: there is no one region to fail over from."
    return Wanted(
        body={"properties": {"enableAutomaticFailover": True}},
        before=f"{_said(account, on=on)} Regions, the one that writes first: {', '.join(regions)}.",
        after=(
            f"{_said(account, on=True)} Azure lets the next region write when the first is down, which can take an "
            "hour or more; what had not replicated by then is lost. While it is on, the order of regions cannot be "
            "changed by hand."
        ),
        summary=f"Turn on automatic failover of {account.name}; all else stays.",
        undo=_command(account, "false") or "Turn it off again.",
        takes="Minutes.",
        command=_command(account, "true"),
        needless=needless,
    )


def _seen(account: ResourceId, found: dict[str, Any], sent: dict[str, Any]) -> Observation:
    del sent
    on = _on(found)
    return seen(_said(account, on=on), reached=on)


def _on(document: dict[str, Any]) -> bool:
    return properties_of(document).get("enableAutomaticFailover") is True


def _regions(document: dict[str, Any]) -> list[str]:
    """Return the account's regions by failover priority, made safe to show."""
    locations = properties_of(document).get("locations")
    tables = (
        [one for one in locations if isinstance(one, dict)] if isinstance(locations, list) else []
    )
    last = len(tables)

    def rank(one: dict[str, Any]) -> int:
        priority = one.get("failoverPriority")
        return priority if isinstance(priority, int) else last

    tables.sort(key=rank)
    return [shown(str(one.get("locationName"))) for one in tables]


def _said(account: ResourceId, *, on: bool) -> str:
    return f"Automatic failover of {account.name} is {'on' if on else 'off'}."


def _command(account: ResourceId, value: str) -> str:
    return az(
        "az cosmosdb update --name {name} --resource-group {group} --subscription {subscription} "
        f"--enable-automatic-failover {value}",
        {
            "name": account.name,
            "group": account.resource_group,
            "subscription": account.subscription,
        },
    )


AUTOMATIC_FAILOVER = Setting(
    id="hardening.cosmos-automatic-failover",
    title="Let a Cosmos DB account fail over by itself",
    risk=Risk.REVERSIBLE,
    confirmation=Confirmation.TYPE_NAME,
    type="microsoft.documentdb/databaseaccounts",
    noun="Cosmos DB account",
    method="PATCH",
    path=_path,
    wanted=_wanted,
    seen=_seen,
    seconds=1_800.0,
)
