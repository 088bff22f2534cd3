"""Successor plans: the difference confirmed, states carried over, nothing under way planned away."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from amlrunbook.errors import RefusedError
from amlrunbook.executor.adopting import snapshot_bytes
from amlrunbook.executor.commands import AdoptPlan, Confirm, RunStep
from amlrunbook.executor.difference import plan_difference
from amlrunbook.model.finding import Verdict
from amlrunbook.model.snapshot import snapshot_of
from amlrunbook.state import events as e
from amlrunbook.state.fold import fold
from amlrunbook.state.transitions import StepState
from tests.unit.executor.driving import drive
from tests.unit.executor.family import child_of, inside, opens, small_family
from tests.unit.executor.ground import (
    ACCOUNT,
    WORKSPACE,
    Crash,
    LookAt,
    check,
    ground_of,
    plan_of,
    switch_step,
)


def adopt(run, plan, snapshot=None, reason="We learnt more."):
    successor = run.propose_successor(plan, snapshot)
    run.perform(AdoptPlan(digest=successor.digest, reason=reason))
    return successor


def ground_here(*more, **fields):
    ground = ground_of(check("a"), switch_step(), check("z"), *more, **fields)
    ground.operations["new"] = LookAt("new")
    return ground


def test_a_run_goes_on_by_the_new_plan_with_what_happened_carried_over():
    ground = ground_here()
    run = ground.open()
    run.perform(RunStep(step="a"))
    before = run.stage.plan
    after = plan_of(check("a", explain="More."), check("new"), switch_step(needs=("new",)))
    successor = adopt(run, after)
    assert successor.difference == (
        "step 'z' was taken out",
        "step 'new' was added",
        "step 'a': explain changed",
        "step 'switch': needs changed",
    )
    adopted = next(x for x in ground.disk.events if isinstance(x, e.PlanAdopted))
    assert (adopted.before, adopted.after) == (before.digest, after.digest)
    assert tuple(adopted.difference.splitlines()) == successor.difference
    assert run.state.step("a").state is StepState.PASSED
    assert run.state.step("switch").state is StepState.BLOCKED
    assert run.focus == "new"
    assert ground.disk.evidence[after.digest] == after.to_json()
    again = ground.resume()
    assert again.stage.plan == after
    drive(again)
    assert again.state.closed.exit_code == 0
    assert fold(ground.disk.entries).anomalies == ()


def test_a_new_inventory_comes_with_its_plan():
    ground = ground_here()
    run = ground.open()
    snapshot = snapshot_of([{"id": ACCOUNT, "name": "stone", "properties": {"new": True}}])
    after = replace(run.stage.plan, snapshot_digest=snapshot.digest)
    with pytest.raises(RefusedError, match="another inventory"):
        run.propose_successor(after)
    adopt(run, after, snapshot)
    assert ground.disk.evidence[snapshot.digest] == snapshot_bytes(snapshot)
    assert ground.resume().stage.snapshot == snapshot


def test_only_what_was_shown_is_adopted():
    ground = ground_here()
    run = ground.open()
    with pytest.raises(RefusedError, match="No plan with this digest"):
        run.perform(AdoptPlan(digest="0" * 64))
    with pytest.raises(RefusedError, match="already"):
        run.perform(AdoptPlan(digest=run.stage.plan.digest))
    with pytest.raises(RefusedError, match="nothing to adopt"):
        run.propose_successor(run.stage.plan)
    other = replace(run.stage.plan, runbook="another")
    with pytest.raises(RefusedError, match="cannot go on by a plan of another"):
        run.propose_successor(other)
    assert not any(isinstance(x, e.PlanAdopted) for x in ground.disk.events)


@pytest.mark.parametrize(
    "changed",
    [
        [],
        [replace(switch_step(), resource=WORKSPACE)],
        [replace(switch_step(), do="another")],
        [check("switch")],
    ],
)
def test_what_is_under_way_is_never_planned_away(changed):
    ground = ground_here()
    ground.world.behaviour = "lost"
    run = ground.open()
    run.perform(RunStep(step="switch"))
    run.perform(Confirm(step="switch"))
    assert run.state.step("switch").state is StepState.IN_DOUBT
    with pytest.raises(RefusedError, match="does not keep it"):
        run.propose_successor(plan_of(check("a"), *changed, check("z")))
    kept = plan_of(check("a"), switch_step(explain="Other words"), check("z"))
    adopt(run, kept)
    assert run.state.step("switch").state is StepState.IN_DOUBT


def test_a_proposal_that_the_new_plan_changes_is_taken_back():
    ground = ground_here()
    run = ground.open()
    run.perform(RunStep(step="switch"))
    adopt(run, plan_of(check("a"), switch_step(verify="new"), check("z")))
    assert run.state.step("switch").state is StepState.READY
    run.perform(RunStep(step="switch"))
    adopt(run, plan_of(check("a", explain="Else."), switch_step(verify="new"), check("z")))
    assert run.state.step("switch").state is StepState.PROPOSED


def test_what_did_not_concern_the_pair_may_concern_it_now():
    ground = ground_here(check("vault", not_applicable="There is no vault."))
    run = ground.open()
    steps = (*run.stage.plan.steps[:3], check("vault"))
    adopt(run, plan_of(*steps))
    assert run.state.step("vault").state is StepState.READY


def test_a_child_plan_that_is_open_stays_so():
    ground = small_family(checks=[LookAt("a", Verdict.PASS), LookAt("c")])
    run = ground.open()
    for step in ("first", "child", "child/a"):
        run.perform(RunStep(step=step))
    steps = list(run.stage.plan.steps)
    longer = replace(run.stage.plan, steps=(*steps[:4], inside("child", check("c")), steps[4]))
    adopt(run, longer)
    with pytest.raises(RefusedError, match="'child' is running"):
        run.propose_successor(replace(longer, steps=(steps[0], steps[4])))
    drive(run)
    assert run.state.step("child").text == "Other: 3 passed."


def test_a_difference_names_the_runbook_that_a_step_opens():
    before = replace(plan_of(opens("child")), children=(child_of("child"),))
    other = replace(child_of("child"), runbook_digest="2" * 64)
    assert plan_difference(before, replace(before, children=(other,))) == (
        "runbook 'other', which child opens, changed",
    )


@pytest.mark.parametrize("crash", [1, 2])
@pytest.mark.parametrize("keeps", [0, 1])
def test_a_crash_while_adopting_leaves_the_old_plan_or_the_new_one(crash, keeps):
    ground = ground_here()
    run = ground.open()
    before = run.stage.plan
    after = plan_of(check("a"), check("new"), switch_step(), check("z"))
    successor = run.propose_successor(after)
    ground.disk.crash_at = ground.disk.appends + crash
    ground.disk.crash_keeps = keeps
    with pytest.raises(Crash):
        run.perform(AdoptPlan(digest=successor.digest))
    ground.disk.crash_at = 0
    adopted = any(isinstance(x, e.PlanAdopted) for x in ground.disk.events)
    assert ground.resume().stage.plan == (after if adopted else before)
    assert adopted is (crash == 2 and keeps == 1)
