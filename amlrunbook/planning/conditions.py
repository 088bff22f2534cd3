"""What ``when`` may say of other steps: ``step:ID.passed``, ``.warned``, ``.failed``, ``.skipped`` or ``.chose.CHOICE``.

Predicates over profile and snapshot (:mod:`amlrunbook.planning.lists`) are answered while a plan is made.
Those over steps stay in the plan and are answered again whenever the run learns something.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

PREFIX = "step:"
"""What a predicate over a step begins with."""


class StepWord(StrEnum):
    """What a predicate asks of a step."""

    PASSED = "passed"
    """It passed, was verified, or was done outside; of several instances, all."""
    WARNED = "warned"
    """It passed with a warning; of several instances, any."""
    FAILED = "failed"
    """It failed; of several instances, any."""
    SKIPPED = "skipped"
    """It was left out; of several instances, all."""
    CHOSE = "chose"
    """It is a decision, and came to that choice; of several instances, any."""


class StepPredicate(msgspec.Struct, frozen=True, kw_only=True):
    """A question to the steps of a plan."""

    steps: tuple[str, ...]
    """Ids in the plan: the instances of one step of the runbook."""
    word: StepWord
    name: str
    """The step's id in the runbook, for the person."""
    choice: str = ""
    """Of ``chose``: the choice's id."""

    @property
    def text(self) -> str:
        """The predicate in words."""
        return " ".join(filter(None, (f"step {self.name} {_WORDS[self.word]}", self.choice)))


_WORDS = {
    StepWord.PASSED: "passed",
    StepWord.WARNED: "warned",
    StepWord.FAILED: "failed",
    StepWord.SKIPPED: "was left out",
    StepWord.CHOSE: "came to",
}


class StepCondition(msgspec.Struct, frozen=True, kw_only=True):
    """What must hold of other steps for a step to be called for; the empty one always holds."""

    all: tuple[StepPredicate, ...] = ()
    any: tuple[StepPredicate, ...] = ()
    none: tuple[StepPredicate, ...] = ()

    @property
    def asks(self) -> tuple[StepPredicate, ...]:
        """Every question in it."""
        return (*self.all, *self.any, *self.none)


def is_about_a_step(name: str) -> bool:
    """Return whether a predicate's name is about a step."""
    return name.startswith(PREFIX)


def step_and_word(name: str) -> tuple[str, str, str]:
    """Return step, word and choice of ``step:ID.word`` or ``step:ID.chose.CHOICE``; empty where there is none."""
    step, _, rest = name.removeprefix(PREFIX).partition(".")
    word, _, choice = rest.partition(".")
    return step, word, choice
