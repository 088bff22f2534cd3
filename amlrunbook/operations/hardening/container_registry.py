"""The Premium tier of a registry, and its replica in the secondary's region.

Source: https://learn.microsoft.com/azure/container-registry/container-registry-geo-replication
"""

from __future__ import annotations

from typing import Any

from amlrunbook.assessment.command import az
from amlrunbook.errors import RefusedError
from amlrunbook.model.operation import Confirmation, Observation, OperationContext, Risk
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.operations.changing import seen
from amlrunbook.operations.hardening.setting import Setting, Wanted, properties_of

_TYPE = "microsoft.containerregistry/registries"
_WHERE = " --resource-group {group} --subscription {subscription} "


def _command(registry: ResourceId, template: str) -> str:
    return az(
        template,
        {
            "name": registry.name,
            "group": registry.resource_group,
            "subscription": registry.subscription,
        },
    )


def _registry_path(registry: ResourceId, context: OperationContext) -> str:
    del context
    return registry.text


def _premium(registry: ResourceId, found: dict[str, Any], context: OperationContext) -> Wanted:
    del context
    sku = _sku(found)
    return Wanted(
        body={"sku": {"name": "Premium"}},
        before=f"{registry.name} is {sku}.",
        after=f"{registry.name} is Premium.",
        summary=f"Move {registry.name} from {sku} to Premium: only that tier replicates.",
        undo=_command(registry, "az acr update --name {name}" + _WHERE + f"--sku {sku}")
        or f"Move it back to {sku}, as long as it has no replicas.",
        cost="The Premium tier costs several times the Standard one, by the day.",
        takes="Seconds to minutes.",
        command=_command(registry, "az acr update --name {name}" + _WHERE + "--sku Premium"),
        needless=f"{registry.name} is Premium already." if sku == "Premium" else "",
    )


def _premium_seen(registry: ResourceId, found: dict[str, Any], sent: dict[str, Any]) -> Observation:
    del sent
    return seen(f"{registry.name} is {_sku(found)}.", reached=_sku(found) == "Premium")


def _sku(document: dict[str, Any]) -> str:
    sku = document.get("sku")
    name = sku.get("name") if isinstance(sku, dict) else None
    return name if isinstance(name, str) else "of no known tier"


def _secondary_region(context: OperationContext) -> str:
    region = context.profile.regions[1]
    if region is None:
        raise RefusedError(
            f"The profile {context.profile.name!r} names no secondary, so no region to replicate to.",
            state="Nothing was sent.",
            next_step="Name the secondary workspace in the profile first.",
        )
    return str(region)


def _replica_path(registry: ResourceId, context: OperationContext) -> str:
    return f"{registry.text}/replications/{_secondary_region(context)}"


def _replica(registry: ResourceId, found: dict[str, Any], context: OperationContext) -> Wanted:
    region = _secondary_region(context)
    there = bool(found)
    enabled = properties_of(found).get("regionEndpointEnabled") is not False
    return Wanted(
        body={"location": region, "properties": {"regionEndpointEnabled": True}},
        before=_replica_said(registry, found),
        after=f"{registry.name} has a replica in {region}, which copies its images in its own time.",
        summary=f"Replicate {registry.name} to {region}: its images are pulled there when its home region is down.",
        undo=_command(
            registry,
            "az acr replication delete --registry {name}" + _WHERE + f"--name {region}",
        ),
        cost="Each replica is billed like a Premium registry, and the copies' storage and traffic.",
        takes="Minutes to accept; the copy grows with the registry. It helps once it is Ready.",
        command=_command(
            registry,
            "az acr replication create --registry {name}" + _WHERE + f"--location {region}",
        ),
        needless=_replica_said(registry, found) if there and enabled else "",
    )


def _replica_said(registry: ResourceId, found: dict[str, Any]) -> str:
    if not found:
        return f"{registry.name} has no replica there."
    properties = properties_of(found)
    status = properties.get("status")
    shown = status.get("displayStatus") if isinstance(status, dict) else None
    enabled = (
        "" if properties.get("regionEndpointEnabled") is not False else ", its endpoint disabled"
    )
    return f"{registry.name} has a replica in {found.get('location', 'that region')}: {shown or 'of no known status'}{enabled}."


def _replica_seen(registry: ResourceId, found: dict[str, Any], sent: dict[str, Any]) -> Observation:
    """A replica that is there and still syncing is what was asked for; its text says that it syncs."""
    del sent
    properties = properties_of(found)
    made = properties.get("provisioningState") == "Succeeded"
    on = properties.get("regionEndpointEnabled") is not False
    return seen(_replica_said(registry, found), reached=made and on)


REGISTRY_PREMIUM = Setting(
    id="hardening.registry-premium",
    title="Move a registry to the Premium tier",
    risk=Risk.REVERSIBLE,
    confirmation=Confirmation.TYPE_NAME,
    type=_TYPE,
    noun="container registry",
    method="PATCH",
    path=_registry_path,
    wanted=_premium,
    seen=_premium_seen,
    seconds=600.0,
)
REGISTRY_REPLICATION = Setting(
    id="hardening.registry-replication",
    title="Replicate a registry to the secondary's region",
    risk=Risk.REVERSIBLE,
    confirmation=Confirmation.TYPE_NAME,
    type=_TYPE,
    noun="container registry",
    method="PUT",
    path=_replica_path,
    wanted=_replica,
    seen=_replica_seen,
    seconds=1_800.0,
    may_be_absent=True,
)
SETTINGS: tuple[Setting, ...] = (REGISTRY_PREMIUM, REGISTRY_REPLICATION)
"""What can be mended of a container registry."""
