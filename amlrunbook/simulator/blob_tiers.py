"""Access tiers of block blobs: what is archived is neither read nor copied until it is rehydrated.

Sources: https://learn.microsoft.com/rest/api/storageservices/set-blob-tier and
https://learn.microsoft.com/azure/storage/blobs/archive-rehydrate-overview
"""

from __future__ import annotations

from http import HTTPStatus

from starlette.responses import Response

from amlrunbook.simulator.answers import Refusal
from amlrunbook.simulator.blob_call import BlobCall, invalid_header
from amlrunbook.simulator.blob_leases import guard
from amlrunbook.simulator.blobs import Blob, BlobAccount

ARCHIVE = "Archive"
_TIERS = ("Hot", "Cool", "Cold", ARCHIVE)
_HOUR = 3600.0
REHYDRATION_SECONDS = {"Standard": 15 * _HOUR, "High": _HOUR}
"""World seconds until an archived blob is online again, by priority: at most so long in Azure."""


def set_tier(call: BlobCall) -> Response:
    """Move a block blob to another tier: at once, or hours later out of the archive.

    Raises:
        Refusal: it is no block blob, the account keeps no archive, or it is on its way already.
    """
    call.need("blobs/write")
    blob = call.blob(call.container())
    wanted = call.headers.get("x-ms-access-tier", "")
    if wanted not in _TIERS or blob.kind != "BlockBlob":
        raise Refusal(
            400,
            "AccessTierNotSupportedForBlobType",
            f"The access tier '{wanted[:20]}' is not supported for a {blob.kind}.",
        )
    guard(call, blob, changing=False)
    refuse_archive(call, wanted)
    settle(blob, call.now)
    if blob.rehydrated_at is not None and wanted not in {ARCHIVE, blob.rehydrated_to}:
        raise Refusal(409, "BlobBeingRehydrated", "This operation is not permitted because the "
                      "blob is being rehydrated.")  # fmt: skip
    call.world.touch()
    blob.tier_given = True
    if blob.tier != ARCHIVE or wanted == ARCHIVE:
        blob.tier, blob.rehydrated_at = wanted, None
        return Response(status_code=HTTPStatus.OK)
    if blob.rehydrated_at is None:
        priority = call.headers.get("x-ms-rehydrate-priority", "Standard")
        if priority not in REHYDRATION_SECONDS:
            raise invalid_header("x-ms-rehydrate-priority")
        blob.rehydrated_at = call.now + REHYDRATION_SECONDS[priority]
        blob.rehydrated_to = wanted
    return Response(status_code=HTTPStatus.ACCEPTED)


def refuse_archive(call: BlobCall, tier: str) -> None:
    """Refuse the archive where redundancy is by zones: it is for LRS, GRS and RA-GRS alone.

    Source: https://learn.microsoft.com/azure/storage/blobs/access-tiers-overview

    Raises:
        Refusal: it is.
    """
    if tier == ARCHIVE and "ZRS" in str(call.document["sku"]["name"]):
        raise Refusal(
            409,
            "OperationNotSupportedOnAccount",
            f"The archive tier is not supported by an account with {call.document['sku']['name']}.",
        )


def settle(blob: Blob, now: float) -> None:
    """Let a rehydration end whose time has come."""
    if blob.rehydrated_at is not None and blob.rehydrated_at <= now:
        blob.tier, blob.rehydrated_at = blob.rehydrated_to, None


def refuse_archived(blob: Blob, now: float) -> None:
    """Refuse to hand out the bytes of an archived blob.

    Raises:
        Refusal: it is archived, or being rehydrated.
    """
    settle(blob, now)
    if blob.tier == ARCHIVE:
        raise Refusal(409, "BlobArchived", "This operation is not permitted on an archived blob.")


def archive_status(blob: Blob) -> str | None:
    """Return what the archive says of a blob that is on its way out of it."""
    if blob.rehydrated_at is None:
        return None
    return f"rehydrate-pending-to-{blob.rehydrated_to.lower()}"


def holds_archived(account: BlobAccount, now: float) -> bool:
    """Does an account hold archived blobs? Then it cannot be made geo-redundant again.

    Source: https://learn.microsoft.com/azure/storage/common/storage-initiate-account-failover
    """
    for container in account.containers.values():
        for state in (s for states in container.blobs.values() for s in states):
            settle(state, now)
            if state.tier == ARCHIVE and state.gone_at is None:
                return True
    return False
