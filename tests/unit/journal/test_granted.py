"""Approvals in a journal: one that does not verify breaks it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from amlrunbook.journal import (
    Challenge,
    DrillIdentity,
    Identity,
    JournalWriter,
    KeyIdentity,
    Trust,
    Verdict,
    answer,
    drill_approver,
    read_answer,
    sshsig,
    verify,
)
from amlrunbook.journal.entry import Reason
from amlrunbook.journal.trust import parse_revocations
from amlrunbook.journal.verdict import Report
from tests.unit.journal.forge import ALICE, START, Forger, alice, bob, pinned, stopped_host

BOTH = pinned(alice(), bob())
THIRD = Ed25519PrivateKey.from_private_bytes(bytes(range(9, 41)))


def asked(forger: Forger, **changes: object) -> Challenge:
    fields: dict[str, object] = {
        "run": "7f3a",
        "journal": forger.journal_id,
        "plan_digest": "ab" * 32,
        "step": "promote",
        "title": "Fail over",
        "summary": "s",
        "resources": ("/r",),
        "loss": "",
        "risk": "data-loss",
        "asked_by": ALICE,
        "asked_key": sshsig.fingerprint(alice().public_key),
        "needed": 1,
        "asked_at": "2026-03-01T11:55:00Z",
        "expires": "2026-03-01T12:10:00Z",
        "nonce": "00" * 16,
        "drill": False,
    }
    return Challenge(**(fields | changes))  # type: ignore[arg-type]


def body(on: Challenge, identity: Identity, **changes: object) -> dict[str, object]:
    given = read_answer(answer(on, identity, granted=True))
    return {
        "step": on.step,
        "challenge": on.text(),
        "principal": given.principal,
        "sig": given.sig,
        "public_key": given.public_key,
    } | changes


def report_on(
    tmp_path: Path, forger: Forger, trust: Trust | None = BOTH, *, after: timedelta = timedelta()
) -> Report:
    return verify(forger.save(tmp_path / "j"), trust=trust, now=START + after)


def test_an_approval_that_holds_is_named_in_the_report(tmp_path: Path) -> None:
    forger = Forger().open()
    forger.add("approval.granted", body(asked(forger), bob())).add("journal.close", {})
    report = report_on(tmp_path, forger)
    assert report.verdict is Verdict.VALID_CLOSED
    (one,) = report.approvals
    assert (one.n, one.step, one.principal, one.proven) == (1, "promote", bob().principal, True)


def bad_bodies() -> dict[str, dict[str, object]]:
    forger = Forger()
    good = asked(forger)
    own_second = KeyIdentity("carol@contoso.example", alice()._key)
    unknown = KeyIdentity("eve@contoso.example", THIRD)
    no = read_answer(answer(good, bob(), granted=False))
    return {
        "own principal": body(good, alice()),
        "own key under another name": body(good, own_second),
        "unknown key": body(good, unknown),
        "expired": body(asked(forger, expires="2026-03-01T11:59:00Z"), bob()),
        "of another journal": body(asked(forger, journal="ff" * 16), bob()),
        "of a drill": body(asked(forger, drill=True), bob()),
        "of another step": body(good, bob(), step="other"),
        "altered": body(good, bob(), challenge=asked(forger, loss="less").text()),
        "a no": body(good, bob(), sig=no.sig),
        "no signature": body(good, bob(), sig=""),
        "no key": body(good, bob(), public_key=""),
        "weak key": body(good, bob(), public_key=sshsig.to_base64(bytes(32))),
        "no challenge": body(good, bob(), challenge="{}"),
        "missing fields": {"step": "promote"},
        "wrong types": body(good, bob(), challenge=1),
    }


@pytest.mark.parametrize("name", bad_bodies())
def test_an_approval_that_does_not_hold_breaks_the_journal(tmp_path: Path, name: str) -> None:
    forger = Forger().open().add("note", {})
    forger.add("approval.granted", bad_bodies()[name]).add("journal.close", {})
    for fast in (False, True):
        report = verify(forger.save(tmp_path / "j"), trust=BOTH, now=START, fast=fast)
        assert report.verdict is Verdict.BROKEN
        assert report.first_bad is not None
        assert (report.first_bad.n, report.first_bad.reason) == (2, Reason.APPROVAL)
        assert report.trusted == 2


def test_the_one_who_runs_it_now_does_not_approve_what_another_asked(tmp_path: Path) -> None:
    forger = Forger().open().add("handover", {"principal": bob().principal})
    forger.identity = bob()
    forger.open()
    forger.add("approval.granted", body(asked(forger), bob()))
    report = report_on(tmp_path, forger)
    assert (report.verdict, report.entries) == (Verdict.BROKEN, 3)


def test_a_key_that_was_revoked_before_breaks_and_one_revoked_since_is_unproven(
    tmp_path: Path,
) -> None:
    forger = Forger().open()
    forger.add("approval.granted", body(asked(forger), bob()))
    for since, verdict in (("20260301115959Z", Verdict.BROKEN), ("20260302Z", Verdict.VALID_OPEN)):
        line = f"{sshsig.fingerprint(bob().public_key)} {since} stolen"
        trust = Trust(
            signers=BOTH.signers,
            source="pinned",
            revocations=parse_revocations(line, source="revoked"),
        )
        assert report_on(tmp_path, forger, trust).verdict is verdict
        late = report_on(tmp_path, forger, trust, after=timedelta(days=2))
        if verdict is Verdict.VALID_OPEN:
            assert late.verdict is Verdict.UNPROVEN_IDENTITY
            assert (
                "signed them, but nothing proves whose approval entry 1 is: the key was revoked"
                in (late.sentence())
            )


def test_without_a_list_an_approval_is_checked_and_unproven(tmp_path: Path) -> None:
    forger = Forger().open()
    forger.add("approval.granted", body(asked(forger), bob()))
    report = report_on(tmp_path, forger, None)
    assert (report.verdict, report.approvals[0].proven) == (Verdict.UNPROVEN_IDENTITY, False)
    forger = Forger().open()
    forger.add("approval.granted", bad_bodies()["altered"])
    assert report_on(tmp_path, forger, None).verdict is Verdict.BROKEN


def test_what_was_asked_before_the_damage_counts_in_the_next_segment(tmp_path: Path) -> None:
    forger = Forger().open()
    forger.add("segment.continues", {"j": "ee" * 16, "n": 3, "prev": "", "reason": "x"})
    forger.add("approval.granted", body(asked(forger, journal="ee" * 16), bob()))
    assert report_on(tmp_path, forger).verdict is Verdict.VALID_OPEN


def test_a_drills_approval_holds_by_its_own_list_and_in_no_live_journal(tmp_path: Path) -> None:
    identity = DrillIdentity.create(tmp_path)
    robin = drill_approver(tmp_path, "robin")
    with JournalWriter.create(
        tmp_path, identity=identity, drill=True, host=stopped_host()
    ) as writer:
        forger = Forger()
        forger.journal_id = writer.journal_id
        challenge = asked(
            forger,
            drill=True,
            asked_by="drill",
            asked_key=sshsig.fingerprint(identity.public_key),
        )
        writer.append([("approval.granted", body(challenge, robin))])
    assert verify(tmp_path, trust=None).label == "DRILL VALID-OPEN"
    live = Forger().open()
    live.add("approval.granted", body(asked(live, drill=True), robin))
    report = verify(live.save(tmp_path / "j"), trust=pinned(alice(), robin), now=START)
    assert (report.label, report.entries) == ("BROKEN", 1)
    (tmp_path / "drill-approvers").unlink()
    assert verify(tmp_path, trust=None).label == "DRILL UNPROVEN-IDENTITY"
    (tmp_path / "drill-approvers").write_text("robin what is this\n")
    assert verify(tmp_path, trust=None).label == "DRILL BROKEN"
