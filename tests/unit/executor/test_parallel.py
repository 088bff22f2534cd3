"""Instances side by side: confirmed one by one, carried out together, bounded, and safe to stop or kill."""

from __future__ import annotations

import queue
from threading import Event, Lock

import pytest
from msgspec.structs import replace

from amlrunbook.errors import JournalError, RefusedError
from amlrunbook.executor.commands import AdoptPlan, Close, Confirm, Pause, RunStep
from amlrunbook.executor.thread import RunThread
from amlrunbook.model.finding import Verdict
from amlrunbook.model.operation import (
    ActionResult,
    CheckReport,
    Confirmation,
    Observation,
    Outcome,
    Preview,
    Request,
    Risk,
)
from amlrunbook.planning.grammar import StepKind
from amlrunbook.state import events as e
from amlrunbook.state.fold import fold
from amlrunbook.state.transitions import StepState
from tests.unit.executor.ground import GROUP, Crash, check, ground_of, planned
from tests.unit.executor.test_thread import Words

NAMES = ("one", "two", "three")


class Gate:
    """Work that begins, is counted, and ends when it is let go."""

    def __init__(self):
        self.lock = Lock()
        self.now = self.most = 0
        self.begun = {name: Event() for name in NAMES}
        self.let_go = {name: Event() for name in NAMES}

    def pass_through(self, name):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.begun[name].set()
        assert self.let_go[name].wait(200)
        with self.lock:
            self.now -= 1

    def open_all(self):
        for event in self.let_go.values():
            event.set()


class Slow:
    """An action that goes on until it is let go."""

    id = title = "slow"
    risk = Risk.REVERSIBLE
    confirmation = Confirmation.ENTER

    def __init__(self, gate):
        self.gate = gate
        self.sent = []

    def preview(self, context):
        request = Request(method="PUT", path=context.resource)
        return Preview(summary="Slow.", requests=(request,), resources=(context.resource,))

    def apply(self, context, preview, intent, reporter):
        reporter.sent("PUT", context.resource)
        self.sent.append(intent.request_id)
        self.gate.pass_through(context.resource.rsplit("/", 1)[-1])
        return ActionResult(outcome=Outcome.SUCCEEDED, text="done")

    def observe(self, context, preview, intent, poll_url):
        return Observation(reached=False, text="not yet")

    def verify(self, context, preview):
        return Observation(reached=True, text="there")


class SlowLook:
    """A check that goes on until it is let go."""

    id = title = "look"

    def __init__(self, gate):
        self.gate = gate

    def run(self, context, reporter):
        reporter.progressed("begun", 0, 1)
        self.gate.pass_through(context.resource.rsplit("/", 1)[-1])
        return CheckReport(verdict=Verdict.PASS, text="seen")


def resource(name):
    return f"{GROUP}/providers/Microsoft.Storage/storageAccounts/{name}"


def instances(kind, do, parallel):
    return [
        replace(
            planned(f"many:{name}", kind, do=do, resource=resource(name), parallel=parallel),
            base="many",
        )
        for name in NAMES
    ]


def ground_with(kind, parallel=2, **fields):
    gate = Gate()
    operations = [Slow(gate), SlowLook(gate)]
    do = "slow" if kind is StepKind.ACTION else "look"
    ground = ground_of(
        *instances(kind, do, parallel),
        check("last", needs=tuple(f"many:{name}" for name in NAMES)),
        checks=operations,
        **fields,
    )
    ground.gate, ground.action = gate, operations[0]
    return ground


def state_of(run, name):
    return run.state.step(f"many:{name}").state


def confirm(run, name):
    run.perform(RunStep(step=f"many:{name}"))
    run.perform(Confirm(step=f"many:{name}"))


def test_the_next_is_proposed_and_confirmed_while_the_first_is_under_way():
    ground = ground_with(StepKind.ACTION)
    run = ground.open()
    confirm(run, "one")
    assert ground.gate.begun["one"].wait(200)
    assert run.focus == "many:two"
    assert not run.occupied
    confirm(run, "two")
    assert ground.gate.begun["two"].wait(200)
    assert ground.gate.most == 2
    run.perform(RunStep(step="many:three"))
    assert state_of(run, "three") is StepState.PROPOSED
    ground.gate.open_all()
    run.perform(Confirm(step="many:three"))
    run.crew.join()
    assert all(state_of(run, name) is StepState.VERIFIED for name in NAMES)
    assert run.state.step("last").state is StepState.READY
    assert len(set(ground.action.sent)) == 3
    assert fold(ground.disk.entries) == run.state
    assert run.state.anomalies == ()


def test_no_more_are_under_way_than_the_plan_allows():
    ground = ground_with(StepKind.ACTION, parallel=2)
    run = ground.open()
    words = Words()
    live = RunThread(run)
    live.watch(words)
    live.start()
    words.until("idle")
    for name in NAMES:
        live.submit(RunStep(step=f"many:{name}"))
        live.submit(Confirm(step=f"many:{name}"))
    assert ground.gate.begun["one"].wait(200)
    assert ground.gate.begun["two"].wait(200)
    assert not ground.gate.begun["three"].is_set()
    assert live.busy
    ground.gate.let_go["one"].set()
    assert ground.gate.begun["three"].wait(200)
    assert ground.gate.most == 2
    ground.gate.open_all()
    run.crew.join()
    assert ground.gate.most == 2


def test_a_run_is_idle_only_when_the_operator_can_do_something():
    ground = ground_with(StepKind.ACTION, parallel=3)
    run = ground.open()
    words = Words()
    live = RunThread(run)
    live.watch(words)
    live.start()
    words.until("idle")
    for name in NAMES:
        live.submit(RunStep(step=f"many:{name}"))
        live.submit(Confirm(step=f"many:{name}"))
    for name in NAMES:
        assert ground.gate.begun[name].wait(200)
    assert live.focus == "many:one"
    assert live.busy
    ground.gate.open_all()
    said = words.until("idle")
    while state_of(run, "three") is not StepState.VERIFIED or live.busy:
        said += words.until("idle")
    assert live.focus == "last"
    assert said.count("action.verified") == 3


