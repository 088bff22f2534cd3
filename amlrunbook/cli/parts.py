"""The parts of a run, put together: gateway, snapshot, plan, journal. Only commands see both sides."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from amlrunbook.cli import talk
from amlrunbook.errors import DocumentError, UsageError
from amlrunbook.executor.ledger import read_evidence, recorded_of
from amlrunbook.executor.opening import Left, left_of
from amlrunbook.journal import JOURNAL_FILE, read_entries
from amlrunbook.model.mode import Mode
from amlrunbook.model.profile import Profile
from amlrunbook.model.snapshot import Snapshot
from amlrunbook.planning.load import LoadedRunbook, find_runbook, load_runbook
from amlrunbook.planning.plan import Plan
from amlrunbook.planning.resolve import resolve
from amlrunbook.store.paths import runbooks_folder
from amlrunbook.store.runs import find_run_folder

if TYPE_CHECKING:
    from amlrunbook.azure.gateway import AzureGateway
    from amlrunbook.model.operation import Registry

SIMULATOR_FOLDER = "simulator"
"""Where a drill's simulated Azure lies in the run's folder."""


def operator_name() -> str:
    """Return who runs this process, as the machine knows them."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def registry_of(gateway: AzureGateway | None) -> Registry:
    """Return all operations, on ``gateway`` or on nothing."""
    from amlrunbook.operations.registry import build_registry

    return build_registry(gateway)


def looked_at(gateway: AzureGateway, profile: Profile, *, drill: Path | None = None) -> Snapshot:
    """Take the snapshot of a profile's pair, and say on stderr how that goes.

    Raises:
        SignInError: nobody is signed in.
        AzureError: nothing at all could be read, and no snapshot is kept that could stand in.
    """
    from amlrunbook.cli.looking import look

    talk.say("Looking at Azure…")
    taken = look(profile, gateway, drill=drill)
    documents, unread = len(taken.snapshot.documents), len(taken.unread)
    talk.say(
        f"Read {documents - unread} documents by {taken.requests} requests in {taken.seconds:.1f} s; "
        f"{unread} could not be read."
    )
    if words := taken.snapshot.stand_in_words:
        talk.say(words)
    return taken.snapshot


def runbook_named(name: str) -> LoadedRunbook:
    """Read a runbook by path or by name.

    Raises:
        UsageError: there is none.
        DocumentError: it does not fit the grammar.
    """
    return load_runbook(find_runbook(name, runbooks_folder()))


def run_folder_of(text: str) -> Path:
    """Return the run's folder that a journal's path, a folder's path or a run's id names.

    Raises:
        UsageError: there is none.
    """
    path = Path(text)
    if path.is_file():
        return path.resolve().parent
    if path.is_dir():
        return path.resolve()
    return find_run_folder(text).path


@dataclass(frozen=True, slots=True)
class LeftRun:
    """A run on disk that can go on, read without writing anything."""

    folder: Path
    left: Left

    @property
    def is_drill(self) -> bool:
        """Whether it is a drill."""
        return self.left.opened.mode == Mode.DRILL.value


def read_left_run(folder: Path) -> LeftRun:
    """Read a run that was left.

    Raises:
        JournalError: its journal cannot be read.
        RefusedError: it is closed, or was never opened.
        IncompleteError: its plan or snapshot is withheld.
    """
    if not (folder / JOURNAL_FILE).is_file():
        raise UsageError(
            f"There is no journal in {folder}.",
            next_step="Name the journal's file, the run's folder, or the run's id.",
        )
    entries = tuple(recorded_of(entry) for entry in read_entries(folder))
    return LeftRun(folder, left_of(entries, lambda sha256: read_evidence(folder, sha256)))


def plan_now(run: LeftRun, runbook: str, snapshot: Snapshot | None = None) -> Plan | None:
    """Return the plan that the runbook on disk gives today for a run's profile and snapshot, or for another one.

    ``None``, with a word on stderr, where the runbook is not found: the run has its own plan.

    Raises:
        DocumentError: the file on disk does not fit the grammar any more.
    """
    try:
        loaded = runbook_named(runbook or run.left.opened.runbook)
    except UsageError as error:
        if runbook or isinstance(error, DocumentError):
            raise
        talk.say(
            f"The runbook {run.left.opened.runbook!r} is not found, so nobody knows whether it changed; "
            "the run goes on by the plan in its journal."
        )
        return None
    known = snapshot or run.left.snapshot
    return resolve(loaded, run.left.plan.profile, known, registry_of(None), runbook_named)
