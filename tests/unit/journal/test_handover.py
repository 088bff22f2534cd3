"""Hand-over: offered, accepted by the one it was offered to, and countersigned."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from amlrunbook.errors import JournalError, RefusedError
from amlrunbook.journal import (
    DrillIdentity,
    JournalBusyError,
    JournalWriter,
    KeyIdentity,
    Verdict,
    read_entries,
    verify,
)
from amlrunbook.journal.verdict import Report
from tests.unit.journal.forge import (
    ALICE,
    START,
    Forger,
    alice,
    bob,
    lines_of,
    pinned,
    stopped_host,
)

BOB = bob().principal
ACCEPTS = {"verdict": "VALID-OPEN", "remarks": "all six entries read"}
MISSING = "the last entries of the one before may be missing"


HOST = stopped_host()
"""One clock for both hosts, so that no warning but the hand-over's is to be expected."""


def offered(folder: Path) -> JournalWriter:
    writer = JournalWriter.create(folder, identity=alice(), drill=False, host=HOST)
    writer.append([("note", {"text": "half way"})])
    writer.offer_handover(BOB, "the pool is still draining")
    return writer


def accept(folder: Path, identity: KeyIdentity | None = None, **more: object) -> JournalWriter:
    return JournalWriter.accept_handover(
        folder,
        identity or bob(),
        ACCEPTS,
        host=HOST,
        **more,  # type: ignore[arg-type]
    )


def judged(folder: Path) -> Report:
    return verify(folder, trust=pinned(alice(), bob()), now=START)


def test_the_receiver_countersigns_and_the_verdict_shows_who(tmp_path: Path) -> None:
    offered(tmp_path)
    with accept(tmp_path) as writer:
        writer.close({"outcome": "completed"})
    report = judged(tmp_path)
    assert (report.verdict, report.warnings) == (Verdict.VALID_CLOSED, ())
    first, second = report.sessions
    assert (first.principal, first.countersigned_by, first.accepts_verdict) == (ALICE, BOB, "")
    assert (second.principal, second.countersigned_by) == (BOB, "")
    assert (second.accepts_verdict, second.accepts_remarks) == (
        "VALID-OPEN",
        "all six entries read",
    )
    opening = [one for one in read_entries(tmp_path) if one.kind == "session.open"][1]
    assert opening.body["cert"]["accepts"] == ACCEPTS  # type: ignore[index]


def test_what_the_receiver_stated_is_under_their_signature(tmp_path: Path) -> None:
    offered(tmp_path)
    accept(tmp_path).release()
    path = tmp_path / "journal.jsonl"
    path.write_bytes(path.read_bytes().replace(b"all six", b"all two"))
    report = judged(tmp_path)
    assert (report.verdict, report.entries) == (Verdict.BROKEN, 3)


def test_after_the_offer_the_old_writer_refuses_for_good(tmp_path: Path) -> None:
    writer = offered(tmp_path)
    before = (tmp_path / "journal.jsonl").read_bytes()
    for act in (
        lambda: writer.append([("note", {"text": "one more"})]),
        lambda: writer.append([]) or writer.close({}),
        lambda: writer.add_evidence("x", b"x"),
        lambda: writer.offer_handover("carol@contoso.example"),
    ):
        with pytest.raises(JournalError, match="handed over to"):
            act()
    assert writer.is_dead
    assert (tmp_path / "journal.jsonl").read_bytes() == before
    assert not (tmp_path / "evidence").exists()
    accept(tmp_path).release()
    with pytest.raises(JournalError, match="handed over to"):
        writer.append([("note", {"text": "still here"})])


def test_the_old_operator_does_not_simply_resume(tmp_path: Path) -> None:
    offered(tmp_path)
    before = (tmp_path / "journal.jsonl").read_bytes()
    with pytest.raises(RefusedError, match=r"handed over to 'bob@contoso\.example'"):
        JournalWriter.reopen(tmp_path, identity=alice(), drill=False, host=stopped_host())
    assert (tmp_path / "journal.jsonl").read_bytes() == before


def test_only_the_one_it_was_offered_to_accepts(tmp_path: Path) -> None:
    offered(tmp_path)
    carol = KeyIdentity("carol@contoso.example", bob()._key)
    with pytest.raises(RefusedError, match="not to 'carol"):
        accept(tmp_path, carol)
    JournalWriter.create(
        tmp_path / "b", identity=alice(), drill=False, host=stopped_host()
    ).release()
    with pytest.raises(RefusedError, match="no offer"):
        accept(tmp_path / "b")


