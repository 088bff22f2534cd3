"""The file service of one account: what an export reads of it. Nothing here writes.

With a token the service is read under backup semantics, which takes the role Storage File Data Privileged Reader.
Source: https://learn.microsoft.com/azure/storage/files/authorize-oauth-rest
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from amlrunbook.azure.access import Access
from amlrunbook.azure.blob_service import PIECE

_PAGE = 1000


class ShareFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a share, as a list tells it."""

    share: str
    path: str
    """With slashes, from the share's root."""
    size: int
    etag: str = ""
    last_modified: str = ""


class FileService:
    """Reads of one account's file service, with azure-storage-file-share."""

    def __init__(self, access: Access, account: str) -> None:
        self._access = access
        self._account = account
        self._base = access.cloud.file_endpoint.format(account=account)

    def files(self, share: str) -> Iterator[ShareFile]:
        """Yield all files of a share, folder by folder.

        Raises:
            AzureError: it cannot be reached, or refuses; what came before was right.
        """
        client = self._client().get_share_client(share)
        folders = [""]
        while folders:
            folder = folders.pop(0)
            for item in self._listed(client, share, folder):
                path = f"{folder}/{item.name}".lstrip("/")
                if item.is_directory:
                    folders.append(path)
                else:
                    yield _file(share, path, item)

    def _listed(self, client: Any, share: str, folder: str) -> Iterator[Any]:
        pages = (
            client.get_directory_client(folder)
            .list_directories_and_files(
                include=["timestamps", "etag"], results_per_page=_PAGE, include_extended_info=True
            )
            .by_page()
        )
        what = f"{self._account}/{share}/{folder} ?comp=list"

        def ask() -> list[Any] | None:
            page = next(pages, None)
            return None if page is None else list(page)

        while (page := self._access.run("GET", what, ask)) is not None:
            yield from page

    def pieces(self, file: ShareFile) -> Iterator[bytes]:
        """Yield a file's bytes in order. The service knows no condition on a read: the caller compares sizes.

        Raises:
            AzureError: it cannot be reached, or refuses.
        """
        client = self._client().get_share_client(file.share).get_file_client(file.path)
        for offset in range(0, file.size, PIECE):
            length = min(PIECE, file.size - offset)

            def ask(offset: int = offset, length: int = length) -> bytes:
                data: bytes = client.download_file(offset=offset, length=length).readall()
                return data

            yield self._access.run("GET", f"{self._account}/{file.share}/{file.path}", ask)

    def _client(self) -> Any:
        from azure.storage.fileshare import ShareServiceClient

        return ShareServiceClient(
            self._base,
            credential=self._access.credential,
            token_intent="backup",  # noqa: S106 - a header's value, no secret
            transport=self._access.transport,
            retry_total=0,
            raw_request_hook=self._access.check,
        )


def _file(share: str, path: str, item: Any) -> ShareFile:
    modified = getattr(item, "last_modified", None) or getattr(item, "last_write_time", None)
    return ShareFile(
        share=share,
        path=path,
        size=int(item.size or 0),
        etag=str(getattr(item, "etag", "") or "").strip('"'),
        last_modified=modified.isoformat() if modified is not None else "",
    )
