"""Faults: what goes wrong in the simulated Azure, where, for whom and how often."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from fnmatch import fnmatchcase
from random import Random

import msgspec


class FaultKind(StrEnum):
    """What goes wrong."""

    DARK = "dark"
    """The connection is closed without an answer."""
    HANG = "hang"
    """Nothing is answered, and the connection stays open."""
    SLOW = "slow"
    """The answer comes :attr:`Fault.milliseconds` late; other faults still apply."""
    ERROR = "error"
    """An error of the server: :attr:`Fault.status`, by default 503; nothing happens."""
    THROTTLE = "throttle"
    """429 with ``Retry-After``; nothing happens."""
    LOST = "lost"
    """A change is answered 202 Accepted, and nothing happens, whatever the polls say."""
    READ_ONLY = "read-only"
    """Changes are refused, by default with 403; reads and a vault's backups are answered.

    Source: https://learn.microsoft.com/azure/key-vault/general/disaster-recovery-guidance
    """
    UNANSWERED = "unanswered"
    """The change happens; then the connection is closed, or :attr:`Fault.status` is answered."""
    FAIL = "fail"
    """A change is accepted and ends in an error; nothing of it happens."""
    HALFWAY = "halfway"
    """A change is accepted and ends in an error after a part of it has happened."""
    CAPACITY = "capacity"
    """A change is accepted and ends in an error: the region has no machines left.

    Source: https://learn.microsoft.com/azure/machine-learning/how-to-troubleshoot-online-endpoints
    (region-wide VM capacity). The code ``OutOfCapacity`` stood in that page in 2021.
    """
    QUOTA = "quota"
    """What is put or patched is refused for want of quota."""
    STALE = "stale"
    """Reads of the resource manager tell how things were :attr:`Fault.lag` world seconds ago, but
    not before the fault began. Polls of operations are never stale."""
    EXPIRED = "expired-token"
    """The caller's token is refused as expired, however new it is."""
    ROLES = "slow-roles"
    """Role assignments count :attr:`Fault.lag` world seconds after they were made; no request is
    struck by it."""


class Plane(StrEnum):
    """The part of Azure that a request goes to."""

    CONTROL = "control"
    """Resource manager and the resource providers behind it."""
    DATA = "data"
    """Storage and other services' own endpoints."""
    IDENTITY = "identity"
    """The token endpoint."""


class LostOutcome(StrEnum):
    """What the polls of a lost operation say."""

    SUCCEEDED = "succeeded"
    RUNNING = "running"
    GONE = "gone"


