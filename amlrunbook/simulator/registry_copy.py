"""What copying an image between registries does when it ends."""

from __future__ import annotations

import msgspec

from amlrunbook.simulator.effects import ImportImage
from amlrunbook.simulator.world import World


def split(image: str) -> tuple[str, str]:
    """Return repository and tag or digest of an image's name."""
    if "@" in image:
        repository, _, digest = image.partition("@")
        return repository, digest
    repository, _, tag = image.partition(":")
    return repository, tag or "latest"


def copy(world: World, effect: ImportImage) -> None:
    """Copy a manifest, if it is still there."""
    source, target = world.registries.get(effect.source), world.registries.get(effect.target)
    manifest = source.find(effect.repository, effect.digest) if source else None
    if target is None or manifest is None:
        return
    home = str((world.get(target.resource_id) or {}).get("location"))
    repository, reference = split(effect.image)
    copied = msgspec.structs.replace(manifest, pushed_at=world.now(), region=home)
    target.keep(repository, copied, None if reference.startswith("sha256:") else reference)
    world.touch()
