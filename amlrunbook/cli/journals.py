"""Runs on disk, read without writing: for the home screen's lists, and to look at one on screen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from amlrunbook.errors import AmlRunbookError, JournalError, RefusedError
from amlrunbook.executor.commands import AnyCommand
from amlrunbook.executor.forecast import UNFORESEEN, Forecast
from amlrunbook.executor.ledger import read_evidence, recorded_of
from amlrunbook.executor.watching import Watcher
from amlrunbook.journal import JOURNAL_FILE, read_entries
from amlrunbook.model.mode import Mode
from amlrunbook.planning.plan import Plan, plan_from_json
from amlrunbook.state.events import Recorded
from amlrunbook.state.fold import RunState, fold

LARGEST_LISTED = 8 << 20
"""Bytes of a journal that is read for a list; a larger one is only named there."""


class ReadRun:
    """A run whose journal is only read (:class:`~amlrunbook.executor.watching.LiveRun`): it takes no command.

    Raises:
        JournalError: the journal cannot be read, or says of no run.
        IncompleteError: its plan is withheld.
        DocumentError: its plan was written by another release.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._entries = tuple(recorded_of(entry) for entry in read_entries(folder))
        self._state = fold(self._entries)
        opened = self._state.opened
        if opened is None:
            raise JournalError(f"The journal in {folder} opens no run.")
        self._mode = Mode(opened.mode)
        self._plan = plan_from_json(read_evidence(folder, self._state.plan_digest))
        self._watchers: list[Watcher] = []

    @property
    def plan(self) -> Plan:
        """The plan that was run."""
        return self._plan

    @property
    def mode(self) -> Mode:
        """What the run could change, when it ran."""
        return self._mode

    @property
    def operator(self) -> str:
        """Who ran it last."""
        return self._state.operator

    @property
    def journal_path(self) -> str:
        """Where the journal lies."""
        return str(self._folder / JOURNAL_FILE)

    @property
    def state(self) -> RunState:
        """The state after the last entry."""
        return self._state

    @property
    def entries(self) -> tuple[Recorded, ...]:
        """Every entry, in order."""
        return self._entries

    @property
    def forecast(self) -> Forecast:
        """Nothing: what is read has happened."""
        return UNFORESEEN

    @property
    def busy(self) -> bool:
        """Never: nothing runs."""
        return False

    @property
    def focus(self) -> str:
        """Nothing waits for anybody."""
        return ""

    def submit(self, command: AnyCommand) -> None:
        """Refuse ``command``: a journal that is read takes no entry."""
        error = RefusedError(
            "This journal is only read.",
            state="Nothing was written.",
            next_step="Leave, and resume the run from the home screen if it is open.",
        )
        for watcher in tuple(self._watchers):
            watcher.refused(command, error)

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Tell ``watcher`` of refusals; nothing else happens here."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def evidence(self, sha256: str) -> bytes:
        """Return the bytes of a piece of evidence.

        Raises:
            IncompleteError: they are withheld or do not fit their hash.
        """
        return read_evidence(self._folder, sha256)


def standing_of(folder: Path) -> RunState | None:
    """Return the state that the journal in ``folder`` tells; ``None`` where it is too large for a list.

    Raises:
        AmlRunbookError: it cannot be read.
    """
    try:
        size = (folder / JOURNAL_FILE).stat().st_size
    except OSError as error:
        raise AmlRunbookError(f"{folder.name} has no journal that can be read.") from error
    if size > LARGEST_LISTED:
        return None
    return fold(recorded_of(entry) for entry in read_entries(folder))
