"""Calls in the journal: with the next group, bounded, without secrets, never in a request's way."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from amlrunbook.errors import JournalError
from amlrunbook.executor.calls import CallBuffer
from amlrunbook.executor.commands import AddNote, Close, Confirm, RunStep
from amlrunbook.state import events as e
from tests.unit.executor.ground import ACCOUNT, check, ground_of, switch_step
from tests.unit.executor.peopled import people


@dataclass
class Made:
    path: str = f"{ACCOUNT}?api-version=1"
    method: str = "GET"
    status: int = 200
    milliseconds: int = 12
    client_request_id: str = "c-1"
    service_request_id: str = "s-1"


def calls(ground):
    return [x for x in ground.disk.events if isinstance(x, e.CallMade)]


def calling(ground, run, operation):
    """Have an operation of the ground make a call whenever it looks."""
    original = operation.preview

    def preview(context):
        run.call_made(Made())
        return original(context)

    operation.preview = preview


def test_a_call_rides_with_the_next_group_and_names_its_step():
    ground = ground_of(switch_step())
    run = ground.open()
    calling(ground, run, ground.operations["switch.on"])
    appends = ground.disk.appends
    run.perform(RunStep(step="switch"))
    assert ground.disk.appends == appends + 2
    assert [call.step for call in calls(ground)] == ["switch"]
    assert run.state.calls == 1


def test_a_call_while_an_action_is_under_way_is_that_actions():
    ground = ground_of(switch_step(), check("a"))
    run = ground.open()
    ground.world.before_put = lambda _id: run.call_made(Made(method="PUT", status=0))
    run.perform(RunStep(step="switch"))
    run.perform(Confirm(step="switch"))
    assert [(call.step, call.method, call.status) for call in calls(ground)] == [
        ("switch", "PUT", 0)
    ]
    assert run.state.failed_calls == 1


def test_calls_that_came_last_are_there_before_the_run_closes():
    ground = ground_of(check("a"))
    run = ground.open()
    run.perform(RunStep(step="a"))
    run.call_made(Made())
    run.perform(Close())
    kinds = [event.KIND for event in ground.disk.events]
    assert kinds.index("call") < kinds.index("run.closed")


def test_a_journal_that_is_dead_takes_no_call_and_no_request_hears_of_it():
    ground = ground_of(check("a"))
    run = ground.open()
    ground.disk.dies_at = ground.disk.appends + 1
    with pytest.raises(JournalError):
        run.perform(AddNote(text="x"))
    for _ in range(3_000):
        run.call_made(Made())
    assert run.stage.record.calls.waiting == 2_000


def test_what_is_over_the_bound_is_counted_and_told():
    buffer = CallBuffer(most=3)
    for _ in range(5):
        buffer.made(Made(), "a")
    *kept, told = buffer.take()
    assert len(kept) == 3
    assert isinstance(told, e.WarningRaised)
    assert told.text.startswith("2 calls")
    assert buffer.take() == ()


def test_hostile_calls_fit_a_journal():
    buffer = CallBuffer()
    buffer.made(
        Made(
            path="/x?sig=abcdefghijklmnopqrstuvwxyz0123456789%2B\ud800" + "y" * 9_000,
            status=10**30,
            milliseconds=-1,
        ),
        "",
    )
    (call,) = buffer.take()
    assert "abcdefghij" not in call.path
    assert len(call.path) < 700
    assert (call.status, call.milliseconds) == (2**31, 0)


def test_the_worlds_revision_stands_at_the_opening_after_actions_and_at_the_close():
    ground = ground_of(switch_step())
    revisions = iter([3, 7, 9])
    ground.people = people(world_revision=lambda: next(revisions))
    run = ground.open()
    run.perform(RunStep(step="switch"))
    run.perform(Confirm(step="switch"))
    run.perform(Close())
    worlds = [x.revision for x in ground.disk.events if isinstance(x, e.DrillWorld)]
    assert worlds == [3, 7, 9]


def test_the_opening_names_the_fact_base():
    run = ground_of(check("a")).open()
    assert run.state.opened.fact_base
