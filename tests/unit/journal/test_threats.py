"""The threat table of the journal format, section 5: a test for every row that concerns the core.

Each is named after its row. What a row says cannot be noticed without an anchor is shown as well:
a verdict must not claim more than it knows.
"""

from __future__ import annotations

import ast
import errno
import importlib
import os
import tarfile
import tracemalloc
from datetime import timedelta
from itertools import permutations
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from amlrunbook.errors import DocumentError, JournalBusyError, JournalError
from amlrunbook.journal import (
    JournalWriter,
    KeyIdentity,
    Trust,
    Verdict,
    answer,
    canonical,
    read_answer,
    sshsig,
    verify,
)
from amlrunbook.journal.entry import FORMAT, LINE_LIMIT, Reason, frame
from amlrunbook.journal.namespaces import LIVE
from amlrunbook.journal.trust import parse_revocations
from amlrunbook.journal.unbundle import unpack_bundle
from amlrunbook.journal.verdict import Report
from tests.unit.journal.forge import (
    ALICE,
    START,
    Forger,
    QuickDisk,
    alice,
    bob,
    lines_of,
    pinned,
    stopped_host,
    write_journal,
)
from tests.unit.journal.shell import Shell
from tests.unit.journal.test_bundle import forged
from tests.unit.journal.test_granted import asked

BOTH = pinned(alice(), bob())


def judged(path: Path, trust: Trust | None = BOTH, *, later: timedelta = timedelta()) -> Report:
    return verify(path, trust=trust, now=START + later)


def judged_lines(tmp_path: Path, lines: list[bytes]) -> Report:
    path = tmp_path / "j"
    path.write_bytes(b"".join(lines))
    return judged(path)


def assert_bad(report: Report, n: int, *reasons: Reason) -> None:
    assert report.verdict is Verdict.BROKEN
    assert report.first_bad is not None
    assert (report.first_bad.n, report.trusted) == (n, n)
    assert report.first_bad.reason in reasons


def test_outsider_edits_a_line(tmp_path: Path) -> None:
    lines = write_journal(tmp_path / "run", 8)
    edited = [*lines[:4], lines[4].replace(b"note 3", b"note 9"), *lines[5:]]
    report = judged_lines(tmp_path, edited)
    assert_bad(report, 4, Reason.SIGNATURE)
    assert [(one.first, one.last) for one in report.islands] == [(5, 7)]


def test_reorder_or_drop_in_the_middle_or_duplicate(tmp_path: Path) -> None:
    lines = write_journal(tmp_path / "run", 4)
    for count in range(1, 5):
        for choice in permutations(range(4), count):
            report = judged_lines(tmp_path, [lines[i] for i in choice])
            assert report.entries == next((n for n, i in enumerate(choice) if n != i), count)
    assert_bad(judged_lines(tmp_path, [*lines[:2], lines[1], *lines[2:]]), 2, Reason.NUMBER)


def test_delete_the_tail(tmp_path: Path) -> None:
    lines = write_journal(tmp_path / "run", 15)
    for kept in range(1, 15):
        report = judged_lines(tmp_path, lines[:kept])
        assert report.verdict is Verdict.VALID_OPEN
        assert f"nothing shows whether entries were removed after {kept - 1}." in report.sentence()


def test_splice_from_other_journal_same_key(tmp_path: Path) -> None:
    one, two = (write_journal(tmp_path / name, 8) for name in ("one", "two"))
    assert_bad(judged_lines(tmp_path, [*one[:5], *two[5:]]), 5, Reason.JOURNAL)


def test_swap_public_key_or_whole_new_file_under_another_key(tmp_path: Path) -> None:
    impostor = KeyIdentity(ALICE, Ed25519PrivateKey.from_private_bytes(bytes(range(3, 35))))
    report = judged(Forger(impostor).open().add("note", {}).save(tmp_path / "j"))
    assert (report.verdict, report.trusted) == (Verdict.UNPROVEN_IDENTITY, 0)
    assert sshsig.fingerprint(impostor.public_key) in report.sessions[0].unproven_because
    lines = write_journal(tmp_path / "run", 3)
    ident = sshsig.to_base64(alice().public_key).encode()
    swapped = lines[0].replace(ident, sshsig.to_base64(impostor.public_key).encode())
    assert_bad(judged_lines(tmp_path, [swapped, *lines[1:]]), 0, Reason.SIGNATURE)
    # first contact without a pin proves nothing, and the verdict says so
    assert judged(tmp_path / "run", None).verdict is Verdict.UNPROVEN_IDENTITY


