"""Home: what it shows of the disk, and what leaves through it."""

from __future__ import annotations

import threading

import pytest
from textual.message import Message

from screens.app import AmlApp
from screens.home import HomeScreen
from screens.home_data import HomeData
from screens.results import AppResult, Assess, OpenJournal, Resume, StartDrill, StartRun
from tests.ui.sight import text_of
from tests.ui.worlds import NOW, clock, empty_home, home


async def result_of(data: HomeData, *keys: str) -> AppResult | None:
    app = AmlApp(home=data, clock=clock)
    async with app.run_test() as pilot:
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
    return app.return_value


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (("enter",), Resume("/runs/a/journal")),
        (("j", "enter"), Resume("/runs/b/journal")),
        (("r",), Resume("/runs/a/journal")),
        (("j", "j", "enter", "down", "enter"), Assess("fraud-prod")),
        (("j", "j", "a", "down", "enter"), Assess("fraud-prod")),
        (("d", "d"), StartDrill("healthy-pair")),
        (("d", "j", "enter"), StartDrill("lonely-workspace")),
        (("G", "k", "enter"), OpenJournal("/runs/d/journal")),
        (("G", "enter", "down", "down", "enter"), StartRun("assessment", "vision-prod")),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else type(value).__name__,
)
async def test_what_is_chosen_leaves_as_a_result(
    keys: tuple[str, ...], expected: AppResult
) -> None:
    assert await result_of(home(), *keys) == expected


async def test_asking_azure_is_asked_about_first_and_the_first_answer_is_no() -> None:
    app = AmlApp(home=home(), clock=clock)
    async with app.run_test() as pilot:
        await pilot.press("j", "j", "enter")
        await pilot.pause()
        assert "UNATTRIBUTED" in text_of(app)
        await pilot.press("enter")
        await pilot.pause()
        assert app.is_running


async def test_a_newcomer_is_led_to_a_drill() -> None:
    app = AmlApp(home=empty_home(), clock=clock)
    async with app.run_test() as pilot:
        assert "none is protected yet" in text_of(app)
        await pilot.press("enter")
    assert app.return_value == StartDrill("healthy-pair")


async def test_keys_without_anything_to_act_on_say_so() -> None:
    app = AmlApp(home=HomeData(operator="o", taken=NOW), clock=clock)
    async with app.run_test() as pilot:
        for key, said in (
            ("a", "cursor on a workspace"),
            ("r", "No run is open"),
            ("d", "There is no drill"),
            ("enter", "nothing to open"),
        ):
            await pilot.press(key)
            await pilot.pause()
            assert said in text_of(app)


async def test_the_disk_is_looked_at_after_the_first_frame() -> None:
    gate = threading.Event()
    gathered = threading.Event()

    def gather() -> HomeData:
        gate.wait()
        gathered.set()
        return home()

    app = AmlApp(home=gather, clock=clock)
    async with app.run_test() as pilot:
        assert "looking at what is on this machine" in text_of(app)
        await pilot.press("enter", "question_mark", "escape")
        gate.set()
        assert gathered.wait(200)
        while "Region switchover" not in text_of(app):
            await pilot.pause()


def test_what_is_gathered_after_the_end_hurts_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(message: Message) -> bool:
        raise RuntimeError("Event loop is closed")

    screen = HomeScreen(home, clock=clock)
    monkeypatch.setattr(screen, "post_message", closed)
    screen._gathering(home)


async def test_what_cannot_be_read_is_told() -> None:
    def gather() -> HomeData:
        raise PermissionError(13, "Permission denied", "/home/\x1b[2Jme")

    app = AmlApp(home=gather, clock=clock)
    async with app.run_test() as pilot:
        while "Permission denied" not in text_of(app):
            await pilot.pause()
        assert "\x1b" not in text_of(app)
