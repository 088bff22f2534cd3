"""The writer: durable before acknowledged, dead after a fault, whole after a crash."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from amlrunbook.errors import JournalBusyError, JournalError, RefusedError
from amlrunbook.journal import (
    Disk,
    DrillIdentity,
    Host,
    JournalWriter,
    KeyIdentity,
    Report,
    Verdict,
    read_entries,
    verify,
)
from amlrunbook.journal import host as host_module
from amlrunbook.journal.appendfile import BALLAST_FILE, BALLAST_SIZE
from amlrunbook.journal.entry import LINE_LIMIT
from amlrunbook.journal.namespaces import LIVE
from tests.unit.journal.forge import (
    START,
    QuickDisk,
    alice,
    bob,
    lines_of,
    pinned,
    stopped_host,
    write_journal,
)

ROOT = Path(__file__).parents[3]


def create(folder: Path, disk: Disk | None = None) -> JournalWriter:
    return JournalWriter.create(folder, identity=alice(), drill=False, host=stopped_host(disk))


def reopen(folder: Path, disk: Disk | None = None) -> JournalWriter:
    return JournalWriter.reopen(folder, identity=alice(), drill=False, host=stopped_host(disk))


def judged(path: Path) -> Report:
    return verify(path, trust=pinned(alice(), bob()), now=START)


def kinds(path: Path) -> list[str]:
    return [entry.kind for entry in read_entries(path)]


def note(text: str) -> tuple[str, Mapping[str, object]]:
    return "note", {"text": text}


def test_what_is_appended_is_returned_durable_and_read_back(tmp_path: Path) -> None:
    with JournalWriter.create(
        tmp_path / "a" / "run",
        identity=alice(),
        drill=False,
        opening={"program": "amlrunbook"},
        host=stopped_host(),
    ) as writer:
        assert writer.next_n == 2
        appended = writer.append([note("one"), ("finding", {"check": "c", "found": [1, True]})])
        assert [entry.n for entry in appended] == [2, 3]
        assert writer.append([]) == []
        assert list(read_entries(writer.path))[2:] == appended
        assert judged(writer.path).verdict is Verdict.VALID_OPEN
        writer.close({"outcome": "completed"})
    assert kinds(tmp_path / "a" / "run") == [
        "session.open",
        "journal.opening",
        "note",
        "finding",
        "journal.close",
    ]
    assert judged(tmp_path / "a" / "run").verdict is Verdict.VALID_CLOSED


def test_modes_are_private_and_the_name_is_never_used_again(tmp_path: Path) -> None:
    run = tmp_path / "run"
    writer = create(run)
    assert run.stat().st_mode & 0o777 == 0o700
    assert writer.path.stat().st_mode & 0o777 == 0o600
    assert (run / BALLAST_FILE).stat().st_size == BALLAST_SIZE
    writer.release()
    assert not (run / BALLAST_FILE).exists()
    before = writer.path.read_bytes()
    with pytest.raises(JournalError, match="a journal already"):
        create(run)
    assert writer.path.read_bytes() == before
    assert not (run / BALLAST_FILE).exists()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    run = tmp_path / "run"
    run.mkdir(mode=0o700)
    (run / "journal.jsonl").symlink_to(target)
    with pytest.raises(JournalError):
        create(run)
    with pytest.raises(JournalError):
        reopen(run)
    assert not target.exists()


class Counting(Disk):
    """Notes the order of the calls that matter."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        self.calls.append("write")
        return super().write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        self.calls.append("sync")
        super().sync(descriptor)


def test_a_group_is_one_write_and_one_sync(tmp_path: Path) -> None:
    disk = Counting()
    writer = create(tmp_path, disk)
    disk.calls.clear()
    writer.append([note(str(i)) for i in range(50)])
    assert disk.calls == ["write", "sync"]
    disk.calls.clear()
    writer.add_evidence("log", b"bytes")
    assert disk.calls[-2:] == ["write", "sync"]
    assert disk.calls.index("sync") < len(disk.calls) - 2
    writer.release()


