"""A small ground to run on: real operations over a world of one switch, and a journal in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from amlrunbook.errors import DeadlineError, IncompleteError, JournalError
from amlrunbook.executor.opening import Who, open_left, open_new
from amlrunbook.executor.people import NOBODY, People
from amlrunbook.executor.run import Executor
from amlrunbook.model.finding import Finding, Verdict
from amlrunbook.model.mode import Mode
from amlrunbook.model.operation import (
    ActionResult,
    CheckReport,
    Confirmation,
    Evidence,
    Observation,
    Outcome,
    Preview,
    Request,
    Risk,
)
from amlrunbook.model.profile import Profile, Side
from amlrunbook.model.snapshot import snapshot_of
from amlrunbook.planning.grammar import Choice, Phase, StepKind
from amlrunbook.planning.plan import PLAN_FORMAT, Plan, PlannedStep
from amlrunbook.state.events import (
    Event,
    EvidenceAdded,
    HandoverOffered,
    JournalClosed,
    Recorded,
    SessionOpened,
)

GROUP = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/ws-one"
ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stone"


@dataclass
class Switch:
    """The world: one switch, and everything that was sent to change it."""

    on: bool = False
    behaviour: str = "works"
    """works, refused, lost (accepted and never done), unanswered (done, no answer), lies, raises."""
    readable: bool = True
    puts: list[str] = field(default_factory=list)
    """The client request ids of the changing requests that left."""
    before_put: Callable[[str], None] = lambda _request_id: None
    looks: int = 0


class SwitchOn:
    """The action: turns the switch on."""

    id = "switch.on"
    title = "Turn the switch on"
    risk = Risk.REVERSIBLE

    def __init__(self, world: Switch, confirmation: Confirmation = Confirmation.ENTER) -> None:
        self.world = world
        self.confirmation = confirmation

    def preview(self, context):
        if not self.world.readable:
            raise DeadlineError("No answer within 10 s.")
        return Preview(
            summary="Turns the switch on.",
            requests=(Request(method="PUT", path=f"{ACCOUNT}/switch", body={"on": True}),),
            resources=(ACCOUNT,),
            before="on" if self.world.on else "off",
            after="on",
            undo="Turn it off.",
            needless="It is on already." if self.world.on else "",
        )

    def apply(self, context, preview, intent, reporter):
        reporter.sent("PUT", preview.requests[0].path)
        self.world.before_put(intent.request_id)
        self.world.puts.append(intent.request_id)
        match self.world.behaviour:
            case "refused":
                return ActionResult(outcome=Outcome.FAILED, text="409 Conflict")
            case "lost":
                reporter.accepted(202, "/poll/1", "svc-1")
                return ActionResult(outcome=Outcome.UNKNOWN, text="the poll never ended")
            case "unanswered":
                self.world.on = True
                return ActionResult(outcome=Outcome.UNKNOWN, text="the connection broke")
            case "lies":
                return ActionResult(outcome=Outcome.SUCCEEDED, text="200 OK")
            case "raises":
                raise KeyError("a defect")
            case _:
                self.world.on = True
                reporter.accepted(202, "/poll/1", "svc-1")
                reporter.progressed("polling", 1, 2)
                return ActionResult(outcome=Outcome.SUCCEEDED, text="200 OK")

    def observe(self, context, preview, intent, poll_url):
        self.world.looks += 1
        if not self.world.readable:
            return Observation(reached=False, readable=False, text="No answer.")
        side = "for" if self.world.on else "against"
        seen = Evidence(source="resource", text="on" if self.world.on else "off", speaks=side)
        return Observation(reached=self.world.on, text=seen.text, evidence=(seen,))

    def verify(self, context, preview):
        self.world.looks += 1
        return Observation(
            reached=self.world.on and self.world.readable,
            readable=self.world.readable,
            text="on" if self.world.on else "off",
        )


class LookAt:
    """A check that says what it is told to say, try after try."""

    def __init__(self, name: str, *verdicts: Verdict) -> None:
        self.id = name
        self.title = name
        self.verdicts = list(verdicts) or [Verdict.PASS]
        self.runs = 0

    def run(self, context, reporter):
        verdict = self.verdicts[min(self.runs, len(self.verdicts) - 1)]
        self.runs += 1
        if verdict is Verdict.UNKNOWN:
            raise DeadlineError("No answer within 10 s.")
        reporter.progressed("reading", 1, 1)
        finding = Finding(
            check=self.id,
            resource=ACCOUNT,
            verdict=verdict,
            title="Is it on?",
            observed="off",
            expected="on",
            why="It is dark.",
            source="https://example.invalid/",
        )
        return CheckReport(verdict=verdict, text=f"It says {verdict.value}.", findings=(finding,))


class Breaks:
    """A check with a defect."""

    id = "check.breaks"
    title = "breaks"

    def run(self, context, reporter):
        raise ZeroDivisionError("one over nothing")


class Crash(BaseException):
    """The end of the process, at an append."""


class MemoryLedger:
    """A journal in memory that can end the process, or die, at the n-th append."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self.dead = False
        """Whether the process has ended: its other threads write nothing any more."""
        disk.append(SessionOpened())
        self._opening = tuple(disk.entries)

    @property
    def path(self):
        return "memory"

    @property
    def entries(self):
        return self._opening

    def append(self, events):
        if self.dead:
            raise Crash
        self.disk.appends += 1
        if self.disk.crash_at == self.disk.appends:
            for event in events[: self.disk.crash_keeps]:
                self.disk.append(event)
            self.dead = True
            raise Crash
        if self.disk.dies_at == self.disk.appends:
            raise JournalError("The disk is full.")
        return tuple(self.disk.append(event) for event in events)

    def add_evidence(self, name, data, step):
        sha256 = hashlib.sha256(data).hexdigest()
        self.disk.evidence[sha256] = data
        event = EvidenceAdded(name=name, size=len(data), sha256=sha256, step=step)
        return self.append((event,))[0]

    def evidence(self, sha256):
        if sha256 not in self.disk.evidence:
            raise IncompleteError(f"The evidence {sha256} is withheld.")
        return self.disk.evidence[sha256]

    def offer_handover(self, principal, text):
        return self.append((HandoverOffered(principal=principal, text=text),))

    def close(self, outcome):
        return self.append((JournalClosed(outcome=outcome),))

    def release(self):
        return None


