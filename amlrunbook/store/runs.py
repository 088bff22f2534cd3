"""Run folders: one a run, private, holding its journal and, in a drill, the simulated Azure's world."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from amlrunbook.errors import AmlRunbookError, UsageError
from amlrunbook.store.files import private_folder
from amlrunbook.store.paths import runs_folder

_FOLDER = re.compile(
    r"^(?P<stamp>\d{8}T\d{6}Z)-(?P<runbook>[a-z0-9][a-z0-9-]*)-(?P<id>[0-9a-f]{6})$"
)
_RUNBOOK = re.compile(r"^[a-z0-9][a-z0-9-]*$")


@dataclass(frozen=True, slots=True)
class RunFolder:
    """A run's folder."""

    stamp: str
    """When it was made, ``20261122T101112Z``."""
    runbook: str
    short_id: str
    path: Path


def new_run_folder(runbook: str, *, now: datetime | None = None) -> RunFolder:
    """Make the folder of a new run, for its owner alone.

    Args:
        runbook: the runbook's id.
        now: the time in its name; the present unless given.

    Raises:
        UsageError: ``runbook`` is no runbook's id.
        AmlRunbookError: the folder cannot be made.
    """
    if not _RUNBOOK.fullmatch(runbook):
        raise UsageError(f"{runbook!r} is no runbook's id.")
    stamp = (now or datetime.now(UTC)).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    parent = private_folder(runs_folder())
    while True:
        short_id = secrets.token_hex(3)
        path = parent / f"{stamp}-{runbook}-{short_id}"
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            continue
        except OSError as error:
            raise AmlRunbookError(
                f"The run's folder {path} cannot be made: {error.strerror or error}.",
                state="Nothing was begun.",
                next_step="Make room or mend the permissions, then try again.",
            ) from error
        return RunFolder(stamp, runbook, short_id, path)


def list_run_folders() -> tuple[RunFolder, ...]:
    """Return the folders of all runs, oldest first."""
    found = [
        RunFolder(name["stamp"], name["runbook"], name["id"], path)
        for path in runs_folder().glob("*")
        if path.is_dir() and (name := _FOLDER.fullmatch(path.name))
    ]
    return tuple(sorted(found, key=lambda run: (run.stamp, run.short_id)))


def find_run_folder(text: str) -> RunFolder:
    """Return the run whose short id, or whose folder's name, is ``text``.

    Raises:
        UsageError: there is none, or more than one.
    """
    found = [run for run in list_run_folders() if text in {run.short_id, run.path.name}]
    if len(found) != 1:
        count = "no run" if not found else f"{len(found)} runs"
        raise UsageError(f"There is {count} {text!r} in {runs_folder()}.")
    return found[0]
