"""Writing a journal: signed, verified, durable, and only then acknowledged.

The rules and their reasons: the journal format, section 4. One writer holds one file; any fault
ends that writer for good, and what it acknowledged before stays.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from amlrunbook.errors import JournalError
from amlrunbook.journal import entry as entries
from amlrunbook.journal import evidence, sshsig
from amlrunbook.journal.appendfile import AppendFile, release_ballast, reserve_ballast
from amlrunbook.journal.entry import Entry, frame, timestamp
from amlrunbook.journal.evidence import Evidence
from amlrunbook.journal.host import Host
from amlrunbook.journal.identity import Identity, drill_public_key
from amlrunbook.journal.lines import segment_path, segments
from amlrunbook.journal.merkle import CompactRange, leaf_hash
from amlrunbook.journal.namespaces import DRILL, LIVE, Namespaces
from amlrunbook.journal.placement import placement_warnings
from amlrunbook.journal.recovery import (
    Condition,
    Continuation,
    condition_of,
    put_tail_aside,
    scan_file,
    torn_tails,
)
from amlrunbook.journal.scan import Scan
from amlrunbook.journal.session import Certificate, certify

_OWN_KINDS = frozenset(
    {
        entries.SESSION_OPEN,
        entries.TORN_TAIL,
        entries.SEGMENT_CONTINUES,
        entries.EVIDENCE_ADDED,
        entries.JOURNAL_OPENING,
        entries.JOURNAL_CLOSE,
    }
)

Draft = tuple[str, Mapping[str, object]]
"""A kind and its body."""


class JournalWriter:
    """The one writer of a journal; safe to use from several threads."""

    def __init__(self, file: AppendFile, *, journal_id: str, drill: bool, host: Host) -> None:
        """Prepare a writer; :meth:`create` and :meth:`reopen` are the ways to get one."""
        self._file = file
        self._host = host
        self._namespaces: Namespaces = DRILL if drill else LIVE
        self._guards: list[AppendFile] = []
        self._lock = threading.RLock()
        self._key = Ed25519PrivateKey.from_private_bytes(host.entropy(32))
        self._public = self._key.public_key()
        self._fingerprint = sshsig.fingerprint(self._public.public_bytes_raw())
        self._prev = entries.NO_PREV
        self._tree = CompactRange()
        self.journal_id = journal_id
        """128 random bits, hexadecimal."""
        self.last_entry: Entry | None = None
        """The entry that this writer made durable last."""
        self.warnings: tuple[str, ...] = ()
        """What speaks against the folder; to be shown to the operator."""

    @classmethod
    def create(
        cls,
        folder: Path,
        *,
        identity: Identity,
        drill: bool,
        opening: Mapping[str, object] | None = None,
        continues: Continuation | None = None,
        host: Host | None = None,
    ) -> JournalWriter:
        """Begin a new journal in ``folder``: ``session.open`` is durable on return.

        Args:
            folder: The run's folder; made with mode 0700 where it is missing.
            identity: Who vouches for the session: one signature.
            drill: Sign under the drill's namespaces.
            opening: What the program states as it begins: a ``journal.opening`` entry.
            continues: The journal that this one goes on from.
            host: Clocks, randomness, disk.

        Raises:
            JournalError: if there is a journal already, no room, or anything fails.
        """
        host = host or Host()
        _make_folder(folder)
        _check_drill(folder, identity, drill)
        file = AppendFile.create(segment_path(folder, 1), host.disk)
        try:
            reserve_ballast(folder, host.disk)
        except JournalError:
            file.discard()
            raise
        drafts = [] if opening is None else [(entries.JOURNAL_OPENING, opening)]
        return cls._begin(file, identity, drill, host, continues=continues, drafts=drafts)

    @classmethod
    def reopen(
        cls, folder: Path, *, identity: Identity, drill: bool, host: Host | None = None
    ) -> JournalWriter:
        """Go on with the journal in ``folder`` in a new session, after verifying all of it.

        A torn tail is put aside and recorded. A damaged file is not touched: the run goes on in a
        new segment that states where.

        Raises:
            JournalBusyError: if another writer holds it.
            JournalError: if it is closed, or of the other kind (drill or not), or anything fails.
        """
        host = host or Host()
        _check_drill(folder, identity, drill)
        guards: list[AppendFile] = []
        try:
            guards.append(AppendFile.open(segment_path(folder, 1), host.disk))
            guards.extend(AppendFile.open(path, host.disk) for path in segments(folder)[1:])
            little_room = reserve_ballast(folder, host.disk, last_words=True)
            writer = cls._resume(folder, guards, identity, drill, host)
        except BaseException:
            for guard in guards:
                guard.close()
            raise
        writer._guards = guards  # noqa: SLF001 - its own class
        if little_room:
            writer.warnings = (*writer.warnings, little_room)
        return writer

    @classmethod
    def _resume(
        cls, folder: Path, files: list[AppendFile], identity: Identity, drill: bool, host: Host
    ) -> JournalWriter:
        """Find the last file that holds an entry, and go on in it or after it."""
        for number, file in reversed(list(enumerate(files, start=1))):
            scan = scan_file(file)
            condition, why = condition_of(scan, file.path)
            if scan.n == 0 and (number > 1 or condition is Condition.DAMAGED):
                if number == 1:
                    raise _no_journal(file.path)
                continue
            _refuse_other_kind(scan, file.path, drill)
            if condition is Condition.DAMAGED or number < len(files):
                old = _continuation(scan, why or "the segment after it holds no entry")
                new = AppendFile.create(segment_path(folder, len(files) + 1), host.disk)
                return cls._begin(new, identity, drill, host, continues=old)
            return cls._go_on(file, scan, identity, drill, host)
        raise _no_journal(folder)

    @classmethod
    def _go_on(
        cls, file: AppendFile, scan: Scan, identity: Identity, drill: bool, host: Host
    ) -> JournalWriter:
        if scan.torn:
            put_tail_aside(file, scan, host.disk)
        tails = [(entries.TORN_TAIL, body) for body in torn_tails(file.path, scan.n)]
        if scan.n == 0:
            return cls._begin(file, identity, drill, host, drafts=tails)
        writer = cls(file, journal_id=scan.journal_id, drill=drill, host=host)
        writer._prev, writer._tree = scan.prev, scan.tree
        writer._open_session(identity, tails)
        return writer

    @classmethod
    def _begin(
        cls,
        file: AppendFile,
        identity: Identity,
        drill: bool,
        host: Host,
        *,
        continues: Continuation | None = None,
        drafts: Sequence[Draft] = (),
    ) -> JournalWriter:
        """Write the first entries of a new journal, and make the file's name durable."""
        try:
            writer = cls(file, journal_id=host.entropy(16).hex(), drill=drill, host=host)
            first: list[Draft] = []
            if continues is not None:
                first.append((entries.SEGMENT_CONTINUES, msgspec.to_builtins(continues)))
            writer._open_session(identity, [*first, *drafts])
            host.disk.sync_folder(file.path.parent)
        except OSError as error:
            file.close()
            raise JournalError(
                f"The name of {file.path} could not be made durable: {error.strerror}.",
                state="The run has not begun.",
                next_step="Check the disk, or choose another folder.",
            ) from error
        except BaseException:
            file.close()
            raise
        return writer

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

    def append(self, drafts: Sequence[Draft]) -> list[Entry]:
        """Record the entries together, and return them when they are durable.

        One write and one sync for all: a crash keeps a leading part of them or none.

        Raises:
            JournalError: if a kind is the journal's own, a body has no canonical form or is too
                large (nothing was written, the writer lives on), or writing fails (it is dead).
        """
        for kind, _ in drafts:
            if kind in _OWN_KINDS or not entries.is_kind(kind):
                raise JournalError(f"{kind[:60]!a} is not a kind to be appended.")
        return self._commit(drafts)

    def add_evidence(self, name: str, content: bytes, *, step: str = "") -> Evidence:
        """Keep ``content`` beside the journal, then record its name, size and hash.

        Args:
            name: What it is, for people.
            content: The bytes; durable before the entry is written.
            step: The step that it belongs to.

        Raises:
            JournalError: if either cannot be written.
        """
        added = evidence.put(self._file.path.parent, name, content, self._host.disk)
        body: dict[str, object] = msgspec.to_builtins(added)
        self._commit([(entries.EVIDENCE_ADDED, body | ({"step": step} if step else {}))])
        return added

    def close(self, outcome: Mapping[str, object]) -> None:
        """Record how it ended; nothing can follow.

        Raises:
            JournalError: if it cannot be written; the journal then stays open.
        """
        self._commit([(entries.JOURNAL_CLOSE, outcome)])
        self.release()

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

    def _open_session(self, identity: Identity, drafts: Sequence[Draft]) -> None:
        certificate = Certificate(
            j=self.journal_id,
            n=self._tree.size,
            prev=sshsig.to_base64(self._prev),
            principal=identity.principal,
            root=sshsig.to_base64(self._tree.root()),
            session=self._public.public_bytes_raw(),
            t=timestamp(self._host.wall()),
        )
        body = certify(certificate, identity, self._namespaces)
        self._commit([(entries.SESSION_OPEN, body), *drafts])
        self.warnings = placement_warnings(self._file.path.parent)

    def _commit(self, drafts: Sequence[Draft]) -> list[Entry]:
        """Compose, sign, verify, write once, sync, and only then step on."""
        if not drafts:
            return []
        with self._lock:
            prev, composed, lines = self._prev, [], []
            for n, (kind, body) in enumerate(drafts, start=self._tree.size):
                entry = self._compose(n, prev, kind, body)
                line = self._signed(entry)
                prev = leaf_hash(line[:-1])
                composed.append(entry)
                lines.append((line, prev))
            self._file.append(b"".join(line for line, _ in lines))
            for _, leaf in lines:
                self._tree.push(leaf)
            self._prev = prev
            self.last_entry = composed[-1]
            return composed

    def _compose(self, n: int, prev: bytes, kind: str, body: Mapping[str, object]) -> Entry:
        return Entry(
            j=self.journal_id,
            n=n,
            prev=sshsig.to_base64(prev),
            k=self._fingerprint,
            kind=kind,
            body=dict(body),
            t=timestamp(self._host.wall()),
            mono=self._host.mono(),
            boot=self._host.boot(),
        )

    def _signed(self, entry: Entry) -> bytes:
        """Return the line; the signature is verified before anything is written."""
        data = entry.encode()
        signature = self._key.sign(sshsig.signed_data(self._namespaces.entry, data))
        if not sshsig.verifies(self._public, self._namespaces.entry, data, signature):
            raise JournalError(
                "A signature just made does not verify: this machine's memory or processor fails.",
                state="Nothing was written.",
                next_step="Go on from another machine.",
            )
        line = frame(data, signature)
        if len(line) > entries.LINE_LIMIT:
            raise JournalError(
                f"An entry of {len(line)} bytes is larger than {entries.LINE_LIMIT}.",
                state="Nothing was written; the journal can be written on.",
                next_step="Keep the large part as evidence.",
            )
        return line


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise JournalError(
            f"The folder {folder} cannot be made: {error.strerror}.",
            state="Nothing was written.",
            next_step="Choose another folder.",
        ) from error


