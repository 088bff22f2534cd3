"""How each screen looks, at 80 by 24 and at 120 by 40, in every mode, without colour, and in ASCII."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot

from amlrunbook.model.mode import Mode
from amlrunbook.state import events as e
from screens.app import AmlApp
from screens.look import Look
from tests.ui.scripted_run import ScriptedRun
from tests.ui.sight import app_of, rest
from tests.ui.worlds import (
    child_run,
    clock,
    doubtful_run,
    empty_home,
    home,
    peopled_run,
    violation,
    walked_run,
)

Keep = Callable[[ScriptedRun], ScriptedRun]
Before = Callable[[Pilot[object]], Awaitable[None]]
SIZES = [(80, 24), (120, 40)]


def pressing(run: ScriptedRun, *keys: str) -> Before:
    async def before(pilot: Pilot[object]) -> None:
        for key in keys:
            await pilot.press(key)
            await rest(pilot, run)

    return before


SCREENS = {
    "run": (),
    "action": ("down",),
    "failed": ("g",),
    "confirm": ("enter",),
    "confirm-loss": ("down", "enter"),
    "findings": ("f",),
    "finding": ("f", "enter"),
    "evidence": ("e",),
    "entry": ("e", "up", "enter"),
    "help": ("question_mark",),
    "step": ("v",),
    "note": ("n",),
    "leave": ("q",),
    "close": ("c",),
    "decision": ("down", "down", "down", "enter"),
    "copy": ("y",),
    "menu": ("colon",),
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", SCREENS)
def test_screen(snap_compare, run_of: Keep, name: str, size: tuple[int, int]) -> None:
    run = run_of(walked_run())
    assert snap_compare(app_of(run), terminal_size=size, run_before=pressing(run, *SCREENS[name]))


PEOPLE = {
    "approve": ("down", "enter"),
    "paste": ("down", "enter", "p"),
    "glass": ("down", "enter", "ctrl+g"),
    "hand-over": ("h",),
    "one-page": ("1",),
    "status-text": ("t",),
    "calls": ("l",),
    "call": ("l", "up", "enter"),
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", PEOPLE)
def test_people(snap_compare, run_of: Keep, name: str, size: tuple[int, int]) -> None:
    run = run_of(peopled_run())
    assert snap_compare(app_of(run), terminal_size=size, run_before=pressing(run, *PEOPLE[name]))


@pytest.mark.parametrize("ascii_only", [False, True], ids=["colourless", "ascii"])
def test_a_forbidden_action_without_colour_or_signs(
    snap_compare, run_of: Keep, ascii_only: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    run = run_of(peopled_run(violation()))
    app = app_of(run, look=Look(ascii_only=ascii_only))
    assert snap_compare(app, run_before=pressing(run, "down", "enter"))


def test_handed_over(snap_compare, run_of: Keep) -> None:
    run = run_of(peopled_run(e.HandoverOffered(principal="second@team", text="Mind the lag.")))
    assert snap_compare(app_of(run), run_before=pressing(run, "enter"))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_child_plan_and_what_is_late(snap_compare, run_of: Keep, size: tuple[int, int]) -> None:
    assert snap_compare(app_of(run_of(child_run())), terminal_size=size)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_in_doubt(snap_compare, run_of: Keep, size: tuple[int, int]) -> None:
    run = run_of(doubtful_run())
    assert snap_compare(app_of(run), terminal_size=size, run_before=pressing(run, "enter"))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("data", [home(), empty_home()], ids=["full", "empty"])
def test_home(snap_compare, data, size: tuple[int, int]) -> None:
    assert snap_compare(AmlApp(home=data, clock=clock), terminal_size=size)


@pytest.mark.parametrize("name", ["run", "confirm-loss"])
@pytest.mark.parametrize("mode", [Mode.LIVE, Mode.READ_ONLY], ids=lambda mode: mode.value)
def test_other_modes(snap_compare, run_of: Keep, name: str, mode: Mode) -> None:
    run = run_of(walked_run(mode))
    assert snap_compare(app_of(run), run_before=pressing(run, *SCREENS[name]))


@pytest.mark.parametrize("name", ["run", "confirm-loss", "findings"])
def test_without_colour(
    snap_compare, run_of: Keep, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    run = run_of(walked_run(Mode.LIVE))
    assert snap_compare(app_of(run), run_before=pressing(run, *SCREENS[name]))


@pytest.mark.parametrize("name", ["run", "confirm-loss", "findings"])
def test_in_ascii(snap_compare, run_of: Keep, name: str) -> None:
    run = run_of(walked_run(Mode.LIVE))
    app = app_of(run, look=Look(ascii_only=True))
    assert snap_compare(app, run_before=pressing(run, *SCREENS[name]))
