"""Changing blobs: block blobs, append blobs, snapshots, deleting and bringing back.

Source: https://learn.microsoft.com/rest/api/storageservices/operations-on-blobs
"""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from starlette.responses import Response

from amlrunbook.simulator import blob_leases, blob_states, blob_tiers
from amlrunbook.simulator.answers import Refusal
from amlrunbook.simulator.blob_call import BlobCall, invalid_header, stamped
from amlrunbook.simulator.blob_states import base, shown
from amlrunbook.simulator.blob_xml import read_block_list
from amlrunbook.simulator.blobs import Blob, Container

_ENCRYPTED = {"x-ms-request-server-encrypted": "true"}
_KEPT_HEADERS = {
    "Content-Encoding": "x-ms-blob-content-encoding",
    "Content-Language": "x-ms-blob-content-language",
    "Content-Disposition": "x-ms-blob-content-disposition",
    "Cache-Control": "x-ms-blob-cache-control",
    "Content-MD5": "x-ms-blob-content-md5",
}
_MOST_BLOCKS = 50_000


def put_blob(call: BlobCall) -> Response:
    """Create a block blob with its bytes, or an empty append blob."""
    call.need("blobs/write")
    kind = call.headers.get("x-ms-blob-type", "")
    if kind not in {"BlockBlob", "AppendBlob"}:
        if not kind:
            raise Refusal(
                400,
                "MissingRequiredHeader",
                "An HTTP header that's mandatory for this request is not specified: "
                "x-ms-blob-type.",
            )
        raise invalid_header("x-ms-blob-type")
    digest = call.check_digest()
    blob = _new(call, kind)
    if kind == "BlockBlob":
        blob.digest, blob.size = call.azure.contents.put(call.body), len(call.body)
        blob.content_headers.setdefault("Content-MD5", digest)
    elif call.body:
        raise invalid_header("Content-Length")
    return _store(call, blob, {"Content-MD5": digest} if kind == "BlockBlob" else {})


def _new(call: BlobCall, kind: str) -> Blob:
    given = call.headers
    blob_tiers.refuse_archive(call, given.get("x-ms-access-tier", ""))
    kept = {name: given[header] for name, header in _KEPT_HEADERS.items() if header in given}
    return Blob(
        name=call.blob_name,
        kind=kind,
        content_type=given.get(
            "x-ms-blob-content-type", given.get("content-type", "application/octet-stream")
        ),
        content_headers=kept,
        metadata=call.metadata(),
        tier=given.get("x-ms-access-tier", "Hot"),
        tier_given="x-ms-access-tier" in given,
        created=call.now,
        modified=call.now,
    )


def _store(call: BlobCall, blob: Blob, headers: dict[str, str]) -> Response:
    container = call.container()
    before = base(call.states(container))
    call.check_conditions(before)
    blob_leases.guard(call, before)
    blob.lease = before.lease if before is not None else None
    if before is not None and not call.policy.versioning:
        blob.created = before.created
    blob.etag = call.etag()
    blob_states.put(container, blob, call.policy, call.now)
    return stamped(blob, HTTPStatus.CREATED, {**headers, **_ENCRYPTED, **_version(blob)})


def _version(blob: Blob) -> dict[str, str]:
    return {"x-ms-version-id": blob.version_id} if blob.version_id else {}


def put_block(call: BlobCall) -> Response:
    """Keep a block until a block list names it."""
    call.need("blobs/write")
    container = call.container()
    digest = call.check_digest()
    key = call.query.get("blockid", "")
    if not key:
        raise Refusal(
            400,
            "InvalidQueryParameterValue",
            "Value for one of the query parameters specified in the request URI is invalid: "
            "blockid.",
        )
    staged = blob_states.stage(container, call.blob_name)
    if any(len(other) != len(key) for other in staged.uncommitted):
        raise Refusal(400, "InvalidBlobOrBlock", "The specified blob or block content is invalid.")
    staged.uncommitted[key] = call.azure.contents.put(call.body)
    call.world.touch()
    return Response(status_code=HTTPStatus.CREATED, headers={**_echoed(call, digest), **_ENCRYPTED})


def _echoed(call: BlobCall, digest: str) -> dict[str, str]:
    """Return the body's MD5 as a header if the request had one: so since version 2019-02-02.

    Source: https://learn.microsoft.com/rest/api/storageservices/put-block
    """
    return {"Content-MD5": digest} if "content-md5" in call.headers else {}


def put_block_list(call: BlobCall) -> Response:
    """Make a block blob of staged blocks and of blocks that it had."""
    call.need("blobs/write")
    container = call.container()
    wanted = read_block_list(call.body)
    if len(wanted) > _MOST_BLOCKS:
        raise Refusal(
            400, "BlockListTooLong", "The block list may not contain more than 50,000 blocks."
        )
    held = base(call.states(container))
    committed = {key: digest for key, digest, _ in held.block_list} if held else {}
    staged = {
        key: digest
        for state in container.blobs.get(call.blob_name, [])
        for key, digest in state.uncommitted.items()
    }
    places = {
        "Committed": committed,
        "Uncommitted": staged,
        "Latest": {**committed, **staged},
    }
    blob = _new(call, "BlockBlob")
    blob.content_type = call.headers.get("x-ms-blob-content-type", "application/octet-stream")
    for kind, key in wanted:
        if key not in places[kind]:
            raise Refusal(400, "InvalidBlockList", "The specified block list is invalid.")
        digest = places[kind][key]
        blob.block_list.append((key, digest, len(call.azure.contents.get(digest))))
    blob.size = sum(size for _, _, size in blob.block_list)
    return _store(call, blob, {})


