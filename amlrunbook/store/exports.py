"""Exports on disk: a folder of files, and the ledger that says what each of them is.

The ledger is a file of JSON lines beside the files; it is only appended to, a line once the file it names is whole and
in its place. So a killed export goes on where it was: what has a line is there, what has none is fetched again. The last
line of a path counts. A last line that was cut off is no line.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

import msgspec

from amlrunbook.errors import AmlRunbookError, DocumentError, UsageError
from amlrunbook.store.files import private_folder, read_whole
from amlrunbook.store.paths import state_folder

LEDGER_FILE = "amlrunbook-export.jsonl"
"""The ledger's name in an export's folder."""
EXPORT_FORMAT = 1
"""The version of the ledger's lines."""
_STAGE = ".amlrunbook-incoming"
"""Where files lie until they are whole."""


class Kept(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the ledger: one version of one thing that was saved."""

    path: str
    """Where it lies, relative to the export, with slashes."""
    origin: str
    """Where it came from: the ARM id, or account, container and name."""
    mark: str
    """What tells its version at the origin apart from another one."""
    sha256: str
    size: int
    """Bytes."""
    at: str
    """When it was saved, RFC 3339 UTC."""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger's first line."""

    format: int
    profile: str


class Staged(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is whole and not in its place yet."""

    file: str
    sha256: str
    size: int


class Ledger:
    """The ledger of one export, open to be appended to. One process at a time."""

    def __init__(self, path: Path, profile: str) -> None:
        """Open the ledger at ``path``, or begin it.

        Raises:
            DocumentError: it is no ledger, or another profile's.
            AmlRunbookError: it cannot be written, or another export writes it.
        """
        self._path = path
        self.kept = read_ledger(path, profile)
        private_folder(path.parent)
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _unwritable(path, error) from error
        try:
            self._lock()
            self._mend()
            if os.fstat(self._file).st_size == 0:
                self._append(msgspec.json.encode(Head(format=EXPORT_FORMAT, profile=profile)))
        except BaseException:
            os.close(self._file)
            raise

    def add(self, kept: Kept) -> None:
        """Append a line; durable when this returns.

        Raises:
            AmlRunbookError: it cannot be written.
        """
        self._append(msgspec.json.encode(kept))
        self.kept[kept.path] = kept

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    def _lock(self) -> None:
        import fcntl  # noqa: PLC0415 - only where a ledger is written

        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise AmlRunbookError(
                f"Another export writes {self._path}.",
                state="Nothing was fetched.",
                next_step="Wait for it, or end it.",
            ) from error

    def _mend(self) -> None:
        """Cut off a last line that was not written to its end."""
        content = os.pread(self._file, os.fstat(self._file).st_size, 0)
        whole = content.rfind(b"\n") + 1
        if whole != len(content):
            os.ftruncate(self._file, whole)

    def _append(self, line: bytes) -> None:
        try:
            end = os.lseek(self._file, 0, os.SEEK_END)
            wanted = line + b"\n"
            if os.write(self._file, wanted) != len(wanted):
                os.ftruncate(self._file, end)
                raise OSError(28, "No space left on device")  # noqa: TRY301 - as the system would say it
            os.fsync(self._file)
        except OSError as error:
            raise _unwritable(self._path, error) from error


def read_ledger(path: Path, profile: str) -> dict[str, Kept]:
    """Return what an export holds, by path; nothing where there is no ledger.

    Raises:
        DocumentError: it is no ledger of this program, or another profile's.
    """
    if not path.exists():
        return {}
    lines = _whole_lines(read_whole(path, "The export's ledger"))
    try:
        head = msgspec.json.decode(next(lines, b"null"), type=Head | None)
        kept = [msgspec.json.decode(line, type=Kept) for line in lines]
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DocumentError(f"{path} is no ledger of an export: {error}") from error
    if head is not None and (head.format != EXPORT_FORMAT or head.profile != profile):
        raise DocumentError(
            f"{path} is the ledger of an export of {head.profile!r}, format {head.format}.",
            next_step="Give each profile a folder of its own.",
        )
    return {one.path: one for one in kept}


def _whole_lines(content: bytes) -> Iterator[bytes]:
    whole = content[: content.rfind(b"\n") + 1]
    return iter(whole.splitlines())


def local_ledger(profile: str, target: str) -> Path:
    """Return where the ledger lies of an export that goes elsewhere than to a folder."""
    mark = hashlib.sha256(target.encode()).hexdigest()[:16]
    return state_folder() / "exports" / profile / f"{mark}.jsonl"


class ExportFolder:
    """The files of an export in a folder."""

    def __init__(self, root: Path) -> None:
        """Use the folder ``root``; make it where it is missing.

        Raises:
            UsageError: it is no folder, or one that holds other things.
        """
        self._root = private_folder(root.absolute())
        ours = (self._root / LEDGER_FILE).exists()
        if not ours and any(self._root.iterdir()):
            raise UsageError(
                f"{self._root} holds other files, and no export.",
                next_step="Name a new or an empty folder: an export has one of its own.",
            )
        self._stage = private_folder(self._root / _STAGE)
        for left in self._stage.iterdir():
            left.unlink()

    @property
    def ledger(self) -> Path:
        """The ledger's file."""
        return self._root / LEDGER_FILE

    def holds(self, kept: Kept) -> bool:
        """Return whether the file of a ledger's line is there in its full size."""
        path = self._root / kept.path
        return path.is_file() and path.stat().st_size == kept.size

    def place(self, staged: Staged, path: str) -> None:
        """Move a whole file to its place.

        Raises:
            AmlRunbookError: it cannot be moved there.
        """
        target = self._root / path
        private_folder(target.parent)
        try:
            Path(staged.file).replace(target)
        except OSError as error:
            raise _unwritable(target, error) from error

    def stage(self, pieces: Iterable[bytes]) -> Staged:
        """Write pieces to a file that is not in its place yet; see :func:`staged`."""
        return staged(self._stage, pieces)


def staged(folder: Path, pieces: Iterable[bytes]) -> Staged:
    """Write pieces to a new file in ``folder``, synced.

    Raises:
        AmlRunbookError: the disk is full, or cannot be written; nothing is left of the file.
    """
    try:
        handle, name = tempfile.mkstemp(dir=folder)
    except OSError as error:
        raise _unwritable(folder, error) from error
    whole = hashlib.sha256()
    size = 0
    done = False
    try:
        with open(handle, "wb") as file:  # noqa: PTH123 - an open handle, not a path
            for piece in pieces:
                file.write(piece)
                whole.update(piece)
                size += len(piece)
            file.flush()
            os.fsync(file.fileno())
        done = True
    except OSError as error:
        raise _unwritable(Path(name), error) from error
    finally:
        if not done:
            with contextlib.suppress(OSError):
                Path(name).unlink()
    return Staged(file=name, sha256=whole.hexdigest(), size=size)


def _unwritable(path: Path, error: OSError) -> AmlRunbookError:
    return AmlRunbookError(
        f"{path} cannot be written: {error.strerror or error}.",
        state="What was saved before is whole, and stands in the ledger.",
        next_step="Make room or mend the permissions, then export again: it goes on where it was.",
    )
