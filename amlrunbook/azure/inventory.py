"""Taking a snapshot: what a profile protects, read at once and breadth first.

What could not be read stands in the snapshot as a placeholder (:mod:`amlrunbook.azure.unread`). What answers 404 does
not stand in it at all: by :mod:`amlrunbook.model.snapshot` that means "it is not there", so that a workspace that refers to
a deleted vault fails a check, where one that may not be read would only make it unknown.
What is read, and in which order, is :mod:`amlrunbook.azure.profile_walk`'s.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from amlrunbook import __version__
from amlrunbook.azure.deadline import Deadline
from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.azure.profile_walk import ProfileWalk
from amlrunbook.azure.stand_in import stand_ins
from amlrunbook.azure.walk import Progress
from amlrunbook.model.profile import Profile
from amlrunbook.model.snapshot import SNAPSHOT_FORMAT, Document, Snapshot

SNAPSHOT_SECONDS = 90.0
"""The deadline of a whole snapshot."""
REQUEST_SECONDS = 20.0
"""The deadline of one read in it, retries included."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A snapshot, and what it took."""

    snapshot: Snapshot
    requests: int
    """How many requests left, retries and pages counted."""
    seconds: float
    reached: bool
    """Whether Azure answered anything at all, be it a refusal."""

    @property
    def unread(self) -> tuple[Document, ...]:
        """What could not be read."""
        return self.snapshot.inventory.unread


def take_snapshot(
    gateway: AzureGateway,
    profile: Profile,
    *,
    seconds: float = SNAPSHOT_SECONDS,
    request_seconds: float = REQUEST_SECONDS,
    progress: Progress | None = None,
    cancelled: threading.Event | None = None,
    earlier: Snapshot | None = None,
) -> Taken:
    """Read what ``profile`` protects.

    A region that does not answer is no error: its documents are placeholders then.

    Args:
        gateway: where to read.
        profile: what to read.
        seconds: the deadline of the whole; what is open then is a placeholder.
        request_seconds: the deadline of one read.
        progress: told after each read, on this thread.
        cancelled: set by whoever wants to stop it; what is open then is a placeholder.
        earlier: the last snapshot. Where a workspace does not answer, what belonged to it then is asked all the same:
            a vault or a registry may answer while its workspace is dark. And what it held of what cannot be read now
            comes along as :attr:`Snapshot.earlier`.

    Raises:
        SignInError: nobody is signed in, so that nothing could be read at all.
    """
    started, calls = time.monotonic(), gateway.call_log.total
    taken_at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    known = earlier.inventory.last_known() if earlier else None
    walk = ProfileWalk(
        gateway, Deadline(seconds, cancelled), request_seconds, progress, earlier=known
    )
    walk.visit_profile(profile)
    walk.run()
    known_before = stand_ins(earlier, walk.answered) if earlier else ()
    snapshot = Snapshot(
        format=SNAPSHOT_FORMAT,
        taken_at=taken_at,
        profile=profile.name,
        program=f"amlrunbook {__version__}",
        documents=tuple(walk.documents()),
        earlier_at=earlier.taken_at if earlier and known_before else "",
        earlier=known_before,
    )
    return Taken(
        snapshot,
        requests=gateway.call_log.total - calls,
        seconds=time.monotonic() - started,
        reached=walk.reached,
    )
