"""Rules of safety over steps: broken ones hold a proposal up, and only two persons overrule them."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from amlrunbook.errors import RefusedError
from amlrunbook.executor.approvals import token_of
from amlrunbook.executor.commands import (
    AskApproval,
    Confirm,
    Decline,
    DoneOutside,
    GiveAnswer,
    OverruleSafety,
    Rule,
    RunStep,
    Skip,
)
from amlrunbook.journal import read_ask
from amlrunbook.model.mode import Mode
from amlrunbook.model.operation import DataPlace, Effects, ServingPlace
from amlrunbook.model.profile import DataAccount, Side, Strategies, Strategy
from amlrunbook.state import events as e
from amlrunbook.state.transitions import StepState
from tests.unit.executor.ground import (
    ACCOUNT,
    WORKSPACE,
    Crash,
    Switch,
    SwitchOn,
    ground_of,
    switch_step,
)
from tests.unit.executor.peopled import SAM, answered, people

SECOND = WORKSPACE.replace("ws-one", "ws-two")
WEST = DataPlace(data=ACCOUNT.upper(), region="WestUS")
EAST = DataPlace(data=ACCOUNT, region="eastus")
SERVING_WEST = ServingPlace(kind="inference", region="westus")
SERVING_EAST = ServingPlace(kind="inference", region="eastus")


class Declares(SwitchOn):
    """The switch, with effects that a test names."""

    effects = Effects()

    def preview(self, context):
        shown = super().preview(context)
        return msgspec.structs.replace(shown, effects=self.effects, needless="")


def ground_with(*effects, strategy=None):
    steps = [switch_step(f"switch{n}" if n else "switch") for n in range(len(effects))]
    ground = ground_of(*steps, mode=Mode.LIVE)
    for n, each in enumerate(effects):
        action = Declares(ground.world)
        action.effects = each
        action.id = f"switch.{n}"
        ground.operations[action.id] = action
    steps = [
        msgspec.structs.replace(step, do=f"switch.{n}") for n, step in enumerate(ground.plan.steps)
    ]
    profile = msgspec.structs.replace(
        ground.plan.profile,
        secondary=Side(workspace=SECOND, region="westus"),
        data_accounts=(DataAccount(id=ACCOUNT),),
        strategy=strategy or Strategies(),
    )
    ground.plan = msgspec.structs.replace(ground.plan, steps=tuple(steps), profile=profile)
    ground.people = people()
    return ground


def violated(ground):
    return [x.rule for x in ground.disk.events if isinstance(x, e.SafetyViolated)]


def proposed(ground, step="switch"):
    run = ground.open()
    run.perform(RunStep(step=step))
    return run


def test_a_second_writable_copy_is_refused_and_journaled_once():
    ground = ground_with(Effects(makes_writable=(WEST,)))
    run = proposed(ground)
    for _ in range(2):
        with pytest.raises(RefusedError, match="writable in eastus and westus at once"):
            run.perform(Confirm(step="switch"))
    assert violated(ground) == ["one-writable-copy"]
    assert ground.world.puts == []


def test_a_copy_that_changes_sides_is_one_copy():
    ground = ground_with(Effects(makes_writable=(WEST,), makes_unwritable=(EAST,)))
    run = proposed(ground)
    run.perform(Confirm(step="switch"))
    assert run.state.step("switch").state is StepState.VERIFIED
    assert violated(ground) == []


def test_a_copy_that_was_made_unwritable_before_makes_room():
    ground = ground_with(Effects(makes_unwritable=(EAST,)), Effects(makes_writable=(WEST,)))
    run = proposed(ground)
    run.perform(Confirm(step="switch"))
    run.perform(RunStep(step="switch1"))
    run.perform(Confirm(step="switch1"))
    assert run.state.step("switch1").state is StepState.VERIFIED


def test_what_is_in_doubt_counts_on_the_dangerous_side():
    ground = ground_with(Effects(makes_unwritable=(EAST,)), Effects(makes_writable=(WEST,)))
    run = proposed(ground)
    ground.world.behaviour = "lost"
    run.perform(Confirm(step="switch"))
    run.perform(RunStep(step="switch1"))
    with pytest.raises(RefusedError, match="at once"):
        run.perform(Confirm(step="switch1"))
    run.perform(Rule(step="switch", ruling=e.Ruling.CANNOT_TELL, reason="Dark."))
    with pytest.raises(RefusedError, match="at once"):
        run.perform(Confirm(step="switch1"))
    assert len(ground.world.puts) == 1


@pytest.mark.parametrize(
    "since",
    [
        (),
        (RunStep(step="switch"),),
        (RunStep(step="switch"), Decline(step="switch", reason="Not now.")),
        (Skip(step="switch", reason="By hand, perhaps."),),
    ],
    ids=["failed", "proposed anew", "declined", "skipped"],
)
def test_an_attempt_that_failed_counts_on_the_dangerous_side_whatever_came_since(since):
    ground = ground_with(
        Effects(makes_writable=(WEST,), makes_unwritable=(EAST,)), Effects(makes_writable=(EAST,))
    )
    run = proposed(ground)
    ground.world.behaviour = "refused"
    run.perform(Confirm(step="switch"))
    assert run.state.step("switch").state is StepState.FAILED
    for command in since:
        run.perform(command)
    run.perform(RunStep(step="switch1"))
    with pytest.raises(RefusedError, match="at once"):
        run.perform(Confirm(step="switch1"))
    assert len(ground.world.puts) == 1


def test_an_attempt_that_failed_is_forgotten_once_another_one_is_verified():
    ground = ground_with(
        Effects(makes_writable=(WEST,), makes_unwritable=(EAST,)),
        Effects(makes_writable=(EAST,), makes_unwritable=(WEST,)),
    )
    run = proposed(ground)
    ground.world.behaviour = "refused"
    run.perform(Confirm(step="switch"))
    ground.world.behaviour = "works"
    for step in ("switch", "switch1"):
        run.perform(RunStep(step=step))
        run.perform(Confirm(step=step))
        assert run.state.step(step).state is StepState.VERIFIED
        assert run.state.step(step).tried == ()


@pytest.mark.parametrize("strategy", [Strategy.HOT_WARM, Strategy.HOT_COLD, Strategy.HOT_HOT])
def test_a_planned_change_leaves_somebody_who_serves(strategy):
    ground = ground_with(
        Effects(stops_serving=(SERVING_EAST,)), strategy=Strategies(inference=strategy)
    )
    run = proposed(ground)
    if strategy is Strategy.HOT_WARM:
        with pytest.raises(RefusedError, match="Neither region would serve inference"):
            run.perform(Confirm(step="switch"))
        assert violated(ground) == ["somebody-serves"]
    else:
        run.perform(Confirm(step="switch"))
        assert violated(ground) == []


def test_what_an_outage_forces_is_no_planned_change():
    ground = ground_with(Effects(stops_serving=(SERVING_EAST,), planned=False))
    run = proposed(ground)
    run.perform(Confirm(step="switch"))
    assert violated(ground) == []


def test_the_other_region_may_take_over_first():
    ground = ground_with(
        Effects(starts_serving=(SERVING_WEST,)), Effects(stops_serving=(SERVING_EAST,))
    )
    run = proposed(ground)
    run.perform(Confirm(step="switch"))
    run.perform(RunStep(step="switch1"))
    run.perform(Confirm(step="switch1"))
    assert run.state.step("switch1").state is StepState.VERIFIED


def test_a_rule_is_overruled_by_two_persons_and_by_no_less():
    ground = ground_with(Effects(makes_writable=(WEST,)))
    run = proposed(ground)
    overrule = OverruleSafety(step="switch", rule="one-writable-copy", reason="East is lost.")
    with pytest.raises(RefusedError, match="not held up"):
        run.perform(overrule)
    with pytest.raises(RefusedError):
        run.perform(Confirm(step="switch"))
    with pytest.raises(RefusedError, match="0 of 1"):
        run.perform(overrule)
    run.perform(AskApproval(step="switch"))
    challenge = read_ask(token_of(run.state.step("switch").asked))
    assert "OVERRULES the safety rule one-writable-copy" in challenge.summary
    with pytest.raises(RefusedError, match="0 of 1"):
        run.perform(overrule)
    run.perform(GiveAnswer(step="switch", text=answered(run, SAM)))
    run.perform(overrule)
    said = next(x for x in ground.disk.events if isinstance(x, e.SafetyOverruled))
    assert said.principals == ("olga", "sam")
    run.perform(Confirm(step="switch"))
    assert len(ground.world.puts) == 1


def test_an_approval_that_says_nothing_of_a_rule_overrules_none():
    ground = ground_with(Effects(makes_writable=(WEST,)))
    run = proposed(ground)
    ground.operations["switch.0"].effects = Effects(
        makes_writable=(WEST,), stops_serving=(SERVING_EAST,)
    )
    with pytest.raises(RefusedError):
        run.perform(Confirm(step="switch"))
    run.perform(AskApproval(step="switch"))
    run.perform(GiveAnswer(step="switch", text=answered(run, SAM)))
    with pytest.raises(RefusedError, match="not held up by a rule 'somebody-serves'"):
        run.perform(OverruleSafety(step="switch", rule="somebody-serves", reason="So be it."))


def test_what_was_done_outside_counts_as_its_proposal_said():
    ground = ground_with(Effects(makes_unwritable=(EAST,)), Effects(makes_writable=(WEST,)))
    run = proposed(ground)
    run.perform(DoneOutside(step="switch", evidence="Read-only since noon; seen in the portal."))
    run.perform(RunStep(step="switch1"))
    run.perform(Confirm(step="switch1"))
    assert run.state.step("switch1").state is StepState.VERIFIED


class Copies(Declares):
    """An action on copies of data that keeps the truth: which are writable in the world."""

    def __init__(self, truth, effects, name) -> None:
        super().__init__(Switch())
        self.truth, self.effects, self.id = truth, effects, name

    def apply(self, context, preview, intent, reporter):
        self.world.on = False
        try:
            return super().apply(context, preview, intent, reporter)
        finally:  # what happened has happened, also where the program dies of its next line
            if self.world.on:
                self.truth -= {place.region.lower() for place in self.effects.makes_unwritable}
                self.truth |= {place.region.lower() for place in self.effects.makes_writable}


ACTS = (
    Effects(makes_unwritable=(EAST,)),
    Effects(makes_writable=(WEST,)),
    Effects(makes_writable=(EAST,), makes_unwritable=(WEST,)),
    Effects(makes_writable=(WEST,), makes_unwritable=(EAST,)),
)
MOVE = st.tuples(
    st.integers(0, len(ACTS) - 1),
    st.sampled_from(["works", "refused", "lost", "unanswered", "lies"]),
    st.booleans(),
    st.integers(0, 12),
)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(moves=st.lists(MOVE, max_size=12))
@example(
    moves=[
        (3, "unanswered", False, 0),
        (2, "works", False, 0),
        (3, "works", True, 0),
        (1, "works", False, 0),
    ]
)
@example(moves=[(0, "works", True, 5), (1, "works", False, 0)])
def test_no_order_of_acts_answers_and_crashes_leaves_two_writable_copies(moves):
    ground = ground_with(*ACTS)
    truth = {"eastus"}
    acts = [Copies(truth, effects, f"switch.{n}") for n, effects in enumerate(ACTS)]
    ground.operations.update({act.id: act for act in acts})
    run = ground.open()
    for n, behaviour, sure, crash in moves:
        step = f"switch{n}" if n else "switch"
        acts[n].world.behaviour = behaviour
        ground.disk.crash_at = ground.disk.appends + crash if crash else 0
        for act in (RunStep, Confirm, Rule):
            seen = e.Ruling.HAPPENED if acts[n].world.on else e.Ruling.DID_NOT_HAPPEN
            words = {"ruling": seen if sure else e.Ruling.CANNOT_TELL, "reason": "As it is."}
            try:
                run.perform(act(step=step, **(words if act is Rule else {})))
            except RefusedError:
                continue
            except Crash:
                ground.disk.crash_at = 0
                run = ground.resume()
            assert len(truth) <= 1
