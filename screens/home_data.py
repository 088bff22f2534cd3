"""What the home screen shows: gathered by the command line, frozen, with the time it was gathered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # making these classes takes a while, and the first frame shows none of them
    from screens.home_items import JournalRow, OpenRun, ProfileRow, RunbookRow, ScenarioRow


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeData:
    """Everything that the home screen shows."""

    operator: str
    taken: datetime
    """When all this was gathered, UTC."""
    profiles: tuple[ProfileRow, ...] = ()
    open_runs: tuple[OpenRun, ...] = ()
    journals: tuple[JournalRow, ...] = ()
    """The latest first."""
    runbooks: tuple[RunbookRow, ...] = ()
    scenarios: tuple[ScenarioRow, ...] = ()
    problems: tuple[str, ...] = ()
    """What could not be read, a sentence each."""
