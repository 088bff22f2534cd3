"""Reading blobs: bytes, properties, block lists, and the list of a container.

Source: https://learn.microsoft.com/rest/api/storageservices/operations-on-blobs
"""

from __future__ import annotations

import base64
import hashlib
from http import HTTPStatus

from starlette.responses import Response

from amlrunbook.simulator import blob_copies, blob_leases, blob_tiers, blob_xml
from amlrunbook.simulator.blob_call import BlobCall
from amlrunbook.simulator.blob_paging import page
from amlrunbook.simulator.blob_states import remaining_days, shown, tag
from amlrunbook.simulator.blob_xml import Element
from amlrunbook.simulator.blobs import Blob
from amlrunbook.simulator.storage_data_plane import http_date


def get_blob(call: BlobCall) -> Response:
    """Answer a blob's bytes, whole or a range of them."""
    blob = _readable(call)
    blob_tiers.refuse_archived(blob, call.now)
    content = call.content(blob)
    asked = call.part(len(content))
    headers = _headers(call, blob)
    if asked is None:
        return Response(content, headers=headers)
    first, last = asked
    part = content[first : last + 1]
    whole = headers.pop("Content-MD5", None)
    if whole:
        headers["x-ms-blob-content-md5"] = whole
    if call.headers.get("x-ms-range-get-content-md5", "").lower() == "true":
        digest = hashlib.md5(part, usedforsecurity=False).digest()
        headers["Content-MD5"] = base64.b64encode(digest).decode()
    headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
    return Response(part, HTTPStatus.PARTIAL_CONTENT, headers=headers)


def blob_properties(call: BlobCall) -> Response:
    """Answer a blob's properties in headers."""
    blob = _readable(call)
    return Response(headers={**_headers(call, blob), "Content-Length": str(blob.size)})


def _readable(call: BlobCall) -> Blob:
    call.need("blobs/read")
    blob = call.blob(call.container())
    call.check_conditions(blob)
    blob_leases.guard(call, blob, changing=False)
    return blob


def _headers(call: BlobCall, blob: Blob) -> dict[str, str]:
    headers = {
        "ETag": tag(blob),
        "Last-Modified": http_date(blob.modified),
        "Content-Type": blob.content_type,
        "Accept-Ranges": "bytes",
        "x-ms-blob-type": blob.kind,
        "x-ms-creation-time": http_date(blob.created or blob.modified),
        **blob_leases.headers(blob.lease, call.now),
        **blob_copies.headers(blob),
        "x-ms-server-encrypted": "true",
        **blob.content_headers,
        **{f"x-ms-meta-{name}": value for name, value in blob.metadata.items()},
    }
    if blob.kind == "AppendBlob":
        headers["x-ms-blob-committed-block-count"] = str(blob.blocks)
    elif call.method == "HEAD":
        headers |= _tier(call, blob)
    if blob.version_id:
        headers["x-ms-version-id"] = blob.version_id
        if blob.current:
            headers["x-ms-is-current-version"] = "true"
    return headers


def _tier(call: BlobCall, blob: Blob) -> dict[str, str]:
    blob_tiers.settle(blob, call.now)
    status = blob_tiers.archive_status(blob)
    return {
        "x-ms-access-tier": blob.tier,
        **({} if blob.tier_given else {"x-ms-access-tier-inferred": "true"}),
        **({"x-ms-archive-status": status} if status else {}),
    }


def get_block_list(call: BlobCall) -> Response:
    """Answer the committed and the staged blocks of a block blob."""
    call.need("blobs/read")
    container = call.container()
    kind = call.query.get("blocklisttype", "committed").lower()
    held = container.blobs.get(call.blob_name, [])
    staged = {key: value for state in held for key, value in state.uncommitted.items()}
    committed: list[tuple[str, str, int]] = []
    if not staged or any(state.current for state in call.states(container)):
        committed = call.blob(container).block_list
    children: list[Element] = []
    if kind in {"committed", "all"}:
        children.append(("CommittedBlocks", [_block(key, size) for key, _, size in committed]))
    if kind in {"uncommitted", "all"}:
        sizes = {key: len(call.azure.contents.get(digest)) for key, digest in staged.items()}
        children.append(("UncommittedBlocks", [_block(*block) for block in sizes.items()]))
    return blob_xml.answer("BlockList", children, {})


