"""Evidence: bytes beside the journal, found by their hash and by nothing else.

They lie in ``evidence/<first two digits>/<sha256>``; the name is display text and never part of a
path. A missing file is withheld, which the journal survives; a present one must be what was signed.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

import msgspec

from amlrunbook.errors import JournalError
from amlrunbook.journal.host import Disk

FOLDER = "evidence"
"""The folder beside the journal."""
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_CHUNK = 1 << 20
_HASH = re.compile(r"[0-9a-f]{64}")


SALT_SIZE = 16
"""Random bytes before evidence that could be guessed."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of an ``evidence.added`` entry."""

    name: str
    """Display text; untrusted, and no path."""
    size: int
    """Bytes."""
    sha256: str
    """Hexadecimal; also where the bytes lie."""
    salted: bool = False
    """Whether the file begins with 16 random bytes that are no content."""


class Presence(StrEnum):
    """What lies where a piece of evidence should."""

    PRESENT = "present"
    WITHHELD = "withheld"
    MISMATCHING = "mismatching"


def from_body(body: dict[str, object]) -> Evidence | None:
    """Return the evidence that an entry's body names; None if it has another form."""
    try:
        evidence = msgspec.convert(body, Evidence, strict=True)
    except msgspec.ValidationError:
        return None
    return evidence if _HASH.fullmatch(evidence.sha256) and evidence.size >= 0 else None


def put(folder: Path, name: str, content: bytes, disk: Disk, *, salt: bytes = b"") -> Evidence:
    """Make ``content`` durable beside the journal in ``folder``, and return its description.

    Writing the same bytes twice keeps one file. Size and hash are those of the file: a salt is in
    them.

    Raises:
        JournalError: if it cannot be written, or other bytes lie in its place.
    """
    content = salt + content
    digest = sha256(content).hexdigest()
    evidence = Evidence(name=name, size=len(content), sha256=digest, salted=bool(salt))
    try:
        with _directory(folder, FOLDER, digest[:2], disk=disk) as directory:
            _place(directory, digest, content, disk)
    except OSError as error:
        raise JournalError(
            f"Evidence could not be written to {folder / FOLDER}: {error.strerror}.",
            state="The journal does not name it; the journal itself is unharmed.",
            next_step="Free some space and add it again.",
        ) from error
    if presence(folder, evidence) is not Presence.PRESENT:
        raise JournalError(
            f"Other bytes lie where the evidence {digest} belongs.",
            state="The journal does not name it; the journal itself is unharmed.",
            next_step=f"Look at {folder / FOLDER / digest[:2]}: somebody else wrote there.",
        )
    return evidence


def presence(folder: Path, evidence: Evidence) -> Presence:
    """Say whether the bytes beside the journal are those that were signed."""
    parts = (FOLDER, evidence.sha256[:2], evidence.sha256)
    try:
        with contextlib.ExitStack() as stack:
            place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            for part in parts[:-1]:
                stack.callback(os.close, place)
                place = os.open(part, _DIRECTORY, dir_fd=place)
            stack.callback(os.close, place)
            file = stack.enter_context(os.fdopen(os.open(parts[-1], _READ, dir_fd=place), "rb"))
            return _compare(file.fileno(), evidence)
    except FileNotFoundError:
        return Presence.WITHHELD
    except OSError:
        return Presence.MISMATCHING


def _compare(descriptor: int, evidence: Evidence) -> Presence:
    if os.fstat(descriptor).st_size != evidence.size:
        return Presence.MISMATCHING
    digest = sha256()
    while chunk := os.read(descriptor, _CHUNK):
        digest.update(chunk)
    same = digest.hexdigest() == evidence.sha256
    return Presence.PRESENT if same else Presence.MISMATCHING


@contextlib.contextmanager
def _directory(folder: Path, *parts: str, disk: Disk) -> Iterator[int]:
    """Open a directory step by step, making what is missing, following no link."""
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    with contextlib.ExitStack() as stack:
        stack.callback(os.close, place)
        for part in parts:
            with contextlib.suppress(FileExistsError):
                os.mkdir(part, 0o700, dir_fd=place)
                disk.sync(place)
            place = os.open(part, _DIRECTORY, dir_fd=place)
            stack.callback(os.close, place)
        yield place


def _place(directory: int, name: str, content: bytes, disk: Disk) -> None:
    """Write under another name, make it durable, then link it: a crash leaves no half file."""
    part = f"{name}.{os.urandom(4).hex()}.part"
    descriptor = os.open(part, _CREATE, 0o600, dir_fd=directory)
    try:
        try:
            disk.write_all(descriptor, content)
            disk.sync(descriptor)
        finally:
            os.close(descriptor)
        with contextlib.suppress(FileExistsError):
            os.link(part, name, src_dir_fd=directory, dst_dir_fd=directory)
    finally:
        os.unlink(part, dir_fd=directory)
    disk.sync(directory)
