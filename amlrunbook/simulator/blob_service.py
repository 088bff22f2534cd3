"""The blob service on ``/blob/{account}`` and its read-only twin ``/blob/{account}-secondary``.

The twin trails: it shows the account as it was at its last sync time (:mod:`.geo`). An account
that does not exist, and the twin of one that does not replicate, have no name in Azure's DNS: the
connection is closed without an answer.
"""

from __future__ import annotations

import re
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from amlrunbook.simulator import (
    blob_containers,
    blob_copies,
    blob_leases,
    blob_reads,
    blob_states,
    blob_tiers,
    blob_writes,
    storage_data_plane,
)
from amlrunbook.simulator.answers import Refusal
from amlrunbook.simulator.azure import SimulatedAzure
from amlrunbook.simulator.blob_call import BlobCall
from amlrunbook.simulator.blob_states import Policy
from amlrunbook.simulator.geo import geo_stats, is_readable
from amlrunbook.simulator.storage_data_plane import Operations, lowered, operation

_SECONDARY = "-secondary"
_METHODS = ["GET", "HEAD", "PUT", "POST", "DELETE"]

_OPERATIONS: Operations[BlobCall] = {
    # level, method, restype, comp
    ("service", "GET", "service", "properties"): blob_containers.service_properties,
    ("service", "GET", "service", "stats"): blob_containers.service_stats,
    ("service", "GET", "account", "properties"): blob_containers.account_information,
    ("service", "HEAD", "account", "properties"): blob_containers.account_information,
    ("service", "GET", "", "list"): blob_containers.list_containers,
    ("container", "PUT", "container", ""): blob_containers.create_container,
    ("container", "GET", "container", ""): blob_containers.container_properties,
    ("container", "HEAD", "container", ""): blob_containers.container_properties,
    ("container", "DELETE", "container", ""): blob_containers.delete_container,
    ("container", "PUT", "container", "metadata"): blob_containers.set_container_metadata,
    ("container", "PUT", "container", "undelete"): blob_containers.undelete_container,
    ("container", "PUT", "container", "lease"): blob_leases.lease_container,
    ("container", "GET", "container", "list"): blob_reads.list_blobs,
    ("blob", "GET", "", ""): blob_reads.get_blob,
    ("blob", "HEAD", "", ""): blob_reads.blob_properties,
    ("blob", "GET", "", "blocklist"): blob_reads.get_block_list,
    ("blob", "PUT", "", ""): blob_writes.put_blob,
    ("blob", "PUT", "", "block"): blob_writes.put_block,
    ("blob", "PUT", "", "blocklist"): blob_writes.put_block_list,
    ("blob", "PUT", "", "appendblock"): blob_writes.append_block,
    ("blob", "PUT", "", "metadata"): blob_writes.set_blob_metadata,
    ("blob", "PUT", "", "snapshot"): blob_writes.snapshot_blob,
    ("blob", "PUT", "", "lease"): blob_leases.lease_blob,
    ("blob", "PUT", "", "tier"): blob_tiers.set_tier,
    ("blob", "PUT", "", "copy"): blob_copies.abort_copy,
    ("blob", "PUT", "", "undelete"): blob_writes.undelete_blob,
    ("blob", "DELETE", "", ""): blob_writes.delete_blob,
}


def routes(azure: SimulatedAzure) -> list[Route]:
    """Return the routes of the blob service."""
    return storage_data_plane.routes(BlobCall.SERVICE, _METHODS, partial(_call, azure), _serve)


async def _call(azure: SimulatedAzure, request: Request) -> BlobCall | None:
    """Return the request with its account; ``None`` when the host's name would not resolve."""
    host = str(request.path_params["account"]).lower()
    secondary = host.endswith(_SECONDARY)
    name = host.removesuffix(_SECONDARY)
    world = azure.world
    account, document = world.accounts.get(name), world.storage_account(name)
    if account is None or document is None:
        return None
    stats = geo_stats(world, document)
    if secondary and stats is None:
        return None
    body = await request.body()
    service = world.get(f"{account.resource_id}/blobServices/default") or {}
    rest = _without_former_host(str(request.path_params.get("rest", "")), name)
    container, _, blob = rest.partition("/")
    synced = stats.last_sync if stats else None
    return BlobCall(
        azure=azure,
        account=account,
        document=document,
        policy=Policy.of(service.get("properties", {}), trailing=stats is not None),
        stats=stats,
        at=(synced or 0.0) if secondary else None,
        secondary=secondary,
        method=request.method,
        container_name=container,
        blob_name=blob,
        query=lowered(request.query_params),
        headers=lowered(request.headers),
        body=body,
        now=world.now(),
    )


def _without_former_host(rest: str, account: str) -> str:
    """Return a path without the prefixes that the SDK leaves when it changes hosts.

    The SDK turns to the other location by putting its host in place of ``127.0.0.1:PORT``; as our
    hosts have a path, the one that was there before stays: ``/blob/a-secondary/blob/a/container``.
    """
    former = re.compile(rf"blob/{re.escape(account)}({_SECONDARY})?(/|$)", re.IGNORECASE)
    while found := former.match(rest):
        rest = rest[found.end() :]
    return rest


def _serve(call: BlobCall) -> Response:
    _check_secondary(call)
    synced = call.stats.last_sync if call.stats else None
    if blob_states.expire(call.account, call.policy, call.now, synced):
        call.world.touch()
    level = "blob" if call.blob_name else "container" if call.container_name else "service"
    found = operation(_OPERATIONS, call, level)
    if found is blob_writes.put_blob and "x-ms-copy-source" in call.headers:
        return blob_copies.copy_blob(call)
    return found(call)


def _check_secondary(call: BlobCall) -> None:
    """Refuse what a secondary refuses.

    Sources: https://learn.microsoft.com/rest/api/storageservices/get-blob-service-stats and
    https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes

    Raises:
        Refusal: its reading is off, or the request would write.
    """
    if not call.secondary:
        call.refuse_while_swapping()
        return
    if not is_readable(str(call.document["sku"]["name"])):
        raise Refusal(
            403, "InsufficientAccountPermissions", "Read operations are currently disabled."
        )
    if not call.reads:
        raise Refusal(403, "InsufficientAccountPermissions", "Write operations are not allowed.")