def _block(key: str, size: int) -> Element:
    return ("Block", [("Name", key), ("Size", size)])


def list_blobs(call: BlobCall) -> Response:
    """List a container's blobs, flat or by a delimiter, a page at a time."""
    call.need("blobs/read")
    container = call.container()
    prefix, delimiter = call.query.get("prefix", ""), call.query.get("delimiter", "")
    entries: dict[str, Element] = {}
    for name in sorted(container.blobs):
        if not name.startswith(prefix):
            continue
        listed = _chosen(shown(container.blobs[name], call.at), call.include)
        end = name.find(delimiter, len(prefix)) if delimiter else -1
        if end >= 0 and listed:
            folder = name[: end + len(delimiter)]
            entries[folder] = ("BlobPrefix", [("Name", folder)])
            continue
        for place, state in enumerate(listed):
            entries[f"{name}\0{place:05}"] = ("Blob", _listed(call, state))
    part = page(call.query, sorted(entries.items()))
    children: list[Element] = [
        ("Prefix", prefix or None),
        *part.asked,
        ("Delimiter", delimiter or None),
        ("Blobs", list(part.items)),
        ("NextMarker", part.next_marker),
    ]
    attributes = {"ServiceEndpoint": call.endpoint, "ContainerName": container.name}
    return blob_xml.answer("EnumerationResults", children, attributes)


def _chosen(states: list[Blob], include: frozenset[str]) -> list[Blob]:
    """Return the states of one name that a list shows: snapshots and versions, then the base."""

    def wanted(state: Blob) -> bool:
        if state.deleted_at is not None and "deleted" not in include:
            return False
        if state.snapshot is not None:
            return "snapshots" in include
        return state.current or "versions" in include

    return sorted(
        (state for state in states if wanted(state)),
        key=lambda state: (state.current, state.snapshot or state.version_id or ""),
    )


def _listed_tier(call: BlobCall, blob: Blob) -> list[Element]:
    blob_tiers.settle(blob, call.now)
    status = blob_tiers.archive_status(blob)
    inferred: list[Element] = [] if blob.tier_given else [("AccessTierInferred", True)]
    pending: list[Element] = [("ArchiveStatus", status)] if status else []
    return [("AccessTier", blob.tier), *inferred, *pending]


def _listed(call: BlobCall, blob: Blob) -> list[Element]:
    properties: list[Element] = [
        ("Creation-Time", http_date(blob.created or blob.modified)),
        ("Last-Modified", http_date(blob.modified)),
        ("Etag", tag(blob).strip('"')),
        ("Content-Length", blob.size),
        ("Content-Type", blob.content_type),
        *(
            (name, blob.content_headers.get(name, ""))
            for name in ("Content-Encoding", "Content-Language", "Content-CRC64", "Content-MD5")
        ),
        ("Cache-Control", blob.content_headers.get("Cache-Control", "")),
        ("Content-Disposition", blob.content_headers.get("Content-Disposition", "")),
        ("BlobType", blob.kind),
    ]
    if blob.kind == "BlockBlob":
        properties += _listed_tier(call, blob)
    if blob.current and blob.deleted_at is None:
        told = blob_leases.described(blob.lease, call.now)
        properties += [(f"Lease{name.capitalize()}", value) for name, value in told.items()]
    properties.append(("ServerEncrypted", True))
    if blob.deleted_at is not None:
        days = remaining_days(blob.deleted_at, call.policy.blob_days, call.now)
        properties += [
            ("DeletedTime", http_date(blob.deleted_at)),
            ("RemainingRetentionDays", days),
        ]
    found: list[Element] = [("Name", blob.name)]
    if blob.deleted_at is not None:
        found.append(("Deleted", True))
    if blob.snapshot is not None:
        found.append(("Snapshot", blob.snapshot))
    elif blob.version_id is not None and "versions" in call.include:
        found.append(("VersionId", blob.version_id))
        if blob.current and blob.deleted_at is None:
            found.append(("IsCurrentVersion", True))
    found.append(("Properties", properties))
    if "metadata" in call.include:
        found.append(("Metadata", [*blob.metadata.items()]))
    return found
