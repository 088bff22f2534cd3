"""Which rights each operation needs, and where: the actions of Azure's role-based access control.

Source: https://learn.microsoft.com/azure/role-based-access-control/resource-provider-operations
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_STORAGE = "Microsoft.Storage/storageAccounts"
_ML = "Microsoft.MachineLearningServices/workspaces"
_VAULT = "Microsoft.KeyVault/vaults"
_REGISTRY = "Microsoft.ContainerRegistry/registries"
_LOGS = "Microsoft.OperationalInsights/workspaces"
_LOCKS = "Microsoft.Authorization/locks/write"
_BLOBS = f"{_STORAGE}/blobServices/containers/blobs/read"


class Where(StrEnum):
    """The scopes of a profile at which rights are asked."""

    PRIMARY = "primary workspace"
    SECONDARY = "secondary workspace"
    DEFAULT_ACCOUNTS = "default accounts"
    DATA_ACCOUNTS = "data accounts"
    VAULTS = "key vaults"
    REGISTRIES = "container registries"
    LOGS = "Log Analytics workspaces"
    COSMOS = "Cosmos DB accounts"
    TRAFFIC_MANAGERS = "Traffic Manager profiles"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Rights at one kind of scope."""

    where: tuple[Where, ...]
    actions: tuple[str, ...] = ()
    """Of the resource manager."""
    data_actions: tuple[str, ...] = ()
    """Of a service's own endpoint."""


_ACCOUNTS = (Where.DEFAULT_ACCOUNTS, Where.DATA_ACCOUNTS)
_SIDES = (Where.PRIMARY, Where.SECONDARY)
READING = "reading"
"""What every check and every preview needs, under a name of its own."""

NEEDS: dict[str, tuple[Need, ...]] = {
    READING: (
        Need(where=_SIDES, actions=(f"{_ML}/read", f"{_ML}/onlineEndpoints/read")),
        Need(where=_ACCOUNTS, actions=(f"{_STORAGE}/read", f"{_STORAGE}/blobServices/read")),
        Need(where=(Where.VAULTS,), actions=(f"{_VAULT}/read",)),
        Need(where=(Where.REGISTRIES,), actions=(f"{_REGISTRY}/read",)),
    ),
    "export": (
        Need(where=(Where.DEFAULT_ACCOUNTS,), data_actions=(_BLOBS,)),
        Need(
            where=(Where.DEFAULT_ACCOUNTS,),
            data_actions=(f"{_STORAGE}/fileServices/fileshares/files/read",),
        ),
    ),
    "switchover.storage-failover": (
        Need(
            where=(Where.DATA_ACCOUNTS,),
            actions=(f"{_STORAGE}/failover/action",),
            data_actions=(_BLOBS,),
        ),
    ),
    "switchover.scoring-probe": (
        Need(where=(Where.SECONDARY,), actions=(f"{_ML}/onlineEndpoints/listKeys/action",)),
    ),
    "switchover.scale-deployment": (
        Need(
            where=(Where.SECONDARY,),
            actions=(f"{_ML}/onlineEndpoints/deployments/write",),
        ),
    ),
    "switchover.endpoint-traffic": (
        Need(where=(Where.SECONDARY,), actions=(f"{_ML}/onlineEndpoints/write",)),
    ),
    "switchover.resubmit-job": (Need(where=(Where.SECONDARY,), actions=(f"{_ML}/jobs/write",)),),
    "switchover.config-file": (),
    **{
        f"hardening.{name}": (Need(where=_ACCOUNTS, actions=(f"{_STORAGE}/{service}/write",)),)
        for name, service in (
            ("blob-soft-delete", "blobServices"),
            ("container-soft-delete", "blobServices"),
            ("share-soft-delete", "fileServices"),
            ("blob-versioning", "blobServices"),
            ("no-permanent-delete", "blobServices"),
            ("point-in-time-restore", "blobServices"),
        )
    },
    "hardening.geo-redundancy": (
        Need(where=(Where.DATA_ACCOUNTS,), actions=(f"{_STORAGE}/write",)),
    ),
    "hardening.vault-soft-delete": (Need(where=(Where.VAULTS,), actions=(f"{_VAULT}/write",)),),
    "hardening.purge-protection": (Need(where=(Where.VAULTS,), actions=(f"{_VAULT}/write",)),),
    "hardening.registry-premium": (
        Need(where=(Where.REGISTRIES,), actions=(f"{_REGISTRY}/write",)),
    ),
    "hardening.registry-replication": (
        Need(where=(Where.REGISTRIES,), actions=(f"{_REGISTRY}/replications/write",)),
    ),
    "hardening.log-retention": (Need(where=(Where.LOGS,), actions=(f"{_LOGS}/write",)),),
    "hardening.cosmos-automatic-failover": (
        Need(where=(Where.COSMOS,), actions=("Microsoft.DocumentDB/databaseAccounts/write",)),
    ),
    "hardening.traffic-ttl": (
        Need(
            where=(Where.TRAFFIC_MANAGERS,),
            actions=("Microsoft.Network/trafficManagerProfiles/write",),
        ),
    ),
    "hardening.delete-lock": (
        Need(
            where=(*_SIDES, *_ACCOUNTS, Where.VAULTS, Where.REGISTRIES),
            actions=(_LOCKS,),
        ),
    ),
}
"""What each action of this program needs, besides reading; complete by a test."""
