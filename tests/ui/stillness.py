"""When an app has nothing left to do: asked of its event loop, not of the processor's time.

Textual's own harness takes a process that used little of the processor for a fiftieth of a second to be idle,
and one that works for longer than a second as well. On a machine with other work, both are wrong now and then.
"""

from __future__ import annotations

import asyncio

import pytest
from textual._context import active_app
from textual.app import App
from textual.screen import Screen


async def turn() -> None:
    """Let everything that is ready have its turn."""
    turned = asyncio.Event()
    asyncio.get_running_loop().call_soon(turned.set)
    await turned.wait()


async def still(*_seconds: float) -> None:
    """Wait until no callback is ready to be called, and what is to be drawn is drawn."""
    while _ready() or _drawn_only_now():
        await turn()


def _ready() -> bool:
    """Whether anything but the caller waits for its turn."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, asyncio.BaseEventLoop)
    return bool(loop._ready)


def _drawn_only_now() -> bool:
    """Draw what waits for the next frame, which comes by the clock; return whether there was anything."""
    app: App[object] = active_app.get()
    if app._exit or not app.screen_stack or app._batch_count:
        return False
    screen = app.screen
    if not _wants_drawing(screen):
        return False
    screen._on_timer_update()
    return True


def _wants_drawing(screen: Screen[object]) -> bool:
    return screen.is_running and bool(
        screen._layout_required
        or screen._scroll_required
        or screen._repaint_required
        or screen._recompose_required
        or screen._dirty_widgets
        or screen._callbacks
    )


def wait_for_stillness(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have textual's pilot wait for :func:`still`, wherever it waits for the app to be idle.

    The app's clock ticks where a test has it tick: one that comes before the last was drawn leaves nothing still.
    """
    monkeypatch.setattr("screens.app.TICK_SECONDS", 3600.0)
    for module in ("textual.pilot", "textual.app"):
        monkeypatch.setattr(f"{module}.wait_for_idle", still)
