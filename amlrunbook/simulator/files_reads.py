"""What the file service tells: shares, folders, files and their bytes.

Sources: https://learn.microsoft.com/rest/api/storageservices/list-shares ,
.../list-directories-and-files, .../get-file, .../get-file-properties, .../list-ranges
"""

from __future__ import annotations

from http import HTTPStatus

from starlette.responses import Response

from amlrunbook.simulator import blob_paging, blob_xml
from amlrunbook.simulator.blob_xml import Element
from amlrunbook.simulator.blobs import FileFacts, FileShare
from amlrunbook.simulator.files_call import (
    FilesCall,
    described,
    facts_of,
    file_id,
    stamped,
    tag,
)
from amlrunbook.simulator.storage_data_plane import http_date

READ = "fileshares/files/read"


def service_properties(call: FilesCall) -> Response:
    """Answer the settings of the service: none that a caller could change here."""
    off: list[Element] = [("Version", "1.0"), ("Enabled", False)]
    found: list[Element] = [("HourMetrics", off), ("MinuteMetrics", off), ("Cors", [])]
    call.need("fileshares/read")
    return blob_xml.answer("StorageServiceProperties", found, {})


def list_shares(call: FilesCall) -> Response:
    """List shares, deleted ones if asked."""
    call.need("fileshares/read")
    shares = sorted(call.account.shares.values(), key=lambda share: share.name)
    if "deleted" in call.query.get("include", "").lower():
        shares += call.account.deleted_shares
    prefix = call.query.get("prefix", "")
    fitting = [(share.name, share) for share in shares if share.name.startswith(prefix)]
    page = blob_paging.page(call.query, fitting)
    entries: list[Element] = [("Share", _share(share)) for share in page.items]
    children: list[Element] = [
        ("Prefix", prefix or None),
        *page.asked,
        ("Shares", entries),
        ("NextMarker", page.next_marker),
    ]
    attributes = {"ServiceEndpoint": call.endpoint}
    return blob_xml.answer("EnumerationResults", children, attributes)


def _share(share: FileShare) -> list[Element]:
    properties: list[Element] = [
        ("Last-Modified", http_date(share.modified)),
        ("Etag", tag(share.modified)),
        ("Quota", share.quota_gib),
        ("AccessTier", "TransactionOptimized"),
        ("LeaseStatus", "unlocked"),
        ("LeaseState", "available"),
        ("EnabledProtocols", "SMB"),
    ]
    if share.deleted_at is None:
        return [("Name", share.name), ("Properties", properties)]
    properties += [
        ("DeletedTime", http_date(share.deleted_at)),
        ("RemainingRetentionDays", 7),
    ]
    return [
        ("Name", share.name),
        ("Deleted", True),
        ("Version", share.version or ""),
        ("Properties", properties),
    ]


def share_properties(call: FilesCall) -> Response:
    """Answer a share's properties in headers."""
    call.need("fileshares/read")
    share = call.share()
    return Response(
        headers={
            **stamped(share.modified),
            "x-ms-share-quota": str(share.quota_gib),
            "x-ms-access-tier": "TransactionOptimized",
            "x-ms-lease-status": "unlocked",
            "x-ms-lease-state": "available",
            "x-ms-enabled-protocols": "SMB",
            **{f"x-ms-meta-{key}": value for key, value in share.metadata.items()},
        }
    )


def folder_properties(call: FilesCall) -> Response:
    """Answer a folder's properties in headers."""
    call.need(READ)
    share = call.share()
    path = call.folder(share)
    facts = FileFacts(created=share.created, modified=share.modified)
    return Response(headers=described(call, path, facts, "Directory"))


def list_folder(call: FilesCall) -> Response:
    """List what is in a folder: folders and files by name, a page at a time."""
    call.need(READ)
    share = call.share()
    path = call.folder(share)
    prefix = call.query.get("prefix", "")
    names = _names(share, path)
    fitting = [(name, name) for name in sorted(names) if name.startswith(prefix)]
    page = blob_paging.page(call.query, fitting)
    entries = [_entry(call, share, path, name, is_file=names[name]) for name in page.items]
    children: list[Element] = [
        ("Prefix", prefix or None),
        *page.asked,
        ("DirectoryId", file_id(f"{call.account.resource_id}/{share.name}", path)),
        ("Entries", entries),
        ("NextMarker", page.next_marker),
    ]
    attributes = {
        "ServiceEndpoint": call.endpoint,
        "ShareName": share.name,
        "DirectoryPath": path,
    }
    return blob_xml.answer("EnumerationResults", children, attributes)


def _names(share: FileShare, path: str) -> dict[str, bool]:
    """Return the names in a folder, and whether each is a file's."""
    under = f"{path}/" if path else ""
    found: dict[str, bool] = {}
    for name in share.folders:
        if name.startswith(under) and name != path:
            found.setdefault(name[len(under) :].partition("/")[0], False)
    for name in share.files:
        if name.startswith(under):
            first, slash, _ = name[len(under) :].partition("/")
            found[first] = not slash
    return found


def _entry(call: FilesCall, share: FileShare, path: str, name: str, *, is_file: bool) -> Element:
    full = f"{path}/{name}" if path else name
    where = f"{call.account.resource_id}/{share.name}"
    head: list[Element] = [("FileId", file_id(where, full)), ("Name", name)]
    if not is_file:
        return ("Directory", [*head, ("Properties", [])])
    facts = facts_of(call.azure, share, full)
    properties: list[Element] = [
        ("Content-Length", facts.size),
        ("Last-Modified", http_date(facts.modified)),
        ("Etag", tag(facts.modified)),
    ]
    return ("File", [*head, ("Properties", properties)])


def get_file(call: FilesCall) -> Response:
    """Answer a file's bytes, whole or a range of them.

    Raises:
        Refusal: there is no such file, or the range is outside it.
    """
    call.need(READ)
    share = call.share()
    facts = call.facts(share)
    content = call.content(share)
    headers = _file_headers(call, facts)
    asked = call.part(len(content))
    if asked is None:
        return Response(content, headers=headers)
    first, last = asked
    headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
    return Response(content[first : last + 1], HTTPStatus.PARTIAL_CONTENT, headers=headers)


def file_properties(call: FilesCall) -> Response:
    """Answer a file's properties in headers."""
    call.need(READ)
    facts = call.facts(call.share())
    return Response(headers={**_file_headers(call, facts), "Content-Length": str(facts.size)})


def list_ranges(call: FilesCall) -> Response:
    """List the ranges of a file that hold bytes: one, unless it is empty."""
    call.need(READ)
    facts = call.facts(call.share())
    ranges: list[Element] = []
    if facts.size:
        ranges = [("Range", [("Start", 0), ("End", facts.size - 1)])]
    answer = blob_xml.answer("Ranges", ranges, {})
    answer.headers.update({**stamped(facts.modified), "x-ms-content-length": str(facts.size)})
    return answer


def _file_headers(call: FilesCall, facts: FileFacts) -> dict[str, str]:
    return {
        **described(call, call.path, facts, "Archive"),
        "Content-Type": facts.content_type,
        "x-ms-type": "File",
        "Accept-Ranges": "bytes",
        "x-ms-lease-status": "unlocked",
        "x-ms-lease-state": "available",
    }
