"""What changes in the file service: shares, folders, files and ranges of their bytes.

Sources: https://learn.microsoft.com/rest/api/storageservices/create-share , .../create-directory,
.../create-file, .../put-range, .../delete-file2
"""

from __future__ import annotations

import re

from starlette.responses import Response

from amlrunbook.simulator.answers import Refusal
from amlrunbook.simulator.blobs import FileFacts, FileShare
from amlrunbook.simulator.files_call import (
    FilesCall,
    described,
    is_folder,
    not_found,
    parent_not_found,
    stamped,
)

WRITE = "fileshares/files/write"
DELETE = "fileshares/files/delete"
_RANGE = re.compile(r"bytes=(\d+)-(\d+)")
_LARGEST = 4 * 1024**2
"""Bytes that one range may be put with."""
_MOST = 64 * 1024**2
"""Bytes that a file may have here; Azure's may have four TiB."""


def create_share(call: FilesCall) -> Response:
    """Make a share.

    Raises:
        Refusal: there is one of that name.
    """
    call.need("fileshares/write")
    if call.share_name in call.account.shares:
        raise Refusal(409, "ShareAlreadyExists", "The specified share already exists.")
    now = call.world.now()
    share = FileShare(name=call.share_name, created=now, modified=now, metadata=call.metadata())
    quota = call.headers.get("x-ms-share-quota", "")
    if quota.isdigit():
        share.quota_gib = int(quota)
    call.account.shares[share.name] = share
    call.world.touch()
    return Response(status_code=201, headers=stamped(now))


def create_folder(call: FilesCall) -> Response:
    """Make a folder.

    Raises:
        Refusal: there is something of that name, or nothing above it.
    """
    call.need(WRITE)
    share = call.share()
    _check_parent(call, share)
    if is_folder(share, call.path) or call.path in share.files:
        raise Refusal(409, "ResourceAlreadyExists", "The specified resource already exists.")
    share.folders.append(call.path)
    now = _touched(call, share)
    facts = FileFacts(created=now, modified=now)
    return Response(status_code=201, headers=described(call, call.path, facts, "Directory"))


def delete_folder(call: FilesCall) -> Response:
    """Delete a folder.

    Raises:
        Refusal: it is not there, or something is in it.
    """
    call.need(DELETE)
    share = call.share()
    if not call.path or not is_folder(share, call.path):
        raise not_found()
    under = f"{call.path}/"
    if any(name.startswith(under) for name in (*share.files, *share.folders)):
        raise Refusal(409, "DirectoryNotEmpty", "The specified directory is not empty.")
    share.folders.remove(call.path)
    _touched(call, share)
    return Response(status_code=202)


def create_file(call: FilesCall) -> Response:
    """Make a file of so many zeros, or empty one that is there.

    Raises:
        Refusal: the size is none or too large, or the path cannot be a file's.
    """
    call.need(WRITE)
    share = call.share()
    size = call.headers.get("x-ms-content-length", "")
    if not size.isdigit() or int(size) > _MOST:
        raise Refusal(
            400, "InvalidHeaderValue", f"The value '{size}' of x-ms-content-length is not valid."
        )
    _check_parent(call, share)
    if is_folder(share, call.path):
        raise Refusal(
            409, "ResourceTypeMismatch", "The specified resource type does not match the existing."
        )
    now = _touched(call, share)
    share.files[call.path] = call.azure.contents.put(bytes(int(size)))
    kept = share.facts.get(call.path)
    facts = FileFacts(
        size=int(size),
        created=kept.created if kept else now,
        modified=now,
        content_type=call.headers.get("x-ms-content-type", "application/octet-stream"),
        metadata=call.metadata(),
    )
    share.facts[call.path] = facts
    return Response(status_code=201, headers=described(call, call.path, facts, "Archive"))


def put_range(call: FilesCall) -> Response:
    """Write or clear a range of a file's bytes.

    Raises:
        Refusal: the file is not there, or the range does not fit it or the body.
    """
    call.need(WRITE)
    share = call.share()
    facts = call.facts(share)
    asked = call.headers.get("x-ms-range") or call.headers.get("range") or ""
    found = _RANGE.fullmatch(asked)
    if found is None:
        raise Refusal(400, "InvalidHeaderValue", f"The range '{asked}' is not valid.")
    first, last = int(found[1]), int(found[2])
    clearing = call.headers.get("x-ms-write", "update").lower() == "clear"
    body = bytes(max(0, last - first + 1)) if clearing else call.body
    if last >= facts.size or last < first or len(body) != last - first + 1 or len(body) > _LARGEST:
        raise Refusal(416, "InvalidRange", "The range specified is invalid for the current size.")
    content = bytearray(call.content(share))
    content[first : last + 1] = body
    share.files[call.path] = call.azure.contents.put(bytes(content))
    facts.modified = _touched(call, share)
    share.facts[call.path] = facts
    said = {**stamped(facts.modified), "x-ms-request-server-encrypted": "true"}
    return Response(status_code=201, headers=said)


def set_metadata(call: FilesCall) -> Response:
    """Replace a file's metadata."""
    call.need(WRITE)
    share = call.share()
    facts = call.facts(share)
    facts.metadata = call.metadata()
    facts.modified = _touched(call, share)
    share.facts[call.path] = facts
    return Response(headers=stamped(facts.modified))


def delete_file(call: FilesCall) -> Response:
    """Delete a file; the file service keeps none by itself.

    Raises:
        Refusal: it is not there.
    """
    call.need(DELETE)
    share = call.share()
    call.facts(share)
    above = call.path.rpartition("/")[0]
    del share.files[call.path]
    share.facts.pop(call.path, None)
    if above and not is_folder(share, above):
        share.folders.append(above)  # its folder stays, and nothing else tells of it now
    _touched(call, share)
    return Response(status_code=202)


def _check_parent(call: FilesCall, share: FileShare) -> None:
    above = call.path.rpartition("/")[0]
    if above and not is_folder(share, above):
        raise parent_not_found()


def _touched(call: FilesCall, share: FileShare) -> float:
    """Note a change of a share; return when it was."""
    share.modified = call.world.now()
    call.world.touch()
    return share.modified
