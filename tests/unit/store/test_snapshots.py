from __future__ import annotations

from pathlib import Path

import pytest

from amlrunbook.errors import DocumentError, UsageError
from amlrunbook.model.snapshot import SNAPSHOT_FORMAT, Snapshot
from amlrunbook.store.snapshots import (
    find_snapshot,
    latest_snapshot,
    list_snapshots,
    read_snapshot,
    save_snapshot,
)


def snapshot(taken_at: str = "2026-11-22T10:11:12Z", profile: str = "fraud") -> Snapshot:
    return Snapshot(
        format=SNAPSHOT_FORMAT,
        taken_at=taken_at,
        profile=profile,
        program="amlrunbook 0",
        documents=({"id": "/a", "unread": "not readable"}, {"id": "/b", "properties": {"n": 1}}),
    )


def test_a_snapshot_comes_back_with_its_digest() -> None:
    path = save_snapshot(snapshot())
    assert read_snapshot(path) == snapshot()
    assert read_snapshot(path).digest == snapshot().digest
    assert path.name == "20261122T101112Z.json"


def test_none_is_replaced_and_the_newest_is_found() -> None:
    assert latest_snapshot("fraud") is None
    for taken_at in ["2026-11-22T10:11:12Z"] * 11 + ["2026-11-21T00:00:00Z"]:
        save_snapshot(snapshot(taken_at))
    stored = list_snapshots("fraud")
    assert len(stored) == 12
    newest = latest_snapshot("fraud")
    assert newest is not None
    assert newest.stamp == "20261122T101112Z-11"
    assert stored[0].stamp == "20261121T000000Z"
    assert find_snapshot("fraud", "20261121T000000Z") == stored[0]
    with pytest.raises(UsageError, match="no snapshot"):
        find_snapshot("fraud", "nope")


def test_profiles_have_their_own() -> None:
    save_snapshot(snapshot(profile="a"))
    save_snapshot(snapshot(profile="b"))
    assert [stored.profile for stored in list_snapshots()] == ["a", "b"]
    assert len(list_snapshots("a")) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "damaged"),
        (b'{"format": 1, "documents": [', "damaged"),
        (b"\xff\xfe", "damaged"),
        (b"[]", "no snapshot"),
        (b"{}", "no snapshot"),
        (b'{"format": 2, "documents": []}', "format 2"),
        (b'{"format": "1", "documents": []}', "format '1'"),
        (b'{"format": 1, "documents": {}}', "does not fit"),
        (
            b'{"format": 1, "documents": [], "taken_at": "", "profile": "", "program": "", "x": 1}',
            "does not fit",
        ),
    ],
)
def test_a_file_that_is_no_snapshot_is_one_clear_sentence(
    tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(DocumentError, match=said) as found:
        read_snapshot(path)
    assert str(path) in found.value.what