@pytest.mark.parametrize(
    ("kind", "body", "says"),
    [
        ("session.open", {}, "not a kind"),
        ("journal.close", {}, "not a kind"),
        ("evidence.added", {}, "not a kind"),
        ("recovery.torn_tail", {}, "not a kind"),
        ("Note", {}, "not a kind"),
        ("", {}, "not a kind"),
        ("note\n", {}, "not a kind"),
        ("note", {"/subscriptions/x": 1}, "has the key"),
        ("note", {"text": 1.5}, "no canonical form"),
        ("note", {"text": "\ud800"}, "surrogate"),
        ("note", {"text": "x" * LINE_LIMIT}, "larger than"),
    ],
)
def test_what_cannot_be_signed_is_refused_and_the_writer_lives_on(
    tmp_path: Path, kind: str, body: dict[str, object], says: str
) -> None:
    with create(tmp_path) as writer:
        with pytest.raises(JournalError, match=says):
            writer.append([note("before"), (kind, body)])
        assert not writer.is_dead
        assert writer.append([note("after")])[0].n == 1
    assert kinds(tmp_path) == ["session.open", "note"]


def test_a_writer_that_was_closed_refuses(tmp_path: Path) -> None:
    writer = create(tmp_path)
    writer.close({"outcome": "completed"})
    for attempt in range(2):
        with pytest.raises(JournalError, match="is closed"):
            writer.append([note(str(attempt))])
    with pytest.raises(JournalError, match="nothing can follow"):
        reopen(tmp_path)
    assert judged(tmp_path).verdict is Verdict.VALID_CLOSED


def test_a_second_writer_is_refused_while_the_first_lives(tmp_path: Path) -> None:
    with create(tmp_path) as writer:
        with pytest.raises(JournalBusyError) as caught:
            reopen(tmp_path)
        assert caught.value.exit_code == 4
        assert (tmp_path / BALLAST_FILE).exists()
        assert caught.value.next_step
        writer.append([note("still mine")])
    with reopen(tmp_path) as writer:
        assert writer.next_n == 3


def test_a_writer_that_does_not_care_for_locks_is_noticed(tmp_path: Path) -> None:
    writer = create(tmp_path)
    with writer.path.open("ab") as other:
        other.write(b"mine\n")
    size = writer.path.stat().st_size
    with pytest.raises(JournalError, match="size changed"):
        writer.append([note("x")])
    assert writer.is_dead
    assert writer.path.stat().st_size == size
    with pytest.raises(JournalError, match="size changed"):
        writer.append([note("y")])


class Failing(QuickDisk):
    """Fails one call of one kind, as a disk would; everything after that works again."""

    def __init__(self, call: str, error: int, *, short: int | None = None) -> None:
        self.call = call
        self.error = error
        self.short = short
        self.armed = False

    def _fail(self, call: str) -> None:
        if self.armed and call == self.call:
            self.armed = False
            raise OSError(self.error, os.strerror(self.error))

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        if self.armed and self.call == "write" and self.short is not None:
            self.armed = False
            return os.write(descriptor, data[: self.short])
        self._fail("write")
        return super().write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        self._fail("sync")


@pytest.mark.parametrize(
    ("disk", "says"),
    [
        (Failing("write", errno.ENOSPC), "No space left"),
        (Failing("write", errno.EIO), "Input/output"),
        (Failing("write", 0, short=100), "only 100 of"),
        (Failing("sync", errno.EIO), "Input/output"),
    ],
)
def test_after_a_fault_the_handle_is_dead_and_what_was_acknowledged_is_there(
    tmp_path: Path, disk: Failing, says: str
) -> None:
    writer = create(tmp_path, disk)
    writer.append([note("acknowledged")])
    whole = writer.path.read_bytes()
    disk.armed = True
    with pytest.raises(JournalError, match=says) as caught:
        writer.append([note("lost"), note("lost too")])
    assert caught.value.state
    assert caught.value.next_step
    with pytest.raises(JournalError, match=says):
        writer.append([note("not even now")])
    assert writer.path.read_bytes() == whole
    assert judged(tmp_path).entries == 2


def test_a_full_disk_gets_its_ballast_back(tmp_path: Path) -> None:
    disk = Failing("write", errno.ENOSPC)
    writer = create(tmp_path, disk)
    disk.armed = True
    with pytest.raises(JournalError):
        writer.append([note("lost")])
    assert not (tmp_path / BALLAST_FILE).exists()
    with reopen(tmp_path) as again:
        assert again.path == writer.path


