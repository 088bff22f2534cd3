"""Keys that come faster than a screen is drawn, while time passes, things happen and the window changes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest
from textual import events
from textual.geometry import Size
from textual.screen import Screen

from amlrunbook.executor import commands as c
from screens.app import AmlApp
from screens.ask import AskScreen
from screens.confirm import ConfirmScreen
from screens.feed import Change
from screens.findings import FindingsScreen
from screens.home import HomeScreen
from screens.keyed import Keyed
from screens.keys import MOVING
from screens.one_page import OnePageScreen
from screens.palette import WantedLine
from screens.run import RunScreen
from screens.told import RunTold
from screens.widgets.line_view import LineView
from tests.ui.scripted_run import ScriptedRun
from tests.ui.sight import app_of, rest, typed
from tests.ui.stillness import turn
from tests.ui.worlds import (
    child_run,
    clock,
    doubtful_run,
    empty_home,
    fresh_run,
    home,
    peopled_run,
    walked_run,
)

Keep = Callable[[ScriptedRun], ScriptedRun]
RUNS = (walked_run, doubtful_run, peopled_run, child_run, fresh_run)
HOMES = (home, empty_home)
EVERYWHERE = (
    *(name for key in MOVING for name in key.keys),
    *("enter", "escape", "tab", "shift+tab", "space", "slash", "left", "right", "backspace"),
    *("1", "2", "a", "ctrl+p", "ctrl+s", "f1", "f2"),
)
SIZES = (Size(80, 24), Size(120, 40), Size(40, 10), Size(100, 24))


def burst(app: AmlApp, *keys: str) -> None:
    """Let keys arrive at once, as a held key or text pasted as keys does: nothing is drawn between."""
    for key in keys:
        event = events.Key(key, key if len(key) == 1 else None)
        event.set_sender(app)
        app.post_message(event)


async def turns(count: int) -> None:
    """Let whatever is ready have so many turns."""
    for _ in range(count):
        await turn()


class Storm:
    """What happens to an app, by a seed."""

    def __init__(self, app: AmlApp, chance: random.Random) -> None:
        self.app = app
        self.chance = chance

    def strike(self) -> None:
        """Have one thing happen."""
        app, kind = self.app, self.chance.random()
        if kind < 0.12:
            app._tick()
        elif kind < 0.20:
            app.post_message(RunTold())
        elif kind < 0.24:
            size = self.chance.choice(SIZES)
            app.post_message(events.Resize(size, size))
        elif kind < 0.27:
            app.post_message(events.Paste("evil\x1b[2J\nq\n"))
        else:
            burst(app, self.key())

    def key(self) -> str:
        """Return a key, more often one that means something here."""
        screen = self.app.screen
        here = screen.KEYS_HERE if isinstance(screen, Keyed) else ()
        own = [name for each in here for name in each.keys]
        key = self.chance.choice([*EVERYWHERE, *own * 3])
        return "enter" if key == "q" and self.chance.random() < 0.7 else key


async def storm(seed: int, run_of: Keep) -> None:
    chance = random.Random(seed)
    make = chance.choice((*RUNS, *HOMES))
    made = make()
    scripted = isinstance(made, ScriptedRun)
    app = app_of(run_of(made)) if scripted else AmlApp(home=made, clock=clock)
    async with app.run_test(size=tuple(chance.choice(SIZES))) as pilot:
        storm = Storm(app, chance)
        for _ in range(chance.randrange(5, 40)):
            if not app.is_running:
                break
            for _ in range(chance.randrange(1, 6)):
                storm.strike()
                await turns(chance.randrange(4))
            if chance.random() < 0.5:
                await pilot.pause()


@pytest.mark.parametrize("seed", range(16))
async def test_no_order_of_keys_and_events_breaks_a_screen(run_of: Keep, seed: int) -> None:
    await storm(seed, run_of)


@pytest.mark.campaign
@pytest.mark.parametrize("hundred", range(10))
async def test_a_thousand_storms(run_of: Keep, hundred: int) -> None:
    for seed in range(hundred * 100, hundred * 100 + 100):
        await storm(seed, run_of)


async def test_an_answer_that_comes_twice_is_taken_once(run_of: Keep) -> None:
    run = run_of(walked_run())
    app = app_of(run)
    async with app.run_test() as pilot:
        await pilot.press("n")
        await rest(pilot, run)
        assert isinstance(app.screen, AskScreen)
        await typed(pilot, "quiet")
        burst(app, "enter", "enter", "enter")
        await rest(pilot, run)
        assert isinstance(app.screen, RunScreen)
        notes = [each for each in run.submitted if isinstance(each, c.AddNote)]
        assert [each.text for each in notes] == ["quiet"]


async def test_a_question_opens_however_fast_its_step_was_come_to(run_of: Keep) -> None:
    run = run_of(walked_run())
    app = app_of(run)
    async with app.run_test() as pilot:
        burst(app, "down", "enter")
        await rest(pilot, run)
        assert isinstance(app.screen, ConfirmScreen)
        assert app.screen.step.id == "fail-over"


async def test_a_key_of_the_menu_that_comes_late_is_for_nobody(run_of: Keep) -> None:
    run = run_of(walked_run())
    app = app_of(run)
    async with app.run_test() as pilot:
        await pilot.press("colon")
        line = app.screen.query_one(WantedLine)
        await pilot.press("escape")
        line.action_choose("down")
        await rest(pilot, run)
        assert isinstance(app.screen, RunScreen)


async def test_esc_that_comes_twice_leaves_the_screen_below_where_it_is(run_of: Keep) -> None:
    run = run_of(walked_run())
    app = app_of(run)
    async with app.run_test() as pilot:
        await pilot.press("f")
        await rest(pilot, run)
        burst(app, *["escape"] * 5)
        await rest(pilot, run)
        assert isinstance(app.screen, RunScreen)
        assert app.is_running


async def test_what_happens_while_a_screen_is_not_laid_out_waits_for_it(run_of: Keep) -> None:
    run = run_of(walked_run())
    app = app_of(run)
    async with app.run_test() as pilot:
        page = OnePageScreen(app.feed)
        opened = app.push_screen(page)
        assert not page.is_there
        app._tick()
        app.feed.look()
        page.action_do("status")
        await opened
        await pilot.pause()
        assert page.is_there
        assert app.screen is page


async def test_what_happens_while_a_screen_goes_is_not_shown_on_it(run_of: Keep) -> None:
    run = run_of(walked_run())
    app = app_of(run)
    async with app.run_test() as pilot:
        await pilot.press("f")
        await rest(pilot, run)
        screen = app.screen
        assert isinstance(screen, FindingsScreen)
        heard: list[Change] = []
        screen.changed = heard.append
        app.feed.look()
        assert len(heard) == 1
        screen.finish()
        app.feed.look()
        screen.action_do("back")
        await pilot.pause()
        assert len(heard) == 1
        assert isinstance(app.screen, RunScreen)


@pytest.mark.parametrize("keys", [(), ("1",), ("e",), ("down", "enter"), ("colon",)], ids=" ".join)
async def test_what_happens_while_the_program_ends_is_not_shown(
    run_of: Keep, keys: tuple[str, ...]
) -> None:
    run = run_of(walked_run())
    app = app_of(run)
    async with app.run_test() as pilot:
        await pilot.press(*keys)
        await rest(pilot, run)
        screen = app.screen
        view = screen.query(LineView).first()
        ending = asyncio.ensure_future(app._shutdown())
        while not ending.done():
            app._tick()
            app.feed.look()
            screen.post_message(LineView.Moved(view, ""))
            burst(app, "down", "enter", "escape")
            await turn()


async def test_what_was_gathered_while_the_program_ends_is_not_shown() -> None:
    app = AmlApp(home=home(), clock=clock)
    async with app.run_test():
        screen = app.screen
        ending = asyncio.ensure_future(app._shutdown())
        while not ending.done():
            screen.post_message(HomeScreen.Gathered(empty_home()))
            await turn()
    assert screen.data == home()


async def test_a_screen_opened_while_the_program_is_left_lays_nothing_out(run_of: Keep) -> None:
    run = run_of(walked_run())
    app = app_of(run)
    async with app.run_test() as pilot:
        app.exit()
        late: Screen[None] = OnePageScreen(app.feed)
        _ = app.push_screen(late)
        await pilot.pause()
    assert list(late.children) == []
