from __future__ import annotations

import threading
from functools import partial
from types import SimpleNamespace

import pytest

from amlrunbook.azure.deadline import Deadline, current_deadline
from amlrunbook.azure.fanout import FanOut, bounded, in_order
from amlrunbook.errors import AzureError, DeadlineError


def test_results_come_in_the_order_of_the_tasks() -> None:
    gates = [threading.Event() for _ in range(3)]

    def task(number: int) -> int:
        if number:
            gates[number - 1].set()
        else:
            assert gates[0].wait(100)
        return number

    outcomes = in_order([lambda n=n: task(n) for n in range(3)], width=3, deadline=Deadline(200))
    assert [outcome.value for outcome in outcomes] == [0, 1, 2]


def test_no_more_run_at_once_than_its_width() -> None:
    running, most, lock = [0], [0], threading.Lock()
    together = threading.Barrier(3)

    def task() -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        together.wait(100)
        with lock:
            running[0] -= 1

    in_order([task] * 9, width=3, deadline=Deadline(200))
    assert most == [3]


def test_an_error_is_an_outcome_and_the_others_go_on() -> None:
    def fails() -> int:
        raise AzureError("no")

    outcomes = in_order([lambda: 1, fails, lambda: 3], width=2, deadline=Deadline(200))
    assert [outcome.value for outcome in outcomes] == [1, None, 3]
    assert isinstance(outcomes[1].error, AzureError)


def test_a_defect_is_raised_where_the_outcome_is_taken() -> None:
    with pytest.raises(ZeroDivisionError):
        in_order([lambda: 1 // 0], width=1, deadline=Deadline(200))


def test_open_tasks_are_given_up_at_the_deadline_and_nobody_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    passed, forever = [0.0], threading.Event()
    monkeypatch.setattr(
        "amlrunbook.azure.deadline.time", SimpleNamespace(monotonic=lambda: passed[0])
    )
    fan_out: FanOut[bool] = FanOut(2, Deadline(20))
    fan_out.submit(forever.wait)
    fan_out.submit(lambda: True)
    outcomes = fan_out.outcomes()
    answered = next(outcomes)
    passed[0] = 20.0
    (late,) = outcomes
    forever.set()
    assert (answered.key, answered.value) == (1, True)
    assert isinstance(late.error, DeadlineError)


def test_a_cancelled_fan_out_ends() -> None:
    forever, cancelled = threading.Event(), threading.Event()
    fan_out: FanOut[bool] = FanOut(1, Deadline(500, cancelled))
    fan_out.submit(forever.wait)
    cancelled.set()
    (outcome,) = fan_out.outcomes()
    forever.set()
    assert isinstance(outcome.error, DeadlineError)
    assert "cancelled" in outcome.error.what


def test_tasks_may_be_added_while_outcomes_are_taken() -> None:
    fan_out: FanOut[int] = FanOut(2, Deadline(200))
    fan_out.submit(lambda: 3)
    seen = []
    for outcome in fan_out.outcomes():
        assert outcome.value is not None
        seen.append(outcome.value)
        if outcome.value:
            fan_out.submit(lambda n=outcome.value: n - 1)
    assert seen == [3, 2, 1, 0]


def test_its_threads_are_daemons_and_end_with_it() -> None:
    threads: list[threading.Thread] = []
    in_order([lambda: threads.append(threading.current_thread())], width=1, deadline=Deadline(200))
    (thread,) = threads
    assert thread.daemon
    thread.join(100)
    assert not thread.is_alive()


def test_the_deadline_reaches_the_task() -> None:
    deadline = Deadline(40)
    assert bounded(lambda: current_deadline(1).seconds, deadline) == 40


def test_a_bounded_task_inside_another_runs_at_once() -> None:
    def outer() -> str:
        return bounded(lambda: threading.current_thread().name, Deadline(10))

    assert bounded(outer, Deadline(200)).startswith("amlrunbook-fanout")


def test_a_bounded_task_ends_at_its_deadline() -> None:
    forever = threading.Event()
    with pytest.raises(DeadlineError):
        bounded(forever.wait, Deadline(0.2))
    forever.set()


def test_a_wait_that_would_outlast_the_deadline_is_not_begun() -> None:
    deadline = Deadline(5)
    assert not deadline.wait(6)
    assert deadline.wait(0)
    deadline.cancelled.set()
    assert deadline.expired
    assert not deadline.wait(0)


def test_the_task_on_which_most_others_hang_is_begun_first() -> None:
    begun: list[str] = []
    fan_out: FanOut[None] = FanOut(1, Deadline(200))
    for name, leads_to in (("leaf", 0), ("root", 3), ("later leaf", 0), ("branch", 1)):
        fan_out.submit(partial(begun.append, name), leads_to=leads_to)
    assert [outcome.error for outcome in fan_out.outcomes()] == [None] * 4
    assert begun == ["root", "branch", "leaf", "later leaf"]
