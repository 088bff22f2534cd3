"""What of a world can be lost, by name: resources that hold somebody's work, blobs, files, secrets, images."""

from __future__ import annotations

from amlrunbook.simulator.blob_states import base, shown
from amlrunbook.simulator.world import World

_SETTINGS = ("/blobservices/", "/fileservices/", "/providers/microsoft.authorization/")
"""Below or beside a resource, and nobody's work: it is set again in a moment."""


def names_of(world: World) -> set[str]:
    """Return the names of all that is there and could be lost."""
    return (
        {_short(key, document["id"]) for key, document in world.resources.items() if _counts(key)}
        | _blobs(world)
        | _secrets(world)
        | _images(world)
    )


def kept_names(world: World) -> set[str]:
    """Return the names of all that is deleted and can still be brought back."""
    found: set[str] = set()
    for held in world.deleted.values():
        if held.purging:
            continue
        for document in held.documents:
            found.add(_short(str(document["id"]).lower(), document["id"]))
        if held.account is not None:
            for container in held.account.containers.values():
                found |= {f"{held.account.name}/{container.name}/{n}" for n in container.blobs}
            for share in held.account.shares.values():
                found |= {f"{held.account.name}/{share.name}/{path}" for path in share.files}
        if held.vault is not None:
            found |= {f"{held.vault.name}/secrets/{s.name}" for s in held.vault.secrets.values()}
    return found | _kept_blobs(world) | _kept_secrets(world)


def written_over(world: World) -> set[str]:
    """Return ``account/container/blob`` of what a failover took back: it had not been copied yet."""
    return {
        f"{account.name}/{name}"
        for account in world.accounts.values()
        for name in world.facets.get(account.resource_id.lower(), {}).get("lost_writes", [])
    }


def _counts(key: str) -> bool:
    return "/providers/" in key and not any(part in key for part in _SETTINGS)


def _short(key: str, resource_id: str) -> str:
    """Return an id without subscription, group and provider: ``workspaces/w/computes/c``."""
    at = key.rfind("/providers/")
    return resource_id[at:].split("/", 3)[3]


def _blobs(world: World) -> set[str]:
    found: set[str] = set()
    for account in world.accounts.values():
        for container in account.containers.values():
            found |= {
                f"{account.name}/{container.name}/{name}"
                for name, states in container.blobs.items()
                if base(shown(states)) is not None
            }
        for share in account.shares.values():
            found |= {f"{account.name}/{share.name}/{path}" for path in share.files}
    return found


def _kept_blobs(world: World) -> set[str]:
    """Return the blobs of live accounts that soft delete or a version still holds."""
    found: set[str] = set()
    for account in world.accounts.values():
        for container in [*account.containers.values(), *account.deleted_containers]:
            found |= {
                f"{account.name}/{container.name}/{name}"
                for name, states in container.blobs.items()
                if shown(states)
            }
        for share in account.deleted_shares:
            found |= {f"{account.name}/{share.name}/{path}" for path in share.files}
    return found


def _secrets(world: World) -> set[str]:
    return {
        f"{vault.name}/secrets/{secret.name}"
        for vault in world.vaults.values()
        for secret in vault.secrets.values()
    }


def _kept_secrets(world: World) -> set[str]:
    return {
        f"{vault.name}/secrets/{secret.name}"
        for vault in world.vaults.values()
        for secret in vault.deleted.values()
    }


def _images(world: World) -> set[str]:
    return {
        f"{registry.name}/{repository.name}:{tag}"
        for registry in world.registries.values()
        for repository in registry.repositories.values()
        for tag in repository.tags
    }
