"""The blob service of one account: what a check reads of it. Nothing here writes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

import msgspec

from amlrunbook.azure.access import Access
from amlrunbook.model.cloud import Cloud

ARCHIVE = "Archive"
"""The tier whose blobs cannot be read until they are rehydrated."""
_PAGE = 5000
"""The most blobs that one answer lists."""
PIECE = 4 * 1024 * 1024
"""Bytes that are read at once, each under a deadline of its own."""


class GeoReplication(msgspec.Struct, frozen=True, kw_only=True):
    """What the secondary says of its replication."""

    status: str
    """``live``, ``bootstrap`` or ``unavailable``."""
    last_sync_time: str
    """RFC 3339 UTC; writes before it are on the secondary. Empty where there is none."""


class Container(msgspec.Struct, frozen=True, kw_only=True):
    """One blob container."""

    name: str
    deleted: bool
    last_modified: str


class Blob(msgspec.Struct, frozen=True, kw_only=True):
    """One blob, as a list tells it."""

    container: str
    name: str
    last_modified: str
    """RFC 3339 UTC, to the second; empty where it is not told."""
    etag: str = ""
    size: int = 0
    tier: str = ""
    """``Hot``, ``Cool``, ``Cold`` or ``Archive``; empty where it has none."""

    @property
    def path(self) -> str:
        """Container and name."""
        return f"{self.container}/{self.name}"


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """The blobs of an account, or the first of them."""

    blobs: tuple[Blob, ...]
    complete: bool
    """Whether there are no others."""


class ByteRead(msgspec.Struct, frozen=True, kw_only=True):
    """One byte that was read to know that it can be."""

    path: str
    """Container and name of the blob; empty where the account holds none that can be read."""
    count: int
    """Bytes that came."""
    containers: int = 0
    """How many containers were listed on the way."""


def blob_bases(cloud: Cloud, account: str) -> tuple[str, str]:
    """Return the base URLs of the account's blob service: primary and secondary."""
    return (
        cloud.blob_endpoint.format(account=account),
        cloud.blob_secondary_endpoint.format(account=account),
    )


