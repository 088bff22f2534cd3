"""A drill's side of a run: what is heard, hints, and the score that is journaled before the run is closed."""

from __future__ import annotations

import pytest

from amlrunbook.errors import RefusedError, SimulatorError
from amlrunbook.executor import drilling
from amlrunbook.executor.commands import AskHint, Close, OfferHandover, RunStep
from amlrunbook.model.mode import Mode
from amlrunbook.state import events as e
from tests.unit.executor.ground import check, ground_of
from tests.unit.executor.peopled import people


class Story:
    """A world that tells what a test says."""

    def __init__(self, *hints: str) -> None:
        self.told: tuple[str, ...] = ()
        self.hints = list(hints)
        self.silent = False
        self.scored: e.DrillScore | None = e.DrillScore(points=7, out_of=10, text="Solved.")
        self.asked: tuple[e.Recorded, ...] = ()

    def heard(self):
        return self.told

    def hint(self):
        return self.hints.pop(0) if self.hints else ""

    def score(self, entries):
        if self.silent:
            raise SimulatorError("The simulated Azure does not answer.")
        self.asked = entries
        return self.scored


def drill(*hints: str, mode: Mode = Mode.DRILL):
    ground = ground_of(check("a"), check("b"), mode=mode)
    story = Story(*hints)
    ground.people = people(drilling=story)
    return ground, story


def kinds(ground):
    return [event.KIND for event in ground.disk.events if event.KIND.startswith("drill.")]


def test_each_thing_is_heard_once_in_order():
    ground, story = drill()
    run = ground.open()
    story.told = ("one",)
    run.perform(RunStep(step="a"))
    story.told = ("one", "two", "three")
    run.perform(RunStep(step="b"))
    drilling.tell_heard(run.stage)
    heard = [event.text for event in ground.disk.events if isinstance(event, e.DrillFault)]
    assert heard == ["one", "two", "three"]
    assert run.state.drill_words == ("one", "two", "three")


def test_hints_are_journaled_until_there_is_none_left():
    ground, _ = drill("look east")
    run = ground.open()
    run.perform(AskHint())
    assert run.state.drill_words == ("Hint: look east",)
    with pytest.raises(RefusedError, match="no hint left"):
        run.perform(AskHint())
    assert kinds(ground) == ["drill.hint"]


def test_outside_a_drill_there_are_no_hints():
    ground, _ = drill("look east", mode=Mode.LIVE)
    run = ground.open()
    with pytest.raises(RefusedError, match="belong to drills"):
        run.perform(AskHint())
    ground.people = people()
    run = ground_of(check("a")).open()
    with pytest.raises(RefusedError, match="this is none"):
        run.perform(AskHint())


def test_the_score_stands_before_the_end_and_rests_on_all_entries():
    ground, story = drill()
    run = ground.open()
    run.perform(Close())
    last = [event.KIND for event in ground.disk.events][-3:]
    assert last[:2] == ["drill.score", "run.closed"]
    assert run.state.drill_score == story.scored
    assert any(isinstance(entry.event, e.RunOpened) for entry in story.asked)
    story.told = ("too late",)
    drilling.tell_heard(run.stage)
    assert kinds(ground) == ["drill.score"]


def test_a_silent_world_leaves_a_warning_and_the_run_is_closed_all_the_same():
    ground, story = drill()
    story.silent = True
    run = ground.open()
    run.perform(Close())
    assert run.state.closed is not None
    assert run.state.drill_score is None
    assert any("Not scored" in text for text in run.state.warnings)


def test_nothing_is_judged_where_there_is_nothing_to_reach():
    ground, story = drill()
    story.scored = None
    run = ground.open()
    run.perform(Close())
    assert kinds(ground) == []


def test_nothing_is_heard_any_more_after_a_hand_over():
    ground, story = drill()
    run = ground.open()
    run.perform(OfferHandover(principal="sam"))
    story.told = ("somebody else's matter",)
    drilling.tell_heard(run.stage)
    assert kinds(ground) == []
