"""From the run's thread to the screens: coalesced, never blocking, never after the end."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from textual.message import Message

from amlrunbook.errors import RefusedError
from amlrunbook.executor import commands as c
from amlrunbook.state import events as e
from screens.app import AmlApp
from screens.feed import Change, RunFeed
from screens.told import RunTold, words_of
from tests.ui.scripted_run import ScriptedRun
from tests.ui.sight import text_of
from tests.ui.stillness import turn
from tests.ui.worlds import clock, fresh_run, walked_run

Keep = Callable[[ScriptedRun], ScriptedRun]


def test_many_words_become_one_message_until_somebody_looks(run_of: Keep) -> None:
    run = run_of(fresh_run())
    posted: list[Message] = []
    feed = RunFeed(run, post=posted.append, clock=clock)
    changes: list[Change] = []
    unlisten = feed.listen(changes.append)
    feed.start()
    run.happen(*(e.NoteAdded(text=str(number)) for number in range(100)))
    for number in range(100):
        run.happen(e.NoteAdded(text=str(number)))
    assert [type(message) for message in posted] == [RunTold]
    feed.look()
    assert changes == [Change()]
    run.happen(e.NoteAdded(text="more"))
    assert len(posted) == 2
    unlisten()
    feed.look()
    assert len(changes) == 1
    feed.stop()
    run.happen(e.NoteAdded(text="unseen"))
    assert len(posted) == 2


def test_no_refusal_is_lost(run_of: Keep) -> None:
    feed = RunFeed(run_of(fresh_run()), post=lambda message: None, clock=clock)
    changes: list[Change] = []
    feed.listen(changes.append)
    errors = [RefusedError(str(number)) for number in range(3)]
    for error in errors:
        feed.refused(c.Close(), error)
    feed.look()
    feed.look()
    assert [refusal.error for refusal in changes[0].refusals] == errors
    assert changes[1].refusals == ()


def test_a_closed_loop_does_not_hurt_the_run(run_of: Keep) -> None:
    def closed(message: Message) -> None:
        raise RuntimeError("Event loop is closed")

    feed = RunFeed(run_of(fresh_run()), post=closed, clock=clock)
    feed.idle(feed.run.state)
    feed.stop()


async def test_words_faster_than_the_least_time_are_looked_at_together(run_of: Keep) -> None:
    run = run_of(walked_run())
    app = AmlApp(run=run, clock=clock, refresh_seconds=3600)
    async with app.run_test() as pilot:
        assert app.feed is not None
        looks: list[Change] = []
        app.feed.listen(looks.append)
        for number in range(20):
            run.happen(e.NoteAdded(text=str(number)))
            await pilot.pause()
        assert len(looks) == 1, "the first at once, the others when the time has come"
        assert len(run.entries) == 39


async def test_the_thread_of_the_run_never_waits_for_a_screen(run_of: Keep) -> None:
    run = run_of(walked_run())
    app = AmlApp(run=run, clock=clock, refresh_seconds=0)
    told = threading.Event()

    def tell() -> None:
        for number in range(200):
            run._record((e.NoteAdded(text=str(number)),))
        told.set()

    async with app.run_test():
        thread = threading.Thread(target=tell)
        thread.start()
        # The app's loop is held here: the run's thread must come to its end all the same.
        assert told.wait(200)
        thread.join()


async def test_leaving_the_screen_stops_nothing(run_of: Keep) -> None:
    run = run_of(fresh_run())
    run.gates["redundancy"] = threading.Event()
    app = AmlApp(run=run, clock=clock, refresh_seconds=0)
    async with app.run_test() as pilot:
        await pilot.press("enter", "q", "down", "enter")
        await pilot.pause()
    run.gates["redundancy"].set()
    run.settle()
    assert run.state.step("redundancy").state.value == "failed"
    assert run.state.paused


def test_a_defect_is_told_by_its_kind_and_escaped() -> None:
    assert words_of(ValueError("bad \x1b[31m")) == r"ValueError: bad \x1b[31m"


async def test_the_clock_runs_by_itself(run_of: Keep, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("screens.app.TICK_SECONDS", 0.01)
    run = run_of(walked_run())
    seconds = itertools.count()
    app = AmlApp(
        run=run, clock=lambda: clock() + timedelta(seconds=next(seconds)), refresh_seconds=0
    )
    async with app.run_test():
        before = text_of(app).splitlines()[0]
        while text_of(app).splitlines()[0] == before:
            await turn()


async def test_the_clock_runs_by_the_second(run_of: Keep) -> None:
    run = run_of(walked_run())
    seconds = itertools.count()
    app = AmlApp(
        run=run, clock=lambda: clock() + timedelta(seconds=next(seconds)), refresh_seconds=0
    )
    async with app.run_test() as pilot:
        before = text_of(app).splitlines()[0]
        app._tick()
        await pilot.pause()
        assert text_of(app).splitlines()[0] != before
