"""Reopening: what a crash left is put aside, never dropped; what is damaged is never touched."""

from __future__ import annotations

import os
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import msgspec

from amlrunbook.errors import JournalError
from amlrunbook.journal.appendfile import AppendFile, dead_reason
from amlrunbook.journal.host import Disk
from amlrunbook.journal.scan import Scan

_CHUNK = 1 << 20
_TRIES = 100


class Continuation(msgspec.Struct, frozen=True, kw_only=True):
    """Where a new segment goes on from, and why: the body of ``segment.continues``."""

    j: str
    """The old journal's id."""
    n: int
    """How many of its entries hold."""
    prev: str
    """The leaf hash of the last of them, in base64."""
    reason: str


class Condition(StrEnum):
    """What a file that is reopened allows."""

    WHOLE = "whole"
    """Go on in it."""
    TORN = "torn"
    """Put the tail aside, then go on in it."""
    DAMAGED = "damaged"
    """Leave it as it is and go on in a new segment."""


def scan_file(file: AppendFile) -> Scan:
    """Verify ``file`` in full, but for whose identities they are.

    Raises:
        JournalError: if it cannot be read.
    """
    scan = Scan(judge=lambda _opening, _namespaces: "")
    try:
        with file.reader() as stream:
            scan.run(stream)
    except OSError as error:
        raise JournalError(
            f"The journal {file.path} cannot be read: {error.strerror}.",
            state="Nothing was written.",
            next_step="Check the disk; copy the run's folder while it can be read.",
        ) from error
    return scan


def condition_of(scan: Scan, path: Path) -> tuple[Condition, str]:
    """Return what may be done with the scanned file, and why it is damaged if it is."""
    dead = dead_reason(path)
    if dead:
        return Condition.DAMAGED, dead
    bad = scan.first_bad
    if bad is None:
        return Condition.WHOLE, ""
    if scan.torn and scan.is_begun:
        return Condition.TORN, ""
    return Condition.DAMAGED, f"entry {bad.n} does not hold: {bad.reason.value}"


def put_tail_aside(file: AppendFile, scan: Scan, disk: Disk) -> None:
    """Copy what follows the last good line to ``<name>.torn-<n>``, durably, then cut it off.

    Raises:
        JournalError: if the copy cannot be made; then nothing is cut off.
    """
    try:
        with file.reader() as stream:
            stream.seek(scan.size)
            _copy(stream, file.path, scan.n, disk)
        disk.sync_folder(file.path.parent)
    except OSError as error:
        raise JournalError(
            f"The torn end of {file.path} could not be put aside: {error.strerror}.",
            state="Nothing was cut off; the file is as the crash left it.",
            next_step="Free some space and resume again.",
        ) from error
    file.truncate(scan.size)


def torn_tails(path: Path, n: int) -> list[dict[str, object]]:
    """Return the bodies of ``recovery.torn_tail`` for what was put aside at entry ``n``.

    They are found by the files, so a crash between putting aside and recording loses nothing.
    """
    name = f"{path.name}.torn-{n}"
    files = sorted(
        one
        for one in path.parent.iterdir()
        if (one.name == name or one.name.startswith(name + "-")) and not one.is_symlink()
    )
    return [_described(one, n) for one in files]


def _copy(stream: BinaryIO, path: Path, n: int, disk: Disk) -> None:
    descriptor = _new_file(path.parent, f"{path.name}.torn-{n}")
    try:
        while chunk := stream.read(_CHUNK):
            disk.write_all(descriptor, chunk)
        disk.sync(descriptor)
    finally:
        os.close(descriptor)


def _new_file(folder: Path, name: str) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    for attempt in range(_TRIES):
        try:
            return os.open(folder / (f"{name}-{attempt}" if attempt else name), flags, 0o600)
        except FileExistsError:
            continue
    raise JournalError(f"{folder} is full of torn ends of {name}: look at them first.")


def _described(path: Path, n: int) -> dict[str, object]:
    digest, size = sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return {"bytes": size, "sha256": digest.hexdigest(), "at_entry": n}
