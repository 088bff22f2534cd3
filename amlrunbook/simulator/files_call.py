"""One request to the file service of a storage account, and what its answers share.

A share's files are kept by path; a folder is there when it was made or when a file is below it.

Source: https://learn.microsoft.com/rest/api/storageservices/file-service-rest-api
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from amlrunbook.simulator.answers import Refusal
from amlrunbook.simulator.azure import SimulatedAzure
from amlrunbook.simulator.blobs import FileFacts, FileShare
from amlrunbook.simulator.clock import stamp
from amlrunbook.simulator.storage_data_plane import StorageCall, http_date


@dataclass(frozen=True, kw_only=True)
class FilesCall(StorageCall):
    """One request, with the account it goes to."""

    SERVICE = "file"
    ACTIONS = "Microsoft.Storage/storageAccounts/fileServices"

    share_name: str
    path: str
    """Below the share, without slashes at its ends."""

    def share(self) -> FileShare:
        """Return the share that the request names.

        Raises:
            Refusal: it is not there.
        """
        share = self.account.shares.get(self.share_name)
        if share is None:
            raise Refusal(404, "ShareNotFound", "The specified share does not exist.")
        return share

    def facts(self, share: FileShare) -> FileFacts:
        """Return what is known of the file that the request names.

        Raises:
            Refusal: it is not there.
        """
        digest = share.files.get(self.path)
        if digest is None:
            above = self.path.rpartition("/")[0]
            if above and not is_folder(share, above):
                raise parent_not_found()
            raise not_found()
        return facts_of(self.azure, share, self.path)

    def folder(self, share: FileShare) -> str:
        """Return the path of the folder that the request names.

        Raises:
            Refusal: it is not there.
        """
        if self.path and not is_folder(share, self.path):
            raise not_found()
        return self.path

    def content(self, share: FileShare) -> bytes:
        """Return the bytes of the file that the request names."""
        return self.azure.contents.get(share.files[self.path])


def facts_of(azure: SimulatedAzure, share: FileShare, path: str) -> FileFacts:
    """Return what is known of a file; of one that was there from the start, what follows."""
    held = share.facts.get(path)
    if held is not None:
        return held
    size = azure.contents.size(share.files[path])
    return FileFacts(size=size, created=share.created, modified=share.modified)


def is_folder(share: FileShare, path: str) -> bool:
    """Is there a folder of that path?"""
    return path in share.folders or any(name.startswith(f"{path}/") for name in share.files)


def not_found() -> Refusal:
    """Return the refusal of what is not there."""
    return Refusal(404, "ResourceNotFound", "The specified resource does not exist.")


def parent_not_found() -> Refusal:
    """Return the refusal of what is below a folder that is not there."""
    return Refusal(404, "ParentNotFound", "The specified parent path does not exist.")


def stamped(modified: float) -> dict[str, str]:
    """Return the headers of a thing that was changed at a world time."""
    return {"ETag": tag(modified), "Last-Modified": http_date(modified)}


def tag(modified: float) -> str:
    """Return the entity tag of a thing that was changed at a world time."""
    return f'"0x{int(modified * 1e7):X}"'


def described(call: FilesCall, path: str, facts: FileFacts, attributes: str) -> dict[str, str]:
    """Return the headers in which the file system properties of a file or folder stand."""
    share = f"{call.account.resource_id}/{call.share_name}"
    return {
        **stamped(facts.modified),
        "x-ms-server-encrypted": "true",
        "x-ms-file-attributes": attributes,
        "x-ms-file-creation-time": stamp(facts.created),
        "x-ms-file-last-write-time": stamp(facts.modified),
        "x-ms-file-change-time": stamp(facts.modified),
        "x-ms-file-permission-key": "0*0",
        "x-ms-file-id": file_id(share, path),
        "x-ms-file-parent-id": file_id(share, path.rpartition("/")[0]) if path else "0",
        **{f"x-ms-meta-{key}": value for key, value in facts.metadata.items()},
    }


def file_id(share: str, path: str) -> str:
    """Return the number by which the file system knows a path: always the same one."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{share}/{path}").int >> 65)
