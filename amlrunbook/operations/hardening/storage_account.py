"""Geo-redundancy with read access for an account that holds data.

Source: https://learn.microsoft.com/azure/storage/common/redundancy-migration. The default account of a workspace is left
alone: Azure Machine Learning does not support failing it over, whatever its redundancy
(https://learn.microsoft.com/azure/machine-learning/how-to-high-availability-machine-learning).
"""

from __future__ import annotations

from typing import Any

from amlrunbook.errors import RefusedError
from amlrunbook.model.operation import Confirmation, Observation, OperationContext, Risk
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.operations.changing import seen
from amlrunbook.operations.hardening.setting import Setting, Wanted
from amlrunbook.operations.hardening.storage_services import command_of

_WITH_GEO = {
    "LRS": "RAGRS",
    "GRS": "RAGRS",
    "RAGRS": "RAGRS",
    "ZRS": "RAGZRS",
    "GZRS": "RAGZRS",
    "RAGZRS": "RAGZRS",
}
"""Redundancy without a change between local and zonal copies, which is a conversion that Azure schedules."""
_UPDATE = "az storage account update --name {name} --resource-group {group} --subscription {subscription} --sku "


def _path(account: ResourceId, context: OperationContext) -> str:
    del context
    return account.text


def _wanted(account: ResourceId, found: dict[str, Any], context: OperationContext) -> Wanted:
    if account.key in _default_accounts(context):
        raise RefusedError(
            f"{account.name} is the default account of a workspace: its failover is not supported, "
            "so geo-redundancy would promise what it cannot keep.",
            state="Nothing was sent.",
            next_step="Keep data in accounts of their own, and make those geo-redundant.",
        )
    sku = _sku(found)
    tier, _, redundancy = sku.partition("_")
    better = _WITH_GEO.get(redundancy)
    if tier != "Standard" or better is None:
        raise RefusedError(
            f"{account.name} is {sku or 'of no known redundancy'}: only Standard accounts can be geo-redundant.",
            state="Nothing was sent.",
            next_step="Copy its data to a Standard account.",
        )
    wanted = f"{tier}_{better}"
    return Wanted(
        body={"sku": {"name": wanted}},
        before=f"{account.name} is {sku}.",
        after=f"{account.name} is {wanted}; the first copy to the paired region takes hours for much data.",
        summary=f"Make {account.name} geo-redundant with read access: {sku} to {wanted}.",
        undo=command_of(account, _UPDATE + sku) or f"Set its SKU back to {sku}.",
        cost="About twice the price of storage, the price of the first copy, and of reads in the secondary.",
        takes="Seconds to accept; it protects once the first copy is done and status is Live.",
        command=command_of(account, _UPDATE + wanted),
        needless=f"{account.name} is {sku} already." if wanted == sku else "",
    )


def _seen(account: ResourceId, found: dict[str, Any], sent: dict[str, Any]) -> Observation:
    sku = _sku(found)
    return seen(f"{account.name} is {sku or 'unknown'}.", reached=sku == sent["sku"]["name"])


def _sku(document: dict[str, Any]) -> str:
    sku = document.get("sku")
    name = sku.get("name") if isinstance(sku, dict) else None
    return name if isinstance(name, str) else ""


def _default_accounts(context: OperationContext) -> frozenset[str]:
    sides = [context.profile.primary.workspace]
    if context.profile.secondary is not None:
        sides.append(context.profile.secondary.workspace)
    found = (context.snapshot.inventory.by_id(side) for side in sides)
    named = (document.field("properties.storageAccount") for document in found if document)
    return frozenset(name.lower() for name in named if isinstance(name, str))


GEO_REDUNDANCY = Setting(
    id="hardening.geo-redundancy",
    title="Make a data account geo-redundant",
    risk=Risk.REVERSIBLE,
    confirmation=Confirmation.TYPE_NAME,
    type="microsoft.storage/storageaccounts",
    noun="storage account",
    method="PATCH",
    path=_path,
    wanted=_wanted,
    seen=_seen,
    seconds=600.0,
)
