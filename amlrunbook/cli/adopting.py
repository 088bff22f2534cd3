"""A run that goes on after its runbook or its inventory changed: by its own plan, or by the one there is now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from amlrunbook.errors import UsageError

if TYPE_CHECKING:
    from amlrunbook.azure.gateway import AzureGateway
    from amlrunbook.cli.parts import LeftRun
    from amlrunbook.executor.commands import AdoptPlan
    from amlrunbook.executor.run import Executor
    from amlrunbook.planning.plan import Plan


@dataclass(frozen=True, slots=True)
class Changes:
    """What the command line says of what changed since the run was left."""

    kept_out: bool
    """``--accept-changed``: go on by the run's own plan."""
    adopted: bool
    """``--adopt-changed``: go on by the plan that the runbook gives now."""
    looked_anew: bool
    """``--look-anew``: take the inventory anew for that plan."""

    def checked(self) -> Changes:
        """Return this, if it says one thing.

        Raises:
            UsageError: it says to keep the plan and to change it.
        """
        if self.kept_out and (self.adopted or self.looked_anew):
            raise UsageError(
                "--accept-changed keeps the run's plan; --adopt-changed and --look-anew change it.",
                next_step="Say one of the two.",
            )
        if self.looked_anew and not self.adopted:
            raise UsageError(
                "--look-anew takes the inventory for a plan that is adopted.",
                next_step="Say --adopt-changed as well.",
            )
        return self

    def refuse_difference(self, difference: tuple[str, ...], left: str) -> None:
        """Refuse a plan that differs, unless somebody said what is to be done about it.

        Raises:
            ChangedRunbookError: nobody did.
        """
        from amlrunbook.executor.opening import ChangedRunbookError

        if difference and not (self.kept_out or self.adopted):
            raise ChangedRunbookError(difference, left)


def adoption(
    executor: Executor, found: LeftRun, runbook: str, changes: Changes, gateway: AzureGateway
) -> AdoptPlan | None:
    """Propose the plan of today to a run that was left, say what differs, and return the word that adopts it.

    ``None`` where nothing is to be adopted.

    Raises:
        RefusedError: the plan cannot follow the run's own.
    """
    from amlrunbook.cli import talk
    from amlrunbook.cli.parts import looked_at, plan_now
    from amlrunbook.executor.commands import AdoptPlan

    if not changes.adopted:
        return None
    drill = found.folder if found.is_drill else None
    profile = found.left.plan.profile
    snapshot = looked_at(gateway, profile, drill=drill) if changes.looked_anew else None
    plan = plan_now(found, runbook, snapshot)
    if plan is None or _says_the_same(plan, executor.stage.plan):
        talk.say("The plan is what it was; there is nothing to adopt.")
        return None
    successor = executor.propose_successor(plan, snapshot)
    talk.say("The run goes on by another plan:")
    for line in successor.difference:
        talk.say(f"  {line}")
    words = "--adopt-changed --look-anew" if changes.looked_anew else "--adopt-changed"
    return AdoptPlan(digest=successor.digest, reason=f"Resumed with {words}.")


def _says_the_same(plan: Plan, own: Plan) -> bool:
    from amlrunbook.executor.difference import plan_difference

    return not plan_difference(own, plan)