@pytest.mark.parametrize(
    "key",
    [bytes(32), b"\x01" + bytes(31), b"\xec" + b"\xff" * 30 + b"\x7f", b"\xff" * 32,
     b"\xee" + b"\xff" * 30 + b"\x7f"],
)  # fmt: skip
def test_weak_key_for_later_denial(tmp_path: Path, key: bytes) -> None:
    forger = Forger().open(lambda cert: cert.__setitem__("session", sshsig.to_base64(key)))
    assert_bad(judged(forger.save(tmp_path / "j")), 0, Reason.WEAK_KEY)
    forger = Forger().open(ident=sshsig.to_base64(key))
    assert_bad(judged(forger.save(tmp_path / "j")), 0, Reason.WEAK_KEY)
    with pytest.raises(DocumentError, match=r"order|canonical"):
        Trust.parse(f"{ALICE} {sshsig.public_line(key, 'weak')}", source="pinned")


def test_old_session_key_returns_or_stolen_session_key(tmp_path: Path) -> None:
    forger = Forger().open().add("note", {"text": "one"})
    stolen = forger.key, forger.session
    forger.key = Ed25519PrivateKey.from_private_bytes(bytes(range(5, 37)))
    forger.session = forger.key.public_key().public_bytes_raw()
    forger.open().add("note", {"text": "two"})
    forger.key, forger.session = stolen
    forger.add("note", {"text": "three"})
    assert_bad(judged(forger.save(tmp_path / "j")), 4, Reason.SESSION_KEY)
    # nor can a session key certify a session of its own
    forger = Forger().open()
    forger.identity = KeyIdentity(ALICE, forger.key)
    report = judged(forger.open().save(tmp_path / "j"))
    assert (report.verdict, report.trusted) == (Verdict.UNPROVEN_IDENTITY, 1)


def test_identity_key_stolen(tmp_path: Path) -> None:
    write_journal(tmp_path / "run", 5)
    line = f"{sshsig.fingerprint(alice().public_key)} 20260302Z laptop stolen"
    revocations = parse_revocations(line, source="revoked")
    trust = Trust(signers=BOTH.signers, source="pinned", revocations=revocations)
    # at a moment before the theft that somebody else vouches for, it holds
    assert judged(tmp_path / "run", trust).verdict is Verdict.VALID_CLOSED
    # from then on the journal's own time is only the thief's word
    report = judged(tmp_path / "run", trust, later=timedelta(days=2))
    assert (report.verdict, report.trusted, report.entries) == (Verdict.UNPROVEN_IDENTITY, 0, 5)
    assert "laptop stolen" in report.sentence()


def test_back_dating(tmp_path: Path) -> None:
    forger = Forger().open().add("note", {}, t="2026-03-01T13:00:00.000Z", mono=50)
    forger.add("note", {}, t="2026-03-01T12:10:00.000Z", mono=40)
    report = judged(forger.save(tmp_path / "j"))
    assert report.verdict is Verdict.VALID_OPEN
    assert [one for one in report.warnings if "clock went back" in one] == list(report.warnings)
    assert len(report.warnings) == 2


