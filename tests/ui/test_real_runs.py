"""Journeys with the real executor behind the screens: its thread, its rules, its ledger's words."""

from __future__ import annotations

import threading

from textual.pilot import Pilot

from amlrunbook.executor.commands import AnyCommand
from amlrunbook.executor.thread import RunThread
from amlrunbook.model.finding import Verdict
from amlrunbook.model.mode import Mode
from amlrunbook.model.operation import Confirmation
from amlrunbook.planning.grammar import Choice, StepKind
from amlrunbook.state.fold import RunState
from amlrunbook.state.transitions import StepState
from screens.app import AmlApp
from screens.confirm import ConfirmScreen
from screens.doubt import DoubtScreen
from tests.ui.sight import text_of, typed
from tests.ui.worlds import clock
from tests.unit.executor.ground import (
    Ground,
    LookAt,
    Switch,
    SwitchOn,
    check,
    decision,
    plan_of,
    planned,
    switch_step,
)


class Rest:
    """Tells when the run has come to rest, and the app has seen it."""

    def __init__(self, run: RunThread) -> None:
        self.run = run
        self.refusals: list[str] = []
        self._asked = 0
        self._dead = False
        self._resting = threading.Event()
        self._submit = run.submit
        run.submit = self._hand_over
        self._leave = run.watch(self)

    def _hand_over(self, command: AnyCommand) -> None:
        self._asked += 1
        if not self._dead:
            self._resting.clear()
        self._submit(command)

    def recorded(self, entries, state: RunState) -> None: ...

    def refused(self, command, error) -> None:
        self.refusals.append(error.what)

    def idle(self, state: RunState) -> None:
        if not self.run.busy:  # it may be the word of what was done before, told late
            self._resting.set()

    def died(self, error: BaseException) -> None:
        self._dead = True
        self._resting.set()

    async def wait(self, pilot: Pilot[object]) -> None:
        """Wait until nothing is going on: what the app sees may have it ask for more."""
        await pilot.pause()
        asked = -1
        while asked != self._asked:
            asked = self._asked
            self._resting.wait()
            self._leave()  # waits its turn behind the word that is being told, to the app as well
            self._leave = self.run.watch(self)
            await pilot.pause()


def ground(
    world: Switch, *, confirmation: Confirmation = Confirmation.ENTER, mode: Mode = Mode.DRILL
) -> Ground:
    steps = plan_of(check("look"), switch_step("switch", needs=("look",)))
    steps_named = {"look": LookAt("look", Verdict.WARN), "switch.on": SwitchOn(world, confirmation)}
    return Ground(steps, steps_named, mode=mode)


def on_screen(executor) -> tuple[RunThread, Rest, AmlApp]:
    run = RunThread(executor)
    rest = Rest(run)
    run.start()
    return run, rest, AmlApp(run=run, clock=clock, refresh_seconds=0)


async def test_from_a_check_to_a_verified_action_and_a_closed_run() -> None:
    world = Switch()
    run, rest, app = on_screen(ground(world).open())
    async with app.run_test() as pilot:
        await rest.wait(pilot)
        assert "blocked" in text_of(app)
        await pilot.press("enter")
        await rest.wait(pilot)
        assert "! warned" in text_of(app)
        await pilot.press("enter", "enter")
        await rest.wait(pilot)
        assert isinstance(app.screen, ConfirmScreen)
        assert not world.on
        await pilot.press("down", "enter")
        await rest.wait(pilot)
        assert world.on
        assert len(world.puts) == 1
        assert run.state.step("switch").state is StepState.VERIFIED
        await pilot.press("c", "down", "enter")
        await rest.wait(pilot)
        assert run.state.closed is not None
        assert "The run is closed." in text_of(app)


