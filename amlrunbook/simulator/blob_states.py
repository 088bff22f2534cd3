"""How blobs change: overwriting, soft delete, versions, snapshots, and what a trailing copy shows.

Pure functions over the states of one blob name (:class:`~.blobs.Blob`, oldest first).
Sources: https://learn.microsoft.com/azure/storage/blobs/soft-delete-blob-overview and
https://learn.microsoft.com/azure/storage/blobs/versioning-overview
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import msgspec

from amlrunbook.simulator.blobs import Blob, BlobAccount, Container
from amlrunbook.simulator.clock import stamp
from amlrunbook.simulator.world import Document

_DAY = 86_400.0
_STAGED = "Staged"
"""The kind of a state that only holds blocks which no block list has committed yet."""
_GHOSTS = 64
"""States that went for good, kept a blob at most for a secondary that trails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What an account's blob service properties say of deleting and overwriting."""

    blob_days: int | None = None
    """Days that soft-deleted blobs are kept; ``None`` when soft delete is off."""
    container_days: int | None = None
    versioning: bool = False
    trailing: bool = False
    """Is there a secondary, which may still hold what is gone here?"""

    @classmethod
    def of(cls, properties: Document, *, trailing: bool) -> Policy:
        """Read the ``properties`` of an account's ``blobServices/default``."""
        return cls(
            blob_days=_days(properties.get("deleteRetentionPolicy")),
            container_days=_days(properties.get("containerDeleteRetentionPolicy")),
            versioning=bool(properties.get("isVersioningEnabled")),
            trailing=trailing,
        )


def _days(policy: Document | None) -> int | None:
    return int(policy.get("days") or 7) if policy and policy.get("enabled") else None


