"""Reading a journal's file line by line, with a bound on everything.

Lines end at byte 0x0A and nowhere else. Memory does not grow with the file.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from amlrunbook.errors import JournalError
from amlrunbook.journal.entry import LINE_LIMIT

JOURNAL_FILE = "journal.jsonl"
"""The first segment's name in a run's folder."""
_BUFFER = 1 << 20
_SEGMENTS_LIMIT = 1000


def open_journal(path: Path) -> BinaryIO:
    """Open the journal at ``path``, or the one in that folder, for reading.

    Raises:
        JournalError: if it is missing, not readable, or no plain file.
    """
    file = path / JOURNAL_FILE if path.is_dir() else path
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "no path"
        raise JournalError(
            f"The journal {str(file)!a} cannot be read: {why}.",
            next_step="Check the path; a run's folder will do as well.",
        ) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise JournalError(f"{str(file)!a} is not a plain file.")
    return os.fdopen(descriptor, "rb", buffering=_BUFFER)


def read_lines(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the lines, their LF included; the last may lack it.

    A line longer than the limit is cut one byte above it and is the last to be yielded, so that
    ten gigabytes without an LF cost no more than a short line.
    """
    while line := stream.readline(LINE_LIMIT + 1):
        yield line
        if len(line) > LINE_LIMIT:
            return


def segment_path(folder: Path, number: int) -> Path:
    """Return the path of a run's segment; the first is 1."""
    return folder / (JOURNAL_FILE if number == 1 else f"journal.{number}.jsonl")


def segments(folder: Path) -> list[Path]:
    """Return the paths of a run's segments that exist, in order."""
    paths = (segment_path(folder, number) for number in range(1, _SEGMENTS_LIMIT))
    found = []
    for path in paths:
        if not path.exists():
            break
        found.append(path)
    return found