async def test_a_typed_name_is_the_one_the_executor_asks_for() -> None:
    world = Switch()
    run, rest, app = on_screen(ground(world, confirmation=Confirmation.TYPE_NAME).open())
    async with app.run_test() as pilot:
        await rest.wait(pilot)
        await pilot.press("enter")
        await rest.wait(pilot)
        await pilot.press("enter", "enter")
        await rest.wait(pilot)
        assert "Type stone :" in text_of(app)
        await pilot.press("tab")
        await typed(pilot, "stone")
        await pilot.press("enter", "enter")
        await rest.wait(pilot)
        assert run.state.step("switch").state is StepState.VERIFIED


async def test_a_lost_answer_is_doubted_seen_and_ruled_on_without_a_second_request() -> None:
    world = Switch(behaviour="lost")
    run, rest, app = on_screen(ground(world).open())
    async with app.run_test() as pilot:
        await rest.wait(pilot)
        await pilot.press("enter")
        await rest.wait(pilot)
        await pilot.press("enter", "enter")
        await rest.wait(pilot)
        await pilot.press("down", "enter")
        await rest.wait(pilot)
        assert run.state.step("switch").state is StepState.IN_DOUBT
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, DoubtScreen)
        world.on = True
        await pilot.press("w")
        await rest.wait(pilot)
        seen = text_of(app)
        assert "the wanted state is there now" in seen or "It is verified now" in seen
        if run.state.step("switch").state is StepState.IN_DOUBT:
            await pilot.press("h")
            await typed(pilot, "seen")
            await pilot.press("enter")
            await rest.wait(pilot)
        assert run.state.step("switch").state is StepState.VERIFIED
        assert len(world.puts) == 1


async def test_read_only_is_refused_by_the_screen_and_by_the_executor() -> None:
    world = Switch()
    run, rest, app = on_screen(ground(world, mode=Mode.READ_ONLY).open())
    async with app.run_test() as pilot:
        await rest.wait(pilot)
        await pilot.press("enter")
        await rest.wait(pilot)
        await pilot.press("enter", "enter")
        await rest.wait(pilot)
        await pilot.press("down", "enter")
        await rest.wait(pilot)
        assert run.state.step("switch").state is StepState.PROPOSED
        assert world.puts == []


async def test_leaving_pauses_and_another_screen_goes_on() -> None:
    world = Switch()
    here = ground(world)
    run, rest, app = on_screen(here.open())
    async with app.run_test() as pilot:
        await rest.wait(pilot)
        await pilot.press("enter")
        await rest.wait(pilot)
        await pilot.press("q", "down", "enter")
        await rest.wait(pilot)
    assert run.state.paused
    run, rest, app = on_screen(here.resume())
    async with app.run_test() as pilot:
        await rest.wait(pilot)
        assert not run.state.paused
        assert "! Look" in text_of(app)
        assert "▶▷ Switch" in text_of(app)


async def test_one_decides_with_the_checks_words_in_sight_and_goes_on_by_itself() -> None:
    choices = (Choice(id="go", text="Go", consequence="It begins."), Choice(id="stay", text="Stay"))
    plan = plan_of(
        check("well"),
        check("ill"),
        decision("which", *choices),
        planned("by-hand", StepKind.MANUAL, explain="Turn the tap.", commands=("az tap turn",)),
    )
    looks = {"well": LookAt("well"), "ill": LookAt("ill", Verdict.FAIL)}
    run, rest, app = on_screen(Ground(plan, looks, mode=Mode.DRILL).open())
    async with app.run_test(size=(80, 24)) as pilot:
        await rest.wait(pilot)
        await pilot.press("w")
        await rest.wait(pilot)
        await pilot.press("enter")
        await rest.wait(pilot)
        seen = text_of(app)
        assert seen.index("✗ failed: ") < seen.index("✓ passed: ") < seen.index("Go: It begins.")
        await pilot.press("down", "enter")
        await rest.wait(pilot)
        assert run.state.step("which").state is StepState.PASSED
        assert "Turn the tap." in text_of(app), "the cursor stayed on what was decided"
        await pilot.press("enter")
        await rest.wait(pilot)
        assert "az tap turn" in text_of(app)
        await pilot.press("escape", "R")
        await rest.wait(pilot)
        assert "DECIDED   Which: Go" in text_of(app)
