"""A run's journal as the signed journal of its folder."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from amlrunbook.errors import IncompleteError, JournalError, RefusedError
from amlrunbook.journal import Entry, Identity, JournalWriter, read_entries
from amlrunbook.state.events import ALLOWED_FIELDS, Event, Recorded, body_of, event_of

_HASH = re.compile(r"[0-9a-f]{64}")
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
LARGEST_EVIDENCE = 64 << 20
"""Bytes of a piece of evidence that is read back."""


class JournalLedger:
    """The signed journal of one run's folder, opened for writing."""

    def __init__(self, folder: Path, writer: JournalWriter) -> None:
        self._folder = folder
        self._writer = writer
        self._entries = tuple(recorded_of(entry) for entry in read_entries(folder))

    @classmethod
    def create(cls, folder: Path, identity: Identity, *, drill: bool) -> JournalLedger:
        """Begin the journal of a new run.

        Raises:
            JournalError: there is one already, or it cannot be written.
        """
        return cls(
            folder,
            JournalWriter.create(folder, identity=identity, drill=drill, fields=ALLOWED_FIELDS),
        )

    @classmethod
    def reopen(cls, folder: Path, identity: Identity, *, drill: bool) -> JournalLedger:
        """Go on with the journal of a run that was left.

        Raises:
            JournalBusyError: another process writes it.
            JournalError: it is closed, of the other kind, or cannot be written.
        """
        return cls(
            folder,
            JournalWriter.reopen(folder, identity=identity, drill=drill, fields=ALLOWED_FIELDS),
        )

    @classmethod
    def accept(
        cls,
        folder: Path,
        identity: Identity,
        statement: Mapping[str, str],
        *,
        drill: bool,
        forced: bool = False,
    ) -> JournalLedger:
        """Go on with a run that was handed over: the new session countersigns ``statement``.

        Raises:
            RefusedError: it was not offered to this identity, unless ``forced``.
            JournalBusyError: another process writes it.
            JournalError: as :meth:`reopen`.
        """
        writer = JournalWriter.accept_handover(
            folder, identity, statement, drill=drill, forced=forced, fields=ALLOWED_FIELDS
        )
        return cls(folder, writer)

    @property
    def path(self) -> str:
        """The file that is written."""
        return str(self._writer.path)

    @property
    def journal_id(self) -> str:
        """The journal's id."""
        return self._writer.journal_id

    @property
    def warnings(self) -> tuple[str, ...]:
        """What speaks against the folder; to be shown to the operator."""
        return self._writer.warnings

    @property
    def entries(self) -> tuple[Recorded, ...]:
        """What was in it when it was opened."""
        return self._entries

    def append(self, events: tuple[Event, ...]) -> tuple[Recorded, ...]:
        """Write one group of entries: one write, one sync.

        Raises:
            RefusedError: an entry does not fit a journal; nothing was written.
            JournalError: it cannot be written; the handle is dead from now on.
        """
        try:
            entries = self._writer.append([(event.KIND, body_of(event)) for event in events])
        except JournalError as error:
            if self._writer.is_dead:
                raise
            raise RefusedError(error.what, state=error.state, next_step=error.next_step) from error
        return tuple(recorded_of(entry) for entry in entries)

    def add_evidence(self, name: str, data: bytes, step: str) -> Recorded:
        """Keep ``data`` beside the journal and write the entry that names it.

        Raises:
            JournalError: either cannot be written.
        """
        self._writer.add_evidence(name, data, step=step)
        return self._last()

    def evidence(self, sha256: str) -> bytes:
        """Return the bytes of a piece of evidence.

        Raises:
            IncompleteError: they are withheld, too large, or do not fit their hash.
        """
        return read_evidence(self._folder, sha256)

    def offer_handover(self, principal: str, text: str) -> tuple[Recorded, ...]:
        """Write that the run is ``principal``'s, and let go of the file.

        Raises:
            RefusedError: that can be nobody's name; nothing was written.
            JournalError: it cannot be written.
        """
        try:
            entry = self._writer.offer_handover(principal, text)
        except JournalError as error:
            if self._writer.is_dead:
                raise
            raise RefusedError(error.what, state=error.state, next_step=error.next_step) from error
        return (recorded_of(entry),)

    def close(self, outcome: str) -> tuple[Recorded, ...]:
        """Write the terminal entry and let go of the file.

        Raises:
            JournalError: it cannot be written.
        """
        self._writer.close({"outcome": outcome})
        return (self._last(),)

    def release(self) -> None:
        """Let go of the file without a terminal entry."""
        self._writer.release()

    def _last(self) -> Recorded:
        entry = self._writer.last_entry
        if entry is None:
            raise JournalError("The journal wrote an entry and does not know it.")
        return recorded_of(entry)


def recorded_of(entry: Entry) -> Recorded:
    """Return a journal entry as the event that it says, with its place."""
    return Recorded(
        n=entry.n,
        t=entry.t,
        event=event_of(entry.kind, entry.body),
        mono=entry.mono,
        boot=entry.boot,
    )


def read_evidence(folder: Path, sha256: str) -> bytes:
    """Return the bytes of a piece of evidence of the run in ``folder``.

    Raises:
        IncompleteError: they are withheld, too large, or do not fit their hash.
    """
    if not _HASH.fullmatch(sha256):
        raise IncompleteError(f"{sha256[:80]!a} is no hash of evidence.")
    path = folder / "evidence" / sha256[:2] / sha256
    try:
        with os.fdopen(os.open(path, _READ), "rb") as file:
            data = file.read(LARGEST_EVIDENCE + 1)
    except OSError as error:
        raise IncompleteError(
            f"The evidence {sha256[:12]}… is withheld: {error.strerror}.",
            next_step="The journal itself stays valid; ask for the file if it is needed.",
        ) from error
    if len(data) > LARGEST_EVIDENCE or hashlib.sha256(data).hexdigest() != sha256:
        raise IncompleteError(
            f"The evidence {sha256[:12]}… is not what was signed.",
            next_step=f"Look at {path}: somebody wrote there.",
        )
    return data
