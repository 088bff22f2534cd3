"""A run that was left goes on: nothing lost, nothing repeated silently, in doubt where it must be."""

from __future__ import annotations

import pytest

from amlrunbook.errors import IncompleteError, RefusedError
from amlrunbook.executor.commands import (
    Confirm,
    RunStep,
)
from amlrunbook.executor.difference import plan_difference
from amlrunbook.executor.opening import ChangedRunbookError
from amlrunbook.model.finding import Verdict
from amlrunbook.model.mode import Mode
from amlrunbook.planning.grammar import Choice
from amlrunbook.state import events as e
from amlrunbook.state.fold import fold
from amlrunbook.state.transitions import StepState
from tests.unit.executor.driving import drive
from tests.unit.executor.ground import (
    Crash,
    LookAt,
    check,
    decision,
    ground_of,
    plan_of,
    switch_step,
)


def scripted():
    return ground_of(
        check("a"),
        decision("d", Choice(id="go", text="Go"), Choice(id="end", text="End", next="z")),
        switch_step(needs=("d",)),
        check("b", needs=("switch",)),
        check("z"),
        checks=[LookAt("b", Verdict.WARN)],
    )


def last_states(ground):
    state = fold(ground.disk.entries)
    return {name: record.state for name, record in state.steps.items()}


def undisturbed():
    ground = scripted()
    drive(ground.open())
    return ground


APPENDS = undisturbed().disk.appends
WANTED = last_states(undisturbed())


@pytest.mark.parametrize("keeps", [0, 1, 99])
@pytest.mark.parametrize("crash_at", range(4, APPENDS + 1))
def test_a_crash_at_any_append_loses_nothing_and_repeats_nothing(crash_at, keeps):
    ground = scripted()
    ground.disk.crash_at, ground.disk.crash_keeps = crash_at, keeps
    with pytest.raises(Crash):
        drive(ground.open())
    before = list(ground.disk.entries)
    crashed = fold(before)
    if crashed.closed is not None:
        with pytest.raises(RefusedError, match="closed"):
            ground.resume()
        return
    flying = crashed.step("switch").state
    result = crashed.step("switch").result
    run = ground.resume()
    doubts = [event for event in ground.disk.events if isinstance(event, e.ActionDoubted)]
    assert bool(doubts) == (flying.in_flight and result is None)
    drive(run)
    assert ground.disk.entries[: len(before)] == before
    assert last_states(ground) == WANTED
    assert run.state.anomalies == ()
    assert len(ground.world.puts) == 1


def test_a_check_found_running_runs_again_as_a_new_attempt():
    ground = ground_of(check("a"))
    ground.open()
    ground.disk.append(e.StepStarted(step="a"))
    run = ground.resume()
    assert run.state.step("a").state is StepState.PASSED
    assert run.state.step("a").attempts == 2


def test_an_action_that_never_left_is_in_doubt_and_the_journal_speaks_against_it():
    ground = ground_of(switch_step())
    run = ground.open()
    run.perform(RunStep(step="switch"))
    ground.disk.crash_at = ground.disk.appends + 2
    with pytest.raises(Crash):
        run.perform(Confirm(step="switch"))
    doubt = ground.resume().state.step("switch").doubt
    assert any("no request is recorded" in text for text in doubt.evidence_against)
    assert doubt.evidence_for == ()
    assert ground.world.puts == []


def test_a_proposal_of_an_earlier_process_is_looked_at_again_before_it_is_carried_out():
    ground = ground_of(switch_step())
    ground.open().perform(RunStep(step="switch"))
    action = ground.operations["switch.on"]
    run = ground.resume()
    ground.world.on = True
    with pytest.raises(RefusedError, match="nothing to confirm"):
        run.perform(Confirm(step="switch"))
    assert run.state.step("switch").state is StepState.PASSED

    ground = ground_of(switch_step())
    ground.open().perform(RunStep(step="switch"))
    action = ground.operations["switch.on"]
    plain = action.preview
    action.preview = lambda context: _other(plain(context))
    run = ground.resume()
    with pytest.raises(RefusedError, match="has changed"):
        run.perform(Confirm(step="switch"))
    assert run.state.step("switch").proposal.before == "half on"
    assert ground.world.puts == []
    run.perform(Confirm(step="switch"))
    assert len(ground.world.puts) == 1


def _other(preview):
    from msgspec.structs import replace

    return replace(preview, before="half on")


def test_a_preview_that_is_withheld_leaves_the_doubt_open():
    ground = ground_of(switch_step())
    run = ground.open()
    run.perform(RunStep(step="switch"))
    ground.disk.crash_at = ground.disk.appends + 3
    with pytest.raises(Crash):
        run.perform(Confirm(step="switch"))
    del ground.disk.evidence[run.state.step("switch").proposal.preview_sha256]
    record = ground.resume().state.step("switch")
    assert record.state is StepState.IN_DOUBT
    assert any("withheld" in text for text in record.doubt.evidence_neither)


def test_a_plan_that_is_withheld_cannot_be_resumed():
    ground = ground_of(check("a"))
    ground.open()
    del ground.disk.evidence[ground.plan.digest]
    with pytest.raises(IncompleteError):
        ground.resume()


def test_a_runbook_that_changed_says_what_and_asks():
    ground = ground_of(check("a"), check("b"))
    ground.open()
    current = plan_of(check("b", budget_seconds=9), check("a"), check("c"))
    before = len(ground.disk.entries)
    with pytest.raises(ChangedRunbookError) as changed:
        ground.resume(current=current)
    assert changed.value.difference == (
        "step 'c' was added",
        "step 'b': budget_seconds changed",
        "the order of the steps changed",
    )
    assert len(ground.disk.entries) == before + 1  # the journal's own opening of a session
    run = ground.resume(current=current, accept_changed=True)
    assert len(run.state.warnings) == 3
    assert [step.id for step in run.stage.plan.steps] == ["a", "b"]
    assert plan_difference(ground.plan, ground.plan) == ()


def test_a_mode_that_changed_is_journaled():
    ground = ground_of(check("a"), mode=Mode.LIVE)
    ground.open()
    ground.mode = Mode.READ_ONLY
    assert ground.resume().state.mode == "read-only"
