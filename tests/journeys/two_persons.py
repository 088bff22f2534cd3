"""A run that takes two persons, in a process of its own: linear prompts, the operator's own key, a world of one switch.

As a program: ``python -m tests.journeys.two_persons FOLDER``; ``FOLDER/minutes`` moves the approvals' clock.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from amlrunbook.cli import signing
from amlrunbook.cli.driving import Driver
from amlrunbook.cli.folk import people_of_run
from amlrunbook.cli.prompts import PromptOperator
from amlrunbook.executor.ledger import JournalLedger
from amlrunbook.executor.opening import Who, open_new
from amlrunbook.executor.people import utc_now
from amlrunbook.executor.thread import RunThread
from amlrunbook.model.cloud import CLOUDS
from amlrunbook.model.mode import Mode
from amlrunbook.model.operation import Confirmation, Risk
from tests.unit.executor.ground import SNAPSHOT, Switch, SwitchOn, plan_of, switch_step


class Minutes:
    """The real time, moved by what a file says."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self):
        minutes = int(self._path.read_text()) if self._path.exists() else 0
        return utc_now() + timedelta(minutes=minutes)


def main() -> None:
    """Open the run and be its operator's prompt until it is left."""
    folder = Path(sys.argv[1])
    action = SwitchOn(Switch(), Confirmation.TWO_PERSONS)
    action.risk = Risk.DATA_LOSS
    identity = signing.current_identity()
    ledger = JournalLedger.create(folder, identity, drill=False)
    people = people_of_run(ledger, identity, CLOUDS["public"])
    executor = open_new(
        ledger,
        plan_of(switch_step()),
        SNAPSHOT,
        {"switch.on": action},
        who=Who(run="two", operator="olga", mode=Mode.LIVE),
        people=replace(people, now=Minutes(folder / "minutes")),
    )
    operator = PromptOperator(Mode.LIVE, lambda: executor.stage.record.entries)
    code = Driver(RunThread(executor), operator).drive()
    executor.stage.record.release()
    raise SystemExit(int(code))


if __name__ == "__main__":
    main()
