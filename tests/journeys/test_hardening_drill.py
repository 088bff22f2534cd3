"""Hardening practised: what is attached is mended too, by one confirmed request each, and judged from the world."""

from __future__ import annotations

import json
from pathlib import Path

from tests.journeys.test_drill import journal_of

WEAK = Path(__file__).with_name("attached-and-weak.toml")
CONFIRMED = (
    'otherwise = "auto"\n'
    "[[answer]]\nstep = 'cosmos-automatic-failover:cosmos-weak'\ndo = 'run'\n"
    "[[answer]]\nstep = 'cosmos-automatic-failover:cosmos-weak'\ndo = 'confirm'\ntyped = 'cosmos-weak'\n"
)
MENDED = {
    "point-in-time-restore:stlonely": "PUT",
    "log-retention:log-weak": "PATCH",
    "cosmos-automatic-failover:cosmos-weak": "PATCH",
    "traffic-ttl:tm-weak": "PATCH",
}


def test_what_is_attached_is_mended_and_the_world_says_so(desk) -> None:
    done = desk.run("drill", str(WEAK), "--answers", desk.answers(CONFIRMED))
    assert "Solved: 4 of 4 goals are reached." in done.stdout, done.stdout[-4000:] + done.stderr
    journal = journal_of(done)
    lines = Path(journal).read_text("utf-8").splitlines()
    sent = [e["body"] for line in lines if (e := json.loads(line)["e"])["kind"] == "action.sent"]
    for step, method in MENDED.items():
        assert [one["method"] for one in sent if one["step"] == step] == [method], step
    for words in (
        "stlonely: Point-in-time restore is on, 7 days.",
        "log-weak keeps logs for 90 days.",
        "Automatic failover of cosmos-weak is on.",
        "Callers keep the answers of tm-weak for 60 s.",
    ):
        assert f"verified: {words}" in done.stdout
    assert "DRILL VALID-CLOSED" in desk.run("journal", "verify", journal).stdout
