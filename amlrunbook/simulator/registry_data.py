"""Images of the simulated registries: repositories, tags, manifests by digest.

Only manifests are kept; layers are not.
"""

from __future__ import annotations

import msgspec

MEDIA_TYPE = "application/vnd.docker.distribution.manifest.v2+json"


class Manifest(msgspec.Struct, kw_only=True):
    """One manifest; its bytes are kept beside the world."""

    digest: str
    """``sha256:`` and 64 digits: of the bytes, as registries name them."""
    media_type: str = MEDIA_TYPE
    size: int
    pushed_at: float
    """World time."""
    region: str
    """Where it was pushed; other replicas have it a little later."""


class Repository(msgspec.Struct, kw_only=True):
    """One repository."""

    name: str
    manifests: dict[str, Manifest] = {}
    tags: dict[str, str] = {}
    """Tag to digest."""


class RegistryData(msgspec.Struct, kw_only=True):
    """The images of one registry; its settings are an ARM document of the world."""

    name: str
    resource_id: str
    repositories: dict[str, Repository] = {}

    def keep(self, repository: str, manifest: Manifest, tag: str | None) -> None:
        """Keep a manifest, and let a tag name it."""
        held = self.repositories.setdefault(repository, Repository(name=repository))
        held.manifests.setdefault(manifest.digest, manifest)
        if tag is not None:
            held.tags[tag] = manifest.digest

    def find(self, repository: str, reference: str) -> Manifest | None:
        """Return a manifest by its digest or a tag."""
        held = self.repositories.get(repository)
        if held is None:
            return None
        return held.manifests.get(held.tags.get(reference, reference))
