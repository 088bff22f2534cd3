"""The clock: declared by a person, stopped by green probes alone, people's time apart from machines'."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from amlrunbook.errors import RefusedError
from amlrunbook.executor.clock import clock_view, span, update_timer
from amlrunbook.executor.commands import (
    Confirm,
    DeclareIncident,
    DoneOutside,
    GiveUpdate,
    OfferHandover,
    RunProbes,
    RunStep,
)
from amlrunbook.executor.status_text import Attention, attention_now
from amlrunbook.model.profile import Probe, Targets
from amlrunbook.planning.grammar import StepKind
from amlrunbook.state import events as e
from amlrunbook.state.fold import RunState, fold
from amlrunbook.state.transitions import StepState
from tests.unit.executor.ground import check, ground_of, planned, switch_step
from tests.unit.executor.peopled import Lamps, people

PROBES = (Probe(name="score", url="https://x.test/"), Probe(name="portal", url="https://y.test/"))
NOON = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def ground_with_probes(lamps, *steps):
    ground = ground_of(*(steps or (switch_step(),)))
    profile = msgspec.structs.replace(
        ground.plan.profile, probes=PROBES, targets=Targets(rto="PT1H")
    )
    ground.plan = msgspec.structs.replace(ground.plan, profile=profile)
    ground.people = people(probing=lamps)
    return ground


def kinds(ground):
    return [x.KIND for x in ground.disk.events if x.KIND.split(".")[0] in {"clock", "probe"}]


def test_declaring_starts_the_clock_and_looks_at_the_probes():
    ground = ground_with_probes(Lamps(score=False, portal=True))
    run = ground.open()
    run.perform(DeclareIncident(severity="sev1", text="eastus is dark"))
    assert kinds(ground) == ["clock.declared", "probe.red", "probe.green"]
    assert run.state.clock.target_seconds == 3600
    with pytest.raises(RefusedError, match="was declared"):
        run.perform(DeclareIncident(severity="sev2"))


def test_probes_are_journaled_on_a_change_only():
    lamps = Lamps(score=False, portal=True)
    ground = ground_with_probes(lamps)
    run = ground.open()
    for _ in range(3):
        run.perform(RunProbes())
    assert kinds(ground) == ["probe.red", "probe.green"]
    lamps.green["score"] = True
    run.perform(RunProbes())
    assert kinds(ground)[-1] == "probe.green"
    assert run.state.probe_words == {"score": "200 in 8 ms", "portal": "200 in 8 ms"}
    assert "clock.stopped" not in kinds(ground)


def test_the_last_step_does_not_stop_the_clock_and_green_probes_do():
    lamps = Lamps(score=False, portal=True)
    ground = ground_with_probes(lamps)
    run = ground.open()
    run.perform(DeclareIncident(severity="sev1"))
    run.perform(RunStep(step="switch"))
    run.perform(Confirm(step="switch"))
    assert run.focus == ""
    assert not run.state.clock.stopped
    lamps.green["score"] = True
    run.perform(RunProbes())
    assert kinds(ground)[-2:] == ["probe.green", "clock.stopped"]
    assert run.state.clock.stopped


def test_a_verified_action_has_the_probes_asked():
    lamps = Lamps(score=False, portal=True)
    ground = ground_with_probes(lamps)
    run = ground.open()
    run.perform(DeclareIncident(severity="sev1"))
    run.perform(RunStep(step="switch"))
    asked = lamps.asked
    lamps.green["score"] = True
    run.perform(Confirm(step="switch"))
    assert lamps.asked == asked + 1
    assert run.state.clock.stopped


def test_without_probes_nothing_stops_the_clock():
    ground = ground_of(check("a"))
    ground.people = people(probing=Lamps())
    run = ground.open()
    run.perform(DeclareIncident(severity="sev1"))
    with pytest.raises(RefusedError, match="no probes"):
        run.perform(RunProbes())
    assert run.state.clock.declared
    assert not run.state.clock.stopped


def entry(n, t, event):
    return e.Recorded(n=n, t=f"2026-01-01T{t}.000Z", event=event)


def opened(ground):
    run = ground.open()
    return run.state.opened


def test_peoples_time_is_told_apart_from_machines_time():
    ground = ground_with_probes(Lamps(), check("a", budget_seconds=600), check("b"))
    entries = [
        entry(0, "10:00:00", opened(ground)),
        entry(1, "10:01:00", e.ClockDeclared(severity="sev1", target_seconds=3600)),
        entry(2, "10:05:00", e.StepStarted(step="b")),
        entry(3, "10:25:00", e.StepPassed(step="b", text="fine")),
    ]
    state = fold(entries)
    view = clock_view(ground.plan, state, datetime(2026, 1, 1, 10, 31, tzinfo=UTC))
    assert (view.human, view.machine) == (5 * 60 + 6 * 60, 20 * 60)
    assert (view.elapsed, view.left) == (30 * 60, 30 * 60)
    assert view.human_elapsed + view.machine_elapsed == view.elapsed, "parts of what is shown"
    assert view.projected == 40 * 60
    assert view.unforeseen == 0
    assert not view.late
    late = clock_view(ground.plan, state, datetime(2026, 1, 1, 10, 55, tzinfo=UTC))
    assert late.by_budgets
    assert not late.late, "a budget says how long it may take, not how long it will"
    assert clock_view(ground.plan, state, datetime(2026, 1, 1, 11, 2, tzinfo=UTC)).late
    assert late.projected_at == "2026-01-01T11:05:00Z"


def test_a_clock_that_went_back_gives_nobody_time():
    ground = ground_of(check("a"))
    entries = [
        entry(0, "10:00:00", opened(ground)),
        entry(1, "09:00:00", e.NoteAdded(text="x")),
        entry(2, "09:00:10", e.NoteAdded(text="x")),
    ]
    assert fold(entries).human_ms == 10_000


def test_the_next_word_is_due_half_an_hour_after_the_last():
    ground = ground_of(check("a"))
    declared = [
        entry(0, "11:00:00", opened(ground)),
        entry(1, "11:50:00", e.ClockDeclared(severity="sev1", target_seconds=3600)),
    ]
    assert update_timer(RunState(), NOON).due == ""
    assert update_timer(fold(declared), NOON).seconds_left == 20 * 60
    told = [*declared, entry(2, "11:55:00", e.UpdateGiven(next_seconds=120))]
    assert update_timer(fold(told), NOON).seconds_left == -180
    assert attention_now(fold(told), NOON) is Attention.UPDATE_DUE
    assert attention_now(fold(declared), NOON) is Attention.NONE
    stopped = [*told, entry(3, "11:56:00", e.ClockStopped())]
    assert update_timer(fold(stopped), NOON).due == ""


def test_an_update_is_journaled_with_the_next_time():
    ground = ground_of(check("a"))
    run = ground.open()
    run.perform(GiveUpdate(text="Told them.", next_minutes=10))
    assert run.state.next_update_seconds == 600
    with pytest.raises(RefusedError, match="1 to 1440"):
        run.perform(GiveUpdate(next_minutes=0))


def test_after_a_hand_over_the_old_writer_refuses_everything():
    ground = ground_with_probes(Lamps(score=True, portal=True), check("a"))
    run = ground.open()
    run.perform(OfferHandover(principal="sam", text="Mind the cat."))
    assert ground.disk.events[-1].KIND == "handover"
    assert "Next: a (A), then close" not in ground.disk.events[-1].text
    assert "Next: a (A)." in ground.disk.events[-1].text
    assert "In their own words: Mind the cat." in ground.disk.events[-1].text
    before = len(ground.disk.entries)
    for command in (RunStep(step="a"), RunProbes(), DeclareIncident(severity="x")):
        with pytest.raises(RefusedError, match="HANDED OVER: this run is sam's"):
            run.perform(command)
    assert len(ground.disk.entries) == before


def test_a_span_is_hours_minutes_seconds():
    assert [span(0), span(3661), span(-90)] == ["00:00:00", "01:01:01", "-00:01:30"]


def dialogs(lamps):
    steps = (
        planned("declare", StepKind.MANUAL, do="declare"),
        planned("tell", StepKind.MANUAL, do="tell", needs=("declare",)),
        planned("move", StepKind.MANUAL),
    )
    return ground_with_probes(lamps, *steps)


def test_a_step_is_done_by_the_dialog_that_it_asks_for():
    run = dialogs(Lamps(score=False, portal=True)).open()
    run.perform(GiveUpdate(text="Something is wrong."))
    assert run.state.step("tell").state is StepState.BLOCKED
    run.perform(DeclareIncident(severity="1"))
    assert run.state.step("declare").state is StepState.PASSED
    assert run.state.step("tell").state is StepState.PASSED
    assert run.state.step("move").state is StepState.READY
    assert run.state.anomalies == ()


def test_what_is_done_outside_may_turn_the_probes_green():
    lamps = Lamps(score=False, portal=True)
    run = dialogs(lamps).open()
    run.perform(DeclareIncident(severity="1"))
    lamps.green["score"] = True
    run.perform(DoneOutside(step="move", evidence="The record points west."))
    assert run.state.clock.stopped
