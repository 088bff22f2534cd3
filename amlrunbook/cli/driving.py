"""Driving a run without a screen: an operator's words in, lines out, an exit code at the end."""

from __future__ import annotations

import queue
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from amlrunbook.cli import talk
from amlrunbook.cli.operators import Operator, Stop
from amlrunbook.cli.plain import PlainText, one_line
from amlrunbook.errors import AmlRunbookError, ExitCode, worst_exit
from amlrunbook.executor.closing import counts, exit_code
from amlrunbook.executor.commands import AnyCommand, Pause
from amlrunbook.executor.thread import RunThread
from amlrunbook.report.closing import closing_report
from amlrunbook.report.closing_text import as_lines
from amlrunbook.state import events as e
from amlrunbook.state.fold import RunState

_STEP_BEGINS = (e.StepStarted, e.ActionProposed, e.DecisionMade, e.StepDoneOutside, e.ActionDoubted)


@dataclass(frozen=True, slots=True)
class _Recorded:
    entries: tuple[e.Recorded, ...]


@dataclass(frozen=True, slots=True)
class _Refused:
    command: AnyCommand
    error: AmlRunbookError


@dataclass(frozen=True, slots=True)
class _Idle:
    pass


@dataclass(frozen=True, slots=True)
class _Died:
    error: BaseException


_Word = _Recorded | _Refused | _Idle | _Died


class _Mailbox:
    """A watcher that hands every word to the thread that drives."""

    def __init__(self) -> None:
        self.words: queue.SimpleQueue[_Word] = queue.SimpleQueue()

    def recorded(self, entries: tuple[e.Recorded, ...], state: RunState) -> None:
        """Hand the entries over."""
        del state
        self.words.put(_Recorded(entries))

    def refused(self, command: AnyCommand, error: AmlRunbookError) -> None:
        """Hand the refusal over."""
        self.words.put(_Refused(command, error))

    def idle(self, state: RunState) -> None:
        """Say that the run waits."""
        del state
        self.words.put(_Idle())

    def died(self, error: BaseException) -> None:
        """Say that the run cannot go on."""
        self.words.put(_Died(error))


class Driver:
    """One run from where it stands to where its operator leaves it."""

    def __init__(self, live: RunThread, operator: Operator) -> None:
        self._live = live
        self._operator = operator
        self._mailbox = _Mailbox()
        self._text = PlainText(live.plan, fancy=_shows_more_than_ascii(), forecast=live.forecast)
        self._in_sight = ""
        self._interrupted = False
        self._stop: Stop | None = None

    def drive(self) -> ExitCode:
        """Drive the run to its end and return the exit code.

        The first interrupt pauses the run at the next safe place; a second one ends the program at once.

        Raises:
            JournalError: the journal cannot be written.
        """
        live = self._live
        self._print(self._text.header(live.mode, live.operator, live.state))
        self._print(self._text.plan(live.state))
        live.watch(self._mailbox)
        live.start()
        while self._turn():
            continue
        return self._end()

    def _turn(self) -> bool:
        """Take one word; return whether the run goes on."""
        try:
            return self._take(self._mailbox.words.get())
        except KeyboardInterrupt:
            if self._interrupted:
                raise
            self._interrupted = True
            talk.say("Pausing at the next safe place. Interrupt again to leave at once.")
            self._live.submit(Pause(reason="Interrupted by the operator."))
            return True

    def _take(self, word: _Word) -> bool:
        match word:
            case _Recorded():
                for entry in word.entries:
                    self._show(entry.event)
            case _Refused():
                talk.say(word.error.diagnostics())
                self._operator.refused(word.command, word.error)
            case _Died():
                raise word.error
            case _Idle():
                return self._go_on()
        return True

    def _go_on(self) -> bool:
        live = self._live
        if live.busy:
            return True
        ended = live.state.closed is not None or live.state.handed_over is not None
        if ended or live.state.paused or self._interrupted:
            return False
        step = live.focus
        self._introduce(step)
        command = self._operator.next(live.plan, live.state, step)
        if isinstance(command, Stop):
            self._stop = command
            talk.say(command.reason)
            command = Pause(reason=command.reason)
        live.submit(command)
        return True

    def _show(self, event: e.Event) -> None:
        if isinstance(event, e.PlanAdopted):
            self._text = self._text.of(self._live.plan)
        if isinstance(event, _STEP_BEGINS):
            self._introduce(event.step)
        lines = self._text.event(event)
        if isinstance(event, e.StepEvent) and event.step != self._in_sight:
            lines = self._text.beside(event.step, lines)
        self._print(lines)

    def _introduce(self, step: str) -> None:
        """Introduce a step once, as it comes into sight."""
        if step and step != self._in_sight:
            self._in_sight = step
            self._print(self._text.step(self._live.plan.step(step)))

    def _end(self) -> ExitCode:
        live = self._live
        state = live.state
        self._print(self._text.findings(state.findings))
        print()
        if state.closed is not None:
            self._print(as_lines(closing_report(live.plan, state)))
            print()
        print(one_line(f"Steps: {counts(live.plan, state)}."))
        code = worst_exit(
            exit_code(live.plan, state),
            self._stop.exit_code if self._stop else ExitCode.FINE,
            ExitCode.INTERRUPTED if self._interrupted else ExitCode.FINE,
        )
        if state.handed_over is not None:
            print(one_line(f"HANDED OVER. {state.handed_over.principal} goes on with:"))
            print(one_line(f"amlrunbook run --resume {live.journal_path} --accept-handover"))
        elif state.closed is None:
            print(
                one_line(
                    f"The run is left open. Go on with: amlrunbook run --resume {live.journal_path}"
                )
            )
        print(f"Exit code: {int(code)} ({code.name.lower().replace('_', ' ')})")
        print(f"Journal: {live.journal_path}", flush=True)
        return code

    def _print(self, lines: Iterable[str]) -> None:
        for line in lines:
            print(line)
        sys.stdout.flush()


def _shows_more_than_ascii() -> bool:
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower()
    return encoding.replace("-", "").startswith("utf")
