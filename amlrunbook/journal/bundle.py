"""A bundle: the folder of one run as one file, to be carried to another host.

It is a compressed tar in its oldest form: first a manifest that names every file with size and
hash, then the files in that order, and nothing else. Nothing in it is trusted for being there: who
takes it in verifies the journal. Source of the form: POSIX ustar.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import stat
import tarfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import msgspec

from amlrunbook.errors import JournalError
from amlrunbook.journal.appendfile import BALLAST_FILE
from amlrunbook.journal.lines import JOURNAL_FILE

FORMAT = "amlrunbook.bundle/1"
MANIFEST = "manifest.json"
"""The first member."""
FILES_LIMIT = 20_000
TOTAL_LIMIT = 2 << 30
"""Bytes of all files together."""
MANIFEST_LIMIT = 8 << 20
_CHUNK = 1 << 16
_DEPTH = 4
_PART = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class BundledFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file of the run's folder."""

    path: str
    """Below the folder, parts divided by ``/``."""
    size: int
    sha256: str
    """Hexadecimal."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a bundle says that it holds."""

    v: str = FORMAT
    run: str
    """The folder's name."""
    files: tuple[BundledFile, ...]

    def to_json(self) -> bytes:
        """Return the manifest's text."""
        return msgspec.json.encode(self)


def is_part(text: str) -> bool:
    """Say whether ``text`` may be a file's or a folder's name in a bundle."""
    return _PART.fullmatch(text) is not None


def is_path(text: str) -> bool:
    """Say whether ``text`` may be a file's path in a bundle: a few plain names, no way out."""
    parts = text.split("/")
    return len(parts) <= _DEPTH and all(is_part(part) for part in parts)


def write_bundle(folder: Path, target: Path) -> tuple[Manifest, tuple[str, ...]]:
    """Write the run in ``folder`` to the new file ``target``, mode 0600.

    A journal that is being written is bundled as far as it is when that is noted.

    Returns:
        What is in it, and what of the folder was left out: links, sockets, strange names.

    Raises:
        JournalError: if there is no journal, the target exists, or anything fails; no half bundle
            is left then.
    """
    if not (folder / JOURNAL_FILE).is_file():
        raise JournalError(f"{folder} holds no run.", state="Nothing was written.")
    try:
        manifest, left_out = _described(folder)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise _failed(target, error) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            _write(file, folder, manifest)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        target.unlink(missing_ok=True)
        raise _failed(target, error) from error
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return manifest, left_out


def _described(folder: Path) -> tuple[Manifest, tuple[str, ...]]:
    files, left_out = [], []
    for path in _walk(folder):
        name = path.relative_to(folder).as_posix()
        if name == BALLAST_FILE:
            continue
        if not stat.S_ISREG(path.lstat().st_mode) or not is_path(name):
            left_out.append(name)
            continue
        with os.fdopen(os.open(path, _READ), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            digest = sha256()
            for chunk in _chunks(file, size):
                digest.update(chunk)
        files.append(BundledFile(path=name, size=size, sha256=digest.hexdigest()))
    if len(files) > FILES_LIMIT or sum(one.size for one in files) > TOTAL_LIMIT:
        raise JournalError(
            f"{folder} is larger than a bundle may be: {FILES_LIMIT} files, {TOTAL_LIMIT >> 20} MiB.",
            state="Nothing was written.",
            next_step="Move large evidence elsewhere: the journal stays valid without it.",
        )
    return Manifest(run=folder.resolve().name, files=tuple(files)), tuple(left_out)


def _walk(folder: Path) -> Iterator[Path]:
    """Yield what is no folder, the journal first, following no link."""
    yield folder / JOURNAL_FILE
    for place, folders, names in os.walk(folder, followlinks=False):
        folders.sort()
        links = [name for name in folders if (Path(place) / name).is_symlink()]
        for name in sorted([*names, *links]):
            path = Path(place) / name
            if path != folder / JOURNAL_FILE:
                yield path


def _write(file: BinaryIO, folder: Path, manifest: Manifest) -> None:
    with (
        gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.USTAR_FORMAT) as archive,
    ):
        text = manifest.to_json()
        archive.addfile(_member(MANIFEST, len(text)), io.BytesIO(text))
        for one in manifest.files:
            path = folder / PurePosixPath(one.path)
            with os.fdopen(os.open(path, _READ), "rb") as content:
                checked = _Checked(content, one)
                archive.addfile(_member(f"run/{one.path}", one.size), checked)
                checked.finish()


class _Checked(io.RawIOBase):
    """Reads a file of the manifest, and notices if it is not what was noted any more."""

    def __init__(self, stream: BinaryIO, noted: BundledFile) -> None:
        super().__init__()
        self._stream = stream
        self._noted = noted
        self._digest = sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self._stream.read(size)
        self._digest.update(chunk)
        return chunk

    def finish(self) -> None:
        if self._digest.hexdigest() != self._noted.sha256:
            raise JournalError(
                f"{self._noted.path} changed while it was bundled.",
                state="No bundle was written.",
                next_step="Do it again when nothing writes there.",
            )


def _member(name: str, size: int) -> tarfile.TarInfo:
    """Return a header that says nothing of this host: no owner, no time."""
    info = tarfile.TarInfo(name)
    info.size = size
    info.mode = 0o600
    return info


def _chunks(file: BinaryIO, size: int) -> Iterator[bytes]:
    left = size
    while left and (chunk := file.read(min(_CHUNK, left))):
        left -= len(chunk)
        yield chunk


def _failed(target: Path, error: OSError) -> JournalError:
    return JournalError(
        f"The bundle {target} could not be written: {error.strerror}.",
        state="No bundle was written; the run is as it was.",
        next_step="Choose another file, one that does not exist, with enough room.",
    )