class Target(msgspec.Struct, kw_only=True, frozen=True):
    """What a request is aimed at, as far as faults care."""

    plane: Plane
    method: str
    path: str
    region: str | None = None
    """The region that serves it, ``None`` where no single one does."""
    resource_type: str | None = None


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One fault. What is left out matches everything; what is given must all match."""

    kind: FaultKind
    id: str = ""
    """What it is listed and cleared by; given when it is added if empty."""
    plane: Plane | None = None
    region: str | None = None
    """A region's name; requests that no single region serves do not match."""
    resource_type: str | None = None
    """``Microsoft.X/type``, or a pattern with ``*``; case does not matter."""
    methods: list[str] = []
    """HTTP methods; empty means all."""
    path: str | None = None
    """A pattern with ``*`` over the path; case does not matter."""
    skip: int = 0
    """How many matching requests pass before it strikes."""
    count: int | None = None
    """How many requests it strikes; ``None`` means all, until cleared."""
    milliseconds: int = 1000
    """How late a slow answer is."""
    status: int | None = None
    """The HTTP status of an error, or of an unanswered change that answers with an error."""
    code: str | None = None
    """Azure's error code in the body."""
    message: str | None = None
    retry_after: int | None = None
    """Seconds in ``Retry-After``; throttling says 1 unless told."""
    outcome: LostOutcome = LostOutcome.SUCCEEDED
    """What the polls of a lost operation say."""
    since: float | None = None
    """The world time at which it begins; given when it is added."""
    until: float | None = None
    """The world time at which it ends by itself."""
    lasts: float | None = None
    """World seconds after which it ends by itself, in place of :attr:`until`."""
    chance: float | None = None
    """The share of matching requests that it strikes, 0 to 1; the same seed strikes the same."""
    lag: float = 300.0
    """How old stale reads are, and how long roles take, in world seconds."""
    met: dict[str, int] = {}
    """How often each request was drawn for, where there is a chance."""

    @property
    def counts(self) -> bool:
        """Is it changed by the requests that it meets, so that it must be written down anew?"""
        return self.skip > 0 or self.count is not None or self.chance is not None

    def begin(self, now: float) -> None:
        """Settle when it begins and ends."""
        self.since = now if self.since is None else self.since
        if self.lasts is not None and self.until is None:
            self.until = self.since + self.lasts

    def is_on(self, now: float) -> bool:
        """Is it in force at a world time?"""
        return (self.since is None or self.since <= now) and (
            self.until is None or now < self.until
        )

    def darkens(self, plane: Plane, region: str, resource_type: str) -> bool:
        """Does it keep a plane of a region's service of one type from answering at all?"""
        return (
            self.kind in {FaultKind.DARK, FaultKind.HANG, FaultKind.ERROR}
            and self.chance is None
            and self.plane in {None, plane}
            and (self.region is None or self.region.lower() == region.lower())
            and _fits(self.resource_type, resource_type)
            and not self.methods
            and self.path is None
            and self.skip == 0
            and self.count is None
        )

    def matches(self, target: Target) -> bool:
        """Does this fault concern ``target``, whatever its count?"""
        return (
            self.kind is not FaultKind.ROLES
            and (self.plane is None or self.plane is target.plane)
            and (self.region is None or self.region.lower() == (target.region or "").lower())
            and (not self.methods or target.method in {m.upper() for m in self.methods})
            and _fits(self.resource_type, target.resource_type)
            and _fits(self.path, target.path)
            and target.method not in _SPARED.get(self.kind, ())
            and (self.kind is not FaultKind.READ_ONLY or not _reads(target.path))
            and (self.kind is not FaultKind.STALE or _may_be_stale(target))
            and (self.kind is not FaultKind.EXPIRED or target.plane is not Plane.IDENTITY)
        )

    def strikes(self, target: Target, seed: int) -> bool:
        """Count one matching request; does the fault strike it?"""
        if self.chance is not None and not self._drawn(target, seed):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.count is None:
            return True
        if self.count <= 0:
            return False
        self.count -= 1
        return True

    def _drawn(self, target: Target, seed: int) -> bool:
        """Draw for a request by the seed and by how often it was sent: in any order the same."""
        what = f"{target.method} {target.path.lower()}"
        self.met[what] = self.met.get(what, 0) + 1
        draw = Random(f"{seed}/{self.id}/{what}/{self.met[what]}")  # noqa: S311 - seeded on purpose
        return draw.random() < (self.chance or 0.0)


_READING_METHODS = frozenset({"GET", "HEAD"})
_SPARED: dict[FaultKind, frozenset[str]] = {
    FaultKind.LOST: _READING_METHODS,
    FaultKind.READ_ONLY: _READING_METHODS,
    FaultKind.FAIL: _READING_METHODS,
    FaultKind.HALFWAY: _READING_METHODS,
    FaultKind.CAPACITY: _READING_METHODS | {"DELETE"},
    FaultKind.QUOTA: _READING_METHODS | {"DELETE", "POST"},
    FaultKind.STALE: frozenset({"HEAD", "PUT", "PATCH", "POST", "DELETE"}),
}
"""Methods that a kind of fault leaves alone."""
_POLLS = ("/operationstatuses/", "/operationresults/", "/asyncoperations/")


def _may_be_stale(target: Target) -> bool:
    """Can a read tell of the past? What tells of an operation cannot."""
    path = target.path.lower()
    return target.plane is Plane.CONTROL and not any(mark in path for mark in _POLLS)


_READING = ("backup", "decrypt", "encrypt", "sign", "unwrapkey", "verify", "wrapkey")
"""What a POST ends with that changes nothing."""


def _reads(path: str) -> bool:
    return path.rpartition("/")[2].lower() in _READING


def _fits(pattern: str | None, value: str | None) -> bool:
    return pattern is None or fnmatchcase((value or "").lower(), pattern.lower())


class Striking(msgspec.Struct, kw_only=True, frozen=True):
    """What befalls one request: a delay, and at most one fault besides."""

    delay: float = 0.0
    """Seconds."""
    fault: Fault | None = None


def strike(
    faults: Iterable[Fault], target: Target, *, now: float | None = None, seed: int = 0
) -> Striking:
    """Return what befalls a request; counts go down by one for the faults that strike.

    ``now`` is the world time; without it all faults are in force.

    Delays add up. Of the other faults the first that strikes counts, and later ones keep theirs.
    """
    delay = 0.0
    for fault in faults:
        if now is not None and not fault.is_on(now):
            continue
        if not fault.matches(target) or not fault.strikes(target, seed):
            continue
        if fault.kind is not FaultKind.SLOW:
            return Striking(delay=delay, fault=fault)
        delay += fault.milliseconds / 1000
    return Striking(delay=delay)
