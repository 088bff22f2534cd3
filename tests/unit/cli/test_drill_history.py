"""Earlier drills: what their journals say they scored, and how a new one stands to them."""

from __future__ import annotations

import pytest

from amlrunbook.cli.drill_history import EarlierDrill, compared, earlier_drills
from amlrunbook.cli.drill_world import acts_of
from amlrunbook.executor.ledger import JournalLedger
from amlrunbook.journal import DrillIdentity
from amlrunbook.state import events as e
from amlrunbook.store.runs import new_run_folder


def drilled(points: int) -> EarlierDrill:
    score = e.DrillScore(points=points, out_of=100, text="x")
    return EarlierDrill("region-dark", None, score)


@pytest.mark.parametrize(
    ("points", "earlier", "says"),
    [
        (50, [], "first drill"),
        (50, [40], "1 earlier drill of this scenario: best 40, last 40; this one 50, a new best."),
        (
            50,
            [40, 60],
            "2 earlier drills of this scenario: best 60, last 40; this one 50, below it.",
        ),
        (60, [40, 60], "as good as the best"),
    ],
)
def test_a_score_is_held_against_the_earlier_ones(points, earlier, says):
    assert says in compared(points, [drilled(one) for one in earlier])


def run_on_disk(*events: e.Event, damaged: bool = False):
    folder = new_run_folder("assessment").path
    ledger = JournalLedger.create(folder, DrillIdentity.create(folder), drill=True)
    ledger.append(tuple(events))
    ledger.close("completed")
    if damaged:
        (folder / "journal.jsonl").write_bytes(b"\xff\x00 no journal")
    return folder


def opened(scenario: str) -> e.RunOpened:
    return e.RunOpened(
        run="r", runbook="assessment", runbook_version="1", runbook_digest="0" * 64,
        plan_digest="1" * 64, title="t", profile="p", mode="drill", operator="o", program="x",
        scenario=scenario,
    )  # fmt: skip


def test_scores_are_read_from_journals_and_what_cannot_be_read_is_passed_over(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("AMLRUNBOOK_HOME", str(tmp_path))
    scored = e.DrillScore(points=42, out_of=100, text="Not solved.")
    own = run_on_disk(opened("region-dark"), scored)
    run_on_disk(opened("region-dark"))
    run_on_disk(opened("region-dark"), scored, damaged=True)
    (found,) = earlier_drills()
    assert (found.scenario, found.score) == ("region-dark", scored)
    assert earlier_drills(but=own) == []


def test_the_first_word_detects_and_the_first_decision_decides():
    def at(second: int, event: e.Event) -> e.Recorded:
        return e.Recorded(n=0, t=f"2026-01-01T00:00:{second:02}.000Z", event=event)

    declared = e.ClockDeclared(severity="1", target_seconds=60)
    decided = e.DecisionMade(step="s", choice="c", text="t")
    both = acts_of((at(5, decided), at(9, declared), at(30, decided)))
    assert both.detected_at == both.decided_at
    other = acts_of((at(2, declared), at(9, decided)))
    assert other.decided_at - other.detected_at == 7
    assert acts_of(()).detected_at is None
