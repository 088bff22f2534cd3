"""The operator at a terminal without a screen: one question at a time, the safe answer by default."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime

from amlrunbook.cli import talk
from amlrunbook.cli.operators import Stop
from amlrunbook.cli.plain_people import PAGES, page
from amlrunbook.errors import AmlRunbookError, ExitCode
from amlrunbook.executor import commands as c
from amlrunbook.executor.forecast import UNFORESEEN, Forecast
from amlrunbook.executor.readiness import unmet_needs
from amlrunbook.model.display import shown
from amlrunbook.model.mode import Mode
from amlrunbook.model.operation import Confirmation
from amlrunbook.planning.grammar import Dialog, StepKind
from amlrunbook.planning.plan import Plan, PlannedStep
from amlrunbook.state import events as e
from amlrunbook.state.events import Ruling
from amlrunbook.state.fold import RunState, StepRecord
from amlrunbook.state.transitions import StepState

_COMMON = "skip REASON · outside EVIDENCE · note TEXT · pause · close · ? more words"
_MORE = (
    "1 one page · status · calls · ticket · contacts · incident SEVERITY TEXT · probes · hint (in a drill) · update [MINUTES] TEXT · "
    "handover PERSON TEXT"
)
_DIGITS = 5
_TWO = "ask (approval) · answer TOKEN · token (show it again) · glass REASON"
_SAFETY = "ask (approval) · answer TOKEN · overrule-safety RULE WHY"


def _no_entries() -> tuple[e.Recorded, ...]:
    return ()


class PromptOperator:
    """Asks the person who sits there. Enter is never what changes Azure."""

    def __init__(
        self,
        mode: Mode,
        entries: Callable[[], tuple[e.Recorded, ...]] = _no_entries,
        forecast: Forecast = UNFORESEEN,
    ) -> None:
        self._mode = mode
        self._entries = entries
        self._forecast = forecast
        self._shown: Callable[[str], list[str]] = lambda _word: []

    def next(self, plan: Plan, state: RunState, step: str) -> c.AnyCommand | Stop:
        """Ask until the answer is a command."""
        self._shown = lambda word: page(
            word,
            plan,
            state,
            self._entries(),
            step=step,
            now=datetime.now(UTC),
            forecast=self._forecast,
        )
        if not step:
            talk.say("Every step is settled.")
            return self._asked("", None, "[Enter] close the run · note TEXT · pause", c.Close())
        planned, record = plan.step(step), state.step(step)
        match record.state:
            case StepState.PROPOSED:
                return self._proposed(planned, record)
            case StepState.IN_DOUBT:
                words = "look · happened WHY · not WHY · unclear WHY · note TEXT · pause"
                return self._asked(step, planned, words, None)
            case StepState.BLOCKED | StepState.PENDING:
                talk.say(f"Blocked: {record.why_blocked}")
                needs = " ".join(unmet_needs(plan, state, planned))
                return self._asked(step, planned, f"overrule NEED WHY ({needs}) · {_COMMON}", None)
            case _:
                return self._ready(planned)

    def refused(self, command: c.AnyCommand, error: AmlRunbookError) -> None:
        """Nothing: the person has read it."""

    def _ready(self, planned: PlannedStep) -> c.AnyCommand | Stop:
        match planned.kind:
            case StepKind.DECISION:
                ids = " | ".join(choice.id for choice in planned.choices)
                return self._asked(planned.id, planned, f"choose {ids} · {_COMMON}", None)
            case StepKind.MANUAL:
                words = f"{_DIALOGS.get(planned.do, '')}{_COMMON}"
                return self._asked(planned.id, planned, words, None)
            case StepKind.CHECK | StepKind.WAIT | StepKind.ACTION | StepKind.RUNBOOK:
                verb = _VERBS.get(planned.kind, "run")
                run = c.RunStep(step=planned.id)
                words = f"[Enter] {verb} · {_variants(planned)}{_COMMON}"
                return self._asked(planned.id, planned, words, run)

    def _proposed(self, planned: PlannedStep, record: StepRecord) -> c.AnyCommand | Stop:
        back = c.Skip(step=planned.id, reason="The operator went back from the proposal.")
        confirmation = record.proposal.confirmation if record.proposal else planned.confirmation
        if not self._mode.may_change:
            words = f"{self._mode.word}: nothing can be sent. [Enter] leave it out · {_COMMON}"
            return self._asked(planned.id, planned, words, back)
        if confirmation is Confirmation.ENTER:
            words = f"confirm (sends it) · [Enter] do not send, leave it out · {_COMMON}"
        else:
            words = f"confirm NAME (the resource's name, typed) · [Enter] do not send, leave it out · {_COMMON}"
        if record.approval_word:
            talk.say(f"  Approval: {shown(record.approval_word)}")
        if confirmation is Confirmation.TWO_PERSONS:
            words = f"{_TWO} · {words}"
        elif record.violations:
            words = f"{_SAFETY} · {words}"
        return self._asked(planned.id, planned, words, back)

    def _asked(
        self, step: str, planned: PlannedStep | None, words: str, default: c.AnyCommand | None
    ) -> c.AnyCommand | Stop:
        while True:
            line = _read(words)
            if line is None:
                return Stop("The input ended.", ExitCode.INTERRUPTED)
            if not line.strip():
                if default is not None:
                    return default
                continue
            word = line.strip().lower()
            if word in PAGES:
                for text in self._shown(word):
                    print(text)
                continue
            if word == "?":
                talk.say(f"  {_MORE}")
                continue
            command = _typed_out(command_from(line, step, planned))
            if command is not None:
                return command
            talk.say("That is none of these words; ? shows more.")


def _typed_out(command: c.AnyCommand | None) -> c.AnyCommand | None:
    """Return the command; what breaks the glass has its phrase typed first."""
    if not isinstance(command, c.BreakGlass):
        return command
    talk.say("  This goes without a second person, and the journal says so for good.")
    typed = (_read(f"Type exactly: {c.GLASS_PHRASE}") or "").strip()
    return c.BreakGlass(step=command.step, reason=command.reason, typed=typed)


_DIALOGS = {
    Dialog.DECLARE.value: "incident SEVERITY TEXT (starts the clock) · ",
    Dialog.TELL.value: "status (the words to paste) · contacts · update [MINUTES] TEXT (they were told) · ",
}
_VERBS = {StepKind.ACTION: "show what it would do", StepKind.RUNBOOK: "open its steps"}


def _variants(planned: PlannedStep) -> str:
    """Return the word that switches a step's variant; nothing where it is done in one way only."""
    return f"variant {'|'.join(planned.variants)} WHY · " if planned.variants else ""


