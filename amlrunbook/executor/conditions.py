"""Whether a step is called for by what other steps came to. Pure, and asked again whenever something is learnt."""

from __future__ import annotations

from dataclasses import dataclass

from amlrunbook.planning.conditions import StepCondition, StepPredicate, StepWord
from amlrunbook.state.fold import RunState
from amlrunbook.state.transitions import StepState

_PASSED = frozenset({StepState.PASSED, StepState.VERIFIED, StepState.DONE_OUTSIDE})
_MEANT: dict[StepWord, tuple[frozenset[StepState], bool]] = {
    StepWord.PASSED: (_PASSED, True),
    StepWord.SKIPPED: (frozenset({StepState.SKIPPED}), True),
    StepWord.FAILED: (frozenset({StepState.FAILED}), False),
    StepWord.WARNED: (frozenset({StepState.WARNED}), False),
}
"""Word → the states that it means, and whether all instances must be there (else any)."""


@dataclass(frozen=True, slots=True)
class Call:
    """Whether a step is called for."""

    answer: bool | None
    """``None`` while that is not known yet."""
    why: str = ""
    """In words, unless it is called for."""
    waits_for: tuple[str, ...] = ()
    """The steps that are to say so."""


def called_for(when: StepCondition, state: RunState) -> Call:
    """Return whether what ``when`` asks holds as the steps stand."""
    refusal = _refusal(when, state)
    if refusal:
        return Call(answer=False, why=refusal)
    any_holds = not when.any or True in {holds(asked, state) for asked in when.any}
    sure = [asked for asked in (*when.all, *when.none) if holds(asked, state) is None]
    either = [] if any_holds else [asked for asked in when.any if holds(asked, state) is None]
    open_questions = [*sure, *either]
    if not open_questions:
        return Call(answer=True)
    words = [*(asked.text for asked in sure), " or ".join(asked.text for asked in either)]
    texts = " and ".join(dict.fromkeys(filter(None, words)))
    waits_for = dict.fromkeys(
        step
        for asked in open_questions
        for step in asked.steps
        if not state.step(step).state.settled
    )
    return Call(answer=None, why=f"it is not known yet whether {texts}", waits_for=tuple(waits_for))


def _refusal(when: StepCondition, state: RunState) -> str:
    for asked in when.all:
        if holds(asked, state) is False:
            return f"It does not hold that {asked.text}."
    for asked in when.none:
        if holds(asked, state) is True:
            return f"It holds that {asked.text}."
    if when.any and all(holds(asked, state) is False for asked in when.any):
        return f"None of these holds: {', '.join(asked.text for asked in when.any)}."
    return ""


def holds(asked: StepPredicate, state: RunState) -> bool | None:
    """Return whether a predicate holds as the steps stand; ``None`` while that can still come out either way."""
    if asked.word is StepWord.CHOSE:
        return _chose(asked, state)
    meant, all_of_them = _MEANT[asked.word]
    states = [state.step(step).state for step in asked.steps]
    if all_of_them:
        if any(found.settled and found not in meant for found in states):
            return False
        return True if all(found in meant for found in states) else None
    if any(found in meant for found in states):
        return True
    return False if all(found.settled for found in states) else None


def _chose(asked: StepPredicate, state: RunState) -> bool | None:
    records = [state.step(step) for step in asked.steps]
    decided = [record for record in records if record.state is StepState.PASSED]
    if any(r.decision is not None and r.decision.choice == asked.choice for r in decided):
        return True
    return False if all(record.state.settled for record in records) else None
