"""From a key to its frame, in a terminal: while nothing happens, while checks run, while azure.ai.ml is imported.

The program runs as it is typed: ``amlrunbook drill`` in a pseudo-terminal, its simulated Azure slowed down. A key
moves the cursor in the list of steps; measured is the time until the cursor is drawn on its new row. Prints
figures, asserts no time.
"""

from __future__ import annotations

import os
import select
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from itertools import cycle
from pathlib import Path

import pytest

from amlrunbook.simulator import process
from amlrunbook.simulator.endpoint import read_endpoint
from tests.benchmarks.terminal import Terminal

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(600)]

MILLISECONDS = 100
"""What each answer of the simulated Azure takes."""
BETWEEN = 0.03
"""Seconds between a frame and the next key: about as fast as a key repeats."""
KEYS = 300
"""How many keys are measured where as many as one likes can be pressed."""
IMPORTS = 7
"""How often azure.ai.ml is imported, each time in a fresh process."""
CHECKS = (
    "Is it the region?",
    "What Resource Health says",
    "What Microsoft says",
    "What was changed",
)
"""Checks of the runbook that ask Azure, by how their titles begin."""
WORKING = "◌ working"
CURSOR = "▶"

PROGRAM = """
import os, sys, threading

def beside():
    os.read(int(sys.argv[1]), 1)
    from amlrunbook.azure.machine_learning import sdk_client
    sdk_client()
    os.write(int(sys.argv[2]), b".")

threading.Thread(target=beside, daemon=True).start()
from amlrunbook.cli import main
sys.exit(main(["drill", "warm-pair", "--runbook", "switchover"]))
"""
"""The drill, with a thread beside it that imports azure.ai.ml, as the program does, as soon as it is told."""


BARE = """
from textual.app import App
from textual.widgets import Static

class Bare(App):
    BINDINGS = [("j", "move(1)", "down"), ("k", "move(-1)", "up")]
    at = 0

    def compose(self):
        yield Static(self.rows())

    def rows(self):
        return "\\n".join(("▶" if row == self.at else " ") + f" row {row}" for row in range(30))

    def action_move(self, by):
        self.at += by
        self.query_one(Static).update(self.rows())

Bare().run(mouse=False)
"""
"""The same keys in as little of Textual as there can be: what a key takes on this machine, as busy as it is now."""


class Drill:
    """A drill on its run screen."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self._down = True

    @property
    def working(self) -> bool:
        """Whether the screen says that something runs."""
        return any(WORKING in row for row in self.terminal.glass.rows())

    def timed(self) -> float:
        """Move the cursor to the next row, and the next time back; return how long until it is drawn there."""
        before = _cursor(self.terminal.glass.rows())
        pressed = self.terminal.press("j" if self._down else "k")
        came = self.terminal.until(lambda rows: _cursor(rows) not in {before, -1})
        self._down = not self._down
        self.terminal.look_on(BETWEEN)
        return came - pressed

    def check(self, title: str) -> list[float]:
        """Run a check; return how long each key took meanwhile."""
        self._to(title)
        self.terminal.press("\r" if self._new(title) else "r")
        self.terminal.shows(WORKING)
        times = []
        while self.working:
            times.append(self.timed())
        return times

    def _new(self, title: str) -> bool:
        return any(sign in self._row(title) for sign in ("·", "▷"))

    def _row(self, title: str) -> str:
        return next(row[:4] for row in self.terminal.glass.rows() if row[3:].startswith(title))

    def _to(self, title: str) -> None:
        self._down = True
        while CURSOR not in self._row(title):
            rows = self.terminal.glass.rows()
            wanted = next(y for y, row in enumerate(rows) if row[3:].startswith(title))
            here = _cursor(rows)
            self.terminal.press("j" if here < wanted else "k")
            self.terminal.until(lambda seen, here=here: _cursor(seen) not in {here, -1})


def _cursor(rows: Sequence[str]) -> int:
    """Return the row that the cursor is on; -1 while it is being drawn."""
    here = [y for y, row in enumerate(rows) if row.startswith(CURSOR)]
    return here[0] if len(here) == 1 else -1


class Import:
    """The import that waits beside the drill."""

    def __init__(self) -> None:
        self.waits, self._tell = os.pipe()
        self._told, self.tells = os.pipe()

    def begin(self) -> None:
        os.write(self._tell, b".")

    @property
    def done(self) -> bool:
        return bool(select.select([self._told], [], [], 0)[0])

    def close(self) -> None:
        for end in (self.waits, self._tell, self._told, self.tells):
            os.close(end)


@contextmanager
def drilling(home: Path, beside: Import) -> Iterator[Drill]:
    """Start the drill, slow its Azure down, and end both."""
    ends = (beside.waits, beside.tells)
    command = ["-P", "-c", PROGRAM, *map(str, ends)]
    with (
        ExitStack() as worlds,
        Terminal(command, {"AMLRUNBOOK_HOME": str(home)}, keep=ends) as terminal,
    ):
        terminal.shows("q leave")
        (world,) = home.glob("state/runs/*/simulator")
        worlds.callback(process.stop, world)
        slow = {"kind": "slow", "plane": "control", "milliseconds": MILLISECONDS}
        process.control(read_endpoint(world), "POST", "/faults", slow)
        yield Drill(terminal)


def told(what: str, times: list[float]) -> str:
    ordered = sorted(each * 1000 for each in times)
    at = {part: ordered[min(len(ordered) * part // 100, len(ordered) - 1)] for part in (50, 95, 99)}
    return (
        f"{what:<44} p50 {at[50]:4.0f}  p95 {at[95]:4.0f}  p99 {at[99]:4.0f}  "
        f"longest {ordered[-1]:4.0f} ms of {len(ordered)} keys"
    )


@pytest.fixture
def beside() -> Iterator[Import]:
    with closing(Import()) as made:
        yield made


def test_while_nothing_happens_and_while_checks_run(tmp_path: Path, beside: Import) -> None:
    with drilling(tmp_path, beside) as drill:
        with Terminal(["-c", BARE], {}) as terminal:
            terminal.shows("row 29")
            bare_app = Drill(terminal)
            bare = [bare_app.timed() for _ in range(KEYS)]
        quiet = [drill.timed() for _ in range(KEYS)]
        busy: list[float] = []
        for check in cycle(CHECKS):
            busy += drill.check(check)
            if len(busy) >= KEYS:
                break
    print(
        "\nkey to frame, "
        + told("a bare app instead:", bare)
        + "\nkey to frame, "
        + told("nothing happens:", quiet)
        + "\nkey to frame, "
        + told(f"checks run, {MILLISECONDS} ms an answer:", busy)
        + " (to reach: p99 50 ms)"
    )


def test_while_azure_ai_ml_is_imported(tmp_path: Path) -> None:
    times: list[float] = []
    for number in range(IMPORTS):
        home = tmp_path / str(number)
        home.mkdir()
        with closing(Import()) as beside, drilling(home, beside) as drill:
            for _ in range(5):
                drill.timed()  # what the first keys load is no part of the import
            beside.begin()
            while not beside.done:
                times.append(drill.timed())
    print(
        "\nkey to frame, "
        + told(f"azure.ai.ml is imported, {IMPORTS} times:", times)
        + " (to reach: p99 50 ms, none over 150 ms)"
    )
