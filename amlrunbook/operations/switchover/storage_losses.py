"""Which blobs an unplanned failover would lose, by name, as far as anybody can know.

A list of blobs is read to a bound, and the bound is said. Names are known only while the primary answers: what was
written there and is not on the secondary leaves no name elsewhere, except what was registered as an asset before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from amlrunbook.azure.blob_service import ARCHIVE, Blob, BlobService, Listing
from amlrunbook.azure.deadline import Deadline
from amlrunbook.azure.fanout import in_order
from amlrunbook.azure.translation import plain
from amlrunbook.azure.unread import why
from amlrunbook.model.moments import moment
from amlrunbook.operations.switchover.storage_assets import Asset, Registered, registered

MOST_BLOBS = 20_000
"""How many blobs of an account are read at most, from each side."""
SECONDS = 45.0
SHOWN = 5
"""Names in one sentence; findings hold more."""


@dataclass(frozen=True, slots=True)
class Losses:
    """What is known by name."""

    names: tuple[str, ...] = ()
    """Container and name of each blob that would be lost, or whose last change would."""
    unknown: str = ""
    """Why no names are known; empty where they are."""
    reason: str = ""
    """More of why, where there is more."""
    read: int = 0
    """How many blobs of the primary were read."""
    complete: bool = True
    """Whether that were all."""
    archived: tuple[str, ...] = ()
    archived_complete: bool = True
    registered: Registered = field(default_factory=Registered)
    """What of the registered models and data the secondary holds."""

    @property
    def words(self) -> str:
        """The names in one sentence, and how far was looked."""
        assets = self.registered.words
        if self.unknown:
            return f"no names known: {self.unknown}" + (f"; {assets}" if assets else "")
        tail = f"; {assets}" if self.registered.missing else ""
        return self._named() + tail

    def _named(self) -> str:
        bound = "" if self.complete else f" of the first {self.read} read"
        if not self.names:
            return f"no blob{bound} is later"
        count = len(self.names)
        more = count - SHOWN
        listed = ", ".join(plain(name, 80) for name in self.names[:SHOWN])
        tail = f" and {more} more" if more > 0 else ""
        return f"known: {count} {'blob' if count == 1 else 'blobs'}{bound}: {listed}{tail}"


def find_losses(
    service: BlobService,
    last_sync: datetime | None,
    *,
    readable: bool = True,
    assets: tuple[Asset, ...] = (),
    most: int = MOST_BLOBS,
    seconds: float = SECONDS,
) -> Losses:
    """Read both sides' lists at once, and name what is late; darkness leaves names unknown.

    A secondary that cannot be read at all (``readable`` is false) is not asked.
    """
    tasks: list[Callable[[], Any]] = [lambda: service.blobs(most=most)]
    if readable:
        tasks.append(lambda: service.blobs(most=most, secondary=True))
    first, *others = in_order(tasks, width=2, deadline=Deadline(seconds))
    reason = why(first.error, 160).rstrip(".") if first.error else ""
    second = others[0].value if others else None
    found = judged(first.value, second, last_sync, reason)
    return replace(found, registered=registered(assets, second))


def judged(
    primary: Listing | None, secondary: Listing | None, last_sync: datetime | None, reason: str
) -> Losses:
    """Return what two lists tell; either may be missing."""
    any_side = primary or secondary
    archived = tuple(b.path for b in any_side.blobs if b.tier == ARCHIVE) if any_side else ()
    archived_complete = any_side is not None and any_side.complete
    if primary is None:
        return Losses(
            unknown="the primary does not answer",
            reason=reason,
            archived=archived,
            archived_complete=archived_complete,
        )
    if last_sync is None and secondary is None:
        return Losses(
            unknown="neither a last sync time nor the secondary's list is known",
            archived=archived,
            archived_complete=archived_complete,
        )
    there = {b.path: b for b in secondary.blobs} if secondary and secondary.complete else None
    return Losses(
        names=tuple(b.path for b in primary.blobs if _late(b, last_sync, there)),
        read=len(primary.blobs),
        complete=primary.complete,
        archived=archived,
        archived_complete=archived_complete,
    )


def _late(blob: Blob, last_sync: datetime | None, there: dict[str, Blob] | None) -> bool:
    """Return whether a blob's last change may be lost.

    Times are told to the second, so one of the same second may be. A blob that the secondary has just so is safe.
    """
    if there is not None:
        copy = there.get(blob.path)
        if copy is not None and blob.etag and copy.etag == blob.etag:
            return False
        if copy is None:
            return True
    changed = moment(blob.last_modified) if blob.last_modified else None
    return last_sync is None or changed is None or changed >= last_sync
