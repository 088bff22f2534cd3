"""The end of the process at every append of a run with everything in it, and what the next process finds."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock

import pytest
from msgspec.structs import replace

from amlrunbook.errors import RefusedError
from amlrunbook.model.finding import Verdict
from amlrunbook.model.operation import (
    ActionResult,
    Confirmation,
    Observation,
    Outcome,
    Preview,
    Request,
    Risk,
)
from amlrunbook.planning.conditions import StepCondition, StepPredicate, StepWord
from amlrunbook.planning.grammar import Choice, StepKind
from amlrunbook.state import events as e
from amlrunbook.state.fold import fold
from amlrunbook.state.transitions import StepState
from tests.unit.executor.driving import drive
from tests.unit.executor.family import family_of, inside, opens
from tests.unit.executor.ground import GROUP, Crash, LookAt, check, decision, planned, switch_step

ACCOUNTS = tuple(f"{GROUP}/providers/Microsoft.Storage/storageAccounts/st{n}" for n in "abc")


@dataclass
class Many:
    """An action on one of many resources; safe from many threads."""

    done: dict = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)
    id: str = "many"
    title: str = "many"
    risk: Risk = Risk.REVERSIBLE
    confirmation: Confirmation = Confirmation.ENTER

    def preview(self, context):
        request = Request(method="PUT", path=context.resource)
        return Preview(summary="Do it.", requests=(request,), resources=(context.resource,))

    def apply(self, context, preview, intent, reporter):
        reporter.sent("PUT", context.resource)
        with self.lock:
            self.done.setdefault(context.resource, []).append(intent.request_id)
        reporter.accepted(202, "/poll", "")
        reporter.progressed("polling", 1, 2)
        return ActionResult(outcome=Outcome.SUCCEEDED, text="200 OK")

    def observe(self, context, preview, intent, poll_url):
        there = intent.request_id in self.done.get(context.resource, [])
        return Observation(reached=there, text="there" if there else "not there")

    def verify(self, context, preview):
        there = context.resource in self.done
        return Observation(reached=there, text="there" if there else "not there")


def scripted():
    """Return a ground with a decision, a wait, a child plan, actions side by side, and one on its own."""
    asked = StepPredicate(steps=("look",), word=StepWord.WARNED, name="look")
    many = [
        replace(
            planned(
                f"many:{account[-1]}",
                StepKind.ACTION,
                do="many",
                resource=account,
                parallel=2,
                needs=("d",),
            ),
            base="many",
        )
        for account in ACCOUNTS
    ]
    return family_of(
        check("look"),
        decision("d", Choice(id="go", text="Go"), Choice(id="end", text="End", next="z")),
        *many,
        planned("w", StepKind.WAIT, check="waited", every_seconds=10, until="PT1H"),
        opens("child", needs=tuple(step.id for step in many)),
        inside("child", check("a")),
        inside("child", switch_step(needs=("a",))),
        inside("child", check("b", needs=("switch",))),
        check("called", when=StepCondition(all=(asked,))),
        check("z", needs=("child",)),
        checks=[
            Many(),
            LookAt("waited", Verdict.FAIL, Verdict.PASS),
            LookAt("look", Verdict.WARN),
        ],
    )


def last_states(ground):
    return {name: record.state for name, record in fold(ground.disk.entries).steps.items()}


def undisturbed():
    ground = scripted()
    drive(ground.open())
    return ground


WHOLE = undisturbed()


def opened():
    ground = scripted()
    ground.open()
    return ground.disk.appends


APPENDS = range(opened() + 1, WHOLE.disk.appends + 1)
EVERY = [(at, keeps) for at in APPENDS for keeps in (0, 1, 99)]
SAMPLE = random.Random(20260101).sample(EVERY, 40)


def test_undisturbed_everything_is_done_once():
    assert set(last_states(WHOLE).values()) == {
        StepState.PASSED,
        StepState.WARNED,
        StepState.VERIFIED,
    }
    assert {len(ids) for ids in WHOLE.operations["many"].done.values()} == {1}
    kinds = {event.KIND for event in WHOLE.disk.events}
    assert kinds >= {
        "child.opened",
        "child.closed",
        "decision",
        "action.verified",
        "step.progressed",
    }


@pytest.mark.parametrize(("at", "keeps"), SAMPLE)
def test_a_crash_loses_nothing_and_repeats_nothing(at, keeps):
    crashed_and_resumed(at, keeps)


@pytest.mark.campaign
@pytest.mark.parametrize(("at", "keeps"), EVERY)
def test_a_crash_at_any_append_loses_nothing_and_repeats_nothing(at, keeps):
    crashed_and_resumed(at, keeps)


def crashed_and_resumed(at, keeps):
    ground = scripted()
    ground.disk.crash_at, ground.disk.crash_keeps = at, keeps
    first = ground.open()
    try:
        drive(first)
    except Crash:
        _await_the_dead(first)
    ground.disk.crash_at = 0
    before = list(ground.disk.entries)
    crashed = fold(before)
    if crashed.closed is not None:
        with pytest.raises(RefusedError, match="closed"):
            ground.resume()
        return
    unclear = {
        record.step for record in crashed.in_flight if record.result is None and not record.doubt
    }
    run = ground.resume()
    doubts = {
        entry.event.step
        for entry in ground.disk.entries[len(before) :]
        if isinstance(entry.event, e.ActionDoubted)
    }
    assert doubts == unclear
    drive(run)
    assert ground.disk.entries[: len(before)] == before
    assert last_states(ground) == last_states(WHOLE)
    assert run.state.anomalies == ()
    assert run.state.closed.exit_code == WHOLE_EXIT
    assert {len(ids) for ids in ground.operations["many"].done.values()} == {1}
    assert len(ground.world.puts) == 1


WHOLE_EXIT = fold(WHOLE.disk.entries).closed.exit_code


def _await_the_dead(run):
    """Wait until the threads of the process that ended have ended: what they sent has left, and no more will."""
    with suppress(Crash):
        run.crew.join()
