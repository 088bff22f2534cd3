"""p50 and p90 from earlier journals, drills apart from live runs, and when a run will be done."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from amlrunbook.executor.commands import RunStep, Skip
from amlrunbook.executor.forecast import (
    UNFORESEEN,
    EarlierRun,
    Forecast,
    Percentiles,
    forecast,
    in_words,
    percentile,
)
from amlrunbook.executor.opening import Who, opening_event
from amlrunbook.model.mode import Mode
from amlrunbook.state import events as e
from tests.unit.executor.ground import check, ground_of, plan_of, switch_step


def earlier(seconds, mode=Mode.DRILL, plan=None, steps=("a",)):
    plan = plan or plan_of(check("a"))
    lines = [(0, opening_event(plan, Who(run="r", operator="o", mode=mode)))]
    for step in steps:
        lines.append((0, e.StepStarted(step=step)))
        lines.append((seconds, e.StepPassed(step=step, text="t")))
    entries = tuple(
        e.Recorded(n=n, t=f"2026-01-01T{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}Z", event=event)
        for n, (s, event) in enumerate(lines)
    )
    return EarlierRun(entries, plan)


def test_percentiles_come_from_the_runs_of_the_same_runbook_and_kind():
    runs = [earlier(s) for s in (10, 20, 30, 40, 50, 60, 70, 80, 90, 100)]
    runs.append(earlier(9_000, mode=Mode.LIVE))
    runs.append(earlier(8_000, plan=replace(plan_of(check("a")), runbook="other")))
    assert forecast(runs, "small", drill=True).machine == {
        "a": Percentiles(p50=50, p90=90, runs=10)
    }
    assert forecast(runs, "small", drill=False).machine["a"].p50 == 9_000
    assert forecast([], "small", drill=True) == UNFORESEEN


def test_the_instances_of_a_step_count_together():
    plan = plan_of(
        replace(check("a:one"), base="a"), replace(check("a:two"), base="a"), check("gone")
    )
    run = earlier(40, plan=plan, steps=("a:one", "a:two", "unheard-of"))
    assert forecast([run], "small", drill=True).machine == {
        "a": Percentiles(p50=40, p90=40, runs=2)
    }


@pytest.mark.parametrize(
    ("budget", "machine", "human", "says"),
    [
        (0, None, None, ""),
        (75 * 60, None, None, "budget 75 min"),
        (75 * 60, (38 * 60, 61 * 60), None, "budget 75 min · p50 38 min · p90 61 min"),
        (0, (40, 90), 30, "p50 40 s · p90 90 s"),
        (0, (40, 90), 300, "p50 40 s · p90 90 s · waiting for people p50 5 min"),
    ],
)
def test_what_a_step_takes_in_words(budget, machine, human, says):
    known = Forecast(
        machine={"a": Percentiles(p50=machine[0], p90=machine[1], runs=3)} if machine else {},
        human={"a": Percentiles(p50=human, p90=human, runs=3)} if human else {},
    )
    assert known.takes(check("a", budget_seconds=budget)) == says


def test_the_rest_of_a_run_is_projected_and_what_is_unknown_is_named():
    ground = ground_of(
        check("done"),
        check("a"),
        check("b", budget_seconds=600),
        switch_step(),
        check("left-out"),
        check("nothing", not_applicable="No vault."),
    )
    run = ground.open()
    run.perform(RunStep(step="done"))
    run.perform(Skip(step="left-out", reason="No time."))
    known = Forecast(
        machine={
            "a": Percentiles(p50=10, p90=30, runs=3),
            "done": Percentiles(p50=9, p90=9, runs=1),
        },
        human={"a": Percentiles(p50=5, p90=6, runs=3)},
    )
    projected = known.projection(run.stage.plan, run.state)
    assert (projected.p50_seconds, projected.p90_seconds) == (615, 636)
    assert projected.unknown == ("switch",)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50), st.integers(1, 100))
def test_a_percentile_is_one_of_the_values_and_grows(values, percent):
    found = percentile(values, percent)
    assert found in {round(value) for value in values}
    assert percentile(values, 50) <= percentile(values, 90) <= round(max(values))


def test_no_values_have_no_percentile():
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (119, "119 s"),
        (120, "2 min"),
        (4500, "75 min"),
        (7200, "2 h"),
        (7500, "2 h 5 min"),
    ],
)
def test_time_in_words(seconds, words):
    assert in_words(seconds) == words
