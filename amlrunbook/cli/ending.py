"""The end of a run whose process died between its last event and its journal's terminal entry."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from amlrunbook.errors import ExitCode
from amlrunbook.executor.ledger import JournalLedger, recorded_of
from amlrunbook.journal import JOURNAL_FILE, DrillIdentity, read_entries
from amlrunbook.journal.identity import Identity
from amlrunbook.state import events as e
from amlrunbook.state.fold import fold


def finish_closed(folder: Path, signer: Callable[[], Identity]) -> ExitCode | None:
    """Write the terminal entry that a closed run's journal lacks, and return the run's exit code.

    ``None`` where there is nothing to finish: no journal, a run that goes on, or a journal that is closed.

    Raises:
        JournalError: the journal cannot be read or written.
        RefusedError: nobody signs, and a run that nobody signs was not asked for.
    """
    if not (folder / JOURNAL_FILE).is_file():
        return None
    entries = tuple(recorded_of(entry) for entry in read_entries(folder))
    state = fold(entries)
    ended = any(isinstance(entry.event, e.JournalClosed) for entry in entries)
    if state.closed is None or state.opened is None or ended:
        return None
    drill = bool(state.opened.scenario)
    identity: Identity = DrillIdentity.load(folder) if drill else signer()
    ledger = JournalLedger.reopen(folder, identity, drill=drill)
    ledger.close(state.closed.outcome.value)
    return ExitCode(state.closed.exit_code)