def test_a_hand_over_taken_by_force_is_warned_of_in_every_verdict(tmp_path: Path) -> None:
    JournalWriter.create(tmp_path, identity=alice(), drill=False, host=stopped_host()).release()
    accept(tmp_path, forced=True).release()
    report = judged(tmp_path)
    assert report.verdict is Verdict.VALID_OPEN
    assert [one for one in report.warnings if MISSING in one] == [
        f"entry 1: a session opened without a hand-over: {MISSING}"
    ]
    offered(tmp_path / "back")
    accept(tmp_path / "back", alice(), forced=True).release()
    assert MISSING in judged(tmp_path / "back").warnings[-1]


def test_while_somebody_writes_nobody_accepts(tmp_path: Path) -> None:
    with (
        JournalWriter.create(tmp_path, identity=alice(), drill=False, host=stopped_host()),
        pytest.raises(JournalBusyError),
    ):
        accept(tmp_path, forced=True)


def test_a_torn_tail_after_the_offer_does_not_stop_the_receiver(tmp_path: Path) -> None:
    offered(tmp_path)
    path = tmp_path / "journal.jsonl"
    path.write_bytes(path.read_bytes() + b'{"e":{"body')
    accept(tmp_path).release()
    report = judged(tmp_path)
    assert (report.verdict, report.warnings) == (Verdict.VALID_OPEN, ())
    assert [one.kind for one in read_entries(tmp_path)][-2:] == [
        "session.open",
        "recovery.torn_tail",
    ]


def test_what_is_written_after_the_offer_is_warned_of(tmp_path: Path) -> None:
    forger = Forger().open().add("handover", {"principal": BOB}).add("note", {"text": "late"})
    report = judged(forger.save(tmp_path / "j"))
    assert report.warnings == ("entry 2: was written after the run had been handed over",)


@pytest.mark.parametrize("principal", ["", "x" * 300])
def test_nobody_is_no_receiver(tmp_path: Path, principal: str) -> None:
    with JournalWriter.create(
        tmp_path, identity=alice(), drill=False, host=stopped_host()
    ) as writer:
        with pytest.raises(JournalError, match="no principal"):
            writer.offer_handover(principal)
        writer.append([("note", {"text": "still mine"})])


@pytest.mark.parametrize(
    "accepts", [{}, {"verdict": "x", "more": "y"}, {"verdict": "x" * 300}, {"verdict": 1}]
)
def test_a_receiver_states_verdict_and_remarks(tmp_path: Path, accepts: dict[str, str]) -> None:
    offered(tmp_path)
    before = lines_of(tmp_path / "journal.jsonl")
    with pytest.raises(JournalError, match="verdict and remarks"):
        JournalWriter.accept_handover(tmp_path, bob(), accepts, host=stopped_host())
    assert lines_of(tmp_path / "journal.jsonl") == before


def test_what_the_receiver_remarks_is_masked_before_it_is_signed(tmp_path: Path) -> None:
    offered(tmp_path)
    accepts = {"verdict": "VALID-OPEN", "remarks": "AccountKey=abcdefgh in the ticket"}
    JournalWriter.accept_handover(tmp_path, bob(), accepts, host=stopped_host()).release()
    assert "abcdefgh" not in (tmp_path / "journal.jsonl").read_text()
    assert judged(tmp_path).verdict is Verdict.VALID_OPEN


def test_accepts_in_a_form_that_is_not_known_is_refused_by_the_verifier(tmp_path: Path) -> None:
    for value in ("text", {"verdict": 1}, {"remarks": "x"}, {"verdict": "x", "z": "y"}):
        forger = Forger().open(lambda cert, value=value: cert.__setitem__("accepts", value))
        report = judged(forger.save(tmp_path / "j"))
        assert (report.verdict, report.entries) == (Verdict.BROKEN, 0), json.dumps(value)


def test_a_drill_rehearses_the_hand_over_with_its_own_key(tmp_path: Path) -> None:
    identity = DrillIdentity.create(tmp_path)
    host = stopped_host()
    writer = JournalWriter.create(tmp_path, identity=identity, drill=True, host=host)
    writer.offer_handover("robin")
    JournalWriter.accept_handover(tmp_path, identity, ACCEPTS, drill=True, host=host).release()
    report = verify(tmp_path, trust=None)
    assert (report.label, report.warnings) == ("DRILL VALID-OPEN", ())
