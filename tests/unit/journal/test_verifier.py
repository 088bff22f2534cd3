"""Verification against everybody in the threat table that needs no anchor."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from itertools import permutations
from pathlib import Path

import pytest

from amlrunbook.journal import (
    DrillIdentity,
    JournalWriter,
    KeyIdentity,
    ThrowAwayIdentity,
    Verdict,
    canonical,
    sshsig,
    verify,
)
from amlrunbook.journal.entry import LINE_LIMIT, Reason
from amlrunbook.journal.identity import DRILL_KEY_FILE, DRILL_PUBLIC_FILE
from amlrunbook.journal.lines import read_lines
from amlrunbook.journal.namespaces import DRILL, LIVE
from amlrunbook.journal.verdict import Island, Report
from tests.unit.journal.forge import (
    ALICE,
    START,
    Forger,
    alice,
    bob,
    lines_of,
    pinned,
    stopped_host,
    write_journal,
)

TRUST = pinned(alice())


def judged(path: Path, *, fast: bool = False) -> Report:
    return verify(path, trust=TRUST, now=START, fast=fast)


def test_a_good_journal_is_valid_and_its_report_says_all(tmp_path: Path) -> None:
    write_journal(tmp_path / "run", 40)
    report = judged(tmp_path / "run")
    assert (report.verdict, report.exit_code, report.label) == (
        Verdict.VALID_CLOSED,
        0,
        "VALID-CLOSED",
    )
    assert (report.entries, report.trusted, report.first_bad) == (40, 40, None)
    assert [(one.principal, one.first, one.last) for one in report.sessions] == [(ALICE, 0, 39)]
    assert report.warnings == ()
    assert report.sentence() == (
        "Entries 0-39 are as their operators signed them, and the journal was closed."
    )


def test_fast_says_the_same_of_a_good_journal(tmp_path: Path) -> None:
    write_journal(tmp_path / "run", 40)
    fast, full = judged(tmp_path / "run", fast=True), judged(tmp_path / "run")
    assert (fast.verdict, fast.root, fast.entries) == (full.verdict, full.root, full.entries)
    assert (fast.fast, full.fast, full.entries) == (True, False, 40)


def test_without_its_closing_entry_a_journal_is_open(tmp_path: Path) -> None:
    write_journal(tmp_path / "run", 5, close=False)
    report = judged(tmp_path / "run")
    assert (report.verdict, report.exit_code) == (Verdict.VALID_OPEN, 10)
    assert report.sentence().endswith("nothing shows whether entries were removed after 4.")


def flips(data: bytes, step: int) -> list[tuple[int, int]]:
    """A position and the bit to turn there, spread over all bits."""
    return [(position, 1 << (position % 8)) for position in range(0, len(data), step)]


def assert_flips_are_caught(tmp_path: Path, step: int) -> None:
    lines = write_journal(tmp_path / "run", 40)
    data, path = b"".join(lines), tmp_path / "run" / "journal.jsonl"
    for position, bit in flips(data, step):
        changed = bytearray(data)
        changed[position] ^= bit
        path.write_bytes(changed)
        line = data[:position].count(b"\n")
        report = judged(path, fast=bool(position % 2))
        assert report.verdict in {Verdict.BROKEN, Verdict.TORN_TAIL}, position
        assert report.first_bad is not None
        assert report.first_bad.n == report.entries == report.trusted == line, position
        assert report.first_bad.offset == sum(map(len, lines[:line]))
        assert report.verdict is Verdict.BROKEN or line == 39


def test_single_bit_flips_are_caught_and_the_right_line_is_named(tmp_path: Path) -> None:
    assert_flips_are_caught(tmp_path, 83)


@pytest.mark.campaign
@pytest.mark.timeout(3600)
def test_every_single_byte_flip_is_caught_and_the_right_line_is_named(tmp_path: Path) -> None:
    assert_flips_are_caught(tmp_path, 1)


def test_of_all_orders_and_choices_of_four_lines_only_prefixes_hold(tmp_path: Path) -> None:
    lines = write_journal(tmp_path / "run", 4)
    path = tmp_path / "run" / "journal.jsonl"
    for count in range(1, 5):
        for choice in permutations(range(4), count):
            path.write_bytes(b"".join(lines[i] for i in choice))
            report = judged(path)
            good = next((n for n, i in enumerate(choice) if n != i), count)
            assert report.entries == good, choice
            whole = {True: Verdict.VALID_CLOSED, False: Verdict.VALID_OPEN}[count == 4]
            assert report.verdict is (whole if good == count else Verdict.BROKEN), choice


def test_a_doubled_line_is_named(tmp_path: Path) -> None:
    lines = write_journal(tmp_path / "run", 6)
    path = tmp_path / "run" / "journal.jsonl"
    path.write_bytes(b"".join([*lines[:3], lines[2], *lines[3:]]))
    report = judged(path)
    assert report.first_bad is not None
    assert (report.first_bad.n, report.first_bad.reason) == (3, Reason.NUMBER)


def test_a_line_of_another_journal_by_the_same_hand_is_named(tmp_path: Path) -> None:
    one, two = write_journal(tmp_path / "a", 8), write_journal(tmp_path / "b", 8)
    path = tmp_path / "spliced.jsonl"
    path.write_bytes(b"".join([*one[:5], *two[5:]]))
    report = judged(path)
    assert report.first_bad is not None
    assert (report.first_bad.n, report.first_bad.reason) == (5, Reason.JOURNAL)
    assert report.islands == ()


def test_what_is_signed_after_the_damage_is_reported_as_islands(tmp_path: Path) -> None:
    lines = write_journal(tmp_path / "run", 20)
    path = tmp_path / "run" / "journal.jsonl"
    altered = [line.replace(b'"note 7"', b'"note 8"') for line in lines]
    del altered[14]
    path.write_bytes(b"".join(altered))
    report = judged(path)
    assert (report.verdict, report.entries) == (Verdict.BROKEN, 8)
    assert report.islands == (
        Island(first=9, last=13, principal=ALICE),
        Island(first=15, last=19, principal=ALICE),
    )
    assert "9-13 carry the signature of alice@contoso.example" in report.sentence()


def test_the_next_operators_session_is_an_island_too(tmp_path: Path) -> None:
    forger = Forger().open().add("note", {"text": "first"})
    forger.add_line(b'{"e":{},"s":"' + b"A" * 88 + b'"}\n')
    forger.identity = bob()
    forger.key = KeyIdentity("x", alice()._key)._key
    forger.session = forger.key.public_key().public_bytes_raw()
    forger.open().add("note", {"text": "second"})
    path = forger.save(tmp_path / "j")
    report = verify(path, trust=pinned(alice(), bob()), now=START)
    assert report.islands == (Island(first=3, last=4, principal=bob().principal),)
    assert judged(path).islands == ()


TAILS = [
    b'{"e":{"body":{"text":"never ackn',
    b"\0" * 4096,
    b"\xff\xfe garbage\nmore of it\n\n{",
    b"{",
    b"\n",
    b"\0" * 100 + b"\n" + b"\0" * 100,
]


@pytest.mark.parametrize("tail", TAILS)
def test_what_a_crash_leaves_is_a_torn_tail(tmp_path: Path, tail: bytes) -> None:
    write_journal(tmp_path / "run", 5, close=False)
    path = tmp_path / "run" / "journal.jsonl"
    with path.open("ab") as file:
        file.write(tail)
    report = judged(path)
    assert (report.verdict, report.exit_code) == (Verdict.TORN_TAIL, 11)
    assert (report.entries, report.trusted, report.torn_bytes) == (5, 5, len(tail))


def test_a_good_line_after_garbage_is_damage_and_no_torn_tail(tmp_path: Path) -> None:
    lines = write_journal(tmp_path / "run", 5)
    path = tmp_path / "run" / "journal.jsonl"
    for tail in (b"", b"\0" * 50, b"garbage\n"):
        path.write_bytes(b"".join(lines[:3]) + b"\0" * 50 + b"\n" + lines[4] + tail)
        assert judged(path).verdict is Verdict.BROKEN


def test_nothing_may_follow_the_close(tmp_path: Path) -> None:
    forger = Forger().open().add("journal.close", {}).add("note", {"text": "late"})
    report = judged(forger.save(tmp_path / "j"))
    assert report.first_bad is not None
    assert (report.first_bad.n, report.first_bad.reason) == (2, Reason.AFTER_CLOSE)


def drop(name: str) -> Callable[[dict[str, object]], None]:
    return lambda certificate: certificate.__delitem__(name)


def put(name: str, value: object) -> Callable[[dict[str, object]], None]:
    return lambda certificate: certificate.__setitem__(name, value)


ZERO = sshsig.to_base64(bytes(32))
ONE = sshsig.to_base64((1).to_bytes(32, "little"))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (drop("root"), Reason.SESSION),
        (drop("v"), Reason.SESSION),
        (put("extra", 1), Reason.SESSION),
        (put("n", 1), Reason.SESSION),
        (put("n", value=False), Reason.SESSION),
        (put("root", ZERO), Reason.SESSION),
        (put("prev", ONE), Reason.SESSION),
        (put("j", "f" * 32), Reason.SESSION),
        (put("v", "amlrunbook.journal/2"), Reason.SESSION),
        (put("principal", ""), Reason.SESSION),
        (put("principal", 5), Reason.SESSION),
        (put("t", "yesterday"), Reason.SESSION),
        (put("session", "x"), Reason.SESSION),
        (put("session", None), Reason.SESSION),
        (put("session", ONE), Reason.WEAK_KEY),
        (put("session", sshsig.to_base64(b"\xff" * 32)), Reason.WEAK_KEY),
        (put("session", sshsig.to_base64(alice().public_key)), Reason.SESSION_KEY),
    ],
)
def test_a_correctly_signed_certificate_that_is_wrong_is_refused(
    tmp_path: Path, change: Callable[[dict[str, object]], None], reason: Reason
) -> None:
    report = judged(Forger().open(change).add("note", {}).save(tmp_path / "j"))
    assert report.first_bad is not None
    assert (report.verdict, report.first_bad.n, report.first_bad.reason) == (
        Verdict.BROKEN,
        0,
        reason,
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"ident": ONE}, Reason.WEAK_KEY),
        ({"ident": sshsig.to_base64(bob().public_key)}, Reason.SIGNATURE),
        ({"sig": sshsig.to_base64(bytes(64))}, Reason.SIGNATURE),
        ({"sig": 1}, Reason.SESSION),
        ({"sig": "x"}, Reason.SESSION),
        ({"more": 1}, Reason.SESSION),
        ({"cert": []}, Reason.SESSION),
    ],
)
def test_a_session_that_is_not_certified_is_refused(
    tmp_path: Path, body: dict[str, object], reason: Reason
) -> None:
    report = judged(Forger().open(**body).save(tmp_path / "j"))
    assert report.first_bad is not None
    assert report.first_bad.reason is reason


def test_a_certificate_may_carry_what_the_receiver_accepted(tmp_path: Path) -> None:
    forger = Forger().open(put("accepts", {"verdict": "VALID-OPEN", "remarks": "none"}))
    assert judged(forger.save(tmp_path / "j")).verdict is Verdict.VALID_OPEN


def test_the_first_entry_must_open_a_session(tmp_path: Path) -> None:
    report = judged(Forger().add("note", {}).save(tmp_path / "j"))
    assert report.first_bad is not None
    assert report.first_bad.reason is Reason.SESSION


@pytest.mark.parametrize("raw", [b'{"a":1,"a":2}', b'{"a":1.5}', b'{"a": 1}', b'{"A":1}', b"{}"])
def test_signed_but_malformed_entries_are_refused(tmp_path: Path, raw: bytes) -> None:
    report = judged(Forger().open().add_raw(raw).add("note", {}).save(tmp_path / "j"))
    assert report.first_bad is not None
    assert (report.verdict, report.first_bad.n) == (Verdict.BROKEN, 1)
    assert report.first_bad.reason in {Reason.CANONICAL, Reason.FIELDS}


def test_true_is_not_the_number_one(tmp_path: Path) -> None:
    """Python says True == 1; another verifier would not."""
    report = judged(Forger().open().add("note", {}, n=True).save(tmp_path / "j"))
    assert report.first_bad is not None
    assert (report.first_bad.n, report.first_bad.reason) == (1, Reason.FIELDS)


def test_an_old_session_key_may_not_come_back(tmp_path: Path) -> None:
    forger = Forger().open()
    old = forger.key, forger.session
    forger.key = alice()._key
    forger.session = alice().public_key
    forger.open().add("note", {})
    forger.key, forger.session = old
    report = judged(forger.add("note", {"text": "from the grave"}).save(tmp_path / "j"))
    assert report.first_bad is not None
    assert (report.first_bad.n, report.first_bad.reason) == (3, Reason.SESSION_KEY)
    assert [one.countersigned_by for one in report.sessions] == ["", ""]


def test_a_certificates_signature_does_not_pass_for_an_entrys(tmp_path: Path) -> None:
    forger = Forger().open()
    entry = canonical.encode(forger.fields("note", {}))
    report = judged(forger.add_raw(entry, namespace=LIVE.session).save(tmp_path / "j"))
    assert report.first_bad is not None
    assert report.first_bad.reason is Reason.SIGNATURE


def test_a_bad_signature_in_the_middle_is_seen_in_full_and_excused_when_fast(
    tmp_path: Path,
) -> None:
    """What fast verification does not notice, by design: an entry badly signed when written."""
    forger = Forger().open()
    entry = canonical.encode(forger.fields("note", {}))
    forger.add_raw(entry, namespace="other@amlrunbook.example").add("note", {})
    path = forger.save(tmp_path / "j")
    assert judged(path).verdict is Verdict.BROKEN
    assert judged(path, fast=True).verdict is Verdict.VALID_OPEN


# whose it is


def test_without_a_pinned_list_nothing_is_proven(tmp_path: Path) -> None:
    write_journal(tmp_path / "run", 4)
    report = verify(tmp_path / "run", trust=None)
    assert (report.verdict, report.exit_code, report.trusted) == (Verdict.UNPROVEN_IDENTITY, 20, 0)
    assert report.entries == 4


@pytest.mark.parametrize(
    "options",
    [
        'namespaces="*@amlrunbook.drill.v1"',
        'valid-before="20260201Z"',
        'valid-after="20260302Z"',
    ],
)
def test_a_key_pinned_for_another_use_or_time_proves_nothing(tmp_path: Path, options: str) -> None:
    write_journal(tmp_path / "run", 4)
    report = verify(tmp_path / "run", trust=pinned(alice(), options=options), now=START)
    assert report.verdict is Verdict.UNPROVEN_IDENTITY


def test_a_key_that_has_expired_since_proves_nothing_by_itself(tmp_path: Path) -> None:
    """The journal's own time is its writer's claim."""
    write_journal(tmp_path / "run", 4)
    trust = pinned(alice(), options='valid-before="20270101Z"')
    assert verify(tmp_path / "run", trust=trust, now=START).exit_code == 0
    later = datetime(2028, 1, 1, tzinfo=UTC)
    assert verify(tmp_path / "run", trust=trust, now=later).exit_code == 20


def test_a_journal_made_anew_under_another_key_is_not_proven(tmp_path: Path) -> None:
    impostor = KeyIdentity(ALICE, bob()._key)
    report = judged(Forger(impostor).open().add("journal.close", {}).save(tmp_path / "j"))
    assert report.verdict is Verdict.UNPROVEN_IDENTITY
    assert sshsig.fingerprint(bob().public_key) in report.sentence()


def test_a_second_session_that_is_not_proven_ends_what_is_trusted(tmp_path: Path) -> None:
    forger = Forger().open().add("note", {})
    forger.identity = bob()
    report = judged(forger.open().add("note", {}).save(tmp_path / "j"))
    assert (report.verdict, report.entries, report.trusted) == (Verdict.UNPROVEN_IDENTITY, 4, 2)


def test_a_security_keys_session_is_not_proven_yet_and_never_valid(tmp_path: Path) -> None:
    forger = Forger()
    body = {
        "cert": forger.certificate(),
        "ident": sshsig.to_base64(alice().public_key),
        "sshsig": "AAAA",
    }
    report = judged(forger.add("session.open", body).save(tmp_path / "j"))
    assert report.verdict is Verdict.UNPROVEN_IDENTITY
    assert "security key" in report.sentence()


def test_a_throw_away_identity_is_nobodys_whatever_is_pinned(tmp_path: Path) -> None:
    identity = ThrowAwayIdentity()
    writer = JournalWriter.create(tmp_path, identity=identity, drill=False, host=stopped_host())
    writer.close({"outcome": "completed"})
    for trust in (None, TRUST, pinned(identity)):
        report = verify(tmp_path, trust=trust, now=START)
        assert (report.verdict, report.exit_code, report.trusted) == (Verdict.UNATTRIBUTED, 21, 0)


# drills


def drill_journal(folder: Path) -> DrillIdentity:
    identity = DrillIdentity.create(folder)
    writer = JournalWriter.create(folder, identity=identity, drill=True, host=stopped_host())
    writer.append([("note", {"text": "practice"})])
    writer.close({"outcome": "completed"})
    return identity


def test_a_drill_is_recognised_and_checked_against_its_own_key(tmp_path: Path) -> None:
    identity = drill_journal(tmp_path)
    report = verify(tmp_path, trust=None)
    assert (report.label, report.exit_code, report.drill) == ("DRILL VALID-CLOSED", 0, True)
    assert (tmp_path / DRILL_KEY_FILE).stat().st_mode & 0o777 == 0o600
    (tmp_path / DRILL_PUBLIC_FILE).unlink()
    assert verify(tmp_path, trust=None).label == "DRILL UNPROVEN-IDENTITY"
    given = verify(tmp_path, trust=None, drill_key=identity.public_key)
    assert given.label == "DRILL VALID-CLOSED"


def test_a_drills_verdict_names_it_whatever_the_pinned_list_holds(tmp_path: Path) -> None:
    identity = drill_journal(tmp_path)
    for options in ("", 'namespaces="*"', 'namespaces="*@amlrunbook.drill.v1"'):
        trust = pinned(identity, alice(), options=options)
        report = verify(tmp_path, trust=trust, now=START)
        assert report.label == "DRILL VALID-CLOSED"
        (tmp_path / DRILL_PUBLIC_FILE).rename(tmp_path / "elsewhere")
        assert verify(tmp_path, trust=trust, now=START).label == "DRILL UNPROVEN-IDENTITY"
        (tmp_path / "elsewhere").rename(tmp_path / DRILL_PUBLIC_FILE)


def test_a_drill_under_another_drills_key_is_not_proven(tmp_path: Path) -> None:
    drill_journal(tmp_path / "one")
    drill_journal(tmp_path / "two")
    (tmp_path / "one" / "journal.jsonl").replace(tmp_path / "two" / "journal.jsonl")
    report = verify(tmp_path / "two", trust=None)
    assert report.label == "DRILL UNPROVEN-IDENTITY"
    assert "not this drill's own key" in report.sentence()


@pytest.mark.parametrize(("first", "second"), [(LIVE, DRILL), (DRILL, LIVE)])
def test_a_journal_does_not_change_between_drill_and_live(
    tmp_path: Path, first: object, second: object
) -> None:
    for kind in ("session", "both", "entry"):
        forger = Forger(namespaces=first).open().add("note", {})
        if kind == "session":
            forger.open(namespace=second.session)
        elif kind == "both":
            forger.namespaces = second
            forger.open()
        else:
            entry = canonical.encode(forger.fields("note", {}))
            forger.add_raw(entry, namespace=second.entry)
        report = judged(forger.save(tmp_path / kind))
        assert report.first_bad is not None
        assert (report.verdict, report.first_bad.n, report.first_bad.reason) == (
            Verdict.BROKEN,
            2,
            Reason.NAMESPACE,
        )
        assert report.drill is (first is DRILL)


def test_a_broken_drill_is_named_a_drill_even_where_no_line_holds(tmp_path: Path) -> None:
    drill_journal(tmp_path)
    path = tmp_path / "journal.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"cert"', b'"Cert"'))
    assert verify(path, trust=None).label == "DRILL BROKEN"


# limits, and what is no journal


def test_a_line_without_end_is_refused_after_the_limit(tmp_path: Path) -> None:
    lines = write_journal(tmp_path / "run", 4)
    path = tmp_path / "run" / "journal.jsonl"
    with path.open("ab") as file:
        file.truncate(10 << 30)
    tracemalloc.start()
    report = judged(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (report.verdict, report.exit_code) == (Verdict.LIMIT, 50)
    assert (report.entries, report.trusted) == (4, 4)
    assert peak < 16 << 20
    assert report.first_bad is not None
    assert report.first_bad.offset == sum(map(len, lines))


def test_reading_ends_with_the_line_that_is_too_long() -> None:
    stream = BytesIO(b"short\n" + b"x" * (5 * LINE_LIMIT) + b"\nlater\n")
    lines = list(read_lines(stream))
    assert [len(line) for line in lines] == [6, LINE_LIMIT + 1]


def test_a_line_at_the_limit_holds_and_one_byte_more_does_not(tmp_path: Path) -> None:
    def journal(text: str) -> Forger:
        return Forger().open().add("note", {"text": text})

    room = LINE_LIMIT - len(journal("").lines[1])
    assert judged(journal("x" * room).save(tmp_path / "a")).verdict is Verdict.VALID_OPEN
    assert judged(journal("x" * (room + 1)).save(tmp_path / "b")).verdict is Verdict.LIMIT


@pytest.mark.parametrize("content", [b"", b"hello\n", b"[]", b"\x89PNG\r\n", b"{}\n{}\n"])
def test_what_is_no_journal_is_unreadable(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    report = judged(path)
    assert (report.verdict, report.exit_code) == (Verdict.UNREADABLE, 50)
    assert report.sentence().startswith("This cannot be read as a journal")


def test_what_is_not_there_or_no_file_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    for path in (tmp_path, tmp_path / "none", Path("/dev/null"), tmp_path / "loop"):
        assert judged(path).verdict is Verdict.UNREADABLE


# warnings and evidence


def test_clocks_that_go_back_and_missing_hand_overs_are_warned_of(tmp_path: Path) -> None:
    forger = Forger().open()
    forger.add("note", {}, mono=500, t="2026-03-01T13:00:00.000Z")
    forger.add("note", {}, mono=400, t="2026-03-01T12:30:00.000Z")
    forger.add("note", {}, mono=1, boot="c", t="2026-03-01T12:30:00.000Z")
    forger.add("handover", {"principal": bob().principal}, t="2026-03-01T12:30:00.000Z")
    forger.identity = bob()
    forger.open()
    forger.open()
    report = verify(forger.save(tmp_path / "j"), trust=pinned(alice(), bob()), now=START)
    assert report.verdict is Verdict.VALID_OPEN
    assert report.warnings == (
        "entry 2: the monotonic clock went back within one boot",
        "entry 2: the clock went back from 2026-03-01T13:00:00.000Z to 2026-03-01T12:30:00.000Z",
        "entry 5: the clock went back from 2026-03-01T12:30:00.000Z to 2026-03-01T12:00:00.005Z",
        (
            "entry 6: a session opened without a hand-over: "
            "the last entries of the one before may be missing"
        ),
    )


def test_evidence_is_counted_by_what_lies_there(tmp_path: Path) -> None:
    writer = JournalWriter.create(tmp_path, identity=alice(), drill=False, host=stopped_host())
    kept = [writer.add_evidence(f"e{i}", b"bytes %d" % i) for i in range(4)]
    writer.close({})
    places = [tmp_path / "evidence" / one.sha256[:2] / one.sha256 for one in kept]
    places[1].unlink()
    places[2].write_bytes(b"other 2")
    places[3].unlink()
    (tmp_path / "same bytes").write_bytes(b"bytes 3")
    places[3].symlink_to(tmp_path / "same bytes")
    report = judged(tmp_path)
    count = report.evidence
    assert (count.present, count.withheld, count.mismatching) == (1, 1, 2)
    assert report.verdict is Verdict.VALID_CLOSED
    assert "2 evidence files are not what was signed" in report.sentence()


def test_a_path_in_evidence_leads_nowhere(tmp_path: Path) -> None:
    body = {"name": "x", "size": 1, "sha256": "../../../../etc/passwd".ljust(64, "0")}
    report = judged(Forger().open().add("evidence.added", body).save(tmp_path / "j"))
    assert report.evidence.present == report.evidence.mismatching == 0
    assert "form that is not known" in report.warnings[0]


def test_memory_does_not_grow_with_the_journal(tmp_path: Path) -> None:
    forger = Forger().open()
    for number in range(3000):
        forger.add("note", {"text": "x" * 400, "n": number})
    path = forger.save(tmp_path / "j")
    assert len(lines_of(path)) == 3001
    del forger
    tracemalloc.start()
    report = judged(path, fast=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert report.entries == 3001
    assert peak < 3 << 20