def test_after_a_failed_sync_the_run_goes_on_in_a_new_segment(tmp_path: Path) -> None:
    """The kernel may have dropped the pages and call them clean."""
    disk = Failing("sync", errno.EIO)
    writer = create(tmp_path, disk)
    writer.append([note("acknowledged")])
    disk.armed = True
    with pytest.raises(JournalError):
        writer.append([note("lost")])
    old = writer.path.read_bytes()
    for attempt in (1, 2):
        with reopen(tmp_path) as again:
            assert again.path.name == "journal.2.jsonl"
            again.append([note(f"goes on {attempt}")])
    assert writer.path.read_bytes() == old
    continues = list(read_entries(tmp_path / "journal.2.jsonl"))[1]
    assert continues.kind == "segment.continues"
    assert continues.body["j"] == writer.journal_id
    assert continues.body["n"] == 2
    assert "sync failed" in str(continues.body["reason"])
    assert kinds(tmp_path) == [
        "session.open",
        "note",
        "session.open",
        "segment.continues",
        "note",
        "session.open",
        "note",
    ]
    report = judged(tmp_path)
    assert report.verdict is Verdict.VALID_OPEN
    assert "journal.2.jsonl" in report.warnings[0]


def test_an_interrupt_while_writing_leaves_a_whole_file_and_a_dead_handle(tmp_path: Path) -> None:
    class Interrupted(QuickDisk):
        armed = False

        def sync(self, descriptor: int) -> None:
            if self.armed:
                raise KeyboardInterrupt

    disk = Interrupted()
    writer = create(tmp_path, disk)
    disk.armed = True
    with pytest.raises(KeyboardInterrupt):
        writer.append([note("not acknowledged")])
    assert writer.is_dead
    assert judged(tmp_path).entries == 1


def test_too_little_space_is_said_before_anything_is_written(tmp_path: Path) -> None:
    class Full(QuickDisk):
        def free(self, folder: Path) -> int:
            del folder
            return 1000

    with pytest.raises(JournalError, match="free below"):
        create(tmp_path / "new", Full())
    assert list((tmp_path / "new").iterdir()) == []
    create(tmp_path).release()
    with reopen(tmp_path, Full()) as writer:
        assert "only 0 KiB are free" in writer.warnings[-1]
        writer.append([note("last words")])


# reopening


def test_the_next_operator_countersigns_what_they_found(tmp_path: Path) -> None:
    host = stopped_host()
    with JournalWriter.create(tmp_path, identity=alice(), drill=False, host=host) as writer:
        writer.offer_handover(bob().principal)
    with JournalWriter.reopen(tmp_path, identity=bob(), drill=False, host=host) as writer:
        writer.close({"outcome": "completed"})
    report = judged(tmp_path)
    assert (report.verdict, report.warnings) == (Verdict.VALID_CLOSED, ())
    assert report.sessions[0].countersigned_by == bob().principal


def assert_cut_recovers(tmp_path: Path, lines: list[bytes], cut: int) -> None:
    run = tmp_path / str(cut)
    run.mkdir(mode=0o700)
    whole = b"".join(lines)
    path = run / "journal.jsonl"
    path.write_bytes(whole[:cut])
    kept = whole[:cut].count(b"\n")
    tail = whole[:cut].rpartition(b"\n")[2]
    with reopen(run) as writer:
        recorded = [entry for entry in read_entries(path) if entry.kind == "recovery.torn_tail"]
        assert writer.next_n == kept + 1 + bool(tail)
    assert lines_of(path)[:kept] == lines[:kept]
    assert judged(path).verdict is Verdict.VALID_OPEN
    if tail:
        assert (run / f"journal.jsonl.torn-{kept}").read_bytes() == tail
        expected = {"bytes": len(tail), "sha256": sha256(tail).hexdigest(), "at_entry": kept}
        assert [entry.body for entry in recorded] == [expected]
    else:
        assert recorded == []


