"""Reading entries, for the fold, for replay and for display: well-formed or refused.

Reading checks form, number and chain; signatures and identities are the verifier's.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from amlrunbook.errors import JournalError
from amlrunbook.journal import sshsig
from amlrunbook.journal.entry import (
    NO_PREV,
    SEGMENT_CONTINUES,
    Entry,
    LineError,
    Reason,
    is_count,
    parse,
    unframe,
)
from amlrunbook.journal.lines import JOURNAL_FILE, open_journal, read_lines, segments
from amlrunbook.journal.merkle import leaf_hash


def read_entries(path: Path) -> Iterator[Entry]:
    """Yield the entries of the journal at ``path``, in order.

    For a run's folder, the entries of all its segments: of each one as many as the next states
    that it goes on from.

    Raises:
        JournalError: where the file cannot be read, or at the first line that is not well-formed
            or does not follow from the one before; what was yielded until then is well-formed.
    """
    if not path.is_dir():
        yield from _read_file(path)
        return
    files = [file for file in segments(path)[1:] if _head(file)]
    limits = dict(limit for file in files if (limit := _continued(file)) is not None)
    yield from _read_limited(path / JOURNAL_FILE, limits)
    for file in files:
        yield from _read_limited(file, limits)


def _head(file: Path) -> list[Entry]:
    """Return the first two entries, as far as they are well-formed."""
    found: list[Entry] = []
    with contextlib.suppress(JournalError):
        for entry in islice(_read_file(file), 2):
            found.append(entry)  # noqa: PERF402 - what came before the error is kept
    return found


def _continued(file: Path) -> tuple[str, int] | None:
    """Return which journal this segment goes on from, and after how many entries."""
    for entry in _head(file):
        j, n = entry.body.get("j"), entry.body.get("n")
        if entry.kind == SEGMENT_CONTINUES and isinstance(j, str) and is_count(n):
            return j, n
    return None


def _read_limited(file: Path, limits: dict[str, int]) -> Iterator[Entry]:
    entries = _read_file(file)
    first = next(entries, None)
    if first is None:
        return
    yield first
    limit = limits.get(first.j)
    yield from entries if limit is None else islice(entries, max(limit - 1, 0))


def _read_file(file: Path) -> Iterator[Entry]:
    with open_journal(file) as stream:
        prev, journal_id = sshsig.to_base64(NO_PREV), ""
        for number, line in enumerate(read_lines(stream)):
            try:
                data, _ = unframe(line)
                entry = parse(data)
                _check_place(entry, number, prev, journal_id or entry.j)
            except LineError as error:
                raise JournalError(
                    f"Entry {number} of {file.name} does not hold ({error.reason.value}): "
                    f"expected {error.expected}, found {error.found}.",
                    state=f"The {number} entries before it are well-formed.",
                    next_step=f"Look at it with: amlrunbook journal verify {file}",
                ) from error
            prev, journal_id = sshsig.to_base64(leaf_hash(line[:-1])), entry.j
            yield entry


def _check_place(entry: Entry, number: int, prev: str, journal_id: str) -> None:
    if entry.n != number:
        raise LineError(Reason.NUMBER, expected=str(number), found=str(entry.n))
    if entry.j != journal_id:
        raise LineError(Reason.JOURNAL, expected=journal_id, found=entry.j)
    if entry.prev != prev:
        raise LineError(Reason.PREV, expected=prev, found=entry.prev)
