"""Random operators, crashes and worlds: what a tired person relies on holds all the same."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amlrunbook.errors import AmlRunbookError
from amlrunbook.executor.commands import (
    GLASS_PHRASE,
    AddNote,
    AskApproval,
    BreakGlass,
    Close,
    Confirm,
    Decide,
    DeclareIncident,
    Decline,
    DoneOutside,
    GiveAnswer,
    GiveUpdate,
    LookAgain,
    OfferHandover,
    Overrule,
    OverruleSafety,
    Pause,
    Rule,
    RunProbes,
    RunStep,
    Skip,
)
from amlrunbook.executor.handover import Accepted
from amlrunbook.model.finding import Verdict
from amlrunbook.model.mode import Mode
from amlrunbook.model.operation import Outcome
from amlrunbook.planning.grammar import Choice
from amlrunbook.state import events as e
from amlrunbook.state.fold import fold
from tests.examples import examples
from tests.unit.executor.ground import Crash, LookAt, check, decision, ground_of, switch_step

STEPS = ["a", "d", "switch", "b", "nowhere"]
STEP = st.sampled_from(STEPS)
TEXT = st.sampled_from(["", "because", "\ud800 \x1b[2J"])
COMMAND = st.one_of(
    st.builds(RunStep, step=STEP),
    st.builds(Confirm, step=STEP, typed=st.sampled_from(["", "stone"])),
    st.builds(Confirm, step=st.just("switch")),
    st.builds(RunStep, step=st.just("switch")),
    st.builds(Decline, step=STEP, reason=TEXT),
    st.builds(Skip, step=STEP, reason=TEXT),
    st.builds(DoneOutside, step=STEP, evidence=TEXT),
    st.builds(Decide, step=STEP, choice=st.sampled_from(["go", "end", "no"])),
    st.builds(Overrule, step=STEP, need=STEP, reason=TEXT),
    st.builds(LookAgain, step=STEP),
    st.builds(Rule, step=STEP, ruling=st.sampled_from(list(e.Ruling)), reason=TEXT),
    st.builds(AddNote, text=TEXT),
    st.builds(AskApproval, step=STEP),
    st.builds(GiveAnswer, step=STEP, text=TEXT),
    st.builds(BreakGlass, step=STEP, reason=TEXT, typed=st.sampled_from(["", GLASS_PHRASE])),
    st.builds(OverruleSafety, step=STEP, rule=TEXT, reason=TEXT),
    st.builds(OfferHandover, principal=st.sampled_from(["", "sam"]), text=TEXT),
    st.builds(DeclareIncident, severity=TEXT),
    st.builds(RunProbes),
    st.builds(GiveUpdate, next_minutes=st.integers(-1, 2000)),
    st.builds(Pause),
    st.builds(Close),
)
BEHAVIOUR = st.sampled_from(["works", "refused", "lost", "unanswered", "lies", "raises"])
MOVE = st.tuples(COMMAND, BEHAVIOUR, st.booleans(), st.integers(0, 9))
"""What the operator says, how the world behaves, whether it can be read, and when the process ends."""


class Prefixes:
    """A watcher that keeps every state it was told of."""

    def __init__(self):
        self.told = []

    def recorded(self, entries, state):
        self.told.append((entries[-1].n, state))


def ground_for(mode):
    return ground_of(
        check("a"),
        decision("d", Choice(id="go", text="Go"), Choice(id="end", text="End", next="b")),
        switch_step(needs=("d",)),
        check("b", needs=("switch",)),
        mode=mode,
        checks=[LookAt("a", Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN)],
    )


def play(ground, moves, watcher):
    run = ground.open()
    run.stage.record.watch(watcher)
    for command, behaviour, on, crash in moves:
        ground.world.behaviour = behaviour
        ground.world.readable = on
        ground.disk.crash_at = ground.disk.appends + crash if crash else 0
        try:
            run.perform(command)
        except AmlRunbookError:
            continue
        except Crash:
            ground.disk.crash_at = 0
            if any(isinstance(event, e.RunClosed) for event in ground.disk.events):
                return
            handed = fold(ground.disk.entries).handed_over
            run = ground.resume(accepted=Accepted("sam") if handed else None)
            run.stage.record.watch(watcher)
            continue


@settings(
    deadline=None,
    max_examples=examples(ci=200, campaign=10_000),
    suppress_health_check=[HealthCheck.too_slow],
)
@given(moves=st.lists(MOVE, max_size=14))
def test_whatever_happens_no_action_is_lost_repeated_or_guessed_at(moves):
    ground = ground_for(Mode.DRILL)
    durable = []
    ground.world.before_put = lambda request_id: durable.append(
        {
            event.KIND
            for event in ground.disk.events
            if getattr(event, "request_id", 0) == request_id
        }
    )
    watcher = Prefixes()
    play(ground, moves, watcher)

    assert all(kinds >= {"action.confirmed", "action.sent"} for kinds in durable)
    assert len(set(ground.world.puts)) == len(ground.world.puts)
    assert_none_repeated_without_a_word(ground.disk.events)
    entries = ground.disk.entries
    assert fold(entries).anomalies == ()
    for n, state in watcher.told:
        assert fold(entries[: n + 1]) == state


def assert_none_repeated_without_a_word(events):
    open_intent = False
    for event in events:
        match event:
            case e.ActionConfirmed():
                assert not open_intent, "confirmed again although the last one's end is unknown"
                open_intent = True
            case e.ActionResulted(outcome=Outcome.FAILED) | e.ActionVerified() | e.StepFailed():
                open_intent = False
            case e.DoubtRuled(ruling=e.Ruling.DID_NOT_HAPPEN):
                open_intent = False
            case _:
                continue


@settings(
    deadline=None,
    max_examples=examples(ci=100, campaign=5000),
    suppress_health_check=[HealthCheck.too_slow],
)
@given(moves=st.lists(MOVE, max_size=14))
def test_nothing_ever_leaves_in_read_only(moves):
    ground = ground_for(Mode.READ_ONLY)
    play(ground, moves, Prefixes())
    assert ground.world.puts == []
    assert not any(isinstance(event, e.ActionConfirmed) for event in ground.disk.events)
