"""What a storage failover does when it ends: the second region takes over.

Source: https://learn.microsoft.com/azure/storage/common/storage-disaster-recovery-guidance
"""

from __future__ import annotations

from amlrunbook.simulator.blob_states import base, rewind, shown
from amlrunbook.simulator.blobs import BlobAccount
from amlrunbook.simulator.clock import stamp
from amlrunbook.simulator.geo import geo_stats
from amlrunbook.simulator.world import Document, World

FLAG_SECONDS = 5.0
"""World seconds for which ``failoverInProgress`` still says so after the regions have changed."""

PLANNED_FACET = "planned_failover"
"""The fact that an account is failing over as planned, in which its blobs can only be read."""


def take_over(world: World, account_id: str, *, planned: bool) -> None:
    """Make an account's second region its first one.

    Unplanned, the account is locally redundant afterwards, and what had not reached the second
    region is lost: the facet ``lost_writes`` names it. Planned, the regions swap and nothing is
    lost. ``location`` keeps naming the region in which the account was made. Files have no history
    in this world: they are taken over as they are.
    """
    document = world.get(account_id)
    stats = geo_stats(world, document) if document is not None else None
    if document is None or stats is None:
        return
    properties = document["properties"]
    world.facet(account_id).pop(PLANNED_FACET, None)
    former, now_first = properties["primaryLocation"], properties["secondaryLocation"]
    properties["primaryLocation"] = now_first
    properties["lastGeoFailoverTime"] = stamp(world.now())
    if planned:
        properties["secondaryLocation"] = former
    else:
        _without_second_region(document)
        world.facet(account_id).pop("geo", None)
        account = world.accounts.get(str(document["name"]))
        if account is not None:
            world.facet(account_id)["lost_writes"] = lose(account, stats.last_sync or 0.0)
    world.put(account_id, document)


def _without_second_region(document: Document) -> None:
    for key in ("secondaryLocation", "statusOfSecondary", "secondaryEndpoints"):
        document["properties"].pop(key, None)
    name = "Standard_ZRS" if "GZRS" in str(document["sku"]["name"]) else "Standard_LRS"
    document["sku"] = {"name": name, "tier": "Standard"}


def lose(account: BlobAccount, synced: float) -> list[str]:
    """Put an account's blobs back to what they were at ``synced``.

    Returns:
        ``container/blob`` of each blob that is another than before or gone, and ``container/`` of
        each container that is gone.
    """
    lost: list[str] = []
    everything = [*account.containers.values(), *account.deleted_containers]
    account.containers, account.deleted_containers = {}, []
    for container in everything:
        if container.created > synced:
            lost.append(f"{container.name}/")
            continue
        if container.deleted_at is not None and container.deleted_at > synced:
            container.deleted_at = container.version = None
        for name in list(container.blobs):
            before = base(shown(container.blobs[name]))
            rewind(container, name, synced)
            after = base(container.blobs.get(name, []))
            if before is not None and (after is None or after.etag != before.etag):
                lost.append(f"{container.name}/{name}")
        if container.deleted_at is None:
            account.containers[container.name] = container
        else:
            account.deleted_containers.append(container)
    return sorted(lost)