def test_cut_anywhere_every_acknowledged_entry_survives(tmp_path: Path) -> None:
    lines = write_journal(tmp_path / "whole", 4, close=False)
    ends = [sum(map(len, lines[:count])) for count in range(5)]
    near = {end + step for end in ends for step in (-2, -1, 0, 1, 2)}
    for cut in sorted(near | set(range(0, ends[-1], 53))):
        if 0 <= cut <= ends[-1]:
            assert_cut_recovers(tmp_path, lines, cut)


@pytest.mark.campaign
@pytest.mark.timeout(3600)
def test_cut_at_every_byte_every_acknowledged_entry_survives(tmp_path: Path) -> None:
    lines = write_journal(tmp_path / "whole", 6, close=False)
    for cut in range(len(b"".join(lines)) + 1):
        assert_cut_recovers(tmp_path, lines, cut)


@pytest.mark.parametrize(
    "tail", [b"\0" * 5000, b"\xff" * 99 + b"\n" + b"\0" * 9, b'{"e":{"body":{}', b"\n\n\n"]
)
def test_other_tails_are_put_aside_too(tmp_path: Path, tail: bytes) -> None:
    write_journal(tmp_path, 3, close=False)
    with (tmp_path / "journal.jsonl").open("ab") as file:
        file.write(tail)
    reopen(tmp_path).release()
    assert (tmp_path / "journal.jsonl.torn-3").read_bytes() == tail
    assert kinds(tmp_path)[3:] == ["session.open", "recovery.torn_tail"]


def test_a_crash_between_putting_aside_and_recording_loses_nothing(tmp_path: Path) -> None:
    write_journal(tmp_path, 3, close=False)
    path = tmp_path / "journal.jsonl"
    whole = path.read_bytes()
    (tmp_path / "journal.jsonl.torn-3").write_bytes(b"first tail")
    path.write_bytes(whole + b"second tail")
    reopen(tmp_path).release()
    tails = [entry.body for entry in read_entries(path) if entry.kind == "recovery.torn_tail"]
    assert {str(body["sha256"]) for body in tails} == {
        sha256(text).hexdigest() for text in (b"first tail", b"second tail")
    }


def test_a_tail_that_cannot_be_put_aside_is_not_cut_off(tmp_path: Path) -> None:
    write_journal(tmp_path, 3, close=False)
    path = tmp_path / "journal.jsonl"
    with path.open("ab") as file:
        file.write(b"tail")
    before = path.read_bytes()

    class Refusing(QuickDisk):
        """Refuses files of a tail's size only, so that the ballast is written."""

        def write(self, descriptor: int, data: bytes | memoryview) -> int:
            if len(data) == 4:
                raise OSError(errno.EIO, "Input/output error")
            return super().write(descriptor, data)

    with pytest.raises(JournalError, match="put aside"):
        reopen(tmp_path, Refusing())
    assert path.read_bytes() == before


@pytest.mark.parametrize("damage", ["altered", "dropped", "garbage before a good line"])
def test_a_damaged_journal_is_not_touched_and_the_run_goes_on_beside_it(
    tmp_path: Path, damage: str
) -> None:
    lines = write_journal(tmp_path, 6, close=False)
    path = tmp_path / "journal.jsonl"
    if damage == "altered":
        lines[3] = lines[3].replace(b"note 2", b"note 9")
    elif damage == "dropped":
        del lines[3]
    else:
        lines[3] = b"\0" * 20 + b"\n"
    path.write_bytes(b"".join(lines))
    before = path.read_bytes()
    with reopen(tmp_path) as writer:
        writer.append([note("after the damage")])
        with pytest.raises(JournalBusyError):
            reopen(tmp_path)
    with reopen(tmp_path) as writer:
        writer.close({"outcome": "completed"})
    assert path.read_bytes() == before
    assert judged(path).verdict is Verdict.BROKEN
    assert judged(tmp_path / "journal.2.jsonl").verdict is Verdict.VALID_CLOSED
    found = list(read_entries(tmp_path))
    assert [entry.kind for entry in found] == [
        *["session.open", "note", "note"],
        *["session.open", "segment.continues", "note", "session.open", "journal.close"],
    ]
    assert found[4].body["n"] == 3


