"""The first frame of the home screen beside an empty Textual app's, in one run. Printed, never asserted."""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 7

EMPTY = """
import asyncio, time
began = time.perf_counter()
from textual.app import App
from textual.widgets import Static

class Empty(App):
    def compose(self):
        yield Static("")

async def main():
    async with Empty().run_test(size=(120, 40)):
        print(time.perf_counter() - began)

asyncio.run(main())
"""

HOME = """
import asyncio, time
began = time.perf_counter()
from amlrunbook.cli.app import gather_home
from screens.app import AmlApp

async def main():
    async with AmlApp(home=gather_home).run_test(size=(120, 40)):
        print(time.perf_counter() - began)

asyncio.run(main())
"""


def seconds(script: str) -> float:
    """The time from the first import to the first frame, in a fresh process."""
    ended = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return float(ended.stdout)


@pytest.mark.benchmark
@pytest.mark.timeout(300)
def test_first_frame_of_home(capsys: pytest.CaptureFixture[str]) -> None:
    pairs = [(seconds(EMPTY), seconds(HOME)) for _ in range(ROUNDS)]
    empty, home = (statistics.median(each) for each in zip(*pairs, strict=True))
    with capsys.disabled():
        print(
            f"\nfirst frame: empty app {empty * 1000:.0f} ms, home {home * 1000:.0f} ms, ratio {home / empty:.2f} (to reach: 1.30)"
        )
