"""The hour in parts: one simulated Azure that begins anew for every journey, the run on it, and an operator who knows.

As a program it is the process that dies: it reads ``RUN-FOLDER WRITES before|after`` lines, goes on with that run in a forked
child that kills itself at its n-th write, and answers with the child's exit status.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from amlrunbook.azure.inventory import take_snapshot
from amlrunbook.cli.folk import people_of_drill, with_calls
from amlrunbook.cli.looking import gateway_for
from amlrunbook.cli.parts import registry_of, runbook_named
from amlrunbook.cli.portal import deeds_of
from amlrunbook.errors import RefusedError
from amlrunbook.executor import commands as c
from amlrunbook.executor.adopting import snapshot_bytes
from amlrunbook.executor.ledger import JournalLedger
from amlrunbook.executor.legality import typed_names
from amlrunbook.executor.opening import Who, open_left, open_new
from amlrunbook.executor.run import Executor
from amlrunbook.journal import DrillIdentity
from amlrunbook.model.mode import Mode
from amlrunbook.model.profile import Profile
from amlrunbook.model.snapshot import Snapshot
from amlrunbook.planning.grammar import StepKind
from amlrunbook.planning.plan import Plan
from amlrunbook.planning.resolve import resolve
from amlrunbook.simulator import process
from amlrunbook.simulator.endpoint import Endpoint
from amlrunbook.state import events as e
from amlrunbook.state.fold import StepRecord
from amlrunbook.state.transitions import StepState
from tests.journeys.desk import PATIENCE
from tests.journeys.small_run import dying_ledger
from tests.simulator_fixtures import set_pace
from tests.unit.executor.driving import UNDER_WAY

SWITCHOVER = "switchover"
_READING = ("/token", "/score", "/listkeys")
"""POSTs that change nothing."""
_PATIENCE = 60.0
"""Seconds that pass before somebody looks again."""
_MOST = 400
"""Commands after which a script that does not end is given up."""


class WorldPace:
    """Waits that pass in the simulated world at once."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._waited = 0.0
        self.stop_asked = False

    def monotonic(self) -> float:
        """The seconds that were waited."""
        return self._waited

    def wait(self, seconds: float) -> bool:
        """Let the world's time pass."""
        self._waited += seconds
        process.control(self._endpoint, "POST", "/clock", {"advance": seconds})
        return self.stop_asked

    def ask_stop(self) -> None:
        """Stop."""
        self.stop_asked = True

    def stop_answered(self) -> None:
        """Go on."""
        self.stop_asked = False


