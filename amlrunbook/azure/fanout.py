"""Fan-out: many requests at once on daemon threads of our own.

A thread pool's exit waits for its workers, and a worker that waits for a dark region waits long. These threads are
abandoned instead: nobody waits for them, neither at a deadline nor at the process's end.
"""

from __future__ import annotations

import contextvars
import heapq
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from amlrunbook.azure.deadline import Deadline
from amlrunbook.errors import AmlRunbookError, DeadlineError

T = TypeVar("T")
_INSIDE = threading.local()
_LOOK_EVERY = 0.2
"""Seconds after which a cancelled wait notices at the latest."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What became of one task: a value, or an error."""

    key: int
    """The task's number, counted from 0 in the order of submission."""
    value: T | None = None
    error: AmlRunbookError | None = None


@dataclass(frozen=True, slots=True)
class _Job:
    key: int
    run: Callable[[], object]
    context: contextvars.Context


class _Raised:
    """An exception that is no error of ours: it is raised again where the outcome is taken."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error


class FanOut(Generic[T]):
    """Tasks that run at once, at most ``width`` of them; tasks may be added while others run.

    One fan-out belongs to one thread: the one that submits and takes the outcomes.
    """

    def __init__(self, width: int, deadline: Deadline) -> None:
        self._width = width
        self._deadline = deadline
        self._tokens: queue.SimpleQueue[bool] = queue.SimpleQueue()
        """One ``True`` a job that waits, one ``False`` a thread that may end."""
        self._waiting: list[tuple[int, int, _Job]] = []
        """A heap: the job on which most others hang first, then the earlier one."""
        self._lock = threading.Lock()
        self._done: queue.SimpleQueue[tuple[int, object]] = queue.SimpleQueue()
        self._threads = 0
        self._submitted = 0
        self._open: set[int] = set()
        self._running = False
        """Whether somebody takes outcomes: nothing is begun before, so that the most urgent task is begun first."""

    def submit(self, task: Callable[[], T], *, leads_to: int = 0) -> int:
        """Queue a task and return its key.

        Args:
            task: what to run.
            leads_to: how many tasks hang on it, one after the other: the longest chain is begun first.
        """
        key = self._submitted
        self._submitted += 1
        self._open.add(key)
        with self._deadline.scope():
            job = _Job(key, task, contextvars.copy_context())
        with self._lock:
            heapq.heappush(self._waiting, (-leads_to, key, job))
        self._tokens.put(True)  # noqa: FBT003 - a token, no option
        if self._running:
            self._grow()
        return key

    def _grow(self) -> None:
        """Have as many threads as there are open tasks, up to the width.

        Beginning a thread means waiting until it runs, and that takes long once others are busy. So one of the new
        threads begins the rest: who takes the outcomes is free for the first answers, on which others hang.
        """
        missing = min(self._width, len(self._open)) - self._threads
        if missing > 0:
            self._threads += missing
            _begin(self._begin_and_work, missing - 1)

    def _begin_and_work(self, others: int) -> None:
        try:
            for _ in range(others):
                _begin(self._work)
        except RuntimeError:
            pass  # the machine has no more threads to give: those that run take all tasks
        self._work()

    def outcomes(self) -> Iterator[Outcome[T]]:
        """Yield outcomes as they come, until no task is open.

        At the deadline every open task yields a :class:`DeadlineError`, in the order of submission; its thread is
        left to itself.
        """
        self._running = True
        self._grow()
        try:
            while self._open:
                try:
                    key, result = self._done.get(timeout=self._patience)
                except queue.Empty:
                    if not self._deadline.expired:
                        continue
                    yield from self._given_up()
                    break
                self._open.discard(key)
                yield self._outcome(key, result)
        finally:
            for _ in range(self._threads):
                self._tokens.put(False)  # noqa: FBT003 - a token, no option
            self._threads = 0
            self._running = False

    @property
    def _patience(self) -> float:
        """Seconds to wait before looking again whether the deadline passed or somebody cancelled."""
        return min(_LOOK_EVERY, max(self._deadline.remaining, 0.001))

    def _given_up(self) -> Iterator[Outcome[T]]:
        cancelled = self._deadline.cancelled.is_set()
        why = (
            "Not read: it was cancelled."
            if cancelled
            else f"No answer within the {self._deadline.seconds:.0f} s for the whole."
        )
        given_up, self._open = sorted(self._open), set()
        for key in given_up:
            yield Outcome(key=key, error=DeadlineError(why))

    @staticmethod
    def _outcome(key: int, result: object) -> Outcome[T]:
        if isinstance(result, AmlRunbookError):
            return Outcome(key=key, error=result)
        if isinstance(result, _Raised):
            raise result.error
        return Outcome(key=key, value=result)  # type: ignore[arg-type]

    def _work(self) -> None:
        _INSIDE.here = True
        while self._tokens.get():
            with self._lock:
                _, _, job = heapq.heappop(self._waiting)
            try:
                result: object = job.context.run(job.run)
            except AmlRunbookError as error:
                result = error
            except BaseException as error:  # noqa: BLE001 - the worker boundary: it is raised again by outcomes()
                result = _Raised(error)
            self._done.put((job.key, result))


def _begin(target: Callable[..., None], *arguments: int) -> None:
    threading.Thread(target=target, args=arguments, name="amlrunbook-fanout", daemon=True).start()


def in_order(
    tasks: Iterable[Callable[[], T]], *, width: int, deadline: Deadline
) -> list[Outcome[T]]:
    """Run ``tasks`` at once and return their outcomes in the order of the tasks."""
    fan_out: FanOut[T] = FanOut(width, deadline)
    for task in tasks:
        fan_out.submit(task)
    return sorted(fan_out.outcomes(), key=lambda outcome: outcome.key)


def bounded(task: Callable[[], T], deadline: Deadline) -> T:
    """Run one task under a deadline that holds whatever the task waits for (a name server, a slow body).

    Inside a fan-out the task runs at once: its thread may be abandoned already.

    Raises:
        DeadlineError: the deadline passed; the task is left to its thread.
    """
    if getattr(_INSIDE, "here", False):
        with deadline.scope():
            return task()
    (outcome,) = in_order([task], width=1, deadline=deadline)
    if outcome.error is not None:
        raise outcome.error
    return outcome.value  # type: ignore[return-value]
