"""Entries made durable one group at a time: composed, masked, signed, verified, written, synced.

The rules and their reasons: the journal format, section 4. One writer holds one file; any fault
ends that writer for good, and what it acknowledged before stays.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from amlrunbook.errors import JournalError
from amlrunbook.journal import entry as entries
from amlrunbook.journal import sshsig
from amlrunbook.journal.appendfile import AppendFile, release_ballast
from amlrunbook.journal.entry import Entry, timestamp
from amlrunbook.journal.host import Host
from amlrunbook.journal.identity import Identity
from amlrunbook.journal.masking import Fields, masked
from amlrunbook.journal.merkle import CompactRange, leaf_hash
from amlrunbook.journal.namespaces import DRILL, LIVE, Namespaces
from amlrunbook.journal.placement import placement_warnings
from amlrunbook.journal.recovery import Continuation
from amlrunbook.journal.session import Accepts, Certificate, certify
from amlrunbook.journal.session_key import SessionKey

Draft = tuple[str, Mapping[str, object]]
"""A kind and its body."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """Under which a session writes: who, for what kind of run, and what is asked beforehand."""

    identity: Identity
    drill: bool
    host: Host
    fields: Fields | None
    """The fields that a body of each kind may have; None allows all."""
    check: Callable[[Entry | None, Identity, bool], None]
    """Refuses to go on after the last entry of a journal that is there."""
    accepts: Accepts | None = None
    """What the receiver of a hand-over states."""

    @property
    def namespaces(self) -> Namespaces:
        """What is signed under."""
        return DRILL if self.drill else LIVE


class EntryWriter:
    """Holds one file and one session key; safe to use from several threads."""

    def __init__(self, file: AppendFile, *, journal_id: str, terms: Terms) -> None:
        """Take a locked file; no session is open yet."""
        self._file = file
        self._terms = terms
        self._host = terms.host
        self._guards: Sequence[AppendFile] = ()
        self._lock = threading.RLock()
        self._key = SessionKey(terms.host.entropy(32), terms.namespaces.entry)
        self._handed_to = ""
        self._prev = entries.NO_PREV
        self._tree = CompactRange()
        self.journal_id = journal_id
        """128 random bits, hexadecimal."""
        self.last_entry: Entry | None = None
        """The entry that this writer made durable last."""
        self.warnings: tuple[str, ...] = ()
        """What speaks against the folder; to be shown to the operator."""

    @property
    def path(self) -> Path:
        """The file that is written now."""
        return self._file.path

    @property
    def next_n(self) -> int:
        """The number that the next entry will have."""
        return self._tree.size

    @property
    def is_dead(self) -> bool:
        """Whether this writer has failed or was closed."""
        return self._file.is_dead

    def position(self, reason: str) -> Continuation:
        """Return what a new journal elsewhere states if it goes on from here because of ``reason``."""
        with self._lock:
            return Continuation(
                j=self.journal_id,
                n=self._tree.size,
                prev=sshsig.to_base64(self._prev),
                reason=reason,
            )

    def release(self) -> None:
        """Let go of the file without closing the journal, so that the run can be resumed."""
        with self._lock:
            was_live = not self._file.is_dead
            self._file.close()
            for guard in self._guards:
                guard.close()
            if was_live:
                release_ballast(self._file.path.parent)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def _open_session(self, drafts: Sequence[Draft]) -> None:
        """Record the certificate, and ``drafts`` along with it."""
        certificate = Certificate(
            j=self.journal_id,
            n=self._tree.size,
            prev=sshsig.to_base64(self._prev),
            principal=self._terms.identity.principal,
            root=sshsig.to_base64(self._tree.root()),
            session=self._key.public_key,
            accepts=self._terms.accepts,
            t=timestamp(self._host.wall()),
        )
        body = certify(certificate, self._terms.identity, self._terms.namespaces)
        self._commit([(entries.SESSION_OPEN, body), *drafts])
        self.warnings = placement_warnings(self._file.path.parent)

    def _commit(self, drafts: Sequence[Draft], *, confirmed: bool = False) -> list[Entry]:
        """Compose, sign, verify, write once, sync, and only then step on."""
        if not drafts:
            return []
        with self._lock:
            self._refuse_if_handed_over()
            prev, composed, lines = self._prev, [], []
            for n, draft in enumerate(drafts, start=self._tree.size):
                entry = self._compose(n, prev, draft, confirmed)
                line = self._key.line(entry)
                prev = leaf_hash(line[:-1])
                composed.append(entry)
                lines.append((line, prev))
            self._file.append(b"".join(line for line, _ in lines))
            for _, leaf in lines:
                self._tree.push(leaf)
            self._prev = prev
            self.last_entry = composed[-1]
            return composed

    def _refuse_if_handed_over(self) -> None:
        if self._handed_to:
            raise JournalError(
                f"This run was handed over to {self._handed_to!a}.",
                state="This was not recorded, and this process will record nothing more.",
                next_step="They go on with it; look at it with: amlrunbook journal show",
            )

    def _compose(self, n: int, prev: bytes, draft: Draft, confirmed: bool) -> Entry:
        kind, body = draft
        # a certificate is signed already, and what its signer stated was masked before that
        is_certificate = kind == entries.SESSION_OPEN
        clean, places = (
            (dict(body), ()) if is_certificate else masked(kind, body, confirmed=confirmed)
        )
        return Entry(
            j=self.journal_id,
            n=n,
            prev=sshsig.to_base64(prev),
            k=self._key.fingerprint,
            kind=kind,
            body=clean,
            t=timestamp(self._host.wall()),
            mono=self._host.mono(),
            boot=self._host.boot(),
            masked=places,
        )