def _read(words: str) -> str | None:
    """Ask on stderr, so that stdout stays the record; return ``None`` where the input has ended."""
    talk.say(f"  {words}")
    sys.stderr.write("  > ")
    sys.stderr.flush()
    line = sys.stdin.readline()
    return line or None


def command_from(line: str, step: str, planned: PlannedStep | None) -> c.AnyCommand | None:  # noqa: C901, PLR0912 - one flat case a word
    """Return the command that a typed line means; ``None`` where it means none."""
    word, _, rest = line.rstrip("\r\n").strip().partition(" ")
    rest = rest.strip()
    if planned is not None and any(choice.id == word for choice in planned.choices):
        return c.Decide(step=step, choice=word, reason=rest)
    match word.lower():
        case "look":
            return c.LookAgain(step=step)
        case "run":
            return c.RunStep(step=step)
        case "confirm":
            return c.Confirm(step=step, typed=rest)
        case "back" | "decline":
            return c.Decline(step=step, reason=rest)
        case "skip":
            return c.Skip(step=step, reason=rest)
        case "outside":
            return c.DoneOutside(step=step, evidence=rest)
        case "choose":
            choice, _, reason = rest.partition(" ")
            return c.Decide(step=step, choice=choice, reason=reason)
        case "overrule":
            need, _, reason = rest.partition(" ")
            return c.Overrule(step=step, need=need, reason=reason)
        case "variant":
            variant, _, reason = rest.partition(" ")
            return c.SwitchVariant(step=step, variant=variant, reason=reason)
        case "happened":
            return c.Rule(step=step, ruling=Ruling.HAPPENED, reason=rest)
        case "not":
            return c.Rule(step=step, ruling=Ruling.DID_NOT_HAPPEN, reason=rest)
        case "unclear":
            return c.Rule(step=step, ruling=Ruling.CANNOT_TELL, reason=rest)
        case "note":
            return c.AddNote(step=step, text=rest)
        case _:
            return _of_people(word.lower(), rest, step) or _of_the_end(word.lower(), rest)


def _of_people(word: str, rest: str, step: str) -> c.AnyCommand | None:
    match word:
        case "ask" if step:
            return c.AskApproval(step=step)
        case "answer" if step:
            return c.GiveAnswer(step=step, text=rest)
        case "glass" if step:
            return c.BreakGlass(step=step, reason=rest)
        case "overrule-safety" if step:
            rule, _, reason = rest.partition(" ")
            return c.OverruleSafety(step=step, rule=rule, reason=reason)
        case "handover":
            person, _, text = rest.partition(" ")
            return c.OfferHandover(principal=person, text=text)
        case "incident":
            severity, _, text = rest.partition(" ")
            return c.DeclareIncident(severity=severity, text=text)
        case "probes":
            return c.RunProbes()
        case "update":
            first, _, text = rest.partition(" ")
            if first.isascii() and first.isdigit() and len(first) < _DIGITS:
                return c.GiveUpdate(text=text, next_minutes=int(first))
            return c.GiveUpdate(text=rest)
        case _:
            return None


def _of_the_end(word: str, rest: str) -> c.AnyCommand | None:
    match word:
        case "pause" | "quit" | "q":
            return c.Pause(reason=rest)
        case "close":
            return c.Close()
        case "hint":
            return c.AskHint()
        case _:
            return None
