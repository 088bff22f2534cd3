"""Taking a bundle in: unpacked beside everything else, verified, and only then accepted.

Whoever made the bundle may mean harm. Only plain files with plain names are taken, those of the
manifest and in its order, into a new folder, under limits on number, size and ratio of packing;
so there is no way out of the folder, no link, no device, and nothing that grows without end.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import stat
import tarfile
import zlib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import msgspec

from amlrunbook.errors import DocumentError, JournalError, RefusedError
from amlrunbook.journal.bundle import (
    FILES_LIMIT,
    FORMAT,
    MANIFEST,
    MANIFEST_LIMIT,
    TOTAL_LIMIT,
    BundledFile,
    Manifest,
    is_part,
    is_path,
)
from amlrunbook.journal.host import Disk
from amlrunbook.journal.lines import JOURNAL_FILE

RATIO_LIMIT = 200
"""Bytes that one packed byte may become."""
_RATIO_FLOOR = 4 << 20
_MARGIN = 64 << 20
_BLOCK = 512
_CHUNK = 1 << 16
_GZIP = b"\x1f\x8b"
_HASH = re.compile(r"[0-9a-f]{64}")
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def unpack_bundle(bundle: Path, staging: Path, *, disk: Disk | None = None) -> Manifest:
    """Unpack ``bundle`` into ``staging``, a folder that is made here, and return its manifest.

    Every file has the size and hash that the manifest states. Nothing is verified beyond that.

    Raises:
        DocumentError: in one sentence, if it is no bundle or breaks a rule; ``staging`` is gone.
        JournalError: if it cannot be written; ``staging`` is gone.
    """
    try:
        descriptor = os.open(bundle, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "no path"
        raise DocumentError(f"The bundle {str(bundle)!a} cannot be read: {why}.") from error
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise DocumentError(f"{str(bundle)!a} is not a plain file.")
        try:
            staging.mkdir(mode=0o700, parents=True)
        except OSError as error:
            raise _failed(staging, error) from error
        try:
            return _unpacked(_Unpacked(file), staging, disk or Disk())
        except OSError as error:
            _remove(staging)
            raise _failed(staging, error) from error
        except BaseException:
            _remove(staging)
            raise


def keep_apart(staging: Path, place: Path) -> None:
    """Move what did not verify to ``place``, and let nobody write there by accident.

    Raises:
        RefusedError: if there is something already.
        JournalError: if it cannot be moved.
    """
    accept(staging, place)
    for folder, _, names in os.walk(place):
        for name in names:
            (Path(folder) / name).chmod(0o400)
        Path(folder).chmod(0o500)


def accept(staging: Path, place: Path) -> None:
    """Move what was unpacked to ``place``, which must not exist.

    Raises:
        RefusedError: if it does.
        JournalError: if it cannot be moved.
    """
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if place.exists() or place.is_symlink():
            raise RefusedError(
                f"There is a run of that name already: {place}.",
                state="Nothing was taken in, and that run is as it was.",
                next_step="Compare the two before you move that one away.",
            )
        staging.rename(place)
        Disk().sync_folder(place.parent)
    except OSError as error:
        raise JournalError(
            f"The run could not be moved to {place}: {error.strerror}.",
            state="Nothing was taken in.",
        ) from error


class _Unpacked:
    """The bytes under the packing, in order, never more than the limits allow."""

    def __init__(self, file: BinaryIO) -> None:
        head = file.read(len(_GZIP))
        file.seek(0)
        self._file = file
        self._stream: BinaryIO | gzip.GzipFile = (
            gzip.GzipFile(fileobj=file, mode="rb") if head == _GZIP else file
        )
        self._total = 0

    def some(self, size: int) -> bytes:
        """Return up to ``size`` bytes; none at the end."""
        try:
            chunk = self._stream.read(min(size, _CHUNK))
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise _bad("its packing is damaged or cut off") from error
        self._total += len(chunk)
        if self._total > TOTAL_LIMIT + MANIFEST_LIMIT + FILES_LIMIT * 2 * _BLOCK:
            raise _bad(f"it holds more than {TOTAL_LIMIT >> 20} MiB")
        if self._total > _RATIO_FLOOR + RATIO_LIMIT * self._file.tell():
            raise _bad(f"it is packed more than {RATIO_LIMIT} to 1")
        return chunk

    def exactly(self, size: int) -> Iterator[bytes]:
        """Yield ``size`` bytes in pieces."""
        left = size
        while left:
            chunk = self.some(left)
            if not chunk:
                raise _bad("it is cut off")
            left -= len(chunk)
            yield chunk

    def skip_padding(self, size: int) -> None:
        """Pass over what fills the last block of a member."""
        for _ in self.exactly(-size % _BLOCK):
            pass


def _unpacked(source: _Unpacked, staging: Path, disk: Disk) -> Manifest:
    manifest = _manifest(source)
    total = sum(one.size for one in manifest.files)
    if disk.free(staging) < total + _MARGIN:
        raise JournalError(
            f"There is no room for {total >> 20} MiB below {staging.parent}.",
            state="Nothing was taken in.",
            next_step="Free some space.",
        )
    for one in manifest.files:
        _header(source, f"run/{one.path}", one.size)
        _write(source, staging, one, disk)
        source.skip_padding(one.size)
    while chunk := source.some(_CHUNK):
        if chunk.strip(b"\0"):
            raise _bad("it holds more than its manifest names")
    return manifest


def _manifest(source: _Unpacked) -> Manifest:
    size = _header(source, MANIFEST, None)
    if size > MANIFEST_LIMIT:
        raise _bad("its manifest is too large")
    text = b"".join(source.exactly(size))
    source.skip_padding(size)
    try:
        manifest = msgspec.json.decode(text, type=Manifest)
    except msgspec.DecodeError as error:
        raise _bad(f"its manifest is none ({error})") from error
    _check_manifest(manifest)
    return manifest


def _check_manifest(manifest: Manifest) -> None:
    files = manifest.files
    if manifest.v != FORMAT:
        raise _bad(f"its form is {manifest.v[:40]!a}, not {FORMAT}")
    if not is_part(manifest.run):
        raise _bad(f"it calls itself {manifest.run[:60]!a}")
    if len(files) > FILES_LIMIT or sum(one.size for one in files) > TOTAL_LIMIT:
        raise _bad(f"it holds more than {FILES_LIMIT} files or {TOTAL_LIMIT >> 20} MiB")
    for one in files:
        if not is_path(one.path):
            raise _bad(f"it holds the path {one.path[:80]!a}")
        if one.size < 0 or _HASH.fullmatch(one.sha256) is None:
            raise _bad(f"size or hash of {one.path} is none")
    _check_names({one.path.casefold() for one in files}, len(files))
    if JOURNAL_FILE not in {one.path for one in files}:
        raise _bad("it holds no journal")


def _check_names(paths: set[str], count: int) -> None:
    """Refuse two files of one name, also where a disk does not tell ``A`` from ``a``."""
    folders = {parent.as_posix() for path in paths for parent in PurePosixPath(path).parents}
    if len(paths) != count or paths & folders:
        raise _bad("two of its files have one name")


def _header(source: _Unpacked, name: str, size: int | None) -> int:
    """Read one header; it must be a plain file's, of this name and size. Return the size."""
    block = b"".join(source.exactly(_BLOCK))
    try:
        info = tarfile.TarInfo.frombuf(block, "ascii", "strict")
    except (tarfile.HeaderError, UnicodeDecodeError, ValueError) as error:
        raise _bad(f"where {name} should begin there is none") from error
    if info.type not in {tarfile.REGTYPE, tarfile.AREGTYPE}:
        raise _bad(f"where {name} should be there is no plain file")
    if info.name != name or info.size < 0 or (size is not None and info.size != size):
        raise _bad(f"where {name} should be there is {info.name[:80]!a}")
    return info.size


def _write(source: _Unpacked, staging: Path, one: BundledFile, disk: Disk) -> None:
    path = staging / PurePosixPath(one.path)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, _CREATE, 0o600)
    digest = sha256()
    try:
        for chunk in source.exactly(one.size):
            digest.update(chunk)
            disk.write_all(descriptor, chunk)
        disk.sync(descriptor)
    finally:
        os.close(descriptor)
    if digest.hexdigest() != one.sha256:
        raise _bad(f"{one.path} is not what its manifest names")


def _remove(staging: Path) -> None:
    shutil.rmtree(staging, ignore_errors=True)


def _failed(staging: Path, error: OSError) -> JournalError:
    return JournalError(
        f"The bundle could not be unpacked into {staging}: {error.strerror}.",
        state="Nothing was taken in.",
        next_step="Free some space, or mend the folder's permissions.",
    )


def _bad(why: str) -> DocumentError:
    return DocumentError(
        f"This is no bundle that can be taken in: {why}.",
        state="Nothing was taken in.",
        next_step="Ask for it again, made with: amlrunbook journal bundle",
    )