def test_a_second_damage_leads_to_a_third_segment(tmp_path: Path) -> None:
    lines = write_journal(tmp_path, 6, close=False)
    (tmp_path / "journal.jsonl").write_bytes(b"".join([*lines[:3], *lines[4:]]))
    with reopen(tmp_path) as writer:
        writer.append([note("a"), note("b"), note("c")])
    second = tmp_path / "journal.2.jsonl"
    lines = lines_of(second)
    second.write_bytes(b"".join([*lines[:3], *lines[4:]]))
    with reopen(tmp_path) as writer:
        assert writer.path.name == "journal.3.jsonl"
    assert [entry.kind for entry in read_entries(tmp_path)].count("segment.continues") == 2


def test_a_segment_that_a_crash_left_empty_is_passed_over(tmp_path: Path) -> None:
    lines = write_journal(tmp_path, 6, close=False)
    (tmp_path / "journal.jsonl").write_bytes(b"".join([*lines[:3], *lines[4:]]))
    (tmp_path / "journal.2.jsonl").write_bytes(b'{"e":{"bo')
    with reopen(tmp_path) as writer:
        assert writer.path.name == "journal.3.jsonl"
    assert kinds(tmp_path) == [
        *["session.open", "note", "note"],
        *["session.open", "segment.continues"],
    ]


@pytest.mark.parametrize("content", [b"notes of mine\n", b"\x89PNG", b"{}\n"])
def test_a_file_that_is_no_journal_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(content)
    with pytest.raises(JournalError, match="no entry"):
        reopen(tmp_path)
    assert path.read_bytes() == content


def test_where_there_is_no_journal_nothing_is_resumed(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="cannot be opened"):
        reopen(tmp_path / "none")


def test_a_journal_goes_on_elsewhere_and_says_from_where(tmp_path: Path) -> None:
    with create(tmp_path / "one") as writer:
        old = writer.position("the disk failed")
    with JournalWriter.create(
        tmp_path / "two", identity=alice(), drill=False, continues=old, host=stopped_host()
    ):
        body = list(read_entries(tmp_path / "two"))[1].body
    assert body == {"j": old.j, "n": 1, "prev": old.prev, "reason": "the disk failed"}


# drills


def test_a_killed_drill_resumes_with_its_own_identity(tmp_path: Path) -> None:
    identity = DrillIdentity.create(tmp_path)
    with pytest.raises(JournalError, match="already holds"):
        DrillIdentity.create(tmp_path)
    JournalWriter.create(tmp_path, identity=identity, drill=True, host=stopped_host()).release()
    again = DrillIdentity.load(tmp_path)
    assert again.public_key == identity.public_key
    JournalWriter.reopen(tmp_path, identity=again, drill=True, host=stopped_host()).close({})
    assert verify(tmp_path, trust=None).label == "DRILL VALID-CLOSED"


def test_a_drills_identity_signs_no_live_run(tmp_path: Path) -> None:
    identity = DrillIdentity.create(tmp_path)
    with pytest.raises(RefusedError, match="does not sign"):
        identity.sign(LIVE.session, b"x")
    with pytest.raises(RefusedError, match="does not sign"):
        JournalWriter.create(tmp_path, identity=identity, drill=False, host=stopped_host())


def test_a_drill_is_signed_by_its_own_identity_only(tmp_path: Path) -> None:
    DrillIdentity.create(tmp_path)
    with pytest.raises(JournalError, match="not the one made for"):
        JournalWriter.create(tmp_path, identity=alice(), drill=True, host=stopped_host())
    with pytest.raises(JournalError, match="cannot be read"):
        JournalWriter.create(tmp_path / "x", identity=alice(), drill=True, host=stopped_host())


def test_a_drill_is_not_resumed_as_a_live_run_nor_the_other_way_round(tmp_path: Path) -> None:
    identity = DrillIdentity.create(tmp_path / "drill")
    host = stopped_host()
    JournalWriter.create(tmp_path / "drill", identity=identity, drill=True, host=host).release()
    with pytest.raises(JournalError, match="journal of a drill"):
        reopen(tmp_path / "drill")
    write_journal(tmp_path / "live", 3, close=False)
    identity = DrillIdentity.create(tmp_path / "live")
    with pytest.raises(JournalError, match="journal of a live run"):
        JournalWriter.reopen(tmp_path / "live", identity=identity, drill=True, host=host)


