"""What a person sees: the screen's text, and an app to see it on."""

from __future__ import annotations

from textual.pilot import Pilot

from screens.app import AmlApp
from screens.look import Look
from tests.ui.scripted_run import ScriptedRun
from tests.ui.worlds import clock


def app_of(run: ScriptedRun, *, look: Look | None = None) -> AmlApp:
    """An app on a run, at a frozen time, that looks at the run as soon as it is told something."""
    return AmlApp(run=run, look=look, clock=clock, refresh_seconds=0)


def text_of(app: AmlApp) -> str:
    """The screen as text, a line each."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


async def rest(pilot: Pilot[object], run: ScriptedRun) -> None:
    """Wait until the run and the app have nothing left to do: what the app sees may have it ask for more."""
    await pilot.pause()
    asked = -1
    while asked != len(run.submitted):
        asked = len(run.submitted)
        run.settle()
        await pilot.pause()


async def typed(pilot: Pilot[object], text: str) -> None:
    for character in text:
        await pilot.press("space" if character == " " else character)
