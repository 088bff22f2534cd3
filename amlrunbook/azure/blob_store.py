"""The container that exports are written to. Blobs are only ever added: nothing there is changed or removed.

It is no part of the protected workspace, so it may be written in read-only runs as well; its guard
(:class:`amlrunbook.azure.guard.CreateGuard`) lets nothing else leave.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from amlrunbook.azure.access import Access
from amlrunbook.errors import UsageError
from amlrunbook.model.cloud import Cloud

UPLOAD_SECONDS = 3_600.0
"""The deadline of one blob: a model's bytes may be many."""
_BLOCK = 8 * 1024 * 1024
_CONTAINER = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,61})[a-z0-9]")


def container_of(cloud: Cloud, url: str) -> tuple[str, str]:
    """Return the account and the container that a URL names.

    Raises:
        UsageError: it names no container of this cloud.
    """
    pattern = re.escape(cloud.blob_endpoint).replace(r"\{account\}", "(?P<account>[a-z0-9]{3,24})")
    found = re.fullmatch(rf"{pattern}/(?P<container>[^/?#]+)/?", url)
    if found is None or not _CONTAINER.fullmatch(found["container"]) or "--" in found["container"]:
        raise UsageError(
            f"{url!r} names no blob container of this cloud.",
            next_step=f"Give it like {cloud.blob_endpoint.format(account='ACCOUNT')}/CONTAINER, without a signature.",
        )
    return found["account"], found["container"]


class BlobStore:
    """One container, added to with azure-storage-blob."""

    def __init__(self, access: Access, base: str, container: str) -> None:
        self._access = access
        self._base = base
        self._container = container

    @property
    def url(self) -> str:
        """The container's URL."""
        return f"{self._base}/{self._container}"

    def add(self, name: str, data: Iterable[bytes], length: int) -> bool:
        """Add a blob; return whether it is new. One of that name that is there already stays as it is.

        Raises:
            AzureError: the container cannot be reached, refuses, or is not there.
        """

        def ask() -> bool:
            from azure.core.exceptions import ResourceExistsError, ResourceModifiedError

            try:
                self._client().upload_blob(name, data, length=length, overwrite=False)
            except (ResourceExistsError, ResourceModifiedError):
                return False
            return True

        added: bool = self._access.run("PUT", f"{self._container}/{name}", ask)
        return added

    def _client(self) -> Any:
        from azure.storage.blob import ContainerClient

        return ContainerClient(
            self._base,
            self._container,
            credential=self._access.credential,
            secondary_hostname=urlsplit(self._base).netloc,
            transport=self._access.transport,
            retry_total=0,
            max_block_size=_BLOCK,
            max_single_put_size=_BLOCK,
            raw_request_hook=self._access.check,
        )
