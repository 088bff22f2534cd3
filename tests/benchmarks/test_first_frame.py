"""The first frame of the home screen beside an empty Textual app's, in one run. Printed, never asserted.

Both are programs in a terminal of their own, started by turns; a frame is there when its text has come. The program
is started as it is typed, with its command line around the screen.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.benchmarks.terminal import Terminal

ROUNDS = 15

EMPTY = """
from textual.app import App
from textual.widgets import Static

class Empty(App):
    def compose(self):
        yield Static("nothing here")

Empty().run(mouse=False)
"""

EMPTY_APP = (("-c", EMPTY), "nothing here")
HOME = (("-P", "-m", "amlrunbook"), "looking at what is on this machine")


def first_frame(program: Sequence[str], text: str, home: Path) -> tuple[float, float]:
    """Return how long after its start a program's first frame has come, and the seconds of CPU used by then."""
    with Terminal(program, {"AMLRUNBOOK_HOME": str(home)}) as terminal:
        came = terminal.shows(text) - terminal.began
        return came, terminal.end()


@pytest.mark.benchmark
@pytest.mark.timeout(300)
def test_first_frame_of_home(tmp_path: Path) -> None:
    pairs = [
        (first_frame(*EMPTY_APP, tmp_path), first_frame(*HOME, tmp_path)) for _ in range(ROUNDS)
    ]
    for what, at in (("time", 0), ("CPU", 1)):
        empty, home = (
            statistics.median(each[at] for each in app) for app in zip(*pairs, strict=True)
        )
        print(
            f"\nfirst frame, {what}: empty app {empty * 1000:.0f} ms, home {home * 1000:.0f} ms, "
            f"ratio {home / empty:.2f}" + (" (to reach: 1.30)" if at == 0 else ""),
            end="",
        )
    print()
