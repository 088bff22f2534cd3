"""What the journeys of killed runs share: a process that has its children die, and how a run stands after."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from amlrunbook.executor.ledger import recorded_of
from amlrunbook.journal import read_entries
from amlrunbook.state.events import Recorded
from amlrunbook.state.fold import fold
from tests.journeys.desk import PATIENCE
from tests.journeys.small_run import SmallRun

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def dying(small: SmallRun, world: Path, folder: Path) -> Iterator[Callable[[Path, int, str], int]]:
    """A process that forks children and has them die where it is told: at which write, before or after it.

    ``folder`` takes the snapshot that the children begin with. What comes back is a child's exit status: 0 where
    its run came to its end before.
    """
    snapshot = folder / "snapshot.json"
    snapshot.write_bytes(msgspec.json.encode(small.snapshot))
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.journeys.small_run", str(world), str(snapshot)),
            *(small.scenario, str(small.runbook)),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    ask, answers = server.stdin, server.stdout

    def die(run: Path, at: int, moment: str) -> int:
        ask.write(f"{run} {at} {moment}\n")
        ask.flush()
        return int(answers.readline())

    yield die
    ask.close()
    answers.close()
    assert server.wait(PATIENCE) == 0


def entries_of(folder: Path) -> list[Recorded]:
    """What a run's journal holds."""
    return [recorded_of(entry) for entry in read_entries(folder)]


def ends(folder: Path) -> dict[str, str]:
    """How each step of a run stands; nothing in it may be out of order."""
    state = fold(entries_of(folder))
    assert state.anomalies == ()
    return {name: record.state.value for name, record in state.steps.items()}
