"""The run as linear text: nothing that a terminal obeys, a word beside every sign, ASCII where it must be."""

from __future__ import annotations

import re

from amlrunbook.cli.plain import PlainText, one_line
from amlrunbook.model.finding import Finding, Verdict
from amlrunbook.model.mode import Mode
from amlrunbook.model.operation import Confirmation, Risk
from amlrunbook.state import events as e
from amlrunbook.state.fold import RunState
from tests.unit.executor.ground import check, ground_of, plan_of, switch_step

HOSTILE = "stone\x1b]0;owned\x07\n[1/1] faked step\r\u202etxt\u2028x\x9b2J"
OBEYED = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def every_line(text, events, findings=()):
    lines = [line for event in events for line in text.event(event)]
    return [*lines, *text.findings(findings)]


def test_hostile_texts_neither_steer_the_terminal_nor_fake_a_line():
    hostile = Finding(
        check=HOSTILE,
        resource=HOSTILE,
        verdict=Verdict.FAIL,
        title=HOSTILE,
        observed=HOSTILE,
        expected=HOSTILE,
        why=HOSTILE,
        source=HOSTILE,
        remedy=HOSTILE,
        command=HOSTILE,
    )
    proposal = e.ActionProposed(
        step="s",
        operation="o",
        summary=HOSTILE,
        requests=(HOSTILE,),
        resources=(HOSTILE,),
        risk=Risk.DATA_LOSS,
        confirmation=Confirmation.TYPE_NAME,
        before=HOSTILE,
        loses=HOSTILE,
        undo=HOSTILE,
        commands=(HOSTILE,),
    )
    doubt = e.ActionDoubted(step="s", why=HOSTILE, evidence_for=(HOSTILE,))
    events = [
        e.StepUnknown(step="s", text=HOSTILE),
        e.StepSkipped(step=HOSTILE, reason=HOSTILE),
        e.NoteAdded(text=HOSTILE),
        proposal,
        doubt,
    ]
    plan = plan_of(check("a", not_applicable=HOSTILE, commands=(HOSTILE,)))
    text = PlainText(plan, fancy=True)
    state = ground_of(*plan.steps).open().state
    lines = [
        *every_line(text, events, (hostile,)),
        *text.header(Mode.DRILL, HOSTILE, state),
        *text.plan(state),
        *text.step(plan.steps[0]),
    ]
    assert not [line for line in lines if OBEYED.search(line)]
    assert not [line for line in lines if line.startswith("[1/1] faked")]


def test_without_unicode_everything_of_ours_is_ascii():
    plan = plan_of(check("a"), switch_step(needs=("a",)))
    text = PlainText(plan, fancy=False)
    state = ground_of(*plan.steps).open().state
    lines = [*text.header(Mode.LIVE, "olga", state), *text.plan(state)]
    assert "".join(lines).isascii()


def test_the_mode_is_a_word_at_the_start_of_the_first_line():
    for mode in Mode:
        first = next(PlainText(plan_of(check("a")), fancy=True).header(mode, "olga", RunState()))
        assert first.startswith(f"[{mode.word}] ")


def test_a_command_stays_on_one_line_whole():
    command = "az storage account update " + "--name stone " * 40
    assert one_line(command) == command.strip()


def test_an_action_says_what_it_loses_and_how_it_is_undone_even_where_that_is_nothing():
    proposal = e.ActionProposed(
        step="switch",
        operation="o",
        summary="s",
        requests=(),
        resources=(),
        risk=Risk.REVERSIBLE,
        confirmation=Confirmation.ENTER,
    )
    lines = list(PlainText(plan_of(switch_step()), fancy=True).event(proposal))
    assert "    LOSES    nothing" in lines
    assert "    UNDO     there is no undo" in lines


def test_an_action_that_cannot_be_previewed_says_how_it_is_done_by_hand():
    step = switch_step("s", commands=("az look",), by_hand=("az change", HOSTILE))
    text = PlainText(plan_of(step), fancy=True)
    lines = list(text.event(e.StepUnknown(step="s", text="no answer")))
    assert [line.strip() for line in lines[1:3]] == ["BY HAND  az look", "BY HAND  az change"]
    assert not [line for line in lines if OBEYED.search(line)]
    asked = PlainText(plan_of(check("a", commands=("az look",))), fancy=True)
    assert len(list(asked.event(e.StepUnknown(step="a", text="no answer")))) == 1


def test_by_hand_is_not_the_way_that_was_left():
    step = switch_step(
        "s", variant="forced", variants=("forced", "planned"), by_hand=("az change --force",)
    )
    text = PlainText(plan_of(step), fancy=True)
    list(text.event(e.VariantChanged(step="s", before="forced", after="planned")))
    for each in (text, text.of(plan_of(step))):
        lines = list(each.event(e.StepUnknown(step="s", text="no answer")))
        assert not [line for line in lines if "az change --force" in line]
