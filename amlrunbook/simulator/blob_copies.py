"""Copying blobs by address: within this simulated Azure, from any account that the caller may read.

A previous version or a snapshot copied over its blob is how a lost state comes back. A copy is done
when it is answered; Azure may take longer, and a reader has to look at its status in either case.

Sources: https://learn.microsoft.com/rest/api/storageservices/copy-blob ,
https://learn.microsoft.com/rest/api/storageservices/put-blob-from-url
"""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec
from starlette.responses import Response

from amlrunbook.simulator import blob_leases, blob_states
from amlrunbook.simulator.answers import Refusal
from amlrunbook.simulator.blob_call import BlobCall, stamped
from amlrunbook.simulator.blob_states import base, shown
from amlrunbook.simulator.blob_tiers import refuse_archive, refuse_archived
from amlrunbook.simulator.blobs import Blob, Copied
from amlrunbook.simulator.storage_data_plane import http_date

_PARTS = 4
"""``''``, ``blob``, account and the rest: a source's path."""


def copy_blob(call: BlobCall) -> Response:
    """Make a blob of the one that ``x-ms-copy-source`` names.

    Raises:
        Refusal: the source is not there or not here, or the destination is leased.
    """
    call.need("blobs/write")
    container = call.container()
    address = call.headers["x-ms-copy-source"]
    source = _source(call, address)
    refuse_archived(source, call.now)
    before = base(call.states(container))
    call.check_conditions(before)
    blob_leases.guard(call, before)
    from_url = call.headers.get("x-ms-blob-type") == "BlockBlob"
    new = _copy(call, source, before)
    if not from_url:
        new.copied = Copied(id=call.world.guid(), source=address, at=call.now)
    blob_states.put(container, new, call.policy, call.now)
    version = {"x-ms-version-id": new.version_id} if new.version_id else {}
    if from_url:
        encrypted = {"x-ms-request-server-encrypted": "true"}
        digest = {k: v for k, v in new.content_headers.items() if k == "Content-MD5"}
        return stamped(new, HTTPStatus.CREATED, {**digest, **encrypted, **version})
    told = {"x-ms-copy-id": new.copied.id if new.copied else "", "x-ms-copy-status": "success"}
    return stamped(new, HTTPStatus.ACCEPTED, {**told, **version})


def abort_copy(call: BlobCall) -> Response:
    """Abort a copy: there never is one that still runs, and a wrong id is told first.

    Raises:
        Refusal: always.
    """
    call.need("blobs/write")
    blob = call.blob(call.container())
    if blob.copied is not None and blob.copied.id != call.query.get("copyid"):
        raise Refusal(409, "CopyIdMismatch", "The specified copy ID did not match the copy ID "
                      "for the pending copy operation.")  # fmt: skip
    raise Refusal(409, "NoPendingCopyOperation", "There is currently no pending copy operation.")


def headers(blob: Blob) -> dict[str, str]:
    """Return the headers that tell where a blob was copied from."""
    if blob.copied is None:
        return {}
    return {
        "x-ms-copy-id": blob.copied.id,
        "x-ms-copy-source": blob.copied.source,
        "x-ms-copy-status": "success",
        "x-ms-copy-progress": f"{blob.size}/{blob.size}",
        "x-ms-copy-completion-time": http_date(blob.copied.at),
    }


def _copy(call: BlobCall, source: Blob, before: Blob | None) -> Blob:
    """Return a new current state with the source's bytes and headers."""
    tier = call.headers.get("x-ms-access-tier", "")
    refuse_archive(call, tier)
    made = before.created if before is not None and not call.policy.versioning else call.now
    return msgspec.structs.replace(
        source,
        name=call.blob_name,
        metadata=call.metadata() or dict(source.metadata),
        content_headers=dict(source.content_headers),
        block_list=list(source.block_list),
        uncommitted={},
        etag=call.etag(),
        created=made,
        modified=call.now,
        tier=tier or source.tier,
        tier_given=bool(tier),
        current=True,
        version_id=None,
        snapshot=None,
        deleted_at=None,
        since=0.0,
        until=None,
        gone_at=None,
        lease=before.lease if before is not None else None,
        copied=None,
    )


def _source(call: BlobCall, address: str) -> Blob:
    """Return the blob, version or snapshot that an address names."""
    url = urlsplit(address)
    parts = unquote(url.path).split("/", _PARTS - 1)
    here = f"{url.scheme}://{url.netloc}" == call.azure.base_url
    account = call.world.accounts.get(parts[2].lower()) if len(parts) == _PARTS else None
    if not here or parts[1] != "blob" or account is None:
        raise Refusal(
            400, "CannotVerifyCopySource", "The copy source is no blob of this simulated Azure."
        )
    name, _, blob = parts[3].partition("/")
    query = {key.lower(): values[0] for key, values in parse_qs(url.query).items()}
    looking = replace(
        call,
        account=account,
        document=call.world.get(account.resource_id) or {},
        container_name=name,
        blob_name=blob,
        query=query,
    )
    looking.need("blobs/read")
    container = account.containers.get(name)
    states = shown(container.blobs.get(blob, [])) if container else []
    if container is None or not states:
        code = "BlobNotFound" if account is call.account else "CannotVerifyCopySource"
        raise Refusal(404, code, "The specified blob does not exist.")
    return looking.blob(container)
