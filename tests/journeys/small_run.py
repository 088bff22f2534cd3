"""A small drill in parts: run whole, ended by SIGKILL at any append, and resumed.

As a program it is the process that dies: it reads ``RUN-FOLDER APPEND before|after`` lines, does each in a
forked child that kills itself there, and answers with the child's exit status.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec

from amlrunbook.cli.drill import scenario_profile
from amlrunbook.cli.looking import gateway_for
from amlrunbook.cli.parts import registry_of
from amlrunbook.executor.ledger import JournalLedger
from amlrunbook.executor.opening import Who, open_left, open_new
from amlrunbook.journal import DrillIdentity
from amlrunbook.model.mode import Mode
from amlrunbook.model.snapshot import Snapshot
from amlrunbook.operations.hardening.setting import SettingAction
from amlrunbook.operations.hardening.storage_services import BLOB_SOFT_DELETE
from amlrunbook.planning.load import load_runbook
from amlrunbook.planning.resolve import resolve
from amlrunbook.simulator.endpoint import read_endpoint
from amlrunbook.simulator.scenario import load_scenario
from tests.unit.executor.driving import drive

SCENARIO = "lonely-workspace"
RUNBOOK = Path(__file__).with_name("small.toml")


@dataclass
class SmallRun:
    """The parts of a run of the small runbook against a living simulated Azure."""

    world: Path
    snapshot: Snapshot
    scenario: str = SCENARIO
    runbook: Path = RUNBOOK

    def __post_init__(self):
        self.profile = scenario_profile(load_scenario(self.scenario))
        self.gateway = gateway_for(self.profile, Mode.DRILL, endpoint=read_endpoint(self.world))
        self.registry = dict(registry_of(self.gateway))
        self.registry["hardening.blob-soft-delete"] = SettingAction(
            self.gateway, BLOB_SOFT_DELETE, looks=1
        )
        loaded = load_runbook(self.runbook)
        self.plan = resolve(loaded, self.profile, self.snapshot, self.registry, self.beside)

    def beside(self, name: str):
        """Return the runbook that lies beside this one."""
        return load_runbook(self.runbook.with_name(f"{name}.toml"))

    def open(self, folder: Path, ledger=JournalLedger):
        """Open the run in a new folder."""
        identity = DrillIdentity.create(folder)
        who = Who(run="small", operator="olga", mode=Mode.DRILL, scenario=self.scenario)
        book = ledger.create(folder, identity, drill=True)
        return open_new(book, self.plan, self.snapshot, self.registry, who=who)

    def resume(self, folder: Path):
        """Go on with the run in its folder."""
        book = JournalLedger.reopen(folder, DrillIdentity.load(folder), drill=True)
        run = open_left(book, self.registry, operator="olga", mode=Mode.DRILL, current=self.plan)
        run.pick_up()
        return run


def dying_ledger(at: int, moment: str):
    """Return a journal that ends the process with SIGKILL at its n-th write, before or after it is durable."""
    count = 0

    def deadly(write):
        def written(*arguments):
            nonlocal count
            count += 1
            if count == at and moment == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            result = write(*arguments)
            if count == at:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return written

    class DyingLedger(JournalLedger):
        append = deadly(JournalLedger.append)
        add_evidence = deadly(JournalLedger.add_evidence)
        close = deadly(JournalLedger.close)

    return DyingLedger


def die(small: SmallRun, folder: Path, at: int, moment: str) -> int:
    """Run in a child until the n-th write; return 0 where the run came to its end before that."""
    pid = os.fork()
    if pid == 0:
        drive(small.open(folder, dying_ledger(at, moment)))
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main() -> None:
    """Serve deaths to the test that asks for them."""
    world, snapshot = Path(sys.argv[1]), Path(sys.argv[2])
    known = msgspec.json.decode(snapshot.read_bytes(), type=Snapshot)
    small = SmallRun(world, known, sys.argv[3], Path(sys.argv[4]))
    for line in sys.stdin:
        folder, at, moment = line.split()
        sys.stdout.write(f"{die(small, Path(folder), int(at), moment)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
