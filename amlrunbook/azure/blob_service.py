"""The blob service of one account: what a check reads of it. Nothing here writes."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import msgspec

from amlrunbook.azure.access import Access
from amlrunbook.model.cloud import Cloud


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

        host = f"{self._account}{'-secondary' if secondary else ''}"
        found: tuple[Container, ...] = self._access.run("GET", f"{host} ?comp=list", ask)
        return found

    def _client(self, base: str) -> Any:
        """Return a client of one host: asked for its secondary, it stays there."""
        from azure.storage.blob import BlobServiceClient

        return BlobServiceClient(
            base,
            credential=self._access.credential,
            secondary_hostname=urlsplit(base).netloc,
            transport=self._access.transport,
            retry_total=0,
            raw_request_hook=self._check,
        )

    def _check(self, request: Any) -> None:
        """Refuse before anybody signs in; the wire would refuse as well."""
        http = request.http_request
        self._access.guard.check(http.method, http.url, http.headers)
