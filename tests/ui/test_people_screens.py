"""A second person, a hand-over, the incident's clock and the one page, with the real executor behind."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import msgspec
import pytest
from textual import events
from textual.pilot import Pilot

from amlrunbook.executor.commands import GLASS_PHRASE, AskApproval, RunStep
from amlrunbook.executor.forecast import Forecast, Percentiles
from amlrunbook.executor.thread import RunThread
from amlrunbook.model.mode import Mode
from amlrunbook.model.profile import Probe
from amlrunbook.state import events as e
from amlrunbook.state.transitions import StepState
from screens.app import AmlApp
from screens.approve import ApproveScreen
from screens.confirm import ConfirmScreen
from screens.look import look_of
from screens.paste import PasteArea, PasteScreen, plain_text
from screens.run import RunScreen
from screens.written import WrittenScreen
from tests.ui.sight import text_of, typed
from tests.ui.test_real_runs import Rest
from tests.unit.executor.ground import Ground, LookAt, Switch, SwitchOn, check, plan_of
from tests.unit.executor.ground import switch_step as switching
from tests.unit.executor.peopled import (
    OLGAS_SECOND,
    SAM,
    Lamps,
    Wall,
    answered,
    people,
    two_persons_ground,
)


def on_screen(ground: Ground, wall: Wall) -> tuple[RunThread, Rest, AmlApp]:
    ground.people = replace(ground.people, now=wall)
    run = RunThread(ground.open())
    rest = Rest(run)
    run.start()
    return run, rest, AmlApp(run=run, clock=wall, refresh_seconds=0)


async def paste(pilot: Pilot[object], text: str) -> None:
    pilot.app.screen.query_one(PasteArea).post_message(events.Paste(text))
    await pilot.pause()


async def to_the_second_person(pilot: Pilot[object], rest: Rest) -> None:
    await rest.wait(pilot)
    await pilot.press("enter")
    await rest.wait(pilot)
    assert isinstance(pilot.app.screen, ApproveScreen)
    await pilot.press("enter")
    await rest.wait(pilot)


async def test_from_a_preview_through_a_second_person_to_a_verified_action() -> None:
    ground, wall = two_persons_ground(), Wall()
    run, rest, app = on_screen(ground, wall)
    async with app.run_test() as pilot:
        await to_the_second_person(pilot, rest)
        seen = text_of(app)
        assert "0 of 1" in seen
        assert "olga asks for approval" in seen
        assert "never olga" in seen
        await pilot.press("enter")
        assert isinstance(app.screen, PasteScreen)
        await paste(pilot, f"Sam says:\r\n{answered(run, SAM, comment='go')}\r\nBye")
        await pilot.press("tab", "enter")
        await rest.wait(pilot)
        assert "sam: go" in text_of(app)
        assert "nothing; enter goes on to confirm" in text_of(app)
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, ConfirmScreen)
        assert "Approved by sam" in text_of(app)
        await pilot.press("tab")
        await typed(pilot, "stone")
        await pilot.press("enter", "enter")
        await rest.wait(pilot)
        assert run.state.step("switch").state is StepState.VERIFIED
        assert len(ground.world.puts) == 1


async def test_an_answer_by_a_key_of_ones_own_is_refused_and_stays_in_sight() -> None:
    ground, wall = two_persons_ground(), Wall()
    run, rest, app = on_screen(ground, wall)
    async with app.run_test() as pilot:
        await to_the_second_person(pilot, rest)
        await pilot.press("p")
        await paste(pilot, answered(run, OLGAS_SECOND))
        await pilot.press("ctrl+s")
        await rest.wait(pilot)
        assert "Not taken" in text_of(app)
        assert "refused" in text_of(app)
        assert any(isinstance(each, e.ApprovalRefused) for each in ground.disk.events)
        assert ground.world.puts == []


async def test_an_approval_whose_time_is_over_is_said_to_be_and_asked_anew() -> None:
    ground, wall = two_persons_ground(), Wall()
    run, rest, app = on_screen(ground, wall)
    async with app.run_test(size=(120, 40)) as pilot:
        await to_the_second_person(pilot, rest)
        first = run.state.step("switch").asked
        wall.pass_by(24 * 60)
        app.screen.tick()
        await pilot.pause()
        assert "EXPIRED" in text_of(app)
        assert "enter ask" in text_of(app)
        await pilot.press("enter")
        await rest.wait(pilot)
        asked = run.state.step("switch").asked
        assert asked is not None
        assert asked != first
        assert any(isinstance(each, e.ApprovalExpired) for each in ground.disk.events)


async def test_the_glass_breaks_only_by_its_phrase_and_says_so_on_the_confirmation() -> None:
    ground, wall = two_persons_ground(), Wall()
    run, rest, app = on_screen(ground, wall)
    async with app.run_test() as pilot:
        await to_the_second_person(pilot, rest)
        await pilot.press("ctrl+g")
        await pilot.pause()
        await typed(pilot, "nobody")
        await pilot.press("tab")
        await typed(pilot, "yes")
        await pilot.press("enter", "down", "enter")
        await pilot.pause()
        assert isinstance(app.screen, WrittenScreen)
        assert "not the phrase" in text_of(app)
        await pilot.press("tab", "tab", "ctrl+u")
        await typed(pilot, GLASS_PHRASE)
        await pilot.press("enter", "enter")
        await rest.wait(pilot)
        assert run.state.broken_glass == 1
        assert "GLASS BROKEN" in text_of(app)
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, ConfirmScreen)
        assert "no second person" in text_of(app)
        assert ground.world.puts == []


async def test_a_handed_over_run_can_be_read_and_changes_nothing() -> None:
    ground, wall = two_persons_ground(), Wall()
    run, rest, app = on_screen(ground, wall)
    async with app.run_test() as pilot:
        await rest.wait(pilot)
        await pilot.press("h")
        await pilot.pause()
        assert "They read" in text_of(app)
        assert "Which step wants somebody next?" in text_of(app)
        await typed(pilot, "tina")
        await pilot.press("enter")
        await typed(pilot, "mind the lag")
        await pilot.press("enter", "down", "enter")
        await rest.wait(pilot)
        offered = run.state.handed_over
        assert offered is not None
        assert offered.principal == "tina"
        assert "mind the lag" in offered.text
        assert "HANDED OVER to tina" in text_of(app)
        for key in ("enter", "x", "o", "n", "c", "w", "i", "h"):
            await pilot.press(key)
            await rest.wait(pilot)
            assert isinstance(app.screen, RunScreen)
            assert "this run is tina's now" in text_of(app)
        await pilot.press("1")
        await pilot.pause()
        assert "wait for tina" in text_of(app)
        await pilot.press("escape", "q")
        await pilot.pause()
        assert "the run is tina's; nothing more is written" in text_of(app)
        await pilot.press("down", "enter")
    run_ended = [each for each in ground.disk.events if isinstance(each, e.RunPaused)]
    assert run_ended == []


async def test_the_clock_starts_by_a_declaration_and_stops_by_green_probes() -> None:
    ground, wall = two_persons_ground(), Wall()
    lamps = Lamps(score=False)
    ground.people = people(probing=lamps)
    probes = (Probe(name="score", url="https://score.example.invalid/"),)
    ground.plan = msgspec.structs.replace(
        ground.plan, profile=msgspec.structs.replace(ground.plan.profile, probes=probes)
    )
    run, rest, app = on_screen(ground, wall)
    async with app.run_test() as pilot:
        await rest.wait(pilot)
        await pilot.press("1", "i")
        await pilot.pause()
        await typed(pilot, "sev 1")
        await pilot.press("enter", "enter", "down", "enter")
        await rest.wait(pilot)
        assert run.state.clock.severity == "sev 1"
        assert "✗ red score" in text_of(app)
        assert "probes 0/1 green" in text_of(app)
        lamps.green["score"] = True
        await pilot.press("p")
        await rest.wait(pilot)
        assert run.state.clock.stopped
        assert "clock stopped: probes green" in text_of(app)
        await pilot.press("u")
        await pilot.pause()
        await pilot.press("enter")
        await typed(pilot, "soon")
        await pilot.press("enter", "down", "enter")
        await pilot.pause()
        assert "a number from 1 to 1440" in text_of(app)
        await pilot.press("escape", "t")
        await pilot.pause()
        assert "Health probes: all green" in text_of(app)


async def test_a_step_is_done_another_way_with_a_reason() -> None:
    world, wall = Switch(), Wall()
    step = switching(variant="graceful", variants=("graceful", "ungraceful"))
    ground = Ground(plan_of(step), {"switch.on": SwitchOn(world)})
    run, rest, app = on_screen(ground, wall)
    async with app.run_test() as pilot:
        await rest.wait(pilot)
        assert "graceful (m: ungraceful)" in text_of(app)
        await pilot.press("m", "down", "enter")
        await pilot.pause()
        await typed(pilot, "eastus is down")
        await pilot.press("enter")
        await rest.wait(pilot)
        assert run.state.step("switch").variant == "ungraceful"
        assert "ungraceful (m: graceful)" in text_of(app)


async def test_a_preview_that_fails_is_tried_again_by_a_key_and_its_notice_goes() -> None:
    world, wall = Switch(readable=False), Wall()
    ground = Ground(plan_of(switching()), {"switch.on": SwitchOn(world)})
    run, rest, app = on_screen(ground, wall)
    async with app.run_test() as pilot:
        await rest.wait(pilot)
        await pilot.press("enter")
        await rest.wait(pilot)
        assert run.state.step("switch").state in {StepState.UNKNOWN, StepState.FAILED}
        assert "Previewing" not in text_of(app)
        assert "r try again" in text_of(app)
        world.readable = True
        await pilot.press("r")
        await rest.wait(pilot)
        assert isinstance(app.screen, ConfirmScreen)
        assert "type name" not in text_of(app)


async def test_read_only_asks_nobody_and_shows_the_preview() -> None:
    ground, wall = two_persons_ground(mode=Mode.READ_ONLY), Wall()
    _, rest, app = on_screen(ground, wall)
    async with app.run_test() as pilot:
        await rest.wait(pilot)
        await pilot.press("enter")
        await rest.wait(pilot)
        assert isinstance(app.screen, ConfirmScreen)


def test_a_paste_keeps_its_lines_and_nothing_that_acts_on_a_terminal() -> None:
    assert plain_text("a\r\nb\rc\x1b[2J\x07\u202ed\x00") == "a\nb\nc[2Jd"


@pytest.mark.parametrize("key", ["1", "l", "t", "h", "i"])
async def test_a_closed_run_shows_its_pages_and_refuses_the_rest(key: str) -> None:
    ground, wall = Ground(plan_of(check("look")), {"look": LookAt("look")}), Wall()
    run, rest, app = on_screen(ground, wall)
    async with app.run_test() as pilot:
        await rest.wait(pilot)
        await pilot.press("enter", "c", "down", "enter")
        await rest.wait(pilot)
        assert run.state.closed is not None
        assert app.screen.TITLE_HERE == "Report"
        await pilot.press("escape", key)
        await pilot.pause()
        assert (app.screen.TITLE_HERE == "Run") == (key in {"h", "i"})


async def test_the_operator_is_called_when_nobody_is_at_the_keys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # a moment that lasts: however long the machine takes, the key was touched just now
    monkeypatch.setattr("screens.app.time", SimpleNamespace(monotonic=lambda: 0.0))
    ground, wall = two_persons_ground(), Wall()
    run, rest, app = on_screen(ground, wall)
    async with app.run_test() as pilot:
        await rest.wait(pilot)
        written: list[str] = []
        app._driver.write = written.append
        run.submit(RunStep(step="switch"))
        await rest.wait(pilot)
        assert "\x1b]9;amlrunbook: A confirmation is due.\x07" in written
        written.clear()
        await pilot.press("enter")
        run.submit(AskApproval(step="switch"))
        await rest.wait(pilot)
        assert run.state.step("switch").asked is not None
        assert not any("]9;" in each for each in written)


@pytest.mark.parametrize(("value", "rings"), [("", True), ("0", False), ("no", False), ("1", True)])
def test_the_bell_is_switched_off_by_the_environment(value: str, rings: bool) -> None:
    assert look_of({"AMLRUNBOOK_BELL": value, "LANG": "C.UTF-8"}).bell is rings


@pytest.mark.parametrize("adopted", [True, False])
async def test_another_plan_is_shown_by_its_difference_and_adopted_only_by_choice(
    adopted: bool,
) -> None:
    ground, wall = Ground(plan_of(check("look")), {"look": LookAt("look")}), Wall()
    ground.people = replace(ground.people, now=wall)
    run = RunThread(ground.open())
    other = plan_of(check("look"), check("more"))
    run.propose_successor(other)
    rest = Rest(run)
    run.start()
    app = AmlApp(run=run, clock=wall, refresh_seconds=0, successor=run.successor)
    async with app.run_test() as pilot:
        await rest.wait(pilot)
        assert "step 'more' was added" in text_of(app)
        await pilot.press(*(("down", "enter") if adopted else ("enter",)))
        await rest.wait(pilot)
        assert isinstance(app.screen, RunScreen)
        assert (run.plan.digest == other.digest) is adopted
        assert ("More" in text_of(app)) is adopted
        assert any(isinstance(each, e.PlanAdopted) for each in ground.disk.events) is adopted


async def test_what_a_step_took_before_stands_beside_its_budget() -> None:
    step = switching(budget_seconds=4500)
    ground, wall = Ground(plan_of(step), {"switch.on": SwitchOn(Switch())}), Wall()
    ground.people = replace(ground.people, now=wall)
    executor = ground.open()
    executor.forecast = Forecast(machine={"switch": Percentiles(p50=2280, p90=3660, runs=4)})
    run = RunThread(executor)
    rest = Rest(run)
    run.start()
    app = AmlApp(run=run, clock=wall, refresh_seconds=0)
    async with app.run_test() as pilot:
        await rest.wait(pilot)
        assert "budget 75 min, p50 38 min, p90 61 min" in text_of(app)
