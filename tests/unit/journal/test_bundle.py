"""Bundles: a run carried to another host, and every bundle that means harm refused."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from amlrunbook.errors import AmlRunbookError, DocumentError, JournalError
from amlrunbook.journal import Disk, DrillIdentity, JournalWriter, bundle, unbundle
from amlrunbook.journal.bundle import MANIFEST, BundledFile, Manifest, write_bundle
from amlrunbook.journal.unbundle import accept, keep_apart, unpack_bundle
from amlrunbook.store.paths import runs_folder, state_folder
from tests.unit.journal.forge import Forger, alice, bob, lines_of, sshsig, stopped_host
from tests.unit.journal.shell import Shell

NAME = "20260301T120000Z-assessment-abc123"


def run_folder(tmp_path: Path, *, close: bool = False) -> Path:
    folder = tmp_path / NAME
    writer = JournalWriter.create(folder, identity=alice(), drill=False, host=stopped_host())
    writer.add_evidence("output", b"seen", step="s")
    if close:
        writer.close({})
    else:
        writer.release()
    return folder


def packed(folder: Path) -> Path:
    target = folder.parent / "b.tar.gz"
    write_bundle(folder, target)
    return target


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def pin_alice(shell: Shell) -> None:
    line = sshsig.public_line(alice().public_key, "alice")
    assert shell("trust", "add", alice().principal, line, "--yes") == 0


def test_a_run_goes_to_another_host_and_is_gone_on_with(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / NAME
    writer = JournalWriter.create(folder, identity=alice(), drill=False)
    writer.add_evidence("output", b"seen", step="s")
    writer.offer_handover(bob().principal)
    before = files_of(folder)
    assert shell("journal", "bundle", folder, "-o", tmp_path / "b.tar.gz") == 0
    digest = sha256((tmp_path / "b.tar.gz").read_bytes()).hexdigest()
    assert shell.out == f"{digest}  {tmp_path / 'b.tar.gz'}\n"
    assert (tmp_path / "b.tar.gz").stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv("AMLRUNBOOK_HOME", str(tmp_path / "other"))
    pin_alice(shell)
    assert shell("journal", "import", tmp_path / "b.tar.gz") == 0
    place = Path(shell.out.strip())
    assert place == runs_folder() / NAME
    assert files_of(place) == before
    assert not list(state_folder().glob("import-*"))
    assert place.stat().st_mode & 0o777 == 0o700
    assert (place / "journal.jsonl").stat().st_mode & 0o777 == 0o600
    accepts = {"verdict": "VALID-OPEN", "remarks": ""}
    with JournalWriter.accept_handover(place, bob(), accepts) as successor:
        successor.close({"outcome": "completed"})
    line = sshsig.public_line(bob().public_key, "bob")
    assert shell("trust", "add", bob().principal, line, "--yes") == 0
    assert shell("journal", "verify", place) == 0
    assert f"countersigned by {bob().principal}" in shell.out
    assert "took over and found: VALID-OPEN" in shell.out
    assert shell("journal", "import", tmp_path / "b.tar.gz") == 4
    assert "of that name already" in shell.err
    assert not list(state_folder().glob("import-*"))


def test_a_drill_is_carried_too(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / NAME
    identity = DrillIdentity.create(folder)
    JournalWriter.create(folder, identity=identity, drill=True).release()
    assert shell("journal", "import", packed(folder)) == 0
    place = Path(shell.out.strip())
    JournalWriter.reopen(place, identity=DrillIdentity.load(place), drill=True).close({})
    assert shell("journal", "verify", place) == 0


def test_links_ballast_and_strange_names_are_left_out_and_said(tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    (folder / "ballast").write_bytes(b"x")
    (folder / "link").symlink_to("/etc/passwd")
    (folder / "links").symlink_to("/etc")
    (folder / "a b\x1b").write_text("x")
    (folder / ".hidden").write_text("x")
    os.mkfifo(folder / "fifo")
    manifest, left_out = write_bundle(folder, tmp_path / "b")
    assert sorted(left_out) == sorted([".hidden", "a b\x1b", "fifo", "link", "links"])
    assert manifest.files[0].path == "journal.jsonl"
    assert "ballast" not in {one.path for one in manifest.files}
    with tarfile.open(tmp_path / "b") as archive:
        assert archive.getnames()[0] == MANIFEST


def test_no_bundle_is_written_over_a_file_or_of_no_run(tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    (tmp_path / "there").write_text("x")
    with pytest.raises(JournalError, match="File exists"):
        write_bundle(folder, tmp_path / "there")
    assert (tmp_path / "there").read_text() == "x"
    with pytest.raises(JournalError, match="holds no run"):
        write_bundle(tmp_path, tmp_path / "b")


def test_what_changes_while_it_is_bundled_leaves_no_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = run_folder(tmp_path)
    described = bundle._described

    def changed(place: Path):
        found = described(place)
        data = (place / "journal.jsonl").read_bytes()
        (place / "journal.jsonl").write_bytes(data[:-2] + b"!\n")
        return found

    monkeypatch.setattr(bundle, "_described", changed)
    with pytest.raises(JournalError, match="changed while"):
        write_bundle(folder, tmp_path / "b")
    assert not (tmp_path / "b").exists()


# what does not verify


def test_unpinned_signers_are_refused_and_may_be_kept_apart(shell: Shell, tmp_path: Path) -> None:
    target = packed(run_folder(tmp_path))
    assert shell("journal", "import", target) == 4
    assert "UNPROVEN-IDENTITY" in shell.err
    assert shell.out == ""
    assert not runs_folder().exists()
    assert shell("journal", "import", target, "--anyway") == 4
    place = Path(shell.out.strip())
    assert place.parent == state_folder() / "apart"
    assert {path.stat().st_mode & 0o222 for path in place.rglob("*")} == {0}
    assert shell("journal", "list") == 0
    assert shell.out == ""
    assert shell("journal", "show", place) == 0
    assert not list(state_folder().glob("import-*"))


@pytest.mark.parametrize("damage", ["line", "evidence", "second"])
def test_a_damaged_run_is_refused(shell: Shell, tmp_path: Path, damage: str) -> None:
    pin_alice(shell)
    folder = run_folder(tmp_path)
    if damage == "line":
        path = folder / "journal.jsonl"
        lines = lines_of(path)
        path.write_bytes(
            lines[0] + lines[1].replace(b"seen", b"saw!").replace(b"output", b"0utput")
        )
        path.write_bytes(path.read_bytes() + lines[1])
    elif damage == "evidence":
        (path,) = [one for one in (folder / "evidence").rglob("*") if one.is_file()]
        path.write_bytes(b"less")
    else:
        (folder / "journal.2.jsonl").write_bytes(b"garbage\n")
    assert shell("journal", "import", packed(folder)) == 4
    assert not runs_folder().exists()


def test_a_damaged_segment_that_the_next_goes_on_from_is_taken(
    shell: Shell, tmp_path: Path
) -> None:
    pin_alice(shell)
    folder = run_folder(tmp_path)
    path = folder / "journal.jsonl"
    lines = lines_of(path)
    path.write_bytes(lines[0] + b"{}\n" + lines[1])
    JournalWriter.reopen(folder, identity=alice(), drill=False, host=stopped_host()).release()
    assert (folder / "journal.2.jsonl").exists()
    assert shell("journal", "import", packed(folder)) == 0
    # one that goes on from elsewhere excuses nothing
    other = tmp_path / "x" / NAME.replace("abc123", "abc124")
    other.mkdir(parents=True)
    (other / "journal.jsonl").write_bytes(path.read_bytes())
    forger = (
        Forger().open().add("segment.continues", {"j": "ee" * 16, "n": 1, "prev": "", "reason": ""})
    )
    forger.save(other / "journal.2.jsonl")
    assert shell("journal", "import", packed(other)) == 4


def test_hostile_lines_in_a_bundle_act_on_nothing(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / NAME
    folder.mkdir()
    evil = "\x1b]0;owned\x07\u202e"
    forger = Forger().open(lambda cert: cert.__setitem__("principal", evil))
    forger.add("note" + evil, {"text": evil}).save(folder / "journal.jsonl")
    assert shell("journal", "import", packed(folder)) == 4
    assert not set("\x1b\x07\u202e") & set(shell.err + shell.out)
    (folder / "journal.jsonl").write_bytes(b"x" * 400_000)
    (tmp_path / "b.tar.gz").unlink()
    assert shell("journal", "import", packed(folder)) == 4


# what means harm


Member = tuple[str, bytes, bytes]
"""Name, type, content."""


def forged(
    path: Path,
    members: list[Member],
    files: list[tuple[str, bytes]],
    *,
    run: str = NAME,
    pack: Callable[[bytes], bytes] = gzip.compress,
    tail: bytes = b"",
    v: str = bundle.FORMAT,
) -> Path:
    noted = tuple(
        BundledFile(path=name, size=len(data), sha256=sha256(data).hexdigest())
        for name, data in files
    )
    text = msgspec.json.encode(Manifest(v=v, run=run, files=noted))
    out = io.BytesIO()
    for name, kind, data in [(MANIFEST, tarfile.REGTYPE, text), *members]:
        info = tarfile.TarInfo(name)
        info.size, info.type, info.linkname = len(data), kind, "/etc/passwd"
        out.write(info.tobuf(tarfile.USTAR_FORMAT, "utf-8", "surrogateescape"))
        out.write(data + bytes(-len(data) % 512))
    out.write(bytes(1024) + tail)
    path.write_bytes(pack(out.getvalue()))
    return path


GOOD = ("journal.jsonl", b"x\n")
GOOD_MEMBER: Member = ("run/journal.jsonl", tarfile.REGTYPE, b"x\n")


def refused(tmp_path: Path, source: Path, words: str) -> None:
    staging = tmp_path / "staging"
    outside = sorted(str(one) for one in tmp_path.rglob("*"))
    with pytest.raises(DocumentError, match=words) as caught:
        unpack_bundle(source, staging)
    assert "\n" not in caught.value.what
    assert not staging.exists()
    assert sorted(str(one) for one in tmp_path.rglob("*")) == outside


def test_the_forged_form_itself_is_fine(tmp_path: Path) -> None:
    for pack in (gzip.compress, bytes):
        source = forged(tmp_path / "b", [GOOD_MEMBER], [GOOD], pack=pack)
        unpack_bundle(source, tmp_path / pack.__name__)
        assert (tmp_path / pack.__name__ / "journal.jsonl").read_bytes() == b"x\n"


@pytest.mark.parametrize(
    "name",
    ["../escape", "/etc/escape", "a/../../escape", "a//b", "a/./b", ".ssh/x", "a\\b", "a\nb", "a\x1b", "", "a/",
     "x" * 101, "a/b/c/d/e", "con ", "é", "-rf"],
)  # fmt: skip
def test_no_path_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    files = [GOOD, (name, b"x")]
    source = forged(tmp_path / "b", [GOOD_MEMBER, ("run/y", tarfile.REGTYPE, b"x")], files)
    refused(tmp_path, source, "it holds the path")


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "../x", "x\x1b"])
def test_a_run_calls_itself_a_plain_name(tmp_path: Path, name: str) -> None:
    refused(tmp_path, forged(tmp_path / "b", [GOOD_MEMBER], [GOOD], run=name), "calls itself")


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE,
     tarfile.DIRTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_SPARSE, tarfile.XHDTYPE, tarfile.XGLTYPE],
)  # fmt: skip
def test_links_devices_and_extensions_are_refused(tmp_path: Path, kind: bytes) -> None:
    member = ("run/journal.jsonl", kind, b"x\n")
    refused(tmp_path, forged(tmp_path / "b", [member], [GOOD]), "no plain file")


def test_members_that_are_not_the_manifests_are_refused(tmp_path: Path) -> None:
    other: Member = ("run/other", tarfile.REGTYPE, b"x\n")
    outside: Member = ("../x", tarfile.REGTYPE, b"x\n")
    cases = [
        ([other], [GOOD], "where run/journal.jsonl should be"),
        ([outside], [GOOD], "where run/journal.jsonl should be"),
        ([GOOD_MEMBER, other], [GOOD], "more than its manifest"),
        ([], [GOOD], "should begin there is none"),
        ([GOOD_MEMBER, GOOD_MEMBER], [GOOD, GOOD], "one name"),
        ([GOOD_MEMBER, other], [GOOD, ("JOURNAL.jsonl", b"x\n")], "one name"),
        ([GOOD_MEMBER, other], [GOOD, ("journal.jsonl/x", b"x\n")], "one name"),
        ([other], [("other", b"x\n")], "holds no journal"),
        ([("run/journal.jsonl", tarfile.REGTYPE, b"y\n")], [GOOD], "is not what its manifest"),
        ([("run/journal.jsonl", tarfile.REGTYPE, b"yy\n")], [GOOD], "should be"),
    ]
    for members, files, words in cases:
        refused(tmp_path, forged(tmp_path / "b", members, files), words)
    refused(tmp_path, forged(tmp_path / "b", [GOOD_MEMBER], [GOOD], tail=b"x"), "more than its man")
    refused(tmp_path, forged(tmp_path / "b", [GOOD_MEMBER], [GOOD], v="other/1"), "its form is")


def test_a_bomb_is_refused_before_it_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zeros = bytes(64 << 20)
    big = [GOOD, ("zeros", zeros)]
    members = [GOOD_MEMBER, ("run/zeros", tarfile.REGTYPE, zeros)]
    refused(tmp_path, forged(tmp_path / "b", members, big), "packed more than 200 to 1")
    for module in (bundle, unbundle):
        monkeypatch.setattr(module, "TOTAL_LIMIT", 1 << 20)
        monkeypatch.setattr(module, "FILES_LIMIT", 3)
    noise = os.urandom(2 << 20)
    members = [GOOD_MEMBER, ("run/noise", tarfile.REGTYPE, noise)]
    refused(
        tmp_path, forged(tmp_path / "b", members, [GOOD, ("noise", noise)]), "more than 3 files"
    )
    many = [(f"f{i}", b"") for i in range(5)]
    refused(tmp_path, forged(tmp_path / "b", [GOOD_MEMBER], [GOOD, *many]), "more than 3 files")
    monkeypatch.setattr(unbundle, "MANIFEST_LIMIT", 10)
    refused(tmp_path, forged(tmp_path / "b", [GOOD_MEMBER], [GOOD]), "manifest is too large")


def test_a_trailing_flood_of_zeros_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = forged(tmp_path / "b", [GOOD_MEMBER], [GOOD], tail=bytes(64 << 20))
    refused(tmp_path, source, "packed more than")


def test_a_bundle_cut_anywhere_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    whole = forged(tmp_path / "b", [GOOD_MEMBER], [GOOD]).read_bytes()
    for cut in range(0, len(whole), 7):
        (tmp_path / "b").write_bytes(whole[:cut])
        refused(tmp_path, tmp_path / "b", "no bundle")


def test_noise_is_refused(tmp_path: Path) -> None:
    for data in (b"", b"x" * 5000, os.urandom(5000), gzip.compress(os.urandom(5000)), b"\x1f\x8b"):
        (tmp_path / "b").write_bytes(data)
        refused(tmp_path, tmp_path / "b", "no bundle")
    os.mkfifo(tmp_path / "fifo")
    refused(tmp_path, tmp_path / "fifo", "not a plain file")
    refused(tmp_path, tmp_path / "none", "cannot be read")


@pytest.mark.parametrize("text", [b"{}", b"[]", b"\xff", b'{"v":1}'])
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, text: bytes) -> None:
    info = tarfile.TarInfo(MANIFEST)
    info.size = len(text)
    data = info.tobuf(tarfile.USTAR_FORMAT) + text + bytes(-len(text) % 512) + bytes(1024)
    (tmp_path / "b").write_bytes(data)
    refused(tmp_path, tmp_path / "b", "manifest is none")


def test_without_room_nothing_is_unpacked(tmp_path: Path) -> None:
    class Full(Disk):
        def free(self, folder: Path) -> int:
            return 1000

    source = forged(tmp_path / "b", [GOOD_MEMBER], [GOOD])
    with pytest.raises(JournalError, match="no room"):
        unpack_bundle(source, tmp_path / "staging", disk=Full())
    assert not (tmp_path / "staging").exists()


def test_an_existing_name_is_never_written_over(tmp_path: Path) -> None:
    source = forged(tmp_path / "b", [GOOD_MEMBER], [GOOD])
    unpack_bundle(source, tmp_path / "staging")
    for make in (Path.mkdir, Path.touch, lambda path: path.symlink_to(tmp_path / "nowhere")):
        place = tmp_path / f"place-{id(make)}"
        make(place)
        for move in (accept, keep_apart):
            with pytest.raises(AmlRunbookError, match="already"):
                move(tmp_path / "staging", place)
    assert (tmp_path / "staging" / "journal.jsonl").exists()
    with pytest.raises(JournalError, match="exists"):
        unpack_bundle(source, tmp_path / "staging")
    assert (tmp_path / "staging" / "journal.jsonl").read_bytes() == b"x\n"