@dataclass
class Disk:
    """What survives a crash."""

    entries: list[Recorded] = field(default_factory=list)
    evidence: dict[str, bytes] = field(default_factory=dict)
    appends: int = 0
    crash_at: int = 0
    crash_keeps: int = 0
    """How many events of the last group reach the disk all the same."""
    dies_at: int = 0

    def append(self, event: Event) -> Recorded:
        n = len(self.entries)
        recorded = Recorded(n=n, t=f"2026-01-01T00:00:{n // 1000:02}.{n % 1000:03}Z", event=event)
        self.entries.append(recorded)
        return recorded

    @property
    def events(self) -> list[Event]:
        return [entry.event for entry in self.entries]

    def kinds(self, step: str) -> list[str]:
        return [event.KIND for event in self.events if getattr(event, "step", None) == step]


class QuickPace:
    """A time that passes only by waiting."""

    def __init__(self) -> None:
        self.now = 0.0
        self.stop = False
        self.stop_after = None

    def monotonic(self):
        return self.now

    def wait(self, seconds):
        if self.stop_after is not None and self.now + seconds >= self.stop_after:
            self.stop = True
        self.now += seconds
        return self.stop

    @property
    def stop_asked(self):
        return self.stop

    def ask_stop(self):
        self.stop = True

    def stop_answered(self):
        self.stop = False


def check(name: str, **fields) -> PlannedStep:
    """Return a check step that runs the operation of its own name."""
    return planned(name, StepKind.CHECK, do=name, **fields)


def planned(name: str, kind: StepKind, **fields) -> PlannedStep:
    """Return a step."""
    return PlannedStep(
        id=name, base=name, phase="all", kind=kind, title=name.title(), why="To see.", **fields
    )


def decision(name: str, *choices: Choice, **fields) -> PlannedStep:
    """Return a decision step."""
    return planned(name, StepKind.DECISION, choices=choices, **fields)


def switch_step(name: str = "switch", **fields) -> PlannedStep:
    """Return an action step on the switch."""
    return planned(name, StepKind.ACTION, do="switch.on", resource=ACCOUNT, **fields)


SNAPSHOT = snapshot_of([{"id": ACCOUNT, "name": "stone", "properties": {}}])
PROFILE = Profile(
    format=1,
    name="one",
    subscription="11111111-1111-1111-1111-111111111111",
    primary=Side(workspace=WORKSPACE, region="eastus"),
)


def plan_of(*steps: PlannedStep) -> Plan:
    """Return a plan of these steps."""
    return Plan(
        format=PLAN_FORMAT,
        runbook="small",
        runbook_version="1",
        runbook_digest="0" * 64,
        title="Small",
        explain="",
        profile=PROFILE,
        snapshot_digest=SNAPSHOT.digest,
        snapshot_taken="",
        phases=(Phase(id="all", title="All"),),
        steps=steps,
    )


@dataclass
class Ground:
    """A plan, its operations and its disk: opened, crashed and resumed at will."""

    plan: Plan
    operations: dict
    mode: Mode = Mode.DRILL
    disk: Disk = field(default_factory=Disk)
    pace: QuickPace = field(default_factory=QuickPace)
    people: People = NOBODY

    def open(self) -> Executor:
        """Open the run."""
        return open_new(
            MemoryLedger(self.disk),
            self.plan,
            SNAPSHOT,
            self.operations,
            who=Who(run="r1", operator="olga", mode=self.mode),
            pace=self.pace,
            people=self.people,
        )

    def resume(self, **fields) -> Executor:
        """Go on with the run in a new process."""
        words = {"operator": "olga", "mode": self.mode, "pace": self.pace, "people": self.people}
        left = open_left(MemoryLedger(self.disk), self.operations, **{**words, **fields})
        left.pick_up()
        return left


def ground_of(*steps: PlannedStep, mode: Mode = Mode.DRILL, checks=(), world=None, **action):
    """Return a ground with these steps, the switch, and a passing check for every check step."""
    world = world or Switch()
    operations = {"switch.on": SwitchOn(world, **action), "check.breaks": Breaks()}
    for step in steps:
        name = step.check or step.do
        if name and name not in operations:
            operations[name] = LookAt(name)
    operations.update({operation.id: operation for operation in checks})
    ground = Ground(plan_of(*steps), operations, mode=mode)
    ground.world = world
    return ground