def remaining_days(deleted_at: float, days: int | None, now: float) -> int:
    """Return the whole days that something soft-deleted is still kept."""
    return max(0, int((deleted_at + (days or 0) * _DAY - now) // _DAY))


def tag(thing: Blob | Container) -> str:
    """Return a thing's entity tag, in quotes; a scenario's things have one by their date."""
    return thing.etag or f'"0x8DC{zlib.crc32(f"{thing.name}/{thing.modified}".encode()):012X}"'


def shown(states: list[Blob], at: float | None = None) -> list[Blob]:
    """Return the states that a reader sees: on the primary, or on a secondary as of ``at``."""
    if at is None:
        return [s for s in states if s.kind != _STAGED and s.gone_at is None]
    return [
        _as_of(state, at)
        for state in states
        if state.kind != _STAGED
        and (state.since or state.modified) <= at
        and (state.gone_at is None or state.gone_at > at)
    ]


def _as_of(state: Blob, at: float) -> Blob:
    was_current = state.until is not None and state.until > at
    was_live = state.deleted_at is not None and state.deleted_at > at
    return msgspec.structs.replace(
        state,
        current=state.current or was_current,
        snapshot=None if was_current else state.snapshot,
        deleted_at=None if was_live else state.deleted_at,
    )


def rewind(container: Container, name: str, at: float) -> None:
    """Put a blob back to what it was at a moment; a name that was not there yet goes."""
    states = shown(container.blobs[name], at)
    for state in states:
        state.gone_at = None
        if state.current:
            state.until = None
    if states:
        container.blobs[name] = [msgspec.structs.replace(state) for state in states]
    else:
        del container.blobs[name]


def base(states: list[Blob]) -> Blob | None:
    """Return the live current state of shown states."""
    return next((s for s in states if s.current and s.deleted_at is None), None)


def put(container: Container, new: Blob, policy: Policy, now: float) -> None:
    """Make ``new`` the current state of its name; what was there goes the way of the policy."""
    states = container.blobs.setdefault(new.name, [])
    for state in shown(states):
        if state.current:
            _give_way(state, states, policy, now)
    new.version_id = _fresh(now, states) if policy.versioning else None
    states[:] = [state for state in states if state.kind != _STAGED]  # staged blocks are used up
    states.append(new)
    _prune_ghosts(states, policy)


def replace(container: Container, old: Blob, new: Blob, policy: Policy, now: float) -> None:
    """Change a state where it stands, such as by appending: no version, nothing soft-deleted."""
    states = container.blobs[old.name]
    old.gone_at = old.until = now
    states.append(new)
    _prune_ghosts(states, policy)


def _give_way(state: Blob, states: list[Blob], policy: Policy, now: float) -> None:
    state.current = False
    state.lease = None
    state.until = now
    if state.deleted_at is not None:
        state.snapshot = _fresh(now, states)
        return
    if policy.versioning:
        state.version_id = state.version_id or _fresh(state.modified, states)
    elif policy.blob_days is not None:
        state.snapshot, state.deleted_at = _fresh(now, states), now
    else:
        state.gone_at = now


def delete_base(container: Container, state: Blob, policy: Policy, now: float) -> None:
    """Delete the current state."""
    states = container.blobs[state.name]
    if policy.versioning:
        _give_way(state, states, policy, now)
    else:
        _delete(state, policy, now)
    _prune_ghosts(states, policy)


def delete_other(container: Container, state: Blob, policy: Policy, now: float) -> None:
    """Delete a snapshot or a previous version."""
    _delete(state, policy, now)
    _prune_ghosts(container.blobs[state.name], policy)


def _delete(state: Blob, policy: Policy, now: float) -> None:
    if policy.blob_days is not None:
        state.deleted_at = now
    else:
        state.gone_at = state.until = now


def snapshot(container: Container, state: Blob, now: float) -> Blob:
    """Take a snapshot of the current state and return it."""
    states = container.blobs[state.name]
    taken = msgspec.structs.replace(
        state,
        current=False,
        snapshot=_fresh(now, states),
        version_id=None,
        lease=None,
        since=now,
        until=now,
    )
    states.insert(states.index(state), taken)
    return taken


def undelete(container: Container, name: str) -> bool:
    """Bring back all that is soft-deleted of a name; ``False`` when the name is unknown."""
    states = shown(container.blobs.get(name, []))
    for state in states:
        state.deleted_at = None
    return bool(states)


def stage(container: Container, name: str) -> Blob:
    """Return the state that holds the staged blocks of a name, which no reader sees."""
    states = container.blobs.setdefault(name, [])
    for state in states:
        if state.kind == _STAGED:
            return state
    staging = Blob(name=name, kind=_STAGED, current=False)
    states.append(staging)
    return staging


def expire(account: BlobAccount, policy: Policy, now: float, synced: float | None) -> bool:
    """Take away what is kept no longer: expired soft-deleted things, and old ghosts.

    Returns:
        Whether anything that a reader of the primary could see went.
    """
    held = [
        container
        for container in account.deleted_containers
        if now < (container.deleted_at or 0.0) + (policy.container_days or 7) * _DAY
    ]
    changed = len(held) != len(account.deleted_containers)
    account.deleted_containers[:] = held
    limit = now - (policy.blob_days or 7) * _DAY
    for container in account.containers.values():
        for name in list(container.blobs):
            changed |= _expire_name(container, name, limit, synced)
    return changed


def _expire_name(container: Container, name: str, limit: float, synced: float | None) -> bool:
    states = container.blobs[name]
    kept = [s for s in states if s.deleted_at is None or s.deleted_at > limit]
    expired = len(kept) != len(states)
    if synced is not None:
        kept = [s for s in kept if s.gone_at is None or s.gone_at > synced]
    if not kept:
        del container.blobs[name]
    elif len(kept) != len(states):
        states[:] = kept
    return expired


def _prune_ghosts(states: list[Blob], policy: Policy) -> None:
    ghosts = [state for state in states if state.gone_at is not None]
    # Of many ghosts the oldest stays: it is the one that a stalled secondary still shows.
    kept = [ghosts[0], *ghosts[1:][-_GHOSTS:]] if policy.trailing and ghosts else []
    states[:] = [s for s in states if s.gone_at is None or any(s is ghost for ghost in kept)]


def _fresh(moment: float, states: list[Blob]) -> str:
    """Return a time as versions and snapshots are named by, none of them used yet."""
    used = {state.version_id for state in states} | {state.snapshot for state in states}
    while stamp(moment) in used:
        moment += 1e-6
    return stamp(moment)
