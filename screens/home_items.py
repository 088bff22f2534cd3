"""What is listed on the home screen, each kind by itself: gathered by the command line, frozen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from amlrunbook.model.finding import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRow:
    """A protected workspace pair."""

    name: str
    source: str
    target: str = ""
    """Empty where there is no secondary."""
    posture: Verdict | None = None
    """The worst of the last assessment; ``None`` where there was none."""
    posture_text: str = ""
    """In a few words: ``3 would be lost, 2 slow``."""
    seen: str = ""
    """When the last snapshot was taken, RFC 3339; empty for never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRun:
    """A run that was not closed."""

    path: str
    title: str
    profile: str
    mode: str
    settled: int
    total: int
    in_doubt: int = 0
    last: str = ""
    """When its last entry was written, RFC 3339."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalRow:
    """A closed run."""

    path: str
    title: str
    profile: str
    mode: str
    outcome: str
    """In words: ``completed``, ``completed with failures``, ``cancelled``."""
    good: bool = True
    closed: str = ""
    """When, RFC 3339."""
    duration_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunbookRow:
    """A runbook that can be run."""

    id: str
    title: str
    steps: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioRow:
    """A drill that can be started."""

    id: str
    title: str
