"""The images that a workspace's environments name, by digest: what must be in another registry before the day.

Nothing is copied here: a list says what to import, with the command for each. A registry in another region that holds the
same digest needs nothing. Source: https://learn.microsoft.com/azure/container-registry/container-registry-import-images
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from amlrunbook.assessment.command import az
from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.errors import AmlRunbookError
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.model.snapshot import Document
from amlrunbook.operations.export.items import Found, Gap, listed, of_content, safe_path
from amlrunbook.operations.export.specifications import SECONDS

_IMAGE = re.compile(
    r"(?P<host>[^/\s]+\.[^/\s]+)/(?P<repository>[^:@\s]+)(?::(?P<tag>[^@\s]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


class _Image(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One image of the list."""

    image: str
    digest: str = ""
    """Of the manifest; empty where it could not be read."""
    unread: str = ""
    """Why the digest is not known."""
    environments: tuple[str, ...]
    """``name:version`` of the environments that name it."""
    import_command: str = ""
    """Copies it to a registry in another region."""


class Images:
    """The images of one workspace's environments."""

    def __init__(self, gateway: AzureGateway, workspace: ResourceId) -> None:
        self._gateway = gateway
        self._workspace = workspace

    def images(self) -> Iterator[Found]:
        """Yield the list of images as one file, and a gap for each whose digest is not known."""

        def found() -> Iterator[Found]:
            images = [self._image(name, users) for name, users in sorted(self._named().items())]
            yield from (Gap(f"digest of {one.image}", one.unread) for one in images if one.unread)
            content = msgspec.json.format(msgspec.json.encode(images), indent=1) + b"\n"
            origin = f"{self._workspace.text}/environments"
            yield of_content(safe_path(self._workspace.name, "images.json"), origin, content)

        yield from listed(f"images of {self._workspace.name}", found)

    def _named(self) -> dict[str, list[str]]:
        """Return the environments by the image that they name."""
        users: dict[str, list[str]] = {}
        path = f"{self._workspace.text}/environments"
        for container in self._gateway.get_all(path, seconds=SECONDS):
            name = Document(container).name
            for version in self._gateway.get_all(f"{path}/{name}/versions", seconds=SECONDS):
                image = Document(version).field("properties.image")
                if isinstance(image, str) and image:
                    users.setdefault(image, []).append(f"{name}:{Document(version).name}")
        return users

    def _image(self, image: str, users: list[str]) -> _Image:
        told: dict[str, Any] = {"image": image, "environments": tuple(sorted(users))}
        parts = _IMAGE.fullmatch(image)
        if parts is None:
            return _Image(**told, unread="it names no registry")
        reference = parts["digest"] or parts["tag"] or "latest"
        source = f"{parts['host']}/{parts['repository']}" + (
            f"@{reference}" if parts["digest"] else f":{reference}"
        )
        command = az("az acr import --name REGISTRY --source {source}", {"source": source})
        if parts["digest"]:
            return _Image(**told, digest=parts["digest"], import_command=command)
        try:
            digest = self._gateway.registry_images(parts["host"]).digest(
                parts["repository"], reference
            )
        except AmlRunbookError as error:
            return _Image(**told, unread=error.what, import_command=command)
        return _Image(**told, digest=digest, import_command=command)
