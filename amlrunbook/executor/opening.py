"""How a run begins, and how it goes on after it was left."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from amlrunbook import __version__
from amlrunbook.errors import IncompleteError, RefusedError
from amlrunbook.executor.adopting import snapshot_bytes
from amlrunbook.executor.difference import plan_difference
from amlrunbook.executor.handover import Accepted, accepting, refuse_another_hand, tell_world
from amlrunbook.executor.pace import Pace, RealPace
from amlrunbook.executor.people import NOBODY, People
from amlrunbook.executor.recording import Ledger, Record
from amlrunbook.executor.run import Executor
from amlrunbook.executor.stage import Stage, listed
from amlrunbook.facts import fact_base
from amlrunbook.model.mode import Mode
from amlrunbook.model.operation import Registry
from amlrunbook.model.snapshot import Snapshot
from amlrunbook.planning.plan import Plan, plan_from_json
from amlrunbook.state import events as e
from amlrunbook.state.fold import RunState, fold

PROGRAM = f"amlrunbook {__version__}"
"""What the journal says wrote it."""


@dataclass(frozen=True, slots=True)
class Who:
    """Who runs what, and where."""

    run: str
    """The run's id."""
    operator: str
    mode: Mode
    scenario: str = ""
    seed: int = 0
    alarm: str = ""
    """What the pager said, in a drill."""


class ChangedRunbookError(RefusedError):
    """The runbook on disk is not the one that the run was opened with."""

    def __init__(self, difference: tuple[str, ...], left: str = "") -> None:
        """``left`` is what names the run to ``--resume``: who resumed from the home screen has no line to change."""
        go_on = f"Go on by that plan: amlrunbook run --resume {shlex.quote(left)} --accept-changed"
        super().__init__(
            "The runbook has changed since this run was opened:\n  " + "\n  ".join(difference),
            state="The run keeps the plan it was opened with; nothing was written.",
            next_step=f"{go_on if left else 'Resume with --accept-changed to go on by that plan'}; "
            "with --adopt-changed instead by the new one; or start a new run.",
        )
        self.difference = difference
        """What changed, a line each."""


def open_new(
    ledger: Ledger,
    plan: Plan,
    snapshot: Snapshot,
    registry: Registry,
    *,
    who: Who,
    pace: Pace | None = None,
    people: People = NOBODY,
) -> Executor:
    """Open a new run: its opening, its plan and its snapshot are durable when this returns.

    Raises:
        JournalError: the journal cannot be written.
    """
    stage = Stage(
        plan=plan,
        snapshot=snapshot,
        registry=registry,
        mode=who.mode,
        operator=who.operator,
        record=Record(ledger),
        pace=pace or RealPace(),
        people=people,
    )
    stage.record.append(opening_event(plan, who))
    stage.record.add_evidence("plan.json", plan.to_json())
    stage.record.add_evidence("snapshot.json", snapshot_bytes(snapshot))
    tell_world(stage)
    stage.conclude()
    return Executor(stage)


def opening_event(plan: Plan, who: Who) -> e.RunOpened:
    """Return the event that opens a run of ``plan``."""
    source, target = plan.profile.regions
    return e.RunOpened(
        run=who.run,
        runbook=plan.runbook,
        runbook_version=plan.runbook_version,
        runbook_digest=plan.runbook_digest,
        plan_digest=plan.digest,
        title=plan.title,
        profile=plan.profile.name,
        mode=who.mode.value,
        operator=who.operator,
        program=PROGRAM,
        snapshot_digest=plan.snapshot_digest,
        snapshot_taken=plan.snapshot_taken,
        source_region=source,
        target_region=target or "",
        scenario=who.scenario,
        alarm=who.alarm,
        seed=who.seed,
        fact_base=fact_base().version,
    )


EvidenceReader = Callable[[str], bytes]
"""Gives the bytes of a piece of evidence by its hash."""


@dataclass(frozen=True, slots=True)
class Left:
    """A run that was left: what its journal and its evidence say, read before anything is written."""

    entries: tuple[e.Recorded, ...]
    state: RunState
    opened: e.RunOpened
    plan: Plan
    snapshot: Snapshot


def read_left(ledger: Ledger) -> Left:
    """Read a run that was left.

    Raises:
        RefusedError: it is closed, or was never opened.
        IncompleteError: its plan or its snapshot is withheld or altered.
        DocumentError: its plan was written by another release.
    """
    return left_of(ledger.entries, ledger.evidence)


def left_of(entries: tuple[e.Recorded, ...], evidence: EvidenceReader) -> Left:
    """Return what ``entries`` and the evidence they name say of a run that was left.

    Raises:
        RefusedError: it is closed, or was never opened.
        IncompleteError: its plan or its snapshot is withheld or altered.
        DocumentError: its plan was written by another release.
    """
    state = fold(entries)
    opened = state.opened
    if opened is None:
        raise RefusedError(
            "The run ended before it was opened: there is nothing to resume.",
            next_step="Start a new run.",
        )
    if state.closed is not None:
        raise RefusedError(
            "The run is closed: nothing can follow.",
            state=f"It ended {state.closed.outcome.value}: {state.closed.text}.",
            next_step="Start a new run; this one can be read and verified.",
        )
    plan = plan_from_json(evidence(state.plan_digest))
    return Left(
        entries=entries,
        state=state,
        opened=opened,
        plan=plan,
        snapshot=_snapshot_from(evidence(plan.snapshot_digest)),
    )


def _snapshot_from(data: bytes) -> Snapshot:
    try:
        return msgspec.json.decode(data, type=Snapshot)
    except msgspec.DecodeError as error:
        raise IncompleteError(f"The run's snapshot cannot be read: {error}.") from error


def open_left(
    ledger: Ledger,
    registry: Registry,
    *,
    operator: str,
    mode: Mode,
    current: Plan | None = None,
    accept_changed: bool = False,
    pace: Pace | None = None,
    people: People = NOBODY,
    accepted: Accepted | None = None,
) -> Executor:
    """Go on with a run that was left; before its first command, what was in the air is observed.

    ``current`` is the plan that the runbook on disk gives now for the same profile and snapshot. Where it
    differs, the run goes on by its own plan and only if ``accept_changed`` says so.

    Raises:
        ChangedRunbookError: the runbook changed, and nobody accepted that.
        RefusedError: the run is closed, was never opened, or was handed over and nobody accepted that.
        IncompleteError: its plan or its snapshot is withheld or altered.
        JournalError: the journal cannot be written.
    """
    left = read_left(ledger)
    difference = plan_difference(left.plan, current) if current is not None else ()
    if difference and not accept_changed:
        raise ChangedRunbookError(difference)
    refuse_another_hand(left.state, accepted)
    stage = Stage(
        plan=left.plan,
        snapshot=left.snapshot,
        registry=registry,
        mode=mode,
        operator=operator,
        record=Record(ledger),
        pace=pace or RealPace(),
        people=people,
    )
    stage.record.append(
        *accepting(left.state, operator, accepted), *_resuming(left, operator, mode, difference)
    )
    return Executor(stage, left=True)


def _resuming(
    left: Left, operator: str, mode: Mode, difference: tuple[str, ...]
) -> tuple[e.Event, ...]:
    events: list[e.Event] = [e.RunResumed(operator=operator, after=len(left.entries))]
    if left.state.mode != mode.value:
        events.append(e.ModeChanged(before=left.state.mode, after=mode.value, reason="Resumed."))
    events.extend(
        e.WarningRaised(text=f"The runbook changed since the run was opened: {line}.")
        for line in listed(difference)
    )
    return tuple(events)
