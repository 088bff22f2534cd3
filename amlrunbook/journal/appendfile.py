"""The file under a journal: locked for life, appended to in whole groups, dead after any fault.

After a failed fsync the kernel may call the lost pages clean, and the next fsync succeeds. So a
handle on which a write or a sync failed is never used again.
"""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from typing import BinaryIO

from amlrunbook.errors import JournalBusyError, JournalError
from amlrunbook.journal.host import Disk

BALLAST_FILE = "ballast"
"""One mebibyte that is given back when the disk is full, so that the last words find room."""
BALLAST_SIZE = 1 << 20
NEEDED_SPACE = 4 << 20
"""Free bytes without which no journal is begun."""
DEAD_SUFFIX = ".dead"
"""Marks a file whose disk failed a sync: a resumed run goes on in a new segment."""

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC


class AppendFile:
    """One journal file, held open, locked and at a known size."""

    def __init__(self, path: Path, descriptor: int, disk: Disk) -> None:
        self.path = path
        self._descriptor = descriptor
        self._disk = disk
        self._fault = ""
        self.size = disk.size(descriptor)
        """Bytes that are durable, or were there when the file was opened."""

    @classmethod
    def create(cls, path: Path, disk: Disk) -> AppendFile:
        """Make the file, which must not exist yet, and lock it.

        Raises:
            JournalError: if it exists or cannot be made.
        """
        try:
            descriptor = os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as error:
            raise JournalError(
                f"There is a journal already: {path}.",
                state="It was left as it is.",
                next_step="Resume that run, or start a new one in a folder of its own.",
            ) from error
        except OSError as error:
            raise _cannot_open(path, error) from error
        return cls._locked(path, descriptor, disk)

    @classmethod
    def open(cls, path: Path, disk: Disk) -> AppendFile:
        """Open and lock a file that is there.

        Raises:
            JournalBusyError: if another process, or another writer of this one, holds it.
            JournalError: if it cannot be opened.
        """
        try:
            descriptor = os.open(path, _FLAGS)
        except OSError as error:
            raise _cannot_open(path, error) from error
        return cls._locked(path, descriptor, disk)

    @classmethod
    def _locked(cls, path: Path, descriptor: int, disk: Disk) -> AppendFile:
        try:
            disk.lock(descriptor)
            return cls(path, descriptor, disk)
        except BlockingIOError as error:
            os.close(descriptor)
            raise JournalBusyError(
                f"Another process is writing {path}.",
                state="Nothing was written here.",
                next_step="Go on in that process, or end it and resume the run.",
            ) from error
        except OSError as error:
            os.close(descriptor)
            raise _cannot_open(path, error) from error

    @property
    def is_dead(self) -> bool:
        """Whether nothing can be written through this handle any more."""
        return bool(self._fault) or self._descriptor < 0

    def reader(self) -> BinaryIO:
        """Return a stream from the file's start; closing it leaves the lock."""
        stream = os.fdopen(os.dup(self._descriptor), "rb", buffering=1 << 20)
        stream.seek(0)
        return stream

    def append(self, data: bytes) -> None:
        """Write ``data`` with one call, and return when it is durable.

        Raises:
            JournalError: if the file is not as this handle left it, or anything fails. Unless it
                was closed before, it is cut to what was durable, as far as that goes, and dead.
        """
        self._refuse_if_dead()
        try:
            self._refuse_if_changed()
            self._write_whole(data)
            self._sync()
        except OSError as error:
            self._cut_back()
            self._give_room(error)
            self._die(error.strerror or str(error))
            raise self._failure() from error
        except BaseException:
            if not self._fault:
                self._cut_back()
                self._die("it was interrupted while writing")
            raise
        self.size += len(data)

    def truncate(self, size: int) -> None:
        """Cut the file to ``size`` bytes, durably.

        Raises:
            JournalError: if that fails; the handle is dead then.
        """
        self._refuse_if_dead()
        try:
            self._disk.truncate(self._descriptor, size)
            self._sync()
        except OSError as error:
            self._die(error.strerror or str(error))
            raise self._failure() from error
        self.size = size

    def close(self) -> None:
        """Close the file and give up the lock; more than once does no harm."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def discard(self) -> None:
        """Remove a file that this handle has just made and in which nothing was recorded."""
        with contextlib.suppress(OSError):
            if self.size == 0 and not self.is_dead:
                self.path.unlink()
        self.close()

    def _refuse_if_changed(self) -> None:
        """Notice a writer that does not care for locks; what it wrote is not cut off."""
        size = self._disk.size(self._descriptor)
        if size != self.size:
            self._die(f"its size changed from {self.size} to {size} bytes under this process")
            raise self._failure()

    def _write_whole(self, data: bytes) -> None:
        written = self._disk.write(self._descriptor, data)
        if written != len(data):
            raise OSError(errno.ENOSPC, f"only {written} of {len(data)} bytes were written")

    def _sync(self) -> None:
        try:
            self._disk.sync(self._descriptor)
        except OSError as error:
            _mark_dead(self.path, f"sync failed: {error.strerror}")
            raise

    def _cut_back(self) -> None:
        with contextlib.suppress(OSError):
            self._disk.truncate(self._descriptor, self.size)

    def _give_room(self, error: OSError) -> None:
        if error.errno in _FULL:
            release_ballast(self.path.parent)

    def _die(self, why: str) -> None:
        self._fault = why
        self.close()

    def _refuse_if_dead(self) -> None:
        if self._fault:
            raise self._failure()
        if self._descriptor < 0:
            raise JournalError(
                f"The journal {self.path} is closed.",
                state="Everything recorded before is safe; this was not recorded.",
                next_step="Resume the run to record more.",
            )

    def _failure(self) -> JournalError:
        return JournalError(
            f"The journal {self.path} could not be written: {self._fault}.",
            state="Everything recorded before is safe; this was not recorded, and this process "
            "will not write to the file again.",
            next_step="Resume the run: it goes on in this file if it is whole, else in a new "
            "segment. If the disk is full or failing, mend that first or copy the run's folder.",
        )


def dead_reason(path: Path) -> str:
    """Return why an earlier process gave up on the file at ``path``, or nothing."""
    try:
        return _marker(path).read_text(encoding="utf-8", errors="replace")[:200].strip()
    except OSError:
        return ""


def reserve_ballast(folder: Path, disk: Disk, *, last_words: bool = False) -> str:
    """Make sure there is room, and put some of it aside; return what the operator should know.

    Args:
        folder: Where the journal is.
        disk: The file calls.
        last_words: Go on with a journal even where there is little room: nothing is put aside
            then, and what was is given back.

    Raises:
        JournalError: if less than ``NEEDED_SPACE`` is free, or the ballast cannot be written.
    """
    try:
        free = disk.free(folder)
        if free < NEEDED_SPACE and last_words:
            release_ballast(folder)
            return f"only {disk.free(folder) // 1024} KiB are free below {folder}"
        _demand_space(folder, free)
        path = folder / BALLAST_FILE
        if path.is_symlink() or not path.exists() or path.stat().st_size != BALLAST_SIZE:
            release_ballast(folder)
            _write_ballast(path, disk)
    except OSError as error:
        raise JournalError(
            f"No room could be put aside below {folder}: {error.strerror}.",
            state="Nothing was recorded.",
            next_step="Free some space or choose another folder.",
        ) from error
    return ""


def _demand_space(folder: Path, free: int) -> None:
    if free < NEEDED_SPACE:
        raise JournalError(
            f"Only {free // 1024} KiB are free below {folder}; a new journal needs "
            f"{NEEDED_SPACE // 1024} KiB.",
            state="Nothing was written.",
            next_step="Free some space or choose another folder.",
        )


def release_ballast(folder: Path) -> None:
    """Give the ballast's room back."""
    with contextlib.suppress(OSError):
        (folder / BALLAST_FILE).unlink(missing_ok=True)


def _write_ballast(path: Path, disk: Disk) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        # random bytes, because zeros take no room on a file system that compresses
        disk.write_all(descriptor, os.urandom(BALLAST_SIZE))
        disk.sync(descriptor)
    finally:
        os.close(descriptor)


def _marker(path: Path) -> Path:
    return path.with_name(path.name + DEAD_SUFFIX)


def _mark_dead(path: Path, why: str) -> None:
    """Leave word for the next process; on a failing disk that may not work either."""
    with contextlib.suppress(OSError):
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(_marker(path), flags, 0o600), "w", encoding="utf-8") as file:
            file.write(why)


def _cannot_open(path: Path, error: OSError) -> JournalError:
    return JournalError(
        f"The journal {path} cannot be opened: {error.strerror}.",
        state="Nothing was written.",
        next_step="Check the path, who owns it, and that it is no link.",
    )
