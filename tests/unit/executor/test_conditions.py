"""``when`` over steps: asked again whenever something is learnt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlrunbook.errors import RefusedError
from amlrunbook.executor.commands import RunStep, Skip
from amlrunbook.executor.conditions import called_for, holds
from amlrunbook.model.finding import Verdict
from amlrunbook.planning.conditions import StepCondition, StepPredicate, StepWord
from amlrunbook.state import events as e
from amlrunbook.state.fold import RunState, StepRecord, fold
from amlrunbook.state.transitions import StepState
from tests.unit.executor.ground import LookAt, check, ground_of


def asks(step, word):
    return StepPredicate(steps=(step,), word=StepWord(word), name=step)


def state_of(**states):
    return RunState(
        steps={name: StepRecord(step=name, state=StepState(word)) for name, word in states.items()}
    )


@pytest.mark.parametrize(
    ("word", "yes"),
    [
        ("passed", {"passed", "verified", "done-outside"}),
        ("warned", {"warned"}),
        ("failed", {"failed"}),
        ("skipped", {"skipped"}),
    ],
)
@pytest.mark.parametrize("state", list(StepState))
def test_a_word_on_a_step_holds_where_it_says(word, yes, state):
    answer = holds(asks("a", word), state_of(a=state.value))
    assert answer is ((state.value in yes) if state.settled else None)


@pytest.mark.parametrize(
    ("word", "first", "second", "answer"),
    [
        ("passed", "passed", "passed", True),
        ("passed", "passed", "ready", None),
        ("passed", "failed", "ready", False),
        ("failed", "failed", "ready", True),
        ("failed", "passed", "ready", None),
        ("failed", "passed", "passed", False),
        ("skipped", "skipped", "skipped", True),
        ("skipped", "skipped", "passed", False),
    ],
)
def test_of_several_instances_all_or_any_count(word, first, second, answer):
    predicate = StepPredicate(steps=("a", "b"), word=StepWord(word), name="x")
    assert holds(predicate, state_of(a=first, b=second)) is answer


@pytest.mark.parametrize(
    ("when", "answer", "why"),
    [
        (StepCondition(), True, ""),
        (StepCondition(all=(asks("p", "passed"), asks("f", "failed"))), True, ""),
        (StepCondition(all=(asks("p", "failed"),)), False, "It does not hold that step p failed."),
        (StepCondition(none=(asks("f", "failed"),)), False, "It holds that step f failed."),
        (StepCondition(any=(asks("p", "failed"), asks("f", "failed"))), True, ""),
        (StepCondition(any=(asks("p", "failed"),)), False, "None of these holds: step p failed."),
        (
            StepCondition(all=(asks("r", "passed"),)),
            None,
            "it is not known yet whether step r passed",
        ),
        (StepCondition(any=(asks("r", "passed"), asks("p", "passed"))), True, ""),
        (StepCondition(all=(asks("r", "passed"),), none=(asks("f", "failed"),)), False, "It holds"),
    ],
)
def test_all_any_and_none(when, answer, why):
    call = called_for(when, state_of(p="passed", f="failed", r="ready"))
    assert call.answer is answer
    assert call.why.startswith(why)
    assert call.waits_for == (("r",) if answer is None else ())


ASKED = st.builds(asks, st.sampled_from("abc"), st.sampled_from(list(StepWord)))
GROUP = st.lists(ASKED, max_size=3).map(tuple)
OPEN = [state for state in StepState if not state.settled]
SETTLED = [state for state in StepState if state.settled]


@given(
    st.builds(StepCondition, all=GROUP, any=GROUP, none=GROUP),
    st.dictionaries(st.sampled_from("abc"), st.sampled_from(list(StepState))),
    st.lists(st.sampled_from(SETTLED), min_size=3, max_size=3),
)
def test_an_answer_that_is_known_does_not_change_by_what_was_open(when, states, later):
    now = called_for(when, state_of(**{name: word.value for name, word in states.items()}))
    ended = {
        name: states[name] if name in states and states[name].settled else word
        for name, word in zip("abc", later, strict=True)
    }
    then = called_for(when, state_of(**{name: word.value for name, word in ended.items()}))
    assert then.answer is not None
    if now.answer is not None:
        assert then.answer is now.answer


def test_a_step_is_blocked_until_it_is_known_whether_it_is_called_for():
    ground = ground_of(
        check("a"),
        check("mend", when=StepCondition(all=(asks("a", "failed"),))),
        check("after", needs=("mend",)),
        checks=[LookAt("a", Verdict.PASS, Verdict.FAIL, Verdict.PASS)],
    )
    run = ground.open()
    assert run.state.step("mend").why_blocked == "it is not known yet whether step a failed"
    with pytest.raises(RefusedError):
        run.perform(RunStep(step="mend"))
    run.perform(RunStep(step="a"))
    assert run.state.step("mend").state is StepState.SKIPPED
    assert run.state.step("mend").text == "It does not hold that step a failed."
    assert run.state.step("after").state is StepState.READY
    run.perform(RunStep(step="a"))
    assert run.state.step("mend").state is StepState.READY
    assert run.state.step("after").state is StepState.BLOCKED
    run.perform(RunStep(step="a"))
    assert run.state.step("mend").state is StepState.SKIPPED
    assert fold(ground.disk.entries).anomalies == ()


def test_what_the_operator_left_out_stays_left_out():
    ground = ground_of(
        check("a"),
        check("b", when=StepCondition(none=(asks("a", "failed"),))),
        checks=[LookAt("a", Verdict.PASS)],
    )
    run = ground.open()
    run.perform(Skip(step="b", reason="Not today."))
    run.perform(RunStep(step="a"))
    assert run.state.step("b").state is StepState.SKIPPED
    assert run.state.step("b").skipped_by is e.SkippedBy.OPERATOR


def test_what_was_chosen_is_known_once_it_is_decided():
    asked = StepPredicate(steps=("d",), word=StepWord.CHOSE, name="d", choice="go")
    assert holds(asked, state_of(d="ready")) is None
    assert holds(asked, state_of(d="skipped")) is False
    for choice, answer in (("go", True), ("stay", False)):
        made = e.DecisionMade(step="d", choice=choice, text="x")
        record = StepRecord(step="d", state=StepState.PASSED, decision=made)
        assert holds(asked, RunState(steps={"d": record})) is answer


def test_of_several_that_would_do_one_is_waited_for():
    when = StepCondition(any=(asks("a", "passed"), asks("b", "passed")))
    call = called_for(when, state_of(a="ready", b="ready"))
    assert call.why == "it is not known yet whether step a passed or step b passed"
