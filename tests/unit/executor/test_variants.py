"""Variants: switched mid-run, never under an action that is under way or a proposal that was shown."""

from __future__ import annotations

import pytest

from amlrunbook.errors import RefusedError
from amlrunbook.executor.commands import Confirm, RunStep, SwitchVariant
from amlrunbook.state import events as e
from amlrunbook.state.transitions import StepState
from tests.unit.executor.ground import SwitchOn, check, ground_of, switch_step

WAYS = {"variant": "graceful", "variants": ("graceful", "rough")}


class Way(SwitchOn):
    """The switch, done one way or the other."""

    def preview(self, context):
        from msgspec.structs import replace

        self.seen = context.variant
        return replace(super().preview(context), summary=f"Turns it on, {context.variant}.")

    def apply(self, context, preview, intent, reporter):
        self.applied = context.variant
        return super().apply(context, preview, intent, reporter)


def ground_here():
    ground = ground_of(switch_step(**WAYS), check("plain"))
    ground.operations["switch.on"] = Way(ground.world)
    return ground


def switch(variant="rough", reason="The region is dark."):
    return SwitchVariant(step="switch", variant=variant, reason=reason)


def test_a_proposal_made_the_other_way_is_taken_back_and_made_anew():
    ground = ground_here()
    run = ground.open()
    run.perform(RunStep(step="switch"))
    assert run.state.step("switch").proposal.summary == "Turns it on, graceful."
    run.perform(switch())
    record = run.state.step("switch")
    assert (record.state, record.variant, record.proposal) == (StepState.READY, "rough", None)
    with pytest.raises(RefusedError):
        run.perform(Confirm(step="switch"))
    run.perform(RunStep(step="switch"))
    assert run.state.step("switch").proposal.summary == "Turns it on, rough."
    run.perform(Confirm(step="switch"))
    assert ground.operations["switch.on"].applied == "rough"
    changed = next(x for x in ground.disk.events if isinstance(x, e.VariantChanged))
    assert (changed.before, changed.after, changed.reason) == (
        "graceful",
        "rough",
        "The region is dark.",
    )


def test_a_run_that_goes_on_knows_the_variant():
    ground = ground_here()
    ground.open().perform(switch())
    run = ground.resume()
    run.perform(RunStep(step="switch"))
    assert ground.operations["switch.on"].seen == "rough"


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (switch("gentle"), "graceful, rough"),
        (switch("graceful"), "already"),
        (switch(reason=" "), "a reason"),
        (SwitchVariant(step="plain", variant="rough", reason="x"), "one way only"),
    ],
)
def test_a_variant_that_is_none_is_refused(command, says):
    run = ground_here().open()
    with pytest.raises(RefusedError) as refused:
        run.perform(command)
    assert says in refused.value.diagnostics()


@pytest.mark.parametrize("behaviour", ["lost", "unanswered"])
def test_nothing_is_switched_under_an_action_that_is_under_way(behaviour):
    ground = ground_here()
    ground.world.behaviour = behaviour
    run = ground.open()
    run.perform(RunStep(step="switch"))
    run.perform(Confirm(step="switch"))
    with pytest.raises(RefusedError, match="in-doubt"):
        run.perform(switch())


def test_after_a_failure_another_way_can_be_taken():
    ground = ground_here()
    ground.world.behaviour = "refused"
    run = ground.open()
    run.perform(RunStep(step="switch"))
    run.perform(Confirm(step="switch"))
    run.perform(switch())
    ground.world.behaviour = "works"
    run.perform(RunStep(step="switch"))
    run.perform(Confirm(step="switch"))
    assert run.state.step("switch").state is StepState.VERIFIED
    with pytest.raises(RefusedError, match="verified"):
        run.perform(switch("graceful"))
