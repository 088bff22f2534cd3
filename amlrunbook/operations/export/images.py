"""The images of a workspace by digest, those that environments name and those it built: what must be in another registry.

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
from amlrunbook.operations.export.own_registry import Environments, RegistryReader
from amlrunbook.operations.export.registries import Registries
from amlrunbook.operations.export.specifications import SECONDS

_BUILT_FROM = ("build", "condaFile")
"""Source: https://learn.microsoft.com/rest/api/azureml/environment-versions/get"""
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
    """The images of one workspace."""

    def __init__(
        self,
        gateway: AzureGateway,
        registries: Registries,
        workspace: ResourceId,
        partner: ResourceId | None,
    ) -> None:
        self._gateway = gateway
        self._registries = registries
        self._workspace = workspace
        self._partner = partner

    def images(self) -> Iterator[Found]:
        """Yield the images that environments name and those of the workspace's registry, a file each, and gaps.

        A gap is an image whose digest is not known, and whatever of the registry could not be listed.
        """

        def found() -> Iterator[Found]:
            environments = self._environments()
            images = [
                self._image(name, users) for name, users in sorted(environments.named.items())
            ]
            yield from (Gap(f"digest of {one.image}", one.unread) for one in images if one.unread)
            content = msgspec.json.format(msgspec.json.encode(images), indent=1) + b"\n"
            origin = f"{self._workspace.text}/environments"
            yield of_content(safe_path(self._workspace.name, "images.json"), origin, content)
            yield from self._own(environments)

        yield from listed(f"images of {self._workspace.name}", found)

    def _own(self, environments: Environments) -> Iterator[Found]:
        """Yield the list of the workspace's own registry as one file, or the gap that there is none."""
        for found in RegistryReader(self._registries, self._workspace, self._partner).read(
            environments
        ):
            if isinstance(found, Gap):
                yield found
            else:
                content = msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n"
                path = safe_path(self._workspace.name, "images", "registry.json")
                yield of_content(path, found.registry or self._workspace.text, content)

    def _environments(self) -> Environments:
        """Return the environments by the image that they name, and those that are built.

        One with packages names the image that it is built on, so it is among both.
        """
        users: dict[str, list[str]] = {}
        built: list[str] = []
        path = f"{self._workspace.text}/environments"
        for container in self._gateway.get_all(path, seconds=SECONDS):
            name = Document(container).name
            for raw in self._gateway.get_all(f"{path}/{name}/versions", seconds=SECONDS):
                version = Document(raw)
                label = f"{name}:{version.name}"
                image = version.field("properties.image")
                if isinstance(image, str) and image:
                    users.setdefault(image, []).append(label)
                if any(version.field(f"properties.{how}") for how in _BUILT_FROM):
                    built.append(label)
        return Environments(users, tuple(sorted(built)))

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