def test_a_pause_follows_what_is_under_way_to_its_end():
    ground = ground_with(StepKind.ACTION, parallel=2)
    run = ground.open()
    words = Words()
    live = RunThread(run)
    live.watch(words)
    live.start()
    words.until("idle")
    live.submit(RunStep(step="many:one"))
    live.submit(Confirm(step="many:one"))
    assert ground.gate.begun["one"].wait(200)
    live.submit(Pause(reason="Lunch."))
    words.until("run.paused")
    assert live.busy
    ground.gate.open_all()
    words.until("action.verified")
    words.until("idle")
    assert live.state.paused
    assert not live.busy


def test_one_that_waits_for_its_turn_gives_way_to_a_stop():
    ground = ground_with(StepKind.ACTION, parallel=2)
    run = ground.open()
    confirm(run, "one")
    confirm(run, "two")
    run.perform(RunStep(step="many:three"))
    run.stage.pace.ask_stop()
    with pytest.raises(RefusedError, match="stop was asked for"):
        run.perform(Confirm(step="many:three"))
    assert state_of(run, "three") is StepState.PROPOSED
    ground.gate.open_all()
    run.crew.join()
    assert len(ground.action.sent) == 2


def test_every_one_that_loses_data_is_confirmed_by_its_own_name():
    ground = ground_with(StepKind.ACTION, parallel=3)
    ground.action.risk = Risk.DATA_LOSS
    ground.gate.open_all()
    run = ground.open()
    for name in NAMES:
        run.perform(RunStep(step=f"many:{name}"))
        for typed in ("", *(other for other in NAMES if other != name)):
            with pytest.raises(RefusedError, match="name of the resource"):
                run.perform(Confirm(step=f"many:{name}", typed=typed))
        run.perform(Confirm(step=f"many:{name}", typed=name))
    run.crew.join()
    typed = [x.typed for x in ground.disk.events if isinstance(x, e.ActionConfirmed)]
    assert typed == list(NAMES)


def test_a_run_does_not_close_or_change_its_plan_meanwhile():
    ground = ground_with(StepKind.ACTION)
    run = ground.open()
    confirm(run, "one")
    with pytest.raises(RefusedError, match="does not close"):
        run.perform(Close())
    other = replace(run.stage.plan, title="Other")
    successor = run.propose_successor(other)
    with pytest.raises(RefusedError, match="side by side"):
        run.perform(AdoptPlan(digest=successor.digest))
    ground.gate.open_all()
    run.crew.join()
    run.perform(AdoptPlan(digest=successor.digest))
    assert run.stage.plan.title == "Other"


def test_checks_that_are_ready_run_side_by_side():
    ground = ground_with(StepKind.CHECK, parallel=3)
    run = ground.open()
    words = Words()
    live = RunThread(run)
    live.watch(words)
    live.start()
    words.until("idle")
    live.submit(RunStep(step="many:two"))
    for name in NAMES:
        assert ground.gate.begun[name].wait(200)
    ground.gate.open_all()
    words.until("idle")
    assert all(state_of(run, name) is StepState.PASSED for name in NAMES)
    assert ground.gate.most == 3
    assert fold(ground.disk.entries) == run.state


def test_checks_are_bounded_too():
    ground = ground_with(StepKind.CHECK, parallel=2)
    ground.gate.open_all()
    run = ground.open()
    run.perform(RunStep(step="many:one"))
    assert ground.gate.most <= 2
    assert all(state_of(run, name) is StepState.PASSED for name in NAMES)


def test_a_journal_that_dies_beside_ends_the_run():
    ground = ground_with(StepKind.ACTION)
    run = ground.open()
    words = Words()
    live = RunThread(run)
    live.watch(words)
    live.start()
    words.until("idle")
    live.submit(RunStep(step="many:one"))
    live.submit(Confirm(step="many:one"))
    assert ground.gate.begun["one"].wait(200)
    ground.disk.dies_at = ground.disk.appends + 1
    ground.gate.open_all()
    words.until("died: The disk is full.")
    with pytest.raises(JournalError):
        run.perform(RunStep(step="many:two"))


def test_all_that_were_under_way_at_a_crash_are_in_doubt_each():
    ground = ground_with(StepKind.ACTION, parallel=2)
    run = ground.open()
    confirm(run, "one")
    confirm(run, "two")
    for name in ("one", "two"):
        assert ground.gate.begun[name].wait(200)
    ground.disk.crash_at = ground.disk.appends + 1
    with pytest.raises(Crash):
        run.perform(RunStep(step="many:three"))
    ground.disk.crash_at = 0
    ground.gate.open_all()
    again = ground.resume()
    assert [state_of(again, name).value for name in NAMES] == ["in-doubt", "in-doubt", "ready"]
    assert len(ground.action.sent) == 2


def test_words_are_told_in_the_order_of_the_journal():
    ground = ground_with(StepKind.ACTION, parallel=3)
    run = ground.open()
    told = queue.Queue()

    class Numbers:
        def recorded(self, entries, state):
            for entry in entries:
                told.put(entry.n)
            assert state.last_n == entries[-1].n

    run.stage.record.watch(Numbers())
    ground.gate.open_all()
    for name in NAMES:
        confirm(run, name)
    run.crew.join()
    seen = [told.get_nowait() for _ in range(told.qsize())]
    assert seen == sorted(seen)
    assert seen == list(range(seen[0], seen[-1] + 1))
