"""What differs between two plans, in lines for the person who is to say yes to it. Pure."""

from __future__ import annotations

import msgspec

from amlrunbook.planning.plan import ChildPlan, Plan


def plan_difference(before: Plan, after: Plan) -> tuple[str, ...]:
    """Return what differs between two plans, a line each; empty where nothing does."""
    lines = [*_steps(before, after), *_runbooks(before, after)]
    if before.snapshot_digest != after.snapshot_digest:
        lines.append(
            f"the inventory is another: taken {after.snapshot_taken or 'at an unknown time'}, "
            f"before {before.snapshot_taken or 'at an unknown time'}"
        )
    if before.profile != after.profile:
        lines.append(f"profile: {', '.join(_changed(before.profile, after.profile))} changed")
    return tuple(lines)


def _steps(before: Plan, after: Plan) -> list[str]:
    old = {step.id: step for step in before.steps}
    new = {step.id: step for step in after.steps}
    lines = [f"step {name!r} was taken out" for name in old if name not in new]
    lines.extend(f"step {name!r} was added" for name in new if name not in old)
    for name, step in old.items():
        changed = _changed(step, new.get(name, step))
        if changed:
            lines.append(f"step {name!r}: {', '.join(changed)} changed")
    kept = [name for name in old if name in new]
    if kept != [name for name in new if name in old]:
        lines.append("the order of the steps changed")
    if not lines and before.runbook_digest != after.runbook_digest:
        lines.append("the file's bytes changed, no step did")
    return lines


def _runbooks(before: Plan, after: Plan) -> list[str]:
    old = {child.step: child for child in before.children}
    return [
        f"runbook {child.runbook!r}, which {child.step} opens, changed"
        for child in after.children
        if _other(old.get(child.step), child)
    ]


def _other(old: ChildPlan | None, new: ChildPlan) -> bool:
    return old is not None and old.runbook_digest != new.runbook_digest


def _changed(old: msgspec.Struct, new: msgspec.Struct) -> list[str]:
    return [field for field in old.__struct_fields__ if getattr(old, field) != getattr(new, field)]