class BlobService:
    """Reads of one account's blob service, with azure-storage-blob."""

    def __init__(self, access: Access, account: str) -> None:
        self._access = access
        self._account = account
        self._primary, self._secondary = blob_bases(access.cloud, account)

    def geo_replication(self) -> GeoReplication:
        """Ask the secondary how far it is. Only read-access geo-redundant accounts answer.

        Raises:
            AzureError: it cannot be reached, or refuses.
        """

        def ask() -> Any:
            return self._client(self._secondary).get_service_stats()

        stats = self._access.run(
            "GET", f"{self._account}-secondary ?restype=service&comp=stats", ask
        )
        geo = stats.get("geo_replication") or {}
        synced = geo.get("last_sync_time")
        return GeoReplication(
            status=str(geo.get("status") or "").lower(),
            last_sync_time=synced.isoformat().replace("+00:00", "Z") if synced else "",
        )

    def containers(
        self, *, deleted: bool = False, secondary: bool = False
    ) -> tuple[Container, ...]:
        """List the containers, soft-deleted ones too if asked; from the secondary host if asked.

        Raises:
            AzureError: it cannot be reached, or refuses.
        """

        def ask() -> tuple[Container, ...]:
            client = self._client(self._secondary if secondary else self._primary)
            return tuple(
                Container(
                    name=item.name,
                    deleted=bool(getattr(item, "deleted", False)),
                    last_modified=item.last_modified.isoformat() if item.last_modified else "",
                )
                for item in client.list_containers(include_deleted=deleted)
            )

        found: tuple[Container, ...] = self._access.run(
            "GET", f"{self._host(secondary)} ?comp=list", ask
        )
        return found

    def blobs(self, *, most: int, secondary: bool = False) -> Listing:
        """List the first ``most`` blobs of all containers, by container and name.

        Raises:
            AzureError: it cannot be reached, or refuses.
        """

        def ask() -> Listing:
            client = self._client(self._secondary if secondary else self._primary)
            found: list[Blob] = []
            for container in client.list_containers():
                each = client.get_container_client(container.name)
                for item in each.list_blobs(results_per_page=min(most + 1, _PAGE)):
                    if len(found) == most:
                        return Listing(blobs=tuple(found), complete=False)
                    found.append(_blob(container.name, item))
            return Listing(blobs=tuple(found), complete=True)

        listing: Listing = self._access.run("GET", f"{self._host(secondary)} ?comp=list", ask)
        return listing

    def blobs_of(self, container: str, *, secondary: bool = False) -> Iterator[Blob]:
        """Yield all blobs of a container, a page of them at a time.

        Raises:
            AzureError: it cannot be reached, or refuses; what came before was right.
        """
        client = self._client(self._secondary if secondary else self._primary)
        pages = client.get_container_client(container).list_blobs(results_per_page=_PAGE).by_page()
        what = f"{self._host(secondary)}/{container} ?comp=list"
        while (page := self._access.run("GET", what, lambda: _page_of(pages))) is not None:
            for item in page:
                yield _blob(container, item)

    def pieces(self, blob: Blob, *, secondary: bool = False) -> Iterator[bytes]:
        """Yield a blob's bytes in order, as long as it is the version that was listed.

        Raises:
            AzureError: it cannot be reached, refuses, or was changed meanwhile.
        """
        from azure.core import MatchConditions

        client = self._client(self._secondary if secondary else self._primary)
        one = client.get_blob_client(blob.container, blob.name)
        version: dict[str, Any] = (
            {"etag": f'"{blob.etag}"', "match_condition": MatchConditions.IfNotModified}
            if blob.etag
            else {}
        )
        for offset in range(0, blob.size, PIECE):
            length = min(PIECE, blob.size - offset)

            def ask(offset: int = offset, length: int = length) -> bytes:
                data: bytes = one.download_blob(offset=offset, length=length, **version).readall()
                return data

            yield self._access.run("GET", f"{self._host(secondary)}/{blob.path}", ask)

    def read_byte(self, *, secondary: bool = False, look_at: int = 20) -> ByteRead:
        """Read one byte of the first blob that has one, of the first ``look_at`` containers.

        Archived blobs are passed over: they cannot be read before they are rehydrated.
        Source: https://learn.microsoft.com/azure/storage/blobs/archive-rehydrate-overview

        Raises:
            AzureError: it cannot be reached, or refuses.
        """

        def ask() -> ByteRead:
            client = self._client(self._secondary if secondary else self._primary)
            listed = 0
            for container in client.list_containers(results_per_page=look_at):
                if listed == look_at:
                    break
                listed += 1
                each = client.get_container_client(container.name)
                for item in islice(each.list_blobs(results_per_page=look_at), look_at):
                    blob = _blob(container.name, item)
                    if blob.size > 0 and blob.tier != ARCHIVE:
                        data = each.download_blob(blob.name, offset=0, length=1).readall()
                        return ByteRead(path=blob.path, count=len(data), containers=listed)
            return ByteRead(path="", count=0, containers=listed)

        read: ByteRead = self._access.run("GET", f"{self._host(secondary)} a byte of a blob", ask)
        return read

    def _host(self, secondary: bool) -> str:
        return f"{self._account}{'-secondary' if secondary else ''}"

    def _client(self, base: str) -> Any:
        """Return a client of one host: asked for its secondary, it stays there."""
        from azure.storage.blob import BlobServiceClient

        return BlobServiceClient(
            base,
            credential=self._access.credential,
            secondary_hostname=urlsplit(base).netloc,
            transport=self._access.transport,
            retry_total=0,
            raw_request_hook=self._access.check,
        )


def _blob(container: str, item: Any) -> Blob:
    modified = item.last_modified
    return Blob(
        container=container,
        name=item.name,
        last_modified=_stamp(modified) if isinstance(modified, datetime) else "",
        etag=str(item.etag or "").strip('"'),
        size=int(item.size or 0),
        tier=str(item.blob_tier or ""),
    )


def _page_of(pages: Any) -> list[Any] | None:
    """Return the next page of an SDK's list, or ``None`` after the last."""
    page = next(pages, None)
    return None if page is None else list(page)


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
