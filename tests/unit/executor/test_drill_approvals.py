"""Approvals rehearsed: a drill's own approvers count in that drill, a live key does not, and the journal proves it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from amlrunbook.errors import RefusedError
from amlrunbook.executor.commands import AskApproval, Close, Confirm, GiveAnswer, RunStep
from amlrunbook.executor.ledger import JournalLedger
from amlrunbook.executor.opening import Who, open_new
from amlrunbook.executor.people import utc_now
from amlrunbook.journal import DrillIdentity, drill_approver, drill_approvers, sshsig, verify
from amlrunbook.model.mode import Mode
from amlrunbook.state.transitions import StepState
from tests.unit.executor.ground import SNAPSHOT
from tests.unit.executor.peopled import SAM, answered, two_persons_ground


@pytest.fixture
def run(tmp_path):
    ground = two_persons_ground(mode=Mode.DRILL)
    identity = DrillIdentity.create(tmp_path)
    ledger = JournalLedger.create(tmp_path, identity, drill=True)
    people = replace(
        ground.people,
        principal=identity.principal,
        key=sshsig.fingerprint(identity.public_key),
        journal=ledger.journal_id,
        trust=lambda: drill_approvers(tmp_path),
        now=utc_now,
    )
    opened = open_new(
        ledger,
        ground.plan,
        SNAPSHOT,
        ground.operations,
        who=Who(run="d", operator="olga", mode=Mode.DRILL, scenario="s"),
        people=people,
    )
    opened.perform(RunStep(step="switch"))
    opened.perform(AskApproval(step="switch"))
    yield opened
    opened.stage.record.release()


def test_a_drills_named_approver_counts_and_the_journal_says_so(run, tmp_path):
    text = answered(run, drill_approver(tmp_path, "tina"))
    run.perform(GiveAnswer(step="switch", text=text))
    run.perform(Confirm(step="switch", typed="stone"))
    assert run.state.step("switch").state is StepState.VERIFIED
    run.perform(Close())
    report = verify(tmp_path, trust=None)
    assert report.label == "DRILL VALID-CLOSED"
    assert [(one.principal, one.proven) for one in report.approvals] == [("tina", True)]


def test_neither_the_drill_itself_nor_a_live_key_counts(run, tmp_path):
    drill_approver(tmp_path, "tina")
    for identity, why in ((DrillIdentity.load(tmp_path), "the one who asks"), (SAM, "sam")):
        with pytest.raises(RefusedError, match=why):
            run.perform(GiveAnswer(step="switch", text=answered(run, identity)))
    with pytest.raises(RefusedError, match="0 of 1"):
        run.perform(Confirm(step="switch", typed="stone"))
