"""Whether the image of a deployment's environment is in the registry's replica that serves the secondary's region.

A new instance pulls its image. In an outage nothing is built: registry tasks run in the registry's home region only.
Sources: https://learn.microsoft.com/azure/reliability/reliability-container-registry and
https://learn.microsoft.com/azure/container-registry/container-registry-geo-replication
"""

from __future__ import annotations

from dataclasses import dataclass

from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.azure.registry_data import is_registry
from amlrunbook.errors import AmlRunbookError, NotFoundError
from amlrunbook.model.display import shown
from amlrunbook.model.finding import Verdict
from amlrunbook.model.snapshot import Document, Inventory
from amlrunbook.operations.switchover.pairing import text_at

IMAGE_SOURCE = (
    "https://learn.microsoft.com/azure/container-registry/container-registry-geo-replication"
)
_REGISTRIES = "Microsoft.ContainerRegistry/registries"
_SHOWN_DIGEST = 19


@dataclass(frozen=True, slots=True)
class Said:
    """What is known of one thing."""

    verdict: Verdict
    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """An image's name in parts."""

    host: str
    repository: str
    reference: str
    """A tag, or a digest."""

    @property
    def by_digest(self) -> bool:
        """Whether it is pinned."""
        return self.reference.startswith("sha256:")


def parse_image(text: str) -> Image:
    """Return an image's name in parts; the tag is ``latest`` unless given, as Docker has it."""
    name, at, digest = text.strip().partition("@")
    host, slash, rest = name.partition("/")
    if not slash or ("." not in host and ":" not in host):
        host, rest = "docker.io", name
    repository, colon, tag = rest.rpartition(":")
    if not colon:
        repository, tag = rest, "latest"
    return Image(host.lower(), repository, digest if at else tag)


def image_said(gateway: AzureGateway, known: Inventory, environment_id: str, region: str) -> Said:
    """Judge the image of an environment for one region."""
    if not environment_id:
        return Said(
            Verdict.UNKNOWN, "The deployment names no environment: Azure chose the image by itself."
        )
    if not environment_id.startswith("/"):
        return Said(
            Verdict.UNKNOWN,
            f"The environment {shown(environment_id)} is of a shared registry, whose images cannot be asked for.",
        )
    try:
        environment = Document(gateway.get(environment_id))
    except NotFoundError:
        return Said(Verdict.FAIL, f"The environment {_tail(environment_id)} is not there.")
    except AmlRunbookError as error:
        return Said(Verdict.UNKNOWN, f"The environment could not be read: {error.what}")
    built = environment.field("properties.build") or environment.field("properties.condaFile")
    text = text_at(environment, "properties.image")
    if built or not text:
        return Said(
            Verdict.UNKNOWN,
            f"The environment {_tail(environment_id)} is built by Azure Machine Learning: under which name its image "
            "lies in the registry is not told. Pin a built image to know.",
        )
    image = parse_image(text)
    if not is_registry(gateway.cloud, image.host):
        return Said(
            Verdict.WARN,
            f"The image {shown(text)} comes from {shown(image.host)}, a registry that is not yours: no replica of yours "
            "holds it, and each new instance depends on it.",
        )
    return _in_replica(gateway, known, image, region)


def _in_replica(gateway: AzureGateway, known: Inventory, image: Image, region: str) -> Said:
    registry = _registry(known, image.host)
    if registry is not None and not _serves(known, registry, region):
        return Said(
            Verdict.FAIL,
            f"The registry {registry.name} has no replica in {region}: images come from {registry.location or 'elsewhere'}.",
        )
    name = f"{image.repository}:{image.reference}"
    wanted = image.reference if image.by_digest else _digest(gateway, image, "")
    try:
        held = gateway.registry_images(image.host, region).digest(
            image.repository, wanted or image.reference
        )
    except NotFoundError:
        return Said(Verdict.FAIL, f"The replica in {region} does not have {shown(name)}.")
    except AmlRunbookError as error:
        return Said(
            Verdict.UNKNOWN,
            f"The replica in {region} could not be asked by itself (regional endpoints of registries are in preview, and "
            f"off unless turned on): {error.what}",
        )
    found = f"{shown(name)} is in the replica in {region}: {held[:_SHOWN_DIGEST]}…"
    if wanted:
        return Said(Verdict.PASS, f"{found}.")
    return Said(
        Verdict.PASS, f"{found}; whether the tag means the same image elsewhere could not be asked."
    )


def _digest(gateway: AzureGateway, image: Image, region: str) -> str:
    """Return the digest that a tag names, asked of the registry as a whole; empty where it is not known."""
    try:
        return gateway.registry_images(image.host, region).digest(image.repository, image.reference)
    except AmlRunbookError:
        return ""


def _registry(known: Inventory, host: str) -> Document | None:
    return next(
        (
            registry
            for registry in known.of_type(_REGISTRIES)
            if text_at(registry, "properties.loginServer").lower() == host
        ),
        None,
    )


def _serves(known: Inventory, registry: Document, region: str) -> bool:
    """Return whether a region has the registry or a replica; yes where the replicas are not known."""
    if registry.location == region or known.unread_collection(registry, "replications"):
        return True
    replicas = known.children(registry, f"{_REGISTRIES}/replications")
    return any(replica.location == region for replica in replicas)


def _tail(environment_id: str) -> str:
    parts = environment_id.split("/")
    return shown(f"{parts[-3]}:{parts[-1]}" if len(parts) > 3 else environment_id)  # noqa: PLR2004 - name, word, version