def _check_drill(folder: Path, identity: Identity, drill: bool) -> None:
    """Refuse to sign a drill with any key but its own: nothing could verify it."""
    if drill and drill_public_key(folder) != identity.public_key:
        raise JournalError(
            f"This identity is not the one made for the drill in {folder}.",
            state="Nothing was written.",
            next_step="Resume the drill with its own identity.",
        )


def _refuse_other_kind(scan: Scan, path: Path, drill: bool) -> None:
    if scan.namespaces is not None and (scan.namespaces is DRILL) != drill:
        was, now = ("live run", "drill") if drill else ("drill", "live run")
        raise JournalError(
            f"{path} is the journal of a {was}, not of a {now}.",
            state="Nothing was written.",
            next_step=f"Resume it as a {was}.",
        )
    if scan.closed:
        raise JournalError(
            f"{path} is closed: nothing can follow its last entry.",
            state="Nothing was written.",
            next_step="Start a new run.",
        )


def _continuation(scan: Scan, reason: str) -> Continuation:
    return Continuation(
        j=scan.journal_id, n=scan.n, prev=sshsig.to_base64(scan.prev), reason=reason
    )


def _no_journal(path: Path) -> JournalError:
    return JournalError(
        f"{path} holds no entry that can be gone on from.",
        state="Nothing was written.",
        next_step="Start a new run in a folder of its own.",
    )