def test_an_identity_whose_signature_does_not_verify_opens_nothing(tmp_path: Path) -> None:
    class Mixed(KeyIdentity):
        @property
        def public_key(self) -> bytes:
            return bob().public_key

    with pytest.raises(JournalError, match="does not verify"):
        JournalWriter.create(
            tmp_path, identity=Mixed("x", alice()._key), drill=False, host=stopped_host()
        )


# evidence


def test_evidence_lies_under_its_hash_whatever_its_name(tmp_path: Path) -> None:
    name = "../../\u202eetc/passwd"
    with create(tmp_path) as writer:
        one = writer.add_evidence(name, b"content", step="s1")
        two = writer.add_evidence("same bytes", b"content")
    assert one.sha256 == two.sha256 == sha256(b"content").hexdigest()
    path = tmp_path / "evidence" / one.sha256[:2] / one.sha256
    assert path.read_bytes() == b"content"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file for file in path.parent.iterdir() if file != path] == []
    bodies = [entry.body for entry in read_entries(tmp_path)][1:]
    assert bodies[0] == {"name": name, "size": 7, "sha256": one.sha256, "step": "s1"}
    assert "step" not in bodies[1]


def test_other_bytes_in_the_place_of_evidence_are_not_signed_for(tmp_path: Path) -> None:
    digest = sha256(b"content").hexdigest()
    place = tmp_path / "evidence" / digest[:2]
    place.mkdir(parents=True)
    (place / digest).write_bytes(b"CONTENT")
    with create(tmp_path) as writer:
        with pytest.raises(JournalError, match="Other bytes"):
            writer.add_evidence("x", b"content")
        assert writer.next_n == 1


def test_a_linked_evidence_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    with create(tmp_path / "run") as writer:
        (tmp_path / "run" / "evidence").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(JournalError, match="could not be written"):
            writer.add_evidence("x", b"content")
    assert list((tmp_path / "elsewhere").iterdir()) == []


# reading


def test_reading_stops_at_the_first_line_that_is_not_well_formed(tmp_path: Path) -> None:
    lines = write_journal(tmp_path, 5)
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b"".join([*lines[:3], lines[4]]))
    entries = read_entries(path)
    assert [next(entries).n for _ in range(3)] == [0, 1, 2]
    with pytest.raises(JournalError, match="Entry 3") as caught:
        next(entries)
    assert "3 entries before it" in caught.value.state


def test_reading_sees_that_an_entry_does_not_follow_from_the_one_before(tmp_path: Path) -> None:
    lines = write_journal(tmp_path, 5)
    lines[2] = lines[2].replace(b"note 1", b"note 9")
    (tmp_path / "journal.jsonl").write_bytes(b"".join(lines))
    entries = read_entries(tmp_path / "journal.jsonl")
    assert [next(entries).n for _ in range(3)] == [0, 1, 2]
    with pytest.raises(JournalError, match=r"Entry 3 .*prev"):
        next(entries)


# a real full disk, and real processes

FILL = """
import resource, sys
from pathlib import Path
from amlrunbook.errors import JournalError
from amlrunbook.journal import DrillIdentity, JournalWriter

folder = Path(sys.argv[1])
writer = JournalWriter.create(folder, identity=DrillIdentity.create(folder), drill=True)
limit = 1_300_000
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    while True:
        for entry in writer.append([("note", {"text": "x" * 50_000})]):
            print(entry.n, flush=True)
except JournalError as error:
    print(error.what, file=sys.stderr)
"""

LOOP = """
import sys
from pathlib import Path
from amlrunbook.journal import DrillIdentity, JournalWriter

folder = Path(sys.argv[1])
writer = JournalWriter.reopen(folder, identity=DrillIdentity.load(folder), drill=True)
while True:
    for entry in writer.append([("note", {"text": f"entry {writer.next_n}"})] * 3):
        print(entry.n, entry.kind, flush=True)
"""


