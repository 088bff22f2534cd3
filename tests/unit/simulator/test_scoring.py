"""The score of a drill: pure arithmetic."""

from __future__ import annotations

import msgspec
import pytest

from amlrunbook.simulator.drill_data import ScoreTable
from amlrunbook.simulator.judgement import JudgedGoal, JudgedHarm, Judgement
from amlrunbook.simulator.scoring import Acts, scored

ALARM = 1_000_000.0
MINUTE = 60.0
TABLE = ScoreTable(detect_by="PT5M", decide_by="PT10M", recover_by="PT60M", unavoidable=["late/*"])


def judgement(**more) -> Judgement:
    found = Judgement(
        solved=True,
        goals=[JudgedGoal(text="Moved.", reached=True, at=ALARM + 40 * MINUTE)],
        alarm_at=ALARM,
        alarm_real=ALARM,
        recovered_at=ALARM + 40 * MINUTE,
        first_change_at=ALARM + 15 * MINUTE,
        changes=4,
        score=TABLE,
    )
    return msgspec.structs.replace(found, **more)


ACTS = Acts(detected_at=ALARM + 2 * MINUTE, decided_at=ALARM + 8 * MINUTE)


def points(found, name):
    return next(part.points for part in found.parts if part.name == name)


def test_a_clean_drill_earns_everything():
    found = scored(judgement(), ACTS)
    assert (found.points, found.out_of, found.solved) == (100, 100, True)
    assert found.text == "Solved: 1 of 1 goals are reached."


@pytest.mark.parametrize(("minutes", "earned"), [(0, 10), (5, 10), (12.5, 5), (20, 0), (300, 0)])
def test_time_earns_evenly_less_up_to_four_times_as_long(minutes, earned):
    acts = Acts(detected_at=ALARM + minutes * MINUTE, decided_at=None)
    assert points(scored(judgement(), acts), "detect") == earned


def test_a_fast_clock_makes_people_slower():
    acts = Acts(detected_at=ALARM + 2 * MINUTE, decided_at=ALARM + 2 * MINUTE)
    assert points(scored(judgement(rate=6.25), acts), "detect") == 5


@pytest.mark.parametrize(
    ("change", "part", "earned"),
    [
        ({"harms": [JudgedHarm(text="Hasty.", count=2, points=10)]}, "actions", 5),
        ({"harms": [JudgedHarm(text="Reckless.", count=9, points=90)]}, "actions", 0),
        ({"lost": ["late/one", "late/two"]}, "data", 20),
        ({"lost": ["late/one", "kept/one"]}, "data", 16),
        ({"lost": [f"kept/{n}" for n in range(9)]}, "data", 0),
        ({"hints_given": 1}, "hints", 3),
        ({"hints_given": 3}, "hints", 0),
        ({"solved": False, "recovered_at": None}, "recover", 0),
        ({"first_change_at": None, "solved": False}, "actions", 0),
        ({"first_change_at": None, "solved": False}, "data", 0),
    ],
)
def test_what_costs(change, part, earned):
    assert points(scored(judgement(**change), ACTS), part) == earned


def test_names_of_what_was_lost_without_need_are_told():
    found = scored(judgement(lost=["late/x", "a", "b", "c", "d"]), ACTS)
    (part,) = [p for p in found.parts if p.name == "data"]
    assert part.text == "lost without need: a, b, c and 1 more"


def test_who_does_nothing_earns_nothing_but_what_no_hint_cost():
    idle = judgement(solved=False, recovered_at=None, first_change_at=None, changes=0)
    found = scored(idle, Acts())
    assert found.points == TABLE.hints