def test_insider_with_key_rewrites_all(tmp_path: Path) -> None:
    write_journal(tmp_path / "run", 5)
    before = judged(tmp_path / "run")
    report = judged(Forger().open().add("note", {"text": "nicer"}).save(tmp_path / "j"))
    # the limit that the table states: without an anchor it is valid; the root is what differs
    assert report.verdict is Verdict.VALID_OPEN
    assert report.root != before.root
    # a predecessor's entries are out of reach: their session key is gone
    forger = Forger().open().add("handover", {"principal": bob().principal})
    path = forger.save(tmp_path / "k")
    lines = lines_of(path)
    forger.identity = bob()
    after = Forger(bob())
    after.prev, after.tree, after.journal_id = forger.prev, forger.tree, forger.journal_id
    after.key = Ed25519PrivateKey.from_private_bytes(bytes(range(6, 38)))
    after.session = after.key.public_key().public_bytes_raw()
    after.open()
    changed = lines[1].replace(b"bob", b"eve")
    assert_bad(judged_lines(tmp_path, [lines[0], changed, *after.lines]), 1, Reason.SIGNATURE)


def test_successor_drops_predecessors_last_entries(tmp_path: Path) -> None:
    host = stopped_host()
    with JournalWriter.create(tmp_path, identity=alice(), drill=False, host=host) as writer:
        writer.append([("note", {"text": "kept"}), ("note", {"text": "dropped"})])
        writer.offer_handover(bob().principal)
    lines = lines_of(tmp_path / "journal.jsonl")
    (tmp_path / "journal.jsonl").write_bytes(b"".join(lines[:2]))
    accepts = {"verdict": "VALID-OPEN"}
    JournalWriter.accept_handover(tmp_path, bob(), accepts, forced=True, host=host).release()
    report = judged(tmp_path)
    assert report.verdict is Verdict.VALID_OPEN
    (warning,) = report.warnings
    assert warning.startswith("entry 2: a session opened without a hand-over")
    assert warning.endswith("the last entries of the one before may be missing")


def test_fork_two_versions_to_two_audiences(tmp_path: Path) -> None:
    forger = Forger().open()
    shared = list(forger.lines)
    one = forger.add("note", {"text": "to you"}).save(tmp_path / "one")
    other = Forger()
    other.open().add("note", {"text": "to them"})
    assert other.lines[: len(shared)] == shared
    two = other.save(tmp_path / "two")
    first, second = judged(one), judged(two)
    assert first.verdict is second.verdict is Verdict.VALID_OPEN
    assert (first.journal_id, first.entries) == (second.journal_id, second.entries)
    assert first.root != second.root


@pytest.mark.parametrize("tail", [b'{"e":{"body"', b"\0" * 500, bytes(range(11, 256)), b"\n\n\n"])
def test_torn_write_or_nul_tail_or_garbage_tail(tmp_path: Path, tail: bytes) -> None:
    lines = write_journal(tmp_path / "run", 5, close=False)
    path = tmp_path / "run" / "journal.jsonl"
    path.write_bytes(b"".join(lines) + tail)
    report = judged(path)
    assert (report.verdict, report.trusted, report.torn_bytes) == (Verdict.TORN_TAIL, 5, len(tail))
    JournalWriter.reopen(path.parent, identity=alice(), drill=False, host=stopped_host()).release()
    assert lines_of(path)[:5] == lines
    assert judged(path).verdict is Verdict.VALID_OPEN


@pytest.mark.parametrize("call", ["write", "sync"])
@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
def test_fsync_error_or_disk_full(tmp_path: Path, call: str, error: int) -> None:
    class Failing(QuickDisk):
        armed = False

        def _fail(self, name: str) -> None:
            if self.armed and name == call:
                raise OSError(error, os.strerror(error))

        def write(self, descriptor: int, data: bytes | memoryview) -> int:
            self._fail("write")
            return super().write(descriptor, data)

        def sync(self, descriptor: int) -> None:
            self._fail("sync")

    disk = Failing()
    host = stopped_host(disk)
    writer = JournalWriter.create(tmp_path, identity=alice(), drill=False, host=host)
    writer.append([("note", {"text": "acknowledged"})])
    whole = writer.path.read_bytes()
    disk.armed = True
    with pytest.raises(JournalError):
        writer.append([("note", {"text": "lost"})])
    disk.armed = False
    with pytest.raises(JournalError):
        writer.append([("note", {"text": "the handle stays dead"})])
    assert writer.path.read_bytes() == whole
    assert judged(tmp_path).entries == 2


