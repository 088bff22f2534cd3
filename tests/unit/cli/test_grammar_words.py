"""Child runbooks, variants and successor plans, by prompt, by answers, by default, and as linear text."""

from __future__ import annotations

import pytest

from amlrunbook.cli.answers import (
    Answer,
    Answers,
    AnswersOperator,
    Do,
    Otherwise,
    fitting,
    load_answers,
)
from amlrunbook.cli.operators import AutoOperator
from amlrunbook.cli.plain import PlainText
from amlrunbook.cli.prompts import command_from
from amlrunbook.errors import DocumentError
from amlrunbook.executor import commands as c
from amlrunbook.executor.forecast import Forecast, Percentiles
from amlrunbook.model.finding import Verdict
from amlrunbook.model.mode import Mode
from amlrunbook.state import events as e
from amlrunbook.state.transitions import StepState
from tests.unit.cli.test_operators import play
from tests.unit.executor.family import family_of, inside, opens, small_family
from tests.unit.executor.ground import LookAt, check, ground_of, plan_of, switch_step

WAYS = {"variant": "graceful", "variants": ("graceful", "rough")}


def test_auto_opens_a_child_runbook_and_goes_through_it():
    run, stop = play(small_family())
    assert stop is None
    assert run.state.step("child").state is StepState.PASSED
    assert run.state.closed.exit_code == 0


def test_auto_leaves_a_child_runbook_out_whole_where_it_cannot_begin():
    ground = family_of(
        check("first"),
        opens("child", needs=("first",)),
        inside("child", check("a")),
        checks=[LookAt("first", Verdict.FAIL)],
    )
    run, stop = play(ground)
    assert stop is None
    assert run.state.step("child").state is StepState.SKIPPED
    assert run.state.step("child/a").skipped_by is e.SkippedBy.PARENT


def test_a_file_of_answers_switches_a_variant_and_speaks_of_steps_within():
    ground = ground_of(switch_step(**WAYS))
    answers = Answers(
        otherwise=Otherwise.AUTO,
        answer=(
            Answer(step="switch", do=Do.SWITCH_VARIANT, variant="rough", reason="It is dark."),
            Answer(step="switch", do=Do.CONFIRM),
        ),
    )
    fitting(answers, ground.plan, where="x")
    run, stop = play(ground, AnswersOperator(answers, AutoOperator(Mode.DRILL)))
    assert stop is None
    assert run.state.step("switch").variant == "rough"
    assert run.state.step("switch").state is StepState.VERIFIED
    within = Answers(
        otherwise=Otherwise.AUTO,
        answer=(Answer(step="child/a", do=Do.SKIP, reason="No time."),),
    )
    ground = small_family()
    fitting(within, ground.plan, where="x")
    run, _ = play(ground, AnswersOperator(within, AutoOperator(Mode.DRILL)))
    assert run.state.step("child/a").text == "No time."


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('variant = "rough"', "must have 'reason'"),
        ('variant = "ruogh"\nreason = "x"', "did you mean 'rough'?"),
        ('reason = "x"', "must have 'variant'"),
    ],
)
def test_an_answer_that_switches_to_nothing_is_refused(tmp_path, text, says):
    path = tmp_path / "answers.toml"
    path.write_text(f'[[answer]]\nstep = "switch"\ndo = "switch-variant"\n{text}\n', "utf-8")
    with pytest.raises(DocumentError) as refused:
        fitting(load_answers(path), plan_of(switch_step(**WAYS)), where=str(path))
    assert says in refused.value.diagnostics()


def test_a_typed_line_switches_a_variant():
    assert command_from("variant rough it is dark\n", "switch", None) == c.SwitchVariant(
        step="switch", variant="rough", reason="it is dark"
    )


@pytest.mark.parametrize(
    ("event", "says"),
    [
        (e.ChildOpened(step="s", runbook="other", plan_digest="d"), "opened: runbook other"),
        (
            e.ChildClosed(step="s", runbook="other", outcome=e.RunOutcome.COMPLETED),
            "ended: runbook other, completed",
        ),
        (
            e.VariantChanged(step="s", before="a", after="b", reason="why"),
            "variant: a to b: why",
        ),
        (
            e.StepDoneOutside(step="s", evidence="Ticket", observed="It is off", speaks="against"),
            "SEEN     It is off (against)",
        ),
        (
            e.PlanAdopted(before="a", after="b", difference="one\n\x1b[2Jtwo", reason="New."),
            "The run goes on by another plan. New.",
        ),
    ],
)
def test_what_happened_is_told_in_lines_that_no_terminal_obeys(event, says):
    lines = list(PlainText(plan_of(check("s")), fancy=True).event(event))
    assert any(says in line for line in lines)
    assert "\x1b" not in "".join(lines)


def test_a_step_says_its_variants_and_what_it_takes():
    known = Forecast(machine={"switch": Percentiles(p50=38 * 60, p90=61 * 60, runs=4)})
    plan = plan_of(switch_step(budget_seconds=75 * 60, **WAYS))
    lines = list(PlainText(plan, fancy=True, forecast=known).step(plan.steps[0]))
    assert "    TAKES    budget 75 min · p50 38 min · p90 61 min" in lines
    assert "    VARIANT  graceful, of graceful, rough" in lines


def test_what_goes_on_beside_the_step_in_sight_says_whose_it_is():
    text = PlainText(plan_of(check("s")), fancy=False)
    lines = list(
        text.beside("many:one", text.event(e.ActionVerified(step="many:one", text="There.")))
    )
    assert lines == ["  [many:one] + verified: There."]