def append_block(call: BlobCall) -> Response:
    """Append to an append blob, at the place and below the size that the request insists on.

    Source: https://learn.microsoft.com/rest/api/storageservices/append-block
    """
    call.need("blobs/add/action")
    container = call.container()
    held = call.blob(container)
    if held.kind != "AppendBlob":
        raise Refusal(409, "InvalidBlobType", "The blob type is invalid for this operation.")
    digest = call.check_digest()
    call.check_conditions(held)
    blob_leases.guard(call, held)
    place, most = (
        _number(call, "x-ms-blob-condition-appendpos"),
        _number(call, "x-ms-blob-condition-maxsize"),
    )
    if place is not None and place != held.size:
        raise Refusal(
            412,
            "AppendPositionConditionNotMet",
            "The append position condition specified was not met.",
        )
    if most is not None and held.size + len(call.body) > most:
        raise Refusal(
            412,
            "MaxBlobSizeConditionNotMet",
            "The max blob size condition specified was not met.",
        )
    if not call.body:
        raise invalid_header("Content-Length")
    new = msgspec.structs.replace(
        held,
        etag=call.etag(),
        modified=call.now,
        size=held.size + len(call.body),
        blocks=held.blocks + 1,
        block_list=[
            *held.block_list,
            (str(held.blocks), call.azure.contents.put(call.body), len(call.body)),
        ],
    )
    blob_states.replace(container, held, new, call.policy, call.now)
    return stamped(
        new,
        HTTPStatus.CREATED,
        {
            "x-ms-blob-append-offset": str(held.size),
            "x-ms-blob-committed-block-count": str(new.blocks),
            **_echoed(call, digest),
            **_ENCRYPTED,
        },
    )


def _number(call: BlobCall, header: str) -> int | None:
    text = call.headers.get(header)
    if text is None:
        return None
    try:
        return int(text)
    except ValueError as error:
        raise invalid_header(header) from error


def set_blob_metadata(call: BlobCall) -> Response:
    """Replace a blob's metadata; with versioning that makes a version."""
    call.need("blobs/write")
    container = call.container()
    held = call.blob(container)
    call.check_conditions(held)
    blob_leases.guard(call, held)
    new = msgspec.structs.replace(
        held, etag=call.etag(), modified=call.now, metadata=call.metadata()
    )
    if call.policy.versioning:
        blob_states.put(container, new, call.policy, call.now)
    else:
        blob_states.replace(container, held, new, call.policy, call.now)
    return stamped(new, HTTPStatus.OK, {**_ENCRYPTED, **_version(new)})


def snapshot_blob(call: BlobCall) -> Response:
    """Take a snapshot of a blob."""
    call.need("blobs/write")
    container = call.container()
    held = call.blob(container)
    call.check_conditions(held)
    blob_leases.guard(call, held, changing=False)
    call.world.touch()
    taken = blob_states.snapshot(container, held, call.now)
    taken.metadata = call.metadata() or taken.metadata
    return stamped(taken, HTTPStatus.CREATED, {"x-ms-snapshot": taken.snapshot or ""})


def delete_blob(call: BlobCall) -> Response:
    """Delete a blob, one of its snapshots or one of its versions."""
    call.need("blobs/delete")
    container = call.container()
    held = call.blob(container)
    call.check_conditions(held)
    if call.query.get("snapshot") or call.query.get("versionid"):
        _delete_other(call, container, held)
    else:
        blob_leases.guard(call, held)
        _delete_base(call, container, held)
    call.world.touch()
    return Response(
        status_code=HTTPStatus.ACCEPTED,
        headers={"x-ms-delete-type-permanent": str(call.policy.blob_days is None).lower()},
    )


def _delete_other(call: BlobCall, container: Container, held: Blob) -> None:
    if held.current:
        raise Refusal(
            403,
            "OperationNotAllowedOnRootBlob",
            "The operation is not allowed on the root blob.",
        )
    blob_states.delete_other(container, held, call.policy, call.now)


def _delete_base(call: BlobCall, container: Container, held: Blob) -> None:
    snapshots = [
        state
        for state in shown(container.blobs[held.name])
        if state.snapshot is not None and state.deleted_at is None
    ]
    how = call.headers.get("x-ms-delete-snapshots")
    if snapshots and how is None:
        raise Refusal(
            409,
            "SnapshotsPresent",
            "This operation is not permitted while the blob has snapshots.",
        )
    for state in snapshots:
        blob_states.delete_other(container, state, call.policy, call.now)
    if how != "only":
        blob_states.delete_base(container, held, call.policy, call.now)


def undelete_blob(call: BlobCall) -> Response:
    """Bring back what is soft-deleted of a blob; one that is there already stays as it is."""
    call.need("blobs/write")
    if not blob_states.undelete(call.container(), call.blob_name):
        raise Refusal(404, "BlobNotFound", "The specified blob does not exist.")
    call.world.touch()
    return Response()
