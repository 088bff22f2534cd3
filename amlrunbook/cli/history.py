"""Earlier runs on disk, for what their journals say of how long steps take."""

from __future__ import annotations

from pathlib import Path

from amlrunbook.errors import AmlRunbookError
from amlrunbook.executor.forecast import EarlierRun, Forecast, forecast
from amlrunbook.executor.ledger import read_evidence, recorded_of
from amlrunbook.executor.run import Executor
from amlrunbook.journal import JOURNAL_FILE, read_entries
from amlrunbook.model.mode import Mode
from amlrunbook.planning.plan import plan_from_json
from amlrunbook.state import events as e
from amlrunbook.store.runs import list_run_folders

MOST_RUNS = 20
"""How many earlier runs are read, the newest first."""
LARGEST = 2 << 20
"""Bytes of a journal that is read for its times; a larger one is passed over."""


def forecast_of(executor: Executor) -> Forecast:
    """Return what the steps of this run's runbook took in the runs before it."""
    own = Path(executor.stage.record.path).parent
    runbook = executor.stage.plan.runbook
    drill = executor.stage.mode is Mode.DRILL
    return forecast(earlier_runs(runbook, but=own), runbook, drill=drill)


def earlier_runs(runbook: str, *, but: Path) -> list[EarlierRun]:
    """Return the newest runs of a runbook, but for the one in the folder ``but``.

    A journal that cannot be read tells no times; it is passed over.
    """
    found: list[EarlierRun] = []
    for folder in reversed(list_run_folders()):
        if folder.runbook != runbook or folder.path.resolve() == but.resolve():
            continue
        run = _read(folder.path)
        if run is not None:
            found.append(run)
        if len(found) == MOST_RUNS:
            break
    return found


def _read(folder: Path) -> EarlierRun | None:
    try:
        if (folder / JOURNAL_FILE).stat().st_size > LARGEST:
            return None
        entries = tuple(recorded_of(entry) for entry in read_entries(folder))
        return EarlierRun(entries, plan_from_json(read_evidence(folder, _plan_digest(entries))))
    except (AmlRunbookError, OSError):
        return None


def _plan_digest(entries: tuple[e.Recorded, ...]) -> str:
    """Return the digest of the plan that a run went by last; empty where it was never opened."""
    digest = ""
    for entry in entries:
        if isinstance(entry.event, e.RunOpened):
            digest = entry.event.plan_digest
        elif isinstance(entry.event, e.PlanAdopted):
            digest = entry.event.after
    return digest