@dataclass
class Hour:
    """One scenario from its alarm on: what was known before, and what is known now."""

    endpoint: Endpoint
    scenario: str
    earlier: Snapshot
    now: Snapshot
    choices: dict[str, str] = field(default_factory=lambda: {"decide": "switch"})

    def __post_init__(self) -> None:
        found: Any = process.control(self.endpoint, "GET", "/world")
        self.profile = msgspec.convert(found["profile"], Profile)
        self.by_hand.setdefault("callers", self.send_callers)
        self.gateway = gateway_for(self.profile, Mode.DRILL, endpoint=self.endpoint)
        self.registry = registry_of(self.gateway)
        self.plan = resolve(
            runbook_named(SWITCHOVER), self.profile, self.now, self.registry, runbook_named
        )

    def open(self, folder: Path, ledger: type[JournalLedger] = JournalLedger) -> Executor:
        """Open the run in a new folder."""
        identity = DrillIdentity.create(folder)
        who = Who(run="hour", operator="olga", mode=Mode.DRILL, scenario=self.scenario)
        book = ledger.create(folder, identity, drill=True)
        people = people_of_drill(folder, book, identity, self.endpoint, self.gateway.cloud)
        run = open_new(
            book, self.plan, self.now, self.registry, who=who, people=people, pace=self.pace
        )
        return with_calls(run, self.gateway)

    def resume(
        self, folder: Path, ledger: type[JournalLedger] = JournalLedger, **options: Any
    ) -> Executor:
        """Go on with the run in its folder."""
        identity = DrillIdentity.load(folder)
        accepted = options.get("accepted")
        book = (
            ledger.accept(folder, identity, {"verdict": "read"}, drill=True)
            if accepted
            else ledger.reopen(folder, identity, drill=True)
        )
        run = open_left(
            book,
            self.registry,
            operator=accepted.principal if accepted else "olga",
            mode=Mode.DRILL,
            current=self.plan_again,
            people=people_of_drill(folder, book, identity, self.endpoint, self.gateway.cloud),
            pace=self.pace,
            **options,
        )
        with_calls(run, self.gateway)
        run.pick_up()
        return run

    @property
    def plan_again(self) -> Plan:
        """The plan as another process makes it: of the inventory that the journal's evidence holds, asking nothing."""
        kept = msgspec.json.decode(snapshot_bytes(self.now), type=Snapshot)
        return resolve(
            runbook_named(SWITCHOVER), self.profile, kept, registry_of(None), runbook_named
        )

    @property
    def pace(self) -> WorldPace:
        """A new pace."""
        return WorldPace(self.endpoint)

    def judged(self) -> dict[str, Any]:
        """Return what the world says of the drill."""
        found: Any = process.control(self.endpoint, "GET", "/judgement")
        return dict(found)

    def changes(self) -> list[tuple[str, str]]:
        """Return every changing request that reached the world's resource manager or its data."""
        found: Any = process.control(self.endpoint, "GET", "/requests")
        return [
            (request["method"], request["path"].lower())
            for request in found[self.seen :]
            if request["method"] not in {"GET", "HEAD"}
            and not request["path"].startswith("/_simulator")
            and not request["path"].lower().endswith(_READING)
            and "/oauth2/" not in request["path"]
        ]

    by_hand: dict[str, Callable[[], None]] = field(default_factory=dict)
    """What is done outside at a manual step."""
    left_out: frozenset[str] = frozenset()
    """Steps of the runbook that this journey is not about."""
    seen: int = 0
    """How many requests the world had seen before this journey."""

    def drive(self, run: Executor, until: Callable[[Executor], bool] = lambda _run: False) -> None:
        """Be the operator, until the run is closed or ``until`` says so."""
        for _ in range(_MOST):
            if run.state.closed is not None or until(run):
                return
            if run.state.step(run.focus).state in UNDER_WAY:
                run.crew.join()
                continue
            command = self.next_command(run)
            if isinstance(command, c.LookAgain):
                self.pace.wait(_PATIENCE)
            _perform(run, command)
        raise AssertionError(f"the script does not end: {run.focus}")

    def next_command(self, run: Executor) -> c.AnyCommand:
        """Return what somebody who knows would do next."""
        step = run.focus
        if not step:
            return c.Close()
        planned, record = run.stage.plan.step(step), run.state.step(step)
        match record.state:
            case StepState.IN_DOUBT:
                return ruling_on(step, record)
            case StepState.PROPOSED:
                resources = record.proposal.resources if record.proposal else ()
                return c.Confirm(step=step, typed=" and ".join(typed_names(planned, resources)))
            case _ if planned.base in self.left_out:
                return c.Skip(step=step, reason="This journey is not about it.")
            case StepState.BLOCKED:
                raise AssertionError(f"{step} is blocked: {record.why_blocked}")
            case _ if planned.kind is StepKind.DECISION:
                return c.Decide(step=step, choice=self.choices[planned.base])
            case _ if planned.kind is StepKind.MANUAL:
                return self._by_hand(step, planned.do)
            case _:
                return c.RunStep(step=step)

    def _by_hand(self, step: str, dialog: str) -> c.AnyCommand:
        if dialog == "declare":
            return c.DeclareIncident(severity="1", text="The region is dark.")
        if dialog == "tell":
            return c.GiveUpdate(text="We are switching over.")
        self.by_hand.get(step, lambda: None)()
        return c.DoneOutside(step=step, evidence="Done at the portal.")

    def send_callers(self) -> None:
        """Do what the callers' own routing does, once."""
        for deed in deeds_of(self.endpoint):
            if "aml-fraud-w (now" in deed.text:
                process.control(self.endpoint, "POST", "/portal", deed.body)


