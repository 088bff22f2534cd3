"""People in linear text: every word of theirs is told, pages change nothing, and nothing steers the terminal."""

from __future__ import annotations

import io
import sys
from datetime import UTC, datetime

import pytest

from amlrunbook.cli.operators import Stop
from amlrunbook.cli.plain import PlainText
from amlrunbook.cli.plain_people import PAGES, page
from amlrunbook.cli.prompts import PromptOperator
from amlrunbook.executor import commands as c
from amlrunbook.model.mode import Mode
from amlrunbook.state import events as e
from tests.unit.cli.test_plain import HOSTILE, OBEYED
from tests.unit.executor.ground import plan_of, switch_step
from tests.unit.executor.peopled import two_persons_ground
from tests.unit.executor.test_calls import Made

NOW = datetime(2026, 1, 1, tzinfo=UTC)
EVENTS = [
    e.ApprovalAsked(step="s", challenge=HOSTILE, needed=1, expires=HOSTILE),
    e.ApprovalGranted(step="s", challenge="", principal=HOSTILE, sig="", comment=HOSTILE),
    e.ApprovalDeclined(step="s", principal=HOSTILE, comment=HOSTILE),
    e.ApprovalRefused(step="s", reason=HOSTILE),
    e.ApprovalExpired(step="s", challenge=""),
    e.GlassBroken(step="s", reason=HOSTILE, operator=HOSTILE),
    e.SafetyViolated(rule=HOSTILE, text=HOSTILE),
    e.SafetyOverruled(rule=HOSTILE, reason=HOSTILE, principals=(HOSTILE,)),
    e.ClockDeclared(severity=HOSTILE, target_seconds=60, text=HOSTILE),
    e.ProbeRed(probe=HOSTILE, text=HOSTILE),
    e.ProbeGreen(probe=HOSTILE, text=HOSTILE),
    e.ClockStopped(text=HOSTILE),
    e.UpdateGiven(text=HOSTILE),
    e.HandoverOffered(principal=HOSTILE, text=HOSTILE),
    e.HandoverAccepted(principal=HOSTILE, text=HOSTILE),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.KIND)
def test_each_is_told_in_lines_that_a_terminal_only_shows(event):
    lines = list(PlainText(plan_of(switch_step()), fancy=False).event(event))
    assert lines
    assert not any(OBEYED.search(line) for line in lines)
    assert all(line.startswith("  ") for line in lines)


def asked_run():
    run = two_persons_ground(mode=Mode.LIVE).open()
    run.perform(c.RunStep(step="switch"))
    run.perform(c.AskApproval(step="switch"))
    run.call_made(Made(path=f"/x{HOSTILE}"))
    run.perform(c.AddNote(text="so"))
    return run


@pytest.mark.parametrize(
    ("word", "holds"),
    [
        ("1", "WAITING   on approval: Switch, 0 of 1"),
        ("calls", "200     12 ms GET /x"),
        ("status", "Not done yet: Switch"),
        ("contacts", "The profile names no contact."),
        ("ticket", "Subscription: 1111"),
        ("token", "amlask1."),
    ],
)
def test_a_page_is_shown_and_changes_nothing(word, holds):
    run = asked_run()
    before = run.stage.record.entries
    lines = page(word, run.stage.plan, run.state, before, step="switch", now=NOW)
    assert any(holds in line for line in lines)
    assert not any(OBEYED.search(line) for line in lines)
    assert run.stage.record.entries == before


def test_a_prompt_shows_pages_until_a_command_is_typed(monkeypatch, capsys):
    run = asked_run()
    typed = "".join(f"{word}\n" for word in [*PAGES, "?", "nonsense", "probes"])
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    operator = PromptOperator(Mode.LIVE, lambda: run.stage.record.entries)
    assert operator.next(run.stage.plan, run.state, "switch") == c.RunProbes()
    said = capsys.readouterr()
    assert "amlask1." in said.out
    assert "NEXT SAFE" in said.out
    assert "ask (approval)" in said.err
    assert "handover PERSON" in said.err
    assert "none of these words" in said.err


def test_breaking_the_glass_asks_for_its_phrase(monkeypatch, capsys):
    run = asked_run()
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"glass nobody answers\n{c.GLASS_PHRASE}\n"))
    operator = PromptOperator(Mode.LIVE)
    command = operator.next(run.stage.plan, run.state, "switch")
    assert command == c.BreakGlass(step="switch", reason="nobody answers", typed=c.GLASS_PHRASE)
    run.perform(command)
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert isinstance(operator.next(run.stage.plan, run.state, "switch"), Stop)
