"""The workspace's own registry: every image in it by digest, where else it is, and how it gets there.

A workspace builds the images of environments with a Dockerfile or conda packages and keeps them there alone, in
repositories such as ``azureml/azureml_HASH``; nothing of an environment names them. An image counts as held elsewhere where
a replica of the registry is ready in another region, or where the other workspace's registry in another region has the
same digest.

Sources: https://learn.microsoft.com/azure/machine-learning/concept-environments ,
https://learn.microsoft.com/azure/container-registry/container-registry-geo-replication ,
https://learn.microsoft.com/azure/container-registry/container-registry-import-images and, for ``--repository``,
https://learn.microsoft.com/cli/azure/acr#az-acr-import
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from amlrunbook.assessment.command import az
from amlrunbook.azure.registry_pages import HeldManifest
from amlrunbook.errors import AmlRunbookError
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.operations.export.items import Gap
from amlrunbook.operations.export.registries import Contents, Registries, Registry, Replica, why


class OwnImage(msgspec.Struct, frozen=True, kw_only=True):
    """One manifest of the registry."""

    image: str
    """``HOST/REPOSITORY@DIGEST``."""
    tags: tuple[str, ...]
    environments: tuple[str, ...]
    """``name:version`` of those that name it; an image that the workspace built is named by none."""
    elsewhere: tuple[str, ...]
    """Where else the same digest is."""
    needs_import: bool
    """Whether this registry alone holds it, as far as could be read."""
    import_command: str
    """Copies it to a registry in another region, tags included."""


class OwnRegistry(msgspec.Struct, frozen=True, kw_only=True):
    """The list of a workspace's own registry, as it is saved."""

    registry: str = ""
    """Its ARM id; empty where the workspace has none yet."""
    login_server: str = ""
    region: str = ""
    replicas: tuple[Replica, ...] = ()
    """In other regions than the registry's own."""
    said: tuple[str, ...]
    """What a reader has to know of it."""
    built_environments: tuple[str, ...]
    """``name:version`` of those whose image the workspace builds: it is among the images below, once it was built."""
    images: tuple[OwnImage, ...] = ()


@dataclass(frozen=True, slots=True)
class Environments:
    """The versions of a workspace's environments."""

    named: Mapping[str, list[str]]
    """By the image that they name."""
    built: tuple[str, ...]
    """Those that the workspace builds."""


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """Where else a registry's images are."""

    said: str
    everything: tuple[str, ...] = ()
    """Places that hold all of them."""
    by_digest: Mapping[str, list[str]] = field(default_factory=dict)
    """Places by what they hold."""


class RegistryReader:
    """Makes the list of a workspace's registry."""

    def __init__(
        self, registries: Registries, workspace: ResourceId, partner: ResourceId | None
    ) -> None:
        self._registries = registries
        self._workspace = workspace
        self._partner = partner

    def read(self, environments: Environments) -> Iterator[OwnRegistry | Gap]:
        """Yield gaps, then the list.

        There is no list where the registry could not be read to its end: an earlier one stays then.
        """
        try:
            registry = self._registries.of(self._workspace)
            if registry is None:
                said = (
                    "The workspace has no registry yet: it makes one when it first builds an image."
                )
                yield OwnRegistry(said=(said,), built_environments=environments.built)
                return
            contents = self._registries.contents(registry)
        except AmlRunbookError as error:
            yield Gap(f"images of the registry of {self._workspace.name}", why(error))
            return
        yield from (*registry.gaps, *contents.gaps)
        elsewhere = self._elsewhere(registry)
        yield OwnRegistry(
            registry=registry.id,
            login_server=registry.login_server,
            region=registry.region,
            replicas=registry.replicas,
            said=(*(f"What is not known: {gap.what}." for gap in registry.gaps), elsewhere.said),
            built_environments=environments.built,
            images=tuple(_images(registry, contents, environments, elsewhere)),
        )

    def _elsewhere(self, own: Registry) -> _Elsewhere:
        """Look where else the registry's images are: in its replicas, else in the partner's registry.

        What of the partner's cannot be read is a gap where its own list is made.
        """
        if own.ready:
            regions = ", ".join(own.ready)
            return _Elsewhere(
                said=f"It is replicated to {regions}: no image of it needs an import.",
                everything=tuple(f"replica of {own.login_server} in {one}" for one in own.ready),
            )
        if self._partner is None:
            return _Elsewhere(said="It has no other region, and the profile no other workspace.")
        try:
            return self._in_partners(own, self._partner)
        except AmlRunbookError:
            said = f"What is not known: images of the registry of {self._partner.name}."
            return _Elsewhere(said=said)

    def _in_partners(self, own: Registry, partner: ResourceId) -> _Elsewhere:
        other = self._registries.of(partner)
        if other is None:
            return _Elsewhere(said=f"{partner.name} has no registry yet.")
        if other.id.casefold() == own.id.casefold():
            said = f"{partner.name} uses this registry too, and no replica of it is ready in another region."
            return _Elsewhere(said=said)
        regions = [region for region in (other.region, *other.ready) if region != own.region]
        if not regions:
            said = f"{other.login_server} of {partner.name} lies in {own.region} too: it does not count."
            return _Elsewhere(said=said)
        contents = self._registries.contents(other)
        held: dict[str, list[str]] = {}
        where = f"in {', '.join(regions)}"
        for repository, manifests in contents.manifests.items():
            for one in manifests:
                held.setdefault(one.digest, []).append(f"{other.login_server}/{repository} {where}")
        said = f"Compared with {other.login_server} of {partner.name} {where}."
        return _Elsewhere(said=said, by_digest=held)


def _images(
    registry: Registry,
    contents: Contents,
    environments: Environments,
    other: _Elsewhere,
) -> Iterator[OwnImage]:
    for repository, manifests in sorted(contents.manifests.items()):
        place = f"{registry.login_server}/{repository}"
        for one in manifests:
            image = f"{place}@{one.digest}"
            names = [image, *(f"{place}:{tag}" for tag in one.tags)]
            names += [place] if "latest" in one.tags else []
            names += [f"{place}:{tag}@{one.digest}" for tag in one.tags]
            elsewhere = (*other.everything, *other.by_digest.get(one.digest, ()))
            yield OwnImage(
                image=image,
                tags=one.tags,
                environments=tuple(sorted(_users(environments, names))),
                elsewhere=elsewhere,
                needs_import=not elsewhere,
                import_command=import_command(registry.login_server, repository, one),
            )


def _users(environments: Environments, names: list[str]) -> set[str]:
    """Return the environments that name an image by any of its names; a host's letter case says nothing."""
    wanted = {name.casefold() for name in names}
    users = (who for name, who in environments.named.items() if name.casefold() in wanted)
    return {one for some in users for one in some}


def import_command(host: str, repository: str, manifest: HeldManifest) -> str:
    """Return what copies a manifest to a registry in another region under its name, with its tags."""
    values = {"source": f"{host}/{repository}@{manifest.digest}", "repository": repository}
    template = "az acr import --name REGISTRY --source {source}"
    if not manifest.tags:
        return az(f"{template} --repository {{repository}}", values)
    words = [template]
    for number, tag in enumerate(manifest.tags):
        key = "tag_" + "x" * number  # placeholders are letters
        values[key] = f"{repository}:{tag}"
        words.append(f"--image {{{key}}}")
    return az(" ".join(words), values)
