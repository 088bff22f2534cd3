"""What a run is told of the people and the world around it: ports that the command line fills in.

A run without them works all the same: nobody can approve, no probe is asked, no world has a revision.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from amlrunbook.journal import Trust
from amlrunbook.model.profile import Probe

if TYPE_CHECKING:
    from amlrunbook.executor.drilling import Drilling


@dataclass(frozen=True, slots=True)
class Seen:
    """What one probe saw."""

    probe: str
    green: bool
    text: str
    """One sentence for a human: ``200 in 84 ms``, or why not."""


class Probing(Protocol):
    """Asks probes, with a deadline each; changes nothing and carries no token."""

    def ask(self, probes: tuple[Probe, ...]) -> tuple[Seen, ...]:
        """Return what each probe saw, in their order; never raises for what a service does."""


def utc_now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


def random_nonce() -> str:
    """Return 128 random bits in hex."""
    return secrets.token_hex(16)


def _no_trust() -> Trust:
    return Trust(signers=(), source="no list of signers")


@dataclass(frozen=True, slots=True)
class People:
    """Who signs here, whom they trust, and what can be asked about the world."""

    principal: str = ""
    """Whose key signs this session; empty where it is nobody's, and then nobody can be told apart."""
    key: str = ""
    """The fingerprint of that key."""
    journal: str = ""
    """The journal's id."""
    trust: Callable[[], Trust] = _no_trust
    """The pinned list, read anew each time: it may grow while the run waits."""
    probing: Probing | None = None
    world_revision: Callable[[], int] | None = None
    """The simulated Azure's revision, in a drill."""
    drilling: Drilling | None = None
    """The simulated world, in a drill."""
    now: Callable[[], datetime] = field(default=utc_now)
    nonce: Callable[[], str] = field(default=random_nonce)


NOBODY = People()
"""A run that knows of nobody but its operator."""
