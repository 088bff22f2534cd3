"""Files on disk: written whole or not at all, for nobody else's eyes, and read with one clear sentence."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from amlrunbook.errors import AmlRunbookError, DocumentError, UsageError

LARGEST = 512 * 1024 * 1024
"""A file larger than this in bytes is none of ours."""


def private_folder(folder: Path) -> Path:
    """Make ``folder`` and what is above it, ours alone where we make it, and return it.

    Raises:
        AmlRunbookError: it cannot be made.
    """
    try:
        missing = [part for part in (folder, *folder.parents) if not part.exists()]
        for part in reversed(missing):
            part.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder.", next_step="Move it away, then try again.")
    return folder


def write_whole(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write ``content`` to ``path``, so that at any moment either the old file or the new one is there, whole.

    A temporary file in the same folder is written, synced and renamed, and the folder is synced.

    Args:
        path: the file.
        content: its new bytes.
        mode: its permissions; nobody else's eyes unless given.

    Raises:
        AmlRunbookError: it cannot be written; the old file is as it was.
    """
    private_folder(path.parent)
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".new")
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with open(handle, "wb") as file:  # noqa: PTH123 - an open handle, not a path
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            Path(name).unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make the rename durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_whole(path: Path, what: str) -> bytes:
    """Return a file's bytes.

    Args:
        path: the file.
        what: what it is, for the error: ``The snapshot``.

    Raises:
        DocumentError: it is not there, no file, too large or unreadable.
    """
    try:
        if not path.is_file():
            there = "is not a file" if path.exists() else "is not there"
            raise DocumentError(f"{what} {path} {there}.")
        if path.stat().st_size > LARGEST:
            raise DocumentError(f"{what} {path} is larger than {LARGEST // 1024**2} MiB.")
        return path.read_bytes()
    except OSError as error:
        raise DocumentError(f"{what} {path} cannot be read: {error.strerror or error}.") from error


def _unwritable(path: Path, error: OSError) -> AmlRunbookError:
    return AmlRunbookError(
        f"{path} cannot be written: {error.strerror or error}.",
        state="What was there before is as it was.",
        next_step="Make room or mend the permissions, then try again.",
    )
