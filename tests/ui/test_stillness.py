"""A test looks at an app only when the app has nothing left to do, however little of the processor it gets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from textual.widgets import Input

from tests.ui.scripted_run import ScriptedRun
from tests.ui.sight import app_of, rest, text_of
from tests.ui.worlds import walked_run

Keep = Callable[[ScriptedRun], ScriptedRun]
MANY = 20_000
"""More turns than any loop takes in a fiftieth of a second."""


async def test_everything_that_follows_is_waited_for(
    run_of: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "textual._wait.process_time", lambda: 0.0
    )  # whoever goes by it sees idleness
    app = app_of(run_of(walked_run()))
    async with app.run_test() as pilot:
        loop = asyncio.get_running_loop()
        left = MANY

        def one_more() -> None:
            nonlocal left
            left -= 1
            if left:
                loop.call_soon(one_more)

        one_more()
        await pilot.pause()
        assert left == 0


async def test_what_waits_for_the_next_frame_is_drawn(
    run_of: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textual.screen.UPDATE_PERIOD", 3600.0)
    app = app_of(run_of(walked_run()))
    async with app.run_test() as pilot:
        await pilot.press("G")
        assert "▶⊘ Probes are green" in text_of(app)


async def test_the_cursor_of_a_line_stands(run_of: Keep) -> None:
    run = run_of(walked_run())
    app = app_of(run)
    async with app.run_test() as pilot:
        await pilot.press("n")
        await rest(pilot, run)
        line = app.screen.query_one(Input)
        assert line.has_focus
        line._toggle_cursor()
        assert line._cursor_visible
