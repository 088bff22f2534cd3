"""Random operators, crashes and new plans on a run with everything in it."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from amlrunbook.errors import AmlRunbookError
from amlrunbook.executor import commands as c
from amlrunbook.planning.grammar import StepKind
from amlrunbook.state import events as e
from amlrunbook.state.fold import fold
from amlrunbook.state.transitions import StepState
from tests.unit.executor.ground import Crash, check
from tests.unit.executor.test_crashes import scripted
from tests.unit.executor.test_invariants import Prefixes, assert_none_repeated_without_a_word

STEPS = [step.id for step in scripted().plan.steps]
STEP = st.sampled_from(STEPS)
WORDS = st.just("because")
COMMAND = st.one_of(
    st.builds(c.RunStep, step=STEP),
    st.builds(c.RunStep, step=STEP),
    st.builds(c.Confirm, step=STEP),
    st.builds(c.Decline, step=STEP),
    st.builds(c.Skip, step=STEP, reason=WORDS),
    st.builds(c.DoneOutside, step=STEP, evidence=WORDS),
    st.builds(c.Decide, step=st.just("d"), choice=st.sampled_from(["go", "end"])),
    st.builds(c.Overrule, step=STEP, need=STEP, reason=WORDS),
    st.builds(c.Rule, step=STEP, ruling=st.sampled_from(list(e.Ruling)), reason=WORDS),
    st.builds(c.SwitchVariant, step=st.just("many:a"), variant=st.sampled_from("xy"), reason=WORDS),
    st.builds(c.Pause),
)
FOCUS, ADOPT = "what is in focus", "another plan"
MOVE = st.tuples(
    st.one_of(COMMAND, st.just(FOCUS), st.just(FOCUS), st.just(FOCUS), st.just(ADOPT)),
    st.sampled_from(["works", "works", "refused", "lost", "unanswered"]),
    st.integers(0, 12),
)


def ground_here():
    ground = scripted()
    ways = {"variant": "x", "variants": ("x", "y")}
    steps = tuple(
        replace(step, **ways) if step.id == "many:a" else step for step in ground.plan.steps
    )
    ground.plan = replace(ground.plan, steps=steps)
    return ground


def forward(run):
    """Return the command that whatever is in focus asks for."""
    step = run.focus
    state = run.state.step(step).state
    if not step:
        return c.Close()
    match state:
        case StepState.PROPOSED:
            return c.Confirm(step=step)
        case StepState.IN_DOUBT:
            seen = run.state.step(step).doubt.reached
            ruling = e.Ruling.HAPPENED if seen else e.Ruling.DID_NOT_HAPPEN
            return c.Rule(step=step, ruling=ruling, reason="As it is seen.")
        case _ if run.stage.plan.step(step).kind is StepKind.DECISION:
            return c.Decide(step=step, choice="go")
        case _:
            return c.RunStep(step=step)


def adopt(run):
    """Go on by a plan with one more step, or with the one taken out again."""
    steps = run.stage.plan.steps
    ids = [step.id for step in steps]
    other = (
        tuple(step for step in steps if step.id != "extra")
        if "extra" in ids
        else (*steps, replace(check("look"), id="extra", base="extra"))
    )
    successor = run.propose_successor(replace(run.stage.plan, steps=other))
    run.perform(c.AdoptPlan(digest=successor.digest))


def move(run, what):
    if what == ADOPT:
        adopt(run)
    else:
        run.perform(forward(run) if what == FOCUS else what)


def assert_children_fit(run):
    state = run.state
    for child in run.stage.plan.children:
        parent = state.step(child.step).state
        inside = [state.step(s.id).state for s in run.stage.plan.steps if s.parent == child.step]
        if parent in {StepState.PENDING, StepState.BLOCKED, StepState.READY}:
            assert not {StepState.RUNNING, StepState.PROPOSED, StepState.PASSED} & set(inside)
        if parent is StepState.RUNNING:
            assert not all(found.settled for found in inside)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(lead=st.integers(0, 18), moves=st.lists(MOVE, max_size=16))
def test_whatever_happens_everything_fits_together(lead, moves):
    moves = [(FOCUS, "works", 0)] * lead + moves
    ground = ground_here()
    watcher = Prefixes()
    run = ground.open()
    run.stage.record.watch(watcher)
    for what, behaviour, crash in moves:
        ground.world.behaviour = behaviour
        ground.disk.crash_at = ground.disk.appends + crash if crash else 0
        try:
            move(run, what)
            run.crew.join()
        except AmlRunbookError:
            continue
        except Crash:
            with suppress(Crash):
                run.crew.join()
            ground.disk.crash_at = 0
            if any(isinstance(event, e.RunClosed) for event in ground.disk.events):
                break
            run = ground.resume()
            run.stage.record.watch(watcher)
        if run.state.closed is None:
            assert_children_fit(run)
    ground.disk.crash_at = 0
    entries = ground.disk.entries
    assert fold(entries).anomalies == ()
    for n, state in watcher.told:
        assert fold(entries[: n + 1]) == state
    for step in STEPS:
        mine = [event for event in ground.disk.events if getattr(event, "step", "") == step]
        assert_none_repeated_without_a_word(mine)
    sent = [event for ids in ground.operations["many"].done.values() for event in ids]
    assert len(sent) == len(set(sent))
