"""A small plan with a child plan in it, and what tests want to know of it."""

from __future__ import annotations

from amlrunbook.planning.grammar import StepKind
from amlrunbook.planning.plan import ChildPlan
from tests.unit.executor.ground import Ground, check, ground_of, planned


def opens(name: str, **fields):
    """Return a step that opens another runbook."""
    return planned(name, StepKind.RUNBOOK, do="other", **fields)


def inside(parent: str, step):
    """Return ``step`` as one of the child plan of ``parent``."""
    from msgspec.structs import replace

    return replace(
        step,
        id=f"{parent}/{step.id}",
        base=f"{parent}/{step.base}",
        parent=parent,
        needs=tuple(f"{parent}/{need}" for need in step.needs),
    )


def child_of(parent: str, title: str = "Other") -> ChildPlan:
    """Return whose plan the steps under ``parent`` are."""
    return ChildPlan(
        step=parent, runbook="other", runbook_version="1", runbook_digest="1" * 64, title=title
    )


def family_of(*steps, mode=None, **fields) -> Ground:
    """Return a ground whose plan has a child for every runbook step."""
    from msgspec.structs import replace

    from amlrunbook.model.mode import Mode

    ground = ground_of(*steps, mode=mode or Mode.DRILL, **fields)
    children = tuple(child_of(step.id) for step in steps if step.kind is StepKind.RUNBOOK)
    ground.plan = replace(ground.plan, children=children)
    return ground


def small_family(**fields) -> Ground:
    """Return a ground: ``first``, ``child`` with ``child/a`` and ``child/b``, ``last`` that needs the child."""
    return family_of(
        check("first"),
        opens("child", needs=("first",)),
        inside("child", check("a")),
        inside("child", check("b", needs=("a",))),
        check("last", needs=("child",)),
        **fields,
    )
