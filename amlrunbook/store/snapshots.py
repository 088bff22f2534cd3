"""Snapshots on disk: a folder a profile, a file a snapshot, named by its time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import msgspec

from amlrunbook.errors import DocumentError, UsageError
from amlrunbook.model.snapshot import SNAPSHOT_FORMAT, Snapshot
from amlrunbook.store.files import read_whole, write_whole
from amlrunbook.store.paths import snapshots_folder
from amlrunbook.store.profiles import profile_path

_STAMP = re.compile(r"^\d{8}T\d{6}Z(?:-\d+)?$")


@dataclass(frozen=True, slots=True)
class StoredSnapshot:
    """A snapshot's file, not read yet."""

    profile: str
    stamp: str
    """When it was taken, ``20261122T101112Z``, and a number where two fell into one second."""
    path: Path


def save_snapshot(snapshot: Snapshot) -> Path:
    """Write a snapshot beside the earlier ones of its profile and return its file. None is ever replaced.

    Raises:
        AmlRunbookError: it cannot be written.
    """
    folder = _folder(snapshot.profile)
    stamp = re.sub(r"[^0-9TZ]", "", snapshot.taken_at)
    path = folder / f"{stamp}.json"
    number = 1
    while path.exists():
        number += 1
        path = folder / f"{stamp}-{number}.json"
    write_whole(path, msgspec.json.format(msgspec.json.encode(snapshot), indent=1))
    return path


def read_snapshot(path: Path) -> Snapshot:
    """Return the snapshot in a file.

    Raises:
        DocumentError: it cannot be read, is cut short, or is no snapshot of this format.
    """
    content = read_whole(path, "The snapshot")
    try:
        tree = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DocumentError(
            f"The snapshot {path} is damaged: it is no whole JSON document.",
            next_step="Use an older one (`amlrunbook snapshot list`), or take a new one.",
        ) from error
    if not isinstance(tree, dict) or "format" not in tree or "documents" not in tree:
        raise DocumentError(
            f"{path} is no snapshot of this program.",
            next_step="A list of ARM documents is read by `amlrunbook assess --from FILE`.",
        )
    if tree["format"] != SNAPSHOT_FORMAT:
        raise DocumentError(
            f"The snapshot {path} has format {tree['format']!r}; this program reads {SNAPSHOT_FORMAT}.",
            next_step="Use the release of amlrunbook that wrote it, or take a new one.",
        )
    try:
        return msgspec.convert(tree, Snapshot)
    except msgspec.ValidationError as error:
        raise DocumentError(f"The snapshot {path} does not fit its format: {error}.") from error


def list_snapshots(profile: str = "") -> tuple[StoredSnapshot, ...]:
    """Return the snapshots of a profile, or of all, oldest first."""
    folders = [_folder(profile)] if profile else sorted(snapshots_folder().glob("*"))
    found = [
        StoredSnapshot(folder.name, path.stem, path)
        for folder in folders
        for path in folder.glob("*.json")
        if _STAMP.fullmatch(path.stem)
    ]
    return tuple(sorted(found, key=lambda stored: (stored.profile, _order(stored.stamp))))


def latest_snapshot(profile: str) -> StoredSnapshot | None:
    """Return the newest snapshot of a profile, or ``None`` where there is none."""
    stored = list_snapshots(profile)
    return stored[-1] if stored else None


def find_snapshot(profile: str, stamp: str = "") -> StoredSnapshot:
    """Return a profile's snapshot by its stamp, or the newest.

    Raises:
        UsageError: there is none.
    """
    stored = list_snapshots(profile)
    wanted = [one for one in stored if not stamp or one.stamp == stamp]
    if not wanted:
        what = f"no snapshot {stamp!r}" if stamp else "no snapshot"
        raise UsageError(
            f"There is {what} of {profile!r}.",
            next_step=f"`amlrunbook snapshot take -w {profile}` takes one.",
        )
    return wanted[-1]


def _order(stamp: str) -> tuple[str, int]:
    base, _, number = stamp.partition("-")
    return base, int(number or 1)


def _folder(profile: str) -> Path:
    return snapshots_folder() / profile_path(profile).stem
