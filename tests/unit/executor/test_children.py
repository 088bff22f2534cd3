"""Child plans: opened, ended, left out, run again, resumed."""

from __future__ import annotations

import pytest

from amlrunbook.errors import RefusedError
from amlrunbook.executor.commands import DoneOutside, RunStep, Skip
from amlrunbook.model.finding import Verdict
from amlrunbook.planning.plan import plan_from_json
from amlrunbook.state import events as e
from amlrunbook.state.fold import fold
from tests.unit.executor.driving import drive
from tests.unit.executor.family import child_of, family_of, inside, opens, small_family
from tests.unit.executor.ground import LookAt, check, switch_step


def states(run):
    return {step.id: run.state.step(step.id).state.value for step in run.stage.plan.steps}


def test_the_steps_of_a_child_plan_wait_until_it_is_opened():
    ground = small_family()
    run = ground.open()
    assert run.state.step("child/a").why_blocked == "belongs to child, which has not begun"
    with pytest.raises(RefusedError, match="cannot be run: it is blocked"):
        run.perform(RunStep(step="child/a"))
    run.perform(RunStep(step="first"))
    assert run.focus == "child"
    run.perform(RunStep(step="child"))
    assert states(run) == {
        "first": "passed",
        "child": "running",
        "child/a": "ready",
        "child/b": "blocked",
        "last": "blocked",
    }
    assert run.focus == "child/a"


def test_a_child_plan_is_evidence_and_ends_with_its_last_step():
    ground = small_family()
    run = ground.open()
    drive(run)
    opened = next(x for x in ground.disk.events if isinstance(x, e.ChildOpened))
    kept = plan_from_json(ground.disk.evidence[opened.plan_digest])
    assert [step.id for step in kept.steps] == ["child/a", "child/b"]
    assert kept.runbook == opened.runbook == "other"
    assert ground.disk.kinds("child") == [
        "step.blocked",
        "step.ready",
        "evidence.added",
        "child.opened",
        "child.closed",
        "step.passed",
    ]
    assert run.state.step("child").text == "Other: 2 passed."
    assert set(states(run).values()) == {"passed"}
    assert run.state.busy_steps == 0


@pytest.mark.parametrize(
    ("verdict", "state", "outcome"),
    [
        (Verdict.FAIL, "failed", "completed-with-failures"),
        (Verdict.WARN, "warned", "completed"),
        (Verdict.UNKNOWN, "unknown", "completed-with-failures"),
    ],
)
def test_what_its_steps_came_to_is_what_the_child_came_to(verdict, state, outcome):
    ground = family_of(
        opens("child"),
        inside("child", check("a")),
        inside("child", check("b")),
        checks=[LookAt("a", verdict)],
    )
    run = ground.open()
    for step in ("child", "child/a", "child/b"):
        run.perform(RunStep(step=step))
    assert run.state.step("child").state.value == state
    closed = next(x for x in ground.disk.events if isinstance(x, e.ChildClosed))
    assert closed.outcome == outcome


def test_a_step_left_out_by_the_operator_is_a_warning_to_the_child():
    ground = family_of(opens("child"), inside("child", check("a")), inside("child", check("b")))
    run = ground.open()
    run.perform(RunStep(step="child"))
    run.perform(RunStep(step="child/a"))
    run.perform(Skip(step="child/b", reason="No time."))
    assert run.state.step("child").state.value == "warned"


def test_a_step_that_is_run_again_opens_its_child_plan_again():
    ground = small_family(checks=[LookAt("a", Verdict.FAIL, Verdict.PASS)])
    run = ground.open()
    for step in ("first", "child", "child/a"):
        run.perform(RunStep(step=step))
    run.perform(Skip(step="child/b", reason="It needs a."))
    assert states(run)["child"] == "failed"
    assert "which is failed" in run.state.step("last").why_blocked
    run.perform(RunStep(step="child/a"))
    assert states(run)["child"] == "warned"
    assert states(run)["last"] == "ready"
    assert fold(ground.disk.entries).anomalies == ()


def test_a_child_plan_that_fails_leads_on_as_its_step_says():
    ground = family_of(
        opens("child", on_fail="last"),
        inside("child", check("a")),
        check("middle"),
        check("last"),
        checks=[LookAt("a", Verdict.FAIL)],
    )
    run = ground.open()
    run.perform(RunStep(step="child"))
    run.perform(RunStep(step="child/a"))
    assert states(run) == {
        "child": "failed",
        "child/a": "failed",
        "middle": "skipped",
        "last": "ready",
    }


@pytest.mark.parametrize(
    "command",
    [Skip(step="child", reason="Not now."), DoneOutside(step="child", evidence="Done by hand.")],
)
def test_what_is_left_out_takes_its_child_plan_with_it_and_can_come_back(command):
    ground = small_family()
    run = ground.open()
    run.perform(RunStep(step="first"))
    run.perform(command)
    assert states(run)["child/a"] == states(run)["child/b"] == "skipped"
    assert "child was" in run.state.step("child/a").text
    if isinstance(command, Skip):
        run.perform(RunStep(step="child"))
        assert states(run)["child/a"] == "ready"
        assert states(run)["child/b"] == "blocked"


def test_leaving_an_open_child_plan_out_leaves_out_what_is_left_of_it():
    run = small_family().open()
    for step in ("first", "child", "child/a"):
        run.perform(RunStep(step=step))
    run.perform(Skip(step="child", reason="Enough."))
    assert states(run)["child/a"] == "passed"
    assert states(run)["child/b"] == "skipped"
    assert states(run)["child"] == "warned"


def test_an_action_under_way_inside_keeps_its_child_plan_open():
    ground = family_of(opens("child"), inside("child", switch_step()), inside("child", check("b")))
    ground.world.behaviour = "lost"
    run = ground.open()
    run.perform(RunStep(step="child"))
    run.perform(RunStep(step="child/switch"))
    from amlrunbook.executor.commands import Confirm

    run.perform(Confirm(step="child/switch"))
    assert states(run)["child/switch"] == "in-doubt"
    with pytest.raises(RefusedError, match="in-doubt"):
        run.perform(Skip(step="child", reason="Enough."))
    run.perform(RunStep(step="child/b"))
    assert states(run)["child"] == "running"


def test_a_run_goes_on_inside_a_child_plan():
    ground = small_family()
    run = ground.open()
    for step in ("first", "child", "child/a"):
        run.perform(RunStep(step=step))
    again = ground.resume()
    assert states(again)["child"] == "running"
    assert again.focus == "child/b"
    drive(again)
    assert states(again)["child"] == "passed"


def test_children_lie_in_one_another():
    from msgspec.structs import replace

    ground = family_of(
        opens("child"),
        replace(inside("child", opens("deep")), kind=opens("x").kind),
        replace(inside("child/deep", check("a"))),
        check("last", needs=("child",)),
    )
    ground.plan = replace(ground.plan, children=(child_of("child"), child_of("child/deep")))
    run = ground.open()
    drive(run)
    assert set(states(run).values()) == {"passed"}
    opened = [x.step for x in ground.disk.events if isinstance(x, e.ChildOpened)]
    assert opened == ["child", "child/deep"]


def test_a_child_plan_that_does_not_concern_the_pair_is_left_out_whole():
    ground = family_of(
        opens("child", not_applicable="There is no vault."),
        inside("child", check("a")),
        check("last", needs=("child",)),
    )
    run = ground.open()
    assert states(run) == {"child": "skipped", "child/a": "skipped", "last": "ready"}
