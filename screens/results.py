"""What the app hands back when it ends: the one thing that the command line is to do next.

The app starts nothing itself. One process talks to one cloud, so a drill or a run begins in a fresh one.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StartDrill:
    """Start a drill of this scenario."""

    scenario: str


@dataclass(frozen=True, slots=True)
class Resume:
    """Resume the run whose journal or folder lies here."""

    path: str


@dataclass(frozen=True, slots=True)
class Assess:
    """Run the assessment of this profile, read-only."""

    profile: str


@dataclass(frozen=True, slots=True)
class StartRun:
    """Run this runbook for this profile, read-only."""

    runbook: str
    profile: str


@dataclass(frozen=True, slots=True)
class OpenJournal:
    """Show the journal that lies here."""

    path: str


@dataclass(frozen=True, slots=True)
class RunLeft:
    """The operator left the run; its journal is open and the run can be resumed."""


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The operator left after the run was closed."""


AppResult = StartDrill | Resume | Assess | StartRun | OpenJournal | RunLeft | RunEnded
"""Everything the app can end with; ``None`` where the operator just left the home screen."""
