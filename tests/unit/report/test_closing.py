"""The closing report: out of plan and state alone, the same words in every form."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from msgspec.structs import replace

from amlrunbook.executor import commands as c
from amlrunbook.executor.one_page import one_page
from amlrunbook.model.finding import Verdict
from amlrunbook.planning.conditions import StepCondition
from amlrunbook.planning.grammar import Choice, StepKind
from amlrunbook.report.closing import closing_report
from amlrunbook.report.closing_text import as_json, as_lines, as_markdown, as_text
from amlrunbook.state.events import Ruling
from tests.unit.executor.ground import (
    LookAt,
    Switch,
    check,
    decision,
    ground_of,
    planned,
    switch_step,
)
from tests.unit.executor.test_conditions import asks

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def came_to(*steps, commands=(), world=None):
    ground = ground_of(*steps, world=world or Switch())
    run = ground.open()
    for command in commands:
        run.perform(command)
    return closing_report(run.stage.plan, run.state)


def sections(report):
    text = {}
    for line in as_lines(report):
        if line and line[0].isupper() and ":" in line and line.split(":")[0].isupper():
            label, _, rest = line.partition(":")
            text[label] = [rest.strip()] if rest.strip() else []
        elif line.startswith("  ") and text:
            text[next(reversed(text))].append(line.strip())
    return text


def test_what_was_moved_stands_apart_from_what_was_not():
    report = came_to(
        check("look"),
        switch_step("first"),
        switch_step("second"),
        planned("by-hand", StepKind.MANUAL, undo="Turn it back."),
        commands=(
            c.RunStep(step="look"),
            c.RunStep(step="first"),
            c.Confirm(step="first"),
            c.DoneOutside(step="by-hand", evidence="Seen."),
            c.Skip(step="second", reason="Not ours."),
        ),
    )
    said = sections(report)
    assert [item.step for item in report.moved] == ["first", "by-hand"]
    assert said["NOT MOVED"] == ["Second: skipped: Not ours."]
    assert said["IN DOUBT"] == ["nothing"]
    assert any("Turn it back." in line for line in said["NEXT"])
    assert not any(line.startswith("Not done") for line in said["NEXT"])


def test_a_doubt_comes_first_and_a_step_that_does_not_concern_the_pair_is_not_missed():
    report = came_to(
        switch_step("act"),
        switch_step("other", not_applicable="There is nothing to do it to."),
        commands=(
            c.RunStep(step="act"),
            c.Confirm(step="act"),
            c.Rule(step="act", ruling=Ruling.CANNOT_TELL, reason="Nobody knows."),
        ),
        world=Switch(behaviour="lost"),
    )
    assert [item.step for item in report.in_doubt] == ["act"]
    assert report.not_moved == ()
    assert report.next[0].startswith("Find out whether it happened: Act")


def test_a_false_alarm_has_nothing_to_undo():
    report = came_to(
        decision(
            "alarm",
            Choice(id="false", text="It is none", next="end"),
            Choice(id="true", text="It is one"),
        ),
        switch_step("act"),
        check("end"),
        commands=(
            c.Decide(step="alarm", choice="false", reason="It answers."),
            c.RunStep(step="end"),
            c.Close(),
        ),
    )
    assert report.moved == ()
    assert report.not_moved == ()
    assert "Nothing was moved: nothing has to be undone." in report.next
    assert sections(report)["DECIDED"] == ["Alarm: It is none (It answers.)"]
    assert report.outcome


def test_a_false_alarm_says_what_is_still_amiss():
    ground = ground_of(
        check("callers"),
        decision("alarm", Choice(id="false", text="It is none", next="end")),
        check("end"),
        checks=[LookAt("callers", Verdict.FAIL)],
    )
    run = ground.open()
    run.perform(c.RunStep(step="callers"))
    run.perform(c.Decide(step="alarm", choice="false"))
    run.perform(c.RunStep(step="end"))
    run.perform(c.Close())
    report = closing_report(run.stage.plan, run.state)
    assert "Not mended by this run: Callers (failed), as noticed above." in report.next
    assert "End" not in "".join(report.next), "what passed is well"


def test_a_step_that_was_left_out_once_and_is_called_for_again_is_missed():
    ground = ground_of(
        check("a"),
        switch_step("mend", when=StepCondition(all=(asks("a", "failed"),))),
        checks=[LookAt("a", Verdict.PASS, Verdict.FAIL)],
    )
    run = ground.open()
    run.perform(c.DeclareIncident(severity="1"))
    run.perform(c.RunStep(step="a"))
    assert closing_report(run.stage.plan, run.state).not_moved == ()
    assert one_page(run.stage.plan, run.state, NOW).row("NOT MOVED").items == ()
    run.perform(c.RunStep(step="a"))
    assert [x.step for x in closing_report(run.stage.plan, run.state).not_moved] == ["mend"]
    assert one_page(run.stage.plan, run.state, NOW).row("NOT MOVED").items == ("Mend",)


def test_every_form_says_the_same_and_none_obeys_what_came_from_outside():
    report = came_to(switch_step("act"), commands=(c.Skip(step="act", reason="No\x1b[31m <b>|"),))
    assert json.loads(as_json(report))["not_moved"][0]["step"] == "act"
    assert "\x1b" not in as_text(report) + as_markdown(report) + as_json(report)
    assert "<b>" not in as_markdown(report)
    assert as_text(report, ascii_only=True).isascii()


def test_the_clock_says_whether_the_promise_was_kept():
    report = came_to(check("look"))
    late = replace(
        report, declared="2026-01-01T00:00:00Z", served_after_seconds=4000, target_seconds=3600
    )
    assert "MISSED its target 60 min 00 s" in as_text(late)
    assert "within target" in as_text(replace(late, served_after_seconds=10))
    assert "not served yet" in as_text(replace(late, served_after_seconds=None))
