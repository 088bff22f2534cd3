"""Operators without a screen: what the defaults do, and what they leave to a person."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from amlrunbook.cli.answers import Answer, Answers, AnswersOperator, Do, Otherwise, command_of
from amlrunbook.cli.operators import AutoOperator, Stop
from amlrunbook.cli.prompts import command_from
from amlrunbook.errors import AmlRunbookError, ExitCode
from amlrunbook.executor import commands as c
from amlrunbook.model.finding import Verdict
from amlrunbook.model.mode import Mode
from amlrunbook.model.operation import Confirmation
from amlrunbook.planning.grammar import Choice, StepKind
from amlrunbook.state.events import Ruling
from amlrunbook.state.transitions import StepState
from tests.unit.executor.ground import LookAt, check, decision, ground_of, planned, switch_step


def play(ground, operator=None):
    """Let an operator drive to the end; returns the run and the stop, if there was one."""
    operator = operator or AutoOperator(ground.mode)
    run = ground.open()
    for _ in range(200):
        if run.state.closed is not None or run.state.paused:
            return run, None
        command = operator.next(run.stage.plan, run.state, run.focus)
        if isinstance(command, Stop):
            return run, command
        try:
            run.perform(command)
        except AmlRunbookError as error:
            operator.refused(command, error)
    raise AssertionError("it does not end")


def test_auto_takes_every_default_and_closes():
    ground = ground_of(
        check("a"),
        decision("d", Choice(id="x", text="X"), Choice(id="y", text="Y", default=True)),
        switch_step(),
    )
    run, stop = play(ground)
    assert stop is None
    assert run.state.step("d").decision.choice == "y"
    assert run.state.step("switch").state is StepState.VERIFIED
    assert run.state.closed.exit_code == 0


@pytest.mark.parametrize(
    ("confirmation", "words"),
    [
        (Confirmation.TYPE_NAME, "typing the resource's name"),
        (Confirmation.TWO_PERSONS, "two persons"),
    ],
)
def test_auto_never_gives_a_persons_word(confirmation, words):
    ground = ground_of(switch_step(), confirmation=confirmation)
    run, _ = play(ground)
    assert run.state.step("switch").state is StepState.SKIPPED
    assert words in run.state.step("switch").text
    assert ground.world.puts == []


def test_auto_in_read_only_shows_what_would_be_done_and_leaves_it():
    ground = ground_of(switch_step(), mode=Mode.READ_ONLY)
    run, _ = play(ground)
    assert run.state.step("switch").proposal is not None
    assert "read-only" in run.state.step("switch").text
    assert run.state.closed.exit_code == 0
    assert ground.world.puts == []


def test_auto_leaves_what_is_done_by_hand_and_what_that_blocks():
    ground = ground_of(planned("m", StepKind.MANUAL), check("b", needs=("m",)))
    run, _ = play(ground)
    assert run.state.step("b").text == "--auto: needs m, which is skipped"


def test_auto_waits_once():
    ground = ground_of(
        planned("w", StepKind.WAIT, check="look", every_seconds=10, until="PT1M"),
        checks=[LookAt("look", Verdict.FAIL)],
    )
    run, _ = play(ground)
    assert run.state.step("w").state is StepState.SKIPPED
    assert "not in time" in run.state.step("w").text


def test_auto_does_not_rule_on_a_doubt():
    ground = ground_of(switch_step())
    ground.world.behaviour = "unanswered"
    run, stop = play(ground)
    assert "only a person" in stop.reason
    assert run.state.exit_code is ExitCode.IN_DOUBT


def answered(*answers, otherwise=Otherwise.PAUSE, mode=Mode.DRILL):
    return AnswersOperator(Answers(otherwise=otherwise, answer=answers), AutoOperator(mode))


def test_a_confirmation_answers_the_proposal_it_needs():
    ground = ground_of(switch_step(), confirmation=Confirmation.TYPE_NAME)
    run, stop = play(ground, answered(Answer(step="switch", do=Do.CONFIRM, typed="stone")))
    assert stop is None
    assert run.state.step("switch").state is StepState.VERIFIED


def test_a_refused_answer_stops_with_its_reason_and_code():
    ground = ground_of(switch_step(), confirmation=Confirmation.TYPE_NAME)
    _, stop = play(ground, answered(Answer(step="switch", do=Do.CONFIRM, typed="stony")))
    assert "not the name" in stop.reason
    assert stop.exit_code is ExitCode.REFUSED


def test_an_answer_by_the_runbooks_id_goes_to_every_instance():
    one = check("a")
    ground = ground_of(replace(one, id="a:one"), replace(one, id="a:two"))
    run, stop = play(
        ground,
        answered(
            Answer(step="a", do=Do.SKIP, reason="Not today."),
            Answer(step="a:two", do=Do.RUN),
            otherwise=Otherwise.PAUSE,
        ),
    )
    assert stop is None
    assert run.state.step("a:one").state is StepState.SKIPPED
    assert run.state.step("a:two").state is StepState.PASSED


def test_a_doubt_can_be_ruled_by_an_answer():
    ground = ground_of(switch_step())
    ground.world.behaviour = "unanswered"
    run, _ = play(
        ground,
        answered(
            Answer(step="switch", do=Do.CONFIRM),
            Answer(step="switch", do=Do.RULE, ruling=Ruling.HAPPENED, reason="Seen."),
        ),
    )
    assert run.state.step("switch").state is StepState.VERIFIED


def test_what_is_not_answered_stops_as_a_wrong_call():
    _, stop = play(ground_of(check("a")), answered())
    assert stop.exit_code is ExitCode.USAGE


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("skip too late now\n", c.Skip(step="s", reason="too late now")),
        ("confirm  stone \n", c.Confirm(step="s", typed="stone")),
        ("overrule a we know", c.Overrule(step="s", need="a", reason="we know")),
        ("happened it is on", c.Rule(step="s", ruling=Ruling.HAPPENED, reason="it is on")),
        ("go because", c.Decide(step="s", choice="go", reason="because")),
        ("choose go", c.Decide(step="s", choice="go")),
        ("note  hello", c.AddNote(step="s", text="hello")),
        ("y", None),
        ("yes", None),
        ("", None),
    ],
)
def test_typed_words(line, command):
    step = decision("s", Choice(id="go", text="Go"))
    assert command_from(line, "s", step) == command


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("ask", c.AskApproval(step="s")),
        ("answer amlanswer1.x.end", c.GiveAnswer(step="s", text="amlanswer1.x.end")),
        ("glass nobody answers", c.BreakGlass(step="s", reason="nobody answers")),
        (
            "overrule-safety one-writable-copy east is lost",
            c.OverruleSafety(step="s", rule="one-writable-copy", reason="east is lost"),
        ),
        ("handover sam mind the cat", c.OfferHandover(principal="sam", text="mind the cat")),
        ("incident sev1 it is dark", c.DeclareIncident(severity="sev1", text="it is dark")),
        ("probes", c.RunProbes()),
        ("hint", c.AskHint()),
        ("update 10 told them", c.GiveUpdate(text="told them", next_minutes=10)),
        ("update told them", c.GiveUpdate(text="told them")),
    ],
)
def test_the_words_of_a_prompt_for_people(line, command):
    assert command_from(line, "s", None) == command


@pytest.mark.parametrize("line", ["ask", "answer x", "glass x", "overrule-safety x y"])
def test_what_is_about_a_step_means_nothing_without_one(line):
    assert command_from(line, "", None) is None


@pytest.mark.parametrize(
    ("answer", "command"),
    [
        (Answer(step="s", do=Do.ASK_APPROVAL), c.AskApproval(step="s")),
        (Answer(step="s", do=Do.GIVE_ANSWER, text="t"), c.GiveAnswer(step="s", text="t")),
        (
            Answer(step="s", do=Do.BREAK_GLASS, reason="r", typed="t"),
            c.BreakGlass(step="s", reason="r", typed="t"),
        ),
        (
            Answer(step="s", do=Do.OVERRULE_SAFETY, rule="x", reason="r"),
            c.OverruleSafety(step="s", rule="x", reason="r"),
        ),
        (
            Answer(step="s", do=Do.HANDOVER, principal="sam", text="t"),
            c.OfferHandover(principal="sam", text="t"),
        ),
        (
            Answer(step="s", do=Do.DECLARE, severity="sev1"),
            c.DeclareIncident(severity="sev1"),
        ),
        (Answer(step="s", do=Do.PROBES), c.RunProbes()),
        (Answer(step="s", do=Do.HINT), c.AskHint()),
        (Answer(step="s", do=Do.UPDATE, text="t"), c.GiveUpdate(text="t")),
    ],
)
def test_the_words_of_an_answers_file_for_people(answer, command):
    assert command_of(answer, "s") == command


def test_an_answers_file_breaks_the_glass_in_a_drill_and_types_the_name():
    ground = ground_of(switch_step(), confirmation=Confirmation.TWO_PERSONS)
    answers = Answers(
        answer=(
            Answer(step="switch", do=Do.BREAK_GLASS, reason="Alone.", typed=c.GLASS_PHRASE),
            Answer(step="switch", do=Do.CONFIRM, typed="stone"),
        )
    )
    run, _ = play(ground, AnswersOperator(answers, AutoOperator(Mode.DRILL)))
    assert run.state.step("switch").state is StepState.VERIFIED
    assert run.state.broken_glass == 1