def child(script: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_where_the_system_refuses_more_bytes_all_acknowledged_entries_are_kept(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "run"
    out, err = child(FILL, folder).communicate()
    acknowledged = [int(line) for line in out.split()]
    assert len(acknowledged) > 10
    assert "could not be written" in err
    report = verify(folder, trust=None)
    assert report.label == "DRILL VALID-OPEN"
    assert report.entries == acknowledged[-1] + 1


TINY = """
import sys
from pathlib import Path
from amlrunbook.errors import JournalError
from amlrunbook.journal import DrillIdentity, JournalWriter, verify

folder = Path(sys.argv[1]) / "run"
identity = DrillIdentity.create(folder)
writer = JournalWriter.create(folder, identity=identity, drill=True)
acknowledged = 1
try:
    while True:
        acknowledged += len(writer.append([("note", {"text": "x" * 50_000})] * 2))
except JournalError as error:
    print(error.what)
report = verify(folder, trust=None)
print(report.label, report.entries == acknowledged > 10)
with JournalWriter.reopen(folder, identity=identity, drill=True) as writer:
    writer.close({"outcome": "the disk was full"})
print(verify(folder, trust=None).label)
"""


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare, to mount a tiny disk")
def test_on_a_full_disk_the_last_words_still_find_room(tmp_path: Path) -> None:
    """On a real tmpfs of six mebibytes, mounted for the child alone."""
    mount = f"mount -t tmpfs -o size=6m tmpfs '{tmp_path}'"
    if subprocess.run(
        ["unshare", "-rm", "sh", "-c", mount], capture_output=True, check=False
    ).returncode:
        pytest.skip("this host mounts no tmpfs for its users")
    command = f"{mount} && exec '{sys.executable}' -c \"$SCRIPT\" '{tmp_path}'"
    answer = subprocess.run(
        ["unshare", "-rm", "sh", "-c", command],
        cwd=ROOT,
        env={**os.environ, "SCRIPT": TINY},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.stderr == ""
    full, *verdicts = answer.stdout.splitlines()
    assert "could not be written" in full
    assert verdicts == ["DRILL VALID-OPEN True", "DRILL VALID-CLOSED"]


def test_killed_again_and_again_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    identity = DrillIdentity.create(folder)
    JournalWriter.create(folder, identity=identity, drill=True).release()
    ledger: set[int] = set()
    for round_number in range(6):
        with child(LOOP, folder) as process:
            assert process.stdout is not None
            for _ in range(3 + 7 * round_number):
                ledger.add(int(process.stdout.readline().split()[0]))
            process.kill()
            for line in process.stdout:  # what it said before it died, the last line maybe cut
                if line.endswith("note\n"):
                    ledger.add(int(line.split()[0]))
        report = verify(folder, trust=None)
        assert report.verdict in {Verdict.VALID_OPEN, Verdict.TORN_TAIL}
        assert report.entries > max(ledger)
    with JournalWriter.reopen(folder, identity=identity, drill=True) as writer:
        writer.close({"outcome": "completed"})
    numbers = {entry.n for entry in read_entries(folder) if entry.kind == "note"}
    assert ledger <= numbers
    assert verify(folder, trust=None).label == "DRILL VALID-CLOSED"


def test_the_real_hosts_clock_and_boot_are_claimed(tmp_path: Path) -> None:
    with JournalWriter.create(tmp_path, identity=alice(), drill=False, host=Host()) as writer:
        one, two = writer.append([note("a"), note("b")])
    assert one.boot == two.boot != ""
    assert one.mono <= two.mono
    assert one.moment() <= two.moment()


@pytest.mark.parametrize("there_is_one", [True, False])
def test_on_macos_the_drives_own_cache_is_flushed_where_the_file_system_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there_is_one: bool
) -> None:
    """F_FULLFSYNC does not exist here: what is tested is that it is asked for, and what follows a no."""
    calls: list[object] = []

    def control(descriptor: int, command: int) -> int:
        calls.append(command)
        if not there_is_one:
            raise OSError(errno.ENOTSUP, "not supported")
        return 0

    monkeypatch.setattr(host_module, "_FULL_SYNC", 51)
    monkeypatch.setattr(host_module.fcntl, "fcntl", control)
    monkeypatch.setattr(host_module.os, "fsync", lambda descriptor: calls.append("fsync"))
    with (tmp_path / "x").open("wb") as file:
        Disk().sync(file.fileno())
    assert calls == ([51] if there_is_one else [51, "fsync"])
