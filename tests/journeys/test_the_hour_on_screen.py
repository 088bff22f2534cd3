"""The hour by keys alone, at 80 by 24: keys in, journal out, judged from the world."""

from __future__ import annotations

import pytest

from amlrunbook.executor.thread import RunThread
from amlrunbook.journal import verify
from amlrunbook.planning.grammar import StepKind
from amlrunbook.simulator import process
from screens.app import AmlApp
from screens.ask import AskScreen
from screens.confirm import ConfirmScreen
from screens.incident import DeclareScreen, ToldScreen
from screens.page import PageScreen
from screens.question import QuestionScreen
from screens.run import RunScreen
from tests.journeys.hour import alarm
from tests.simulator_fixtures import end
from tests.ui.sight import text_of
from tests.ui.stillness import wait_for_stillness
from tests.ui.test_real_runs import Rest

MOST_KEYS = 95
"""More keys than this, names typed out counted, and the screens have become worse."""


@pytest.fixture
def hour(tmp_path):
    folder = tmp_path / "azure"
    made = alarm(process.start(folder, "warm-pair"), "region-dark")
    yield made
    made.gateway.close()
    end(folder)


class Fingers:
    """Presses what the screen in sight asks for, and counts."""

    def __init__(self, hour, pilot, run):
        self.hour, self.pilot, self.run = hour, pilot, run
        self.pressed = 0

    async def press(self, *keys):
        self.pressed += len(keys)
        await self.pilot.press(*keys)

    async def answer(self):
        """Answer the screen in sight; return whether the run goes on."""
        match self.pilot.app.screen:
            case PageScreen():
                return False
            case DeclareScreen():
                await self.press("1", "enter", "enter", "down", "enter")
            case ToldScreen():
                await self.press("enter", "enter", "down", "enter")
            case ConfirmScreen() as asked:
                await self._confirm(asked)
            case QuestionScreen():
                await self.press("down", "enter")
            case AskScreen():
                self.hour.send_callers()
                await self.press(*"done", "enter")
            case RunScreen() as shown:
                await self._on(shown)
            case other:
                raise AssertionError(f"{type(other).__name__} is in sight")
        return True

    async def _confirm(self, asked):
        step = self.run.plan.step(asked.step.id)
        if step.confirmation.value == "enter":
            await self.press("down", "enter")
        else:
            await self.press("tab", *step.resource.rsplit("/", 1)[-1], "enter", "enter")

    async def _on(self, shown):
        if not self.run.focus:
            await self.press("c")
        elif self.run.plan.step(self.run.focus).kind is StepKind.CHECK:
            await self.press("w")
        elif shown.step.id == self.run.focus:
            await self.press("enter")
        else:
            await self.press("w")


async def test_from_the_alarm_to_green_probes_by_keys(hour, tmp_path, monkeypatch):
    wait_for_stillness(monkeypatch)
    run = RunThread(hour.open(tmp_path / "run"))
    rest = Rest(run)
    run.start()
    app = AmlApp(run=run, refresh_seconds=0)
    async with app.run_test(size=(80, 24)) as pilot:
        fingers = Fingers(hour, pilot, run)
        await rest.wait(pilot)
        while await fingers.answer():
            await rest.wait(pilot)
        assert "Callers were served" in text_of(app)
    assert rest.refusals == []
    assert hour.judged()["solved"], hour.judged()["goals"]
    assert run.state.clock.stopped
    assert run.state.closed is not None
    assert verify(tmp_path / "run", trust=None).label == "DRILL VALID-CLOSED"
    assert fingers.pressed <= MOST_KEYS