def _perform(run: Executor, command: c.AnyCommand) -> None:
    """Perform a command; what is shown anew because it changed meanwhile is read, and confirmed next time."""
    shown = run.state.step(run.focus).proposal if isinstance(command, c.Confirm) else None
    try:
        run.perform(command)
    except RefusedError:
        anew = run.state.step(run.focus).proposal
        if shown is None or anew is None or anew.preview_sha256 == shown.preview_sha256:
            raise


def ruling_on(step: str, record: StepRecord) -> c.AnyCommand:
    """Return what the evidence says of a doubt; while it says that Azure has it, look again."""
    doubt = record.doubt
    assert doubt is not None
    if doubt.reached:
        return c.Rule(step=step, ruling=e.Ruling.HAPPENED, reason="It is seen.")
    if doubt.evidence_for or any("ccepted" in seen for seen in doubt.evidence_neither):
        return c.LookAgain(step=step)
    return c.Rule(step=step, ruling=e.Ruling.DID_NOT_HAPPEN, reason="Nothing speaks for it.")


def alarm(
    running: Endpoint,
    scenario: str,
    *,
    faults: tuple[dict[str, Any], ...] = (),
    age: float = 7200.0,
) -> Hour:
    """Begin ``scenario`` anew in a world that runs, and sound its alarm."""
    told: Any = process.control(running, "POST", "/begin", {"scenario": scenario})
    endpoint = Endpoint(**told)
    set_pace(endpoint, polls=1, seconds=600.0, retry_after=0)
    found: Any = process.control(endpoint, "GET", "/world")
    profile = msgspec.convert(found["profile"], Profile)
    with closing(gateway_for(profile, Mode.DRILL, endpoint=endpoint)) as gateway:
        earlier = take_snapshot(gateway, profile).snapshot
        then = datetime.now(UTC) - timedelta(seconds=age)
        stamp = then.isoformat(timespec="seconds").replace("+00:00", "Z")
        earlier = msgspec.structs.replace(earlier, taken_at=stamp)
        process.control(endpoint, "POST", "/alarm")
        for fault in faults:
            process.control(endpoint, "POST", "/faults", fault)
        now = take_snapshot(gateway, profile, earlier=earlier).snapshot
    hour = Hour(endpoint, scenario, earlier, now)
    requests: Any = process.control(endpoint, "GET", "/requests")
    hour.seen = len(requests)
    return hour


def live_and_die(hour: Hour, folder: Path, writes: int, moment: str) -> int:
    """Go on with a run in a child until its n-th write; return 0 where it came to its end before that."""
    pid = os.fork()
    if pid == 0:
        ledger = dying_ledger(writes, moment)
        begun = (folder / "journal.jsonl").exists()
        hour.drive(hour.resume(folder, ledger) if begun else hour.open(folder, ledger))
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@contextmanager
def dying(hour: Hour, folder: Path) -> Iterator[Callable[[Path, int, str], int]]:
    """Yield a function that goes on with a run until its n-th write, in a process that dies there."""
    files = [folder / name for name in ("endpoint", "earlier", "now")]
    for path, value in zip(files, (hour.endpoint, hour.earlier, hour.now), strict=True):
        path.write_bytes(msgspec.json.encode(value))
    words = [str(files[0]), hour.scenario, str(files[1]), str(files[2])]
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.journeys.hour", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert server.stdin is not None
    assert server.stdout is not None
    orders, answers = server.stdin, server.stdout

    def go_on(run: Path, writes: int, moment: str = "after") -> int:
        orders.write(f"{run} {writes} {moment}\n")
        orders.flush()
        return int(answers.readline())

    try:
        yield go_on
    finally:
        orders.close()
        answers.close()
        server.wait(PATIENCE)


def main() -> None:
    """Serve deaths to the test that asks for them."""
    earlier, now = (
        msgspec.json.decode(Path(path).read_bytes(), type=Snapshot) for path in sys.argv[3:5]
    )
    endpoint = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Endpoint)
    hour = Hour(endpoint, sys.argv[2], earlier, now)
    for line in sys.stdin:
        folder, writes, moment = line.split()
        sys.stdout.write(f"{live_and_die(hour, Path(folder), int(writes), moment)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
