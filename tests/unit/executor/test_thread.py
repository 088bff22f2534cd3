"""The run's own thread: commands in, words out, notes and pauses while a step runs."""

from __future__ import annotations

import queue
from threading import Event

import pytest

from amlrunbook.executor.commands import AddNote, Close, Pause, RunStep
from amlrunbook.executor.pace import RealPace
from amlrunbook.executor.thread import RunThread
from amlrunbook.model.finding import Verdict
from amlrunbook.model.operation import CheckReport
from amlrunbook.planning.grammar import StepKind
from amlrunbook.state.transitions import StepState
from tests.unit.executor.ground import LookAt, check, ground_of, planned


class Words:
    """Everything that a watcher is told, in order."""

    def __init__(self):
        self.words = queue.Queue()

    def recorded(self, entries, state):
        for entry in entries:
            self.words.put(entry.event.KIND)

    def refused(self, command, error):
        self.words.put(f"refused: {error.what}")

    def idle(self, state):
        self.words.put("idle")

    def died(self, error):
        self.words.put(f"died: {error}")

    def until(self, last):
        said = []
        while not said or said[-1] != last:
            said.append(self.words.get(timeout=200))
        return said


class Held:
    """A check that begins, and ends when it is let go."""

    id = title = "held"

    def __init__(self):
        self.begun, self.let_go = Event(), Event()

    def run(self, context, reporter):
        self.begun.set()
        assert self.let_go.wait(200)
        return CheckReport(verdict=Verdict.PASS, text="let go")


@pytest.fixture
def words():
    return Words()


def live(ground, words):
    run = RunThread(ground.open())
    run.watch(words)
    run.start()
    assert words.until("idle") == ["idle"]
    return run


def test_commands_are_carried_out_in_order_and_idle_is_said_at_the_end(words):
    run = live(ground_of(check("a"), check("b")), words)
    run.submit(RunStep(step="a"))
    assert words.until("idle")[-2] == "step.passed"
    assert run.focus == "b"
    assert not run.busy
    run.submit(RunStep(step="nowhere"))
    assert words.until("idle")[0].startswith("refused: The plan has no step 'nowhere'")


def test_a_note_is_durable_while_a_check_is_running(words):
    ground = ground_of(check("held"))
    held = ground.operations["held"] = Held()
    run = live(ground, words)
    run.submit(RunStep(step="held"))
    assert held.begun.wait(200)
    run.submit(AddNote(text="Called the storage team."))
    assert words.until("note") == ["step.started", "note"]
    assert run.state.step("held").state is StepState.RUNNING
    assert run.busy
    held.let_go.set()
    assert words.until("idle") == ["step.passed", "idle"]


def test_a_pause_wakes_a_wait_at_once(words):
    step = planned("w", StepKind.WAIT, check="look", every_seconds=3600, until="P1D")
    ground = ground_of(step, checks=[LookAt("look", Verdict.FAIL)])
    ground.pace = RealPace()
    run = live(ground, words)
    run.submit(RunStep(step="w"))
    words.until("step.progressed")
    words.until("step.progressed")
    run.submit(Pause(reason="Lunch."))
    assert words.until("run.paused") == ["step.ready", "run.paused"]
    assert run.state.step("w").state is StepState.READY


def test_a_journal_that_dies_ends_the_run_with_a_word(words):
    ground = ground_of(check("a"), check("b"))
    run = live(ground, words)
    ground.disk.dies_at = ground.disk.appends + 1
    run.submit(RunStep(step="a"))
    assert words.until("died: The disk is full.")
    run.submit(RunStep(step="b"))
    assert ground.operations["b"].runs == 0


def test_a_closed_run_says_so(words):
    run = live(ground_of(check("a")), words)
    run.submit(RunStep(step="a"))
    run.submit(Close())
    said = words.until("idle")
    assert said[-3:] == ["run.closed", "journal.close", "idle"]
    assert run.focus == ""
