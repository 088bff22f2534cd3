"""A runbook and the runbooks that its steps open: found, and checked as a whole."""

from __future__ import annotations

from collections.abc import Callable

from amlrunbook.errors import DocumentError, UsageError
from amlrunbook.model.nearest import nearest_hint
from amlrunbook.model.operation import Registry
from amlrunbook.planning.grammar import Step, StepKind
from amlrunbook.planning.load import LoadedRunbook, find_runbook, load_runbook, operation_problems

Library = Callable[[str], LoadedRunbook]
"""Gives a runbook by its id.

Raises:
    UsageError: there is none.
    DocumentError: it does not fit the grammar.
"""

DEEPEST = 4
"""How many runbooks may lie within one another, the outermost counted."""


def shipped(name: str) -> LoadedRunbook:
    """Return a runbook that comes with the program: the library where none is given.

    Raises:
        UsageError: there is none of this name.
        DocumentError: it does not fit the grammar.
    """
    return load_runbook(find_runbook(name))


def family_problems(
    loaded: LoadedRunbook, registry: Registry, library: Library = shipped
) -> tuple[str, ...]:
    """Return what is wrong with a runbook, its operations, and every runbook that it opens.

    A runbook that opens itself, at whatever distance, is refused with the chain of who opens whom.
    """
    return tuple(_problems(loaded, registry, library, (loaded.runbook.id,)))


def _problems(
    loaded: LoadedRunbook, registry: Registry, library: Library, chain: tuple[str, ...]
) -> list[str]:
    where = f"{' → '.join(chain)}: " if len(chain) > 1 else ""
    problems = [f"{where}{problem}" for problem in operation_problems(loaded.runbook, registry)]
    for step in loaded.runbook.step:
        if step.kind is not StepKind.RUNBOOK:
            continue
        child = _opened(step, library, chain)
        if isinstance(child, str):
            problems.append(f"{where}step {step.id!r}: {child}")
            continue
        problems.extend(f"{where}step {step.id!r}: {x}" for x in _parameter_problems(step, child))
        problems.extend(_problems(child, registry, library, (*chain, step.do)))
    return problems


def _opened(step: Step, library: Library, chain: tuple[str, ...]) -> LoadedRunbook | str:
    """Return the runbook that a step opens, or why it cannot be opened there."""
    following = (*chain, step.do)
    if step.do in chain:
        return f"a runbook cannot open itself: {' → '.join(following)}."
    if len(following) > DEEPEST:
        return f"runbooks lie more than {DEEPEST} deep in one another: {' → '.join(following)}."
    try:
        child = library(step.do)
    except (UsageError, DocumentError) as error:
        return f"{error.what} {error.next_step}".strip()
    if child.runbook.id != step.do:
        return f"{child.where} holds the runbook {child.runbook.id!r}, not {step.do!r}."
    return child


def _parameter_problems(step: Step, child: LoadedRunbook) -> list[str]:
    known = child.runbook.params
    return [
        f"runbook {step.do!r} has no parameter {name!r}; {nearest_hint(name, known)}"
        for name in step.params
        if name not in known
    ]
