"""The blob service's own properties, and its containers.

Source: https://learn.microsoft.com/rest/api/storageservices/operations-on-containers
"""

from __future__ import annotations

import re
from http import HTTPStatus

from starlette.responses import Response

from amlrunbook.simulator import blob_leases, blob_xml
from amlrunbook.simulator.answers import Refusal
from amlrunbook.simulator.blob_call import BlobCall, stamped
from amlrunbook.simulator.blob_paging import page
from amlrunbook.simulator.blob_states import remaining_days, tag
from amlrunbook.simulator.blob_xml import Element
from amlrunbook.simulator.blobs import Container
from amlrunbook.simulator.storage_data_plane import http_date
from amlrunbook.simulator.world import Document

_NAME = re.compile(r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*|\$root|\$web|\$logs")


def service_stats(call: BlobCall) -> Response:
    """Answer how far the secondary is behind; only the secondary can be asked."""
    if not call.secondary or call.stats is None:
        raise Refusal(
            400,
            "InvalidQueryParameterValue",
            "Value for one of the query parameters specified in the request URI is invalid.",
        )
    synced = call.stats.last_sync
    geo: list[Element] = [
        ("Status", call.stats.status.lower()),
        ("LastSyncTime", "" if synced is None else http_date(synced)),
    ]
    return blob_xml.answer("StorageServiceStats", [("GeoReplication", geo)], {})


def service_properties(call: BlobCall) -> Response:
    """Answer the service's settings: what the resource manager set of them."""
    held = call.world.get(f"{call.account.resource_id}/blobServices/default") or {}
    properties: Document = held.get("properties", {})
    off: list[Element] = [("Version", "1.0"), ("Enabled", False)]
    unkept: list[Element] = [("RetentionPolicy", [("Enabled", False)])]
    verbs: list[Element] = [("Read", False), ("Write", False), ("Delete", False)]
    deletion = properties.get("deleteRetentionPolicy") or {"enabled": False}
    retention: list[Element] = [("Enabled", bool(deletion.get("enabled")))]
    if deletion.get("enabled"):
        retention.append(("Days", deletion.get("days", 7)))
    children: list[Element] = [
        ("Logging", [("Version", "1.0"), *verbs, *unkept]),
        ("HourMetrics", [*off, *unkept]),
        ("MinuteMetrics", [*off, *unkept]),
        ("Cors", []),
        ("DefaultServiceVersion", properties.get("defaultServiceVersion")),
        ("DeleteRetentionPolicy", retention),
        ("StaticWebsite", [("Enabled", False)]),
    ]
    return blob_xml.answer("StorageServiceProperties", children, {})


def account_information(call: BlobCall) -> Response:
    """Answer the account's SKU and kind."""
    call.need("read")
    return Response(
        headers={
            "x-ms-sku-name": str(call.document["sku"]["name"]),
            "x-ms-account-kind": str(call.document.get("kind", "StorageV2")),
            "x-ms-is-hns-enabled": str(
                bool(call.document["properties"].get("isHnsEnabled"))
            ).lower(),
        }
    )


def list_containers(call: BlobCall) -> Response:
    """List containers, deleted ones if asked, a page at a time."""
    call.need("read")
    prefix = call.query.get("prefix", "")
    found = [*call.containers()]
    if "deleted" in call.include and call.at is None:
        found += call.account.deleted_containers
    entries = sorted(
        ((c.name, c.version or "", c) for c in found if c.name.startswith(prefix)),
        key=lambda entry: entry[:2],
    )
    part = page(call.query, [(f"{name}/{version}", c) for name, version, c in entries])
    children: list[Element] = [
        ("Prefix", prefix or None),
        *part.asked,
        ("Containers", [("Container", _listed(call, c)) for c in part.items]),
        ("NextMarker", part.next_marker),
    ]
    return blob_xml.answer("EnumerationResults", children, {"ServiceEndpoint": call.endpoint})


def _listed(call: BlobCall, container: Container) -> list[Element]:
    deleted = container.deleted_at if call.at is None else None
    properties: list[Element] = [
        ("Last-Modified", http_date(container.modified)),
        ("Etag", tag(container)),
        *_lease(call, container),
        ("DefaultEncryptionScope", "$account-encryption-key"),
        ("DenyEncryptionScopeOverride", False),
        ("HasImmutabilityPolicy", False),
        ("HasLegalHold", False),
        ("ImmutableStorageWithVersioningEnabled", False),
    ]
    if deleted is not None:
        days = remaining_days(deleted, call.policy.container_days, call.now)
        properties += [("DeletedTime", http_date(deleted)), ("RemainingRetentionDays", days)]
    found: list[Element] = [("Name", container.name)]
    if deleted is not None:
        found += [("Deleted", True), ("Version", container.version)]
    found.append(("Properties", properties))
    if "metadata" in call.include:
        found.append(("Metadata", [*container.metadata.items()]))
    return found


def _lease(call: BlobCall, container: Container) -> list[Element]:
    told = blob_leases.described(container.lease, call.now)
    return [(f"Lease{name.capitalize()}", value) for name, value in told.items()]


def create_container(call: BlobCall) -> Response:
    """Create a container."""
    call.need("write")
    name = call.container_name
    if not _NAME.fullmatch(name):
        raise Refusal(400, "InvalidResourceName", "The specified resource name contains "
                      "invalid characters.")  # fmt: skip
    if name in call.account.containers:
        raise Refusal(409, "ContainerAlreadyExists", "The specified container already exists.")
    container = Container(
        name=name,
        etag=call.etag(),
        created=call.now,
        modified=call.now,
        metadata=call.metadata(),
    )
    call.account.containers[name] = container
    return stamped(container, HTTPStatus.CREATED)


def container_properties(call: BlobCall) -> Response:
    """Answer a container's properties and metadata in headers."""
    call.need("read")
    container = call.container()
    return stamped(
        container,
        headers={
            **blob_leases.headers(container.lease, call.now),
            "x-ms-has-immutability-policy": "false",
            "x-ms-has-legal-hold": "false",
            "x-ms-default-encryption-scope": "$account-encryption-key",
            "x-ms-deny-encryption-scope-override": "false",
            **{f"x-ms-meta-{name}": value for name, value in container.metadata.items()},
        },
    )


def set_container_metadata(call: BlobCall) -> Response:
    """Replace a container's metadata."""
    call.need("write")
    container = call.container()
    call.check_conditions(container)
    blob_leases.guard(call, container, changing=False)
    container.metadata = call.metadata()
    container.etag, container.modified = call.etag(), call.now
    return stamped(container)


def delete_container(call: BlobCall) -> Response:
    """Delete a container; it is kept for a while where the account's settings say so."""
    call.need("delete")
    container = call.container()
    call.check_conditions(container)
    blob_leases.guard(call, container)
    container.lease = None
    del call.account.containers[container.name]
    call.world.touch()
    if call.policy.container_days is not None:
        container.deleted_at = call.now
        container.version = call.world.guid().replace("-", "").upper()[:16]
        call.account.deleted_containers.append(container)
    return Response(status_code=HTTPStatus.ACCEPTED)


def undelete_container(call: BlobCall) -> Response:
    """Bring a soft-deleted container back, under its old name.

    Source: https://learn.microsoft.com/rest/api/storageservices/restore-container
    """
    call.need("write")
    name = call.headers.get("x-ms-deleted-container-name", "")
    version = call.headers.get("x-ms-deleted-container-version", "")
    if call.container_name in call.account.containers:
        raise Refusal(409, "ContainerAlreadyExists", "The specified container already exists.")
    for container in call.account.deleted_containers:
        if (container.name, container.version) == (name, version):
            call.account.deleted_containers.remove(container)
            container.name = call.container_name
            container.deleted_at = container.version = None
            container.etag, container.modified = call.etag(), call.now
            call.account.containers[container.name] = container
            return Response(status_code=HTTPStatus.CREATED)
    raise Refusal(404, "ContainerNotFound", "The specified container does not exist.")