def test_two_processes(tmp_path: Path) -> None:
    with JournalWriter.create(
        tmp_path, identity=alice(), drill=False, host=stopped_host()
    ) as writer:
        with pytest.raises(JournalBusyError):
            JournalWriter.reopen(tmp_path, identity=bob(), drill=False, host=stopped_host())
        with (tmp_path / "journal.jsonl").open("ab") as careless:
            careless.write(b"x")
        with pytest.raises(JournalError, match="size changed"):
            writer.append([("note", {"text": "x"})])
    assert (tmp_path / "journal.jsonl").read_bytes().endswith(b"\nx")


def test_10_gib_line(tmp_path: Path) -> None:
    path = tmp_path / "j"
    with path.open("wb") as file:
        file.truncate(10 << 30)  # a hole: it takes no room
    tracemalloc.start()
    report = judged(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (report.verdict, report.exit_code) == (Verdict.LIMIT, 50)
    assert peak < 16 * LINE_LIMIT


def entries_that_are_not_canonical() -> dict[str, bytes]:
    entry = canonical.encode(Forger().open().fields("note", {"a": 1, "text": "x"}))
    deep = b'{"a":' * 40 + b"1" + b"}" * 40
    return {
        "duplicate key": entry.replace(b'"a":1', b'"a":1,"a":1'),
        "NaN": entry.replace(b'"a":1', b'"a":NaN'),
        "infinity": entry.replace(b'"a":1', b'"a":-Infinity'),
        "float": entry.replace(b'"a":1', b'"a":1.0'),
        "exponent": entry.replace(b'"a":1', b'"a":1e3'),
        "minus zero": entry.replace(b'"a":1', b'"a":-0'),
        "large integer": entry.replace(b'"a":1', b'"a":9007199254740993'),
        "escape": entry.replace(b'"x"', b'"\\u0078"'),
        "byte order mark": b"\xef\xbb\xbf" + entry,
        "surrogate": entry.replace(b'"x"', b'"\\ud800"'),
        "space": entry.replace(b'"a":1', b'"a": 1'),
        "deep": entry.replace(b'"a":1', b'"a":' + deep),
        "not UTF-8": entry.replace(b'"x"', b'"\xff"'),
        "order": entry.replace(b'"a":1,"text":"x"', b'"text":"x","a":1'),
        "true for a number": entry.replace(b'"n":1', b'"n":true'),
    }


@pytest.mark.parametrize("name", entries_that_are_not_canonical())
def test_duplicate_keys_nan_floats_escapes_bom_surrogates_deep_nesting(
    tmp_path: Path, name: str
) -> None:
    raw = entries_that_are_not_canonical()[name]
    report = judged(Forger().open().add_raw(raw).save(tmp_path / "j"))
    assert_bad(report, 1, Reason.CANONICAL, Reason.FIELDS)


def test_base64_malleability(tmp_path: Path) -> None:
    lines = write_journal(tmp_path / "run", 4)
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = lines[2][-6:-5]
    place = alphabet.index(last)
    # the last letter before the padding carries two bits of content and four that must be zero
    for spare in range(1, 16):
        other = alphabet[place ^ spare : (place ^ spare) + 1]
        changed = lines[2][:-6] + other + lines[2][-5:]
        assert_bad(judged_lines(tmp_path, [*lines[:2], changed, lines[3]]), 2, Reason.BASE64)
    for text in (lines[2].replace(b"+", b"-").replace(b"/", b"_"), lines[2][:-5] + b'  "}\n'):
        if text != lines[2]:
            report = judged_lines(tmp_path, [*lines[:2], text, lines[3]])
            assert report.entries == 2


def test_algorithm_confusion_alg_none(tmp_path: Path) -> None:
    forger = Forger().open()
    for change in ({"alg": "none"}, {"v": "amlrunbook.journal/0"}, {"v": "none"}):
        bad = Forger().open().add("note", {}, **change)
        assert_bad(judged(bad.save(tmp_path / "j")), 1, Reason.FIELDS)
    entry = canonical.encode(forger.fields("note", {}))
    assert forger.fields("note", {})["v"] == FORMAT
    for signature in (bytes(64), b"\x01" + bytes(63)):
        bad = Forger().open().add_line(frame(entry, signature))
        assert_bad(judged(bad.save(tmp_path / "j")), 1, Reason.SIGNATURE)
    # Ed25519 over the bare entry, without the SSHSIG preamble, counts for nothing
    bad = Forger().open().add_line(frame(entry, forger.key.sign(entry)))
    assert_bad(judged(bad.save(tmp_path / "j")), 1, Reason.SIGNATURE)


def test_signature_reused_as_other_kind(tmp_path: Path) -> None:
    forger = Forger().open()
    entry = canonical.encode(forger.fields("note", {}))
    for namespace in (
        LIVE.session,
        LIVE.approval,
        LIVE.decline,
        "checkpoint@amlrunbook.journal.v1",
    ):
        bad = Forger().open().add_raw(entry, namespace=namespace)
        assert_bad(judged(bad.save(tmp_path / "j")), 1, Reason.SIGNATURE)
        report = judged(
            Forger().open(namespace=namespace).save(tmp_path / "j")
            if namespace != LIVE.session
            else bad.save(tmp_path / "j")
        )
        assert report.verdict is Verdict.BROKEN
    # a refusal to approve is no approval
    challenge = asked(forger)
    no = read_answer(answer(challenge, bob(), granted=False))
    body = {
        "step": challenge.step,
        "challenge": challenge.text(),
        "principal": no.principal,
        "sig": no.sig,
        "public_key": no.public_key,
    }
    assert_bad(
        judged(forger.add("approval.granted", body).save(tmp_path / "j")), 1, Reason.APPROVAL
    )


def test_path_traversal_zip_bomb_symlink_on_import(tmp_path: Path) -> None:
    good = ("journal.jsonl", b"x\n")
    zeros = bytes(32 << 20)
    cases = [
        forged(tmp_path / "1", [("run/../../x", tarfile.REGTYPE, b"x")], [good, ("../x", b"x")]),
        forged(tmp_path / "2", [("run/journal.jsonl", tarfile.SYMTYPE, b"")], [good]),
        forged(tmp_path / "3", [("run/journal.jsonl", tarfile.LNKTYPE, b"")], [good]),
        forged(
            tmp_path / "4",
            [("run/journal.jsonl", tarfile.REGTYPE, zeros)],
            [("journal.jsonl", zeros)],
        ),
    ]
    before = sorted(tmp_path.rglob("*"))
    for source in cases:
        with pytest.raises(DocumentError):
            unpack_bundle(source, tmp_path / "staging")
    assert sorted(tmp_path.rglob("*")) == before
    # and evidence is found by its hash alone, whatever its name or a link says
    (tmp_path / "evidence").symlink_to("/etc")
    forger = Forger().open()
    for name in ("../../etc/passwd", "evidence"):
        forger.add("evidence.added", {"name": name, "size": 1, "sha256": "../" * 21 + "x"})
    report = judged(forger.save(tmp_path / "j"))
    assert (report.evidence.present, len(report.warnings)) == (0, 2)


def test_terminal_escapes_or_bidi_in_notes_at_replay(shell: Shell, tmp_path: Path) -> None:
    evil = "\x1b]0;owned\x07\u202e\u2066\u200b\x9b31m\r"
    forger = Forger().open(lambda cert: cert.__setitem__("principal", evil))
    forger.add("note", {"text": evil}).add("handover", {"principal": evil, "text": evil})
    path = forger.save(tmp_path / "j")
    for command in ("show", "verify"):
        shell("journal", command, path)
        assert not set("\x1b\x07\u202e\u2066\u200b\x9b\r") & set(shell.out + shell.err)


def test_replay_reexecutes_actions() -> None:
    """No code path leads from a journal to an action: it imports nothing that could act."""
    package = importlib.import_module("amlrunbook.journal")
    allowed = {"amlrunbook.errors", "amlrunbook.journal", "amlrunbook.model"}
    found = set()
    for file in Path(package.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            found |= {".".join(one.split(".")[:2]) for one in names if one.startswith("amlrunbook")}
    assert found <= allowed
    assert "amlrunbook.errors" in found
