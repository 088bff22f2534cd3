"""The runbook grammar: what a TOML document under ``runbooks/`` may say.

These types are the grammar; :mod:`amlrunbook.planning.load` reads a file into them and says where it errs.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from amlrunbook.model.operation import Confirmation

Identifier = Annotated[
    str, msgspec.Meta(pattern=r"^[a-z][a-z0-9]*(?:-[a-z0-9]+)*\Z", max_length=60)
]
"""The id of a runbook, a phase, a step or a choice."""


class StepKind(StrEnum):
    """What a step is."""

    CHECK = "check"
    """Reads and judges."""
    ACTION = "action"
    """Changes something: preview, confirm, apply, verify."""
    MANUAL = "manual"
    """The operator does it, and says how that can be seen."""
    DECISION = "decision"
    """The operator chooses."""
    WAIT = "wait"
    """A check, repeated until it passes."""
    RUNBOOK = "runbook"
    """A child plan in the same journal."""


class Dialog(StrEnum):
    """What of this program a ``manual`` step may be done by; the step is done once that was used."""

    DECLARE = "declare"
    """Declaring the incident, which starts the clock."""
    TELL = "tell"
    """Saying that the incident channel was told, which starts the timer for the next word."""


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a runbook: frozen, and strict about its keys."""


class Condition(_Part, frozen=True, kw_only=True):
    """All, any or none of some named predicates, of the snapshot or of earlier steps."""

    all: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
    none: tuple[str, ...] = ()


class Retry(_Part, frozen=True, kw_only=True):
    """How often a check is tried, and how long the pause is between tries."""

    tries: Annotated[int, msgspec.Meta(ge=1, le=20)]
    wait: str = "PT30S"


class Choice(_Part, frozen=True, kw_only=True):
    """One way a decision can go."""

    id: Identifier
    text: str
    consequence: str = ""
    next: str = ""
    """The step to go to; steps between are skipped with the choice as reason. Empty: the next one."""
    default: bool = False
    """Whether ``--auto`` takes it; the first choice where none says so."""


class Phase(_Part, frozen=True, kw_only=True):
    """A stretch of a runbook."""

    id: Identifier
    title: str
    explain: str = ""


class Step(_Part, frozen=True, kw_only=True):
    """One thing to do."""

    id: Identifier
    phase: Identifier
    kind: StepKind
    title: str
    why: str
    explain: str = ""
    """For the person who sees the step for the first time."""
    source: str = ""
    do: str = ""
    """The operation; of a ``runbook`` step, the runbook; of a ``manual`` step, one of :class:`Dialog`, or nothing."""
    params: dict[str, str] = {}
    """For the operation; of a ``runbook`` step, for that runbook's own ``params``."""
    when: str | Condition = ""
    for_each: str = ""
    """A named list of resources: one instance of the step a resource."""
    parallel: Annotated[int, msgspec.Meta(ge=1, le=16)] = 1
    variants: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    """Steps that must have passed, or been overruled."""
    confirm: Confirmation | None = None
    """May only be stricter than the operation's own."""
    budget: str = ""
    """How long the step may take, an ISO 8601 duration."""
    on_timeout: str = "ask"
    """``ask``, ``fail`` or a step."""
    on_fail: str = "ask"
    """``ask``, ``stop`` or a step."""
    retry: Retry | None = None
    undo: str = ""
    verify: str = ""
    """A check that verifies the action, where its own does not do."""
    check: str = ""
    """Of a ``wait``: the check that is repeated."""
    every: str = ""
    """Of a ``wait``: the pause between two looks, an ISO 8601 duration."""
    until: str = ""
    """Of a ``wait``: how long at most, an ISO 8601 duration or an RFC 3339 moment."""
    choices: tuple[Choice, ...] = ()
    commands: tuple[str, ...] = ()
    """``az`` commands, with ``{name}``, ``{group}``, ``{id}``, ``{subscription}`` of the resource, and more."""


class Runbook(_Part, frozen=True, kw_only=True):
    """A runbook."""

    id: Identifier
    version: str
    title: str
    explain: str = ""
    params: dict[str, str] = {}
    """Parameters and their defaults; every step's operation gets them, unless the step says otherwise."""
    phases: Annotated[tuple[Phase, ...], msgspec.Meta(min_length=1)]
    step: Annotated[tuple[Step, ...], msgspec.Meta(min_length=1)]
