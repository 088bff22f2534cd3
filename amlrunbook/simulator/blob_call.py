"""One request to the blob service, and the answers and refusals they all share."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from starlette.responses import Response

from amlrunbook.simulator.answers import Refusal
from amlrunbook.simulator.blob_states import Policy, base, shown, tag
from amlrunbook.simulator.blobs import Blob, Container
from amlrunbook.simulator.geo import GeoStats
from amlrunbook.simulator.storage_data_plane import StorageCall, http_date
from amlrunbook.simulator.world import Document


@dataclass(frozen=True, kw_only=True)
class BlobCall(StorageCall):
    """One request, with the account it goes to."""

    SERVICE = "blob"
    ACTIONS = "Microsoft.Storage/storageAccounts/blobServices/containers"

    document: Document
    """The account's ARM document."""
    policy: Policy
    stats: GeoStats | None
    at: float | None
    """The world time that a secondary shows; ``None`` on the primary."""
    secondary: bool
    container_name: str
    blob_name: str
    now: float

    @property
    def endpoint(self) -> str:
        """The account's blob endpoint, as answers name it."""
        suffix = "-secondary" if self.secondary else ""
        return f"{self.azure.base_url}/blob/{self.account.name}{suffix}/"

    @property
    def include(self) -> frozenset[str]:
        """What a list shall include."""
        parts = self.query.get("include", "").lower().split(",")
        return frozenset(part.strip() for part in parts if part.strip())

    def container(self) -> Container:
        """Return the container that the request names.

        Raises:
            Refusal: it is not there.
        """
        for container in self.containers():
            if container.name == self.container_name:
                return container
        raise Refusal(404, "ContainerNotFound", "The specified container does not exist.")

    def containers(self) -> list[Container]:
        """Return the containers that a reader sees, by name."""
        found = [*self.account.containers.values()]
        if self.at is not None:
            at = self.at
            found = [
                container
                for container in (*found, *self.account.deleted_containers)
                if container.created <= at
                and (container.deleted_at is None or container.deleted_at > at)
            ]
        return sorted(found, key=lambda container: container.name)

    def states(self, container: Container) -> list[Blob]:
        """Return the states of the blob that the request names."""
        return shown(container.blobs.get(self.blob_name, []), self.at)

    def blob(self, container: Container) -> Blob:
        """Return the state that the request names: current, version or snapshot.

        Raises:
            Refusal: it is not there.
        """
        version, snapshot = self.query.get("versionid"), self.query.get("snapshot")
        states = self.states(container)
        found: Blob | None = None
        if version or snapshot:
            for state in states:
                named = state.version_id == version if version else state.snapshot == snapshot
                if named and state.deleted_at is None:
                    found = state
        else:
            found = base(states)
        if found is None:
            raise Refusal(404, "BlobNotFound", "The specified blob does not exist.")
        return found

    def content(self, blob: Blob) -> bytes:
        """Return a blob's bytes."""
        if blob.block_list:
            return b"".join(self.azure.contents.get(digest) for _, digest, _ in blob.block_list)
        return self.azure.contents.get(blob.digest)

    def etag(self) -> str:
        """Raise the world's revision and return an entity tag that follows from it."""
        return f'"0x8DD{self.world.touch():012X}"'

    def check_digest(self) -> str:
        """Return the body's MD5 in base64, which must be the one the request states, if any.

        Raises:
            Refusal: it is another.
        """
        digest = base64.b64encode(hashlib.md5(self.body, usedforsecurity=False).digest()).decode()
        if self.headers.get("content-md5", digest) != digest:
            raise Refusal(
                400,
                "Md5Mismatch",
                "The MD5 value specified in the request did not match with the MD5 value "
                "calculated by the server.",
            )
        return digest

    def check_conditions(self, blob: Blob | Container | None) -> None:
        """Hold the request's conditional headers against what is there.

        Source: https://learn.microsoft.com/rest/api/storageservices/specifying-conditional-headers-for-blob-service-operations

        Raises:
            Refusal: they do not hold; 304 for a read.
        """
        if blob is None:
            if "if-match" in self.headers:
                raise self._condition_not_met(reading=False)
            return
        reading = self.reads
        none_match = self.headers.get("if-none-match")
        if none_match == "*" and not reading:
            raise Refusal(409, "BlobAlreadyExists", "The specified blob already exists.")
        if none_match is not None and none_match in {"*", tag(blob)}:
            raise self._condition_not_met(reading=reading)
        if self.headers.get("if-match", "*") not in {"*", tag(blob)}:
            raise self._condition_not_met(reading=False)
        since, before = self._date("if-modified-since"), self._date("if-unmodified-since")
        if since is not None and int(blob.modified) <= since and none_match is None:
            raise self._condition_not_met(reading=reading)
        if before is not None and int(blob.modified) > before:
            raise self._condition_not_met(reading=False)

    def _date(self, header: str) -> float | None:
        text = self.headers.get(header)
        if text is None:
            return None
        try:
            return parsedate_to_datetime(text).timestamp()
        except ValueError as error:
            raise invalid_header(header) from error

    @staticmethod
    def _condition_not_met(*, reading: bool) -> Refusal:
        return Refusal(
            304 if reading else 412,
            "ConditionNotMet",
            "The condition specified using HTTP conditional header(s) is not met.",
        )


def invalid_header(name: str) -> Refusal:
    """Return the refusal of a header's value."""
    return Refusal(
        400,
        "InvalidHeaderValue",
        f"The value for one of the HTTP headers is not in the correct format: {name}.",
    )


def stamped(
    thing: Blob | Container, status: int = HTTPStatus.OK, headers: dict[str, str] | None = None
) -> Response:
    """Return an answer without a body that carries a thing's tag and date."""
    return Response(
        status_code=status,
        headers={
            "ETag": tag(thing),
            "Last-Modified": http_date(thing.modified),
            **(headers or {}),
        },
    )
