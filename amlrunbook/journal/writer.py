"""Writing a journal: signed, verified, durable, and only then acknowledged.

The rules and their reasons: the journal format, section 4. One writer holds one file; any fault
ends that writer for good, and what it acknowledged before stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from amlrunbook.errors import JournalError
from amlrunbook.journal import entry as entries
from amlrunbook.journal import evidence
from amlrunbook.journal.appendfile import AppendFile, reserve_ballast
from amlrunbook.journal.entry import Entry
from amlrunbook.journal.entry_writer import Draft, EntryWriter, Terms
from amlrunbook.journal.evidence import Evidence
from amlrunbook.journal.host import Host
from amlrunbook.journal.identity import Identity
from amlrunbook.journal.lines import segment_path, segments
from amlrunbook.journal.masking import Fields, check_fields, would_mask
from amlrunbook.journal.preconditions import (
    check_drill,
    continuation,
    make_folder,
    no_journal,
    refuse_handed_over,
    refuse_not_offered,
    refuse_nothing,
    refuse_other_kind,
)
from amlrunbook.journal.recovery import (
    Condition,
    Continuation,
    condition_of,
    put_tail_aside,
    scan_file,
    torn_tails,
)
from amlrunbook.journal.scan import Scan
from amlrunbook.journal.session import (
    accepts_from,
    is_principal,
)

_OWN_KINDS = frozenset(
    {
        entries.SESSION_OPEN,
        entries.HANDOVER,
        entries.TORN_TAIL,
        entries.SEGMENT_CONTINUES,
        entries.EVIDENCE_ADDED,
        entries.JOURNAL_OPENING,
        entries.JOURNAL_CLOSE,
    }
)


class JournalWriter(EntryWriter):
    """The one writer of a journal; safe to use from several threads."""

    @classmethod
    def create(
        cls,
        folder: Path,
        *,
        identity: Identity,
        drill: bool,
        opening: Mapping[str, object] | None = None,
        continues: Continuation | None = None,
        fields: Fields | None = None,
        host: Host | None = None,
    ) -> JournalWriter:
        """Begin a new journal in ``folder``: ``session.open`` is durable on return.

        Args:
            folder: The run's folder; made with mode 0700 where it is missing.
            identity: Who vouches for the session: one signature.
            drill: Sign under the drill's namespaces.
            opening: What the program states as it begins: a ``journal.opening`` entry.
            continues: The journal that this one goes on from.
            fields: The fields that a body of each kind may have; None allows all.
            host: Clocks, randomness, disk.

        Raises:
            JournalError: if there is a journal already, no room, or anything fails.
        """
        host = host or Host()
        make_folder(folder)
        check_drill(folder, identity, drill)
        file = AppendFile.create(segment_path(folder, 1), host.disk)
        try:
            reserve_ballast(folder, host.disk)
        except JournalError:
            file.discard()
            raise
        drafts = [] if opening is None else [(entries.JOURNAL_OPENING, opening)]
        terms = Terms(
            identity=identity, drill=drill, host=host, fields=fields, check=refuse_nothing
        )
        return cls._begin(file, terms, continues=continues, drafts=drafts)

    @classmethod
    def reopen(
        cls,
        folder: Path,
        *,
        identity: Identity,
        drill: bool,
        fields: Fields | None = None,
        host: Host | None = None,
    ) -> JournalWriter:
        """Go on with the journal in ``folder`` in a new session, after verifying all of it.

        A torn tail is put aside and recorded. A damaged file is not touched: the run goes on in a
        new segment that states where.

        Raises:
            JournalBusyError: if another writer holds it.
            RefusedError: if it was handed over to somebody else.
            JournalError: if it is closed, or of the other kind (drill or not), or anything fails.
        """
        terms = Terms(
            identity=identity,
            drill=drill,
            host=host or Host(),
            fields=fields,
            check=refuse_handed_over,
        )
        return cls._reopen(folder, terms)

    @classmethod
    def accept_handover(
        cls,
        folder: Path,
        identity: Identity,
        accepts: Mapping[str, str],
        *,
        drill: bool = False,
        forced: bool = False,
        fields: Fields | None = None,
        host: Host | None = None,
    ) -> JournalWriter:
        """Go on with a run that was handed over: the new session countersigns what it found.

        Args:
            folder: The run's folder.
            identity: The receiver; their key signs number, last leaf, root and ``accepts``.
            accepts: ``verdict`` and ``remarks``: what the receiver found when they verified it.
            drill: Whether it is a drill's.
            forced: Accept what was not offered to this principal; every verdict warns of it.
            fields: As for :meth:`create`.
            host: Clocks, randomness, disk.

        Raises:
            RefusedError: if it was not offered to this principal, unless ``forced``.
            JournalBusyError: if another writer holds it.
            JournalError: as for :meth:`reopen`.
        """
        terms = Terms(
            identity=identity,
            drill=drill,
            host=host or Host(),
            fields=fields,
            check=refuse_nothing if forced else refuse_not_offered,
            accepts=accepts_from(accepts),
        )
        return cls._reopen(folder, terms)

    @classmethod
    def _reopen(cls, folder: Path, terms: Terms) -> JournalWriter:
        host = terms.host
        check_drill(folder, terms.identity, terms.drill)
        guards: list[AppendFile] = []
        try:
            guards.append(AppendFile.open(segment_path(folder, 1), host.disk))
            guards.extend(AppendFile.open(path, host.disk) for path in segments(folder)[1:])
            little_room = reserve_ballast(folder, host.disk, last_words=True)
            writer = cls._resume(folder, guards, terms)
        except BaseException:
            for guard in guards:
                guard.close()
            raise
        writer._guards = guards  # noqa: SLF001 - its own class
        if little_room:
            writer.warnings = (*writer.warnings, little_room)
        return writer

    @classmethod
    def _resume(cls, folder: Path, files: list[AppendFile], terms: Terms) -> JournalWriter:
        """Find the last file that holds an entry, and go on in it or after it."""
        for number, file in reversed(list(enumerate(files, start=1))):
            scan = scan_file(file)
            condition, why = condition_of(scan, file.path)
            if scan.n == 0 and (number > 1 or condition is Condition.DAMAGED):
                if number == 1:
                    raise no_journal(file.path)
                continue
            refuse_other_kind(scan, file.path, terms.drill)
            terms.check(scan.last, terms.identity, terms.drill)
            if condition is Condition.DAMAGED or number < len(files):
                old = continuation(scan, why or "the segment after it holds no entry")
                path = segment_path(folder, len(files) + 1)
                new = AppendFile.create(path, terms.host.disk)
                return cls._begin(new, terms, continues=old)
            return cls._go_on(file, scan, terms)
        raise no_journal(folder)

    @classmethod
    def _go_on(cls, file: AppendFile, scan: Scan, terms: Terms) -> JournalWriter:
        if scan.torn:
            put_tail_aside(file, scan, terms.host.disk)
        tails = [(entries.TORN_TAIL, body) for body in torn_tails(file.path, scan.n)]
        if scan.n == 0:
            return cls._begin(file, terms, drafts=tails)
        writer = cls(file, journal_id=scan.journal_id, terms=terms)
        writer._prev, writer._tree = scan.prev, scan.tree
        writer._open_session(tails)
        return writer

    @classmethod
    def _begin(
        cls,
        file: AppendFile,
        terms: Terms,
        *,
        continues: Continuation | None = None,
        drafts: Sequence[Draft] = (),
    ) -> JournalWriter:
        """Write the first entries of a new journal, and make the file's name durable."""
        try:
            writer = cls(file, journal_id=terms.host.entropy(16).hex(), terms=terms)
            first: list[Draft] = []
            if continues is not None:
                first.append((entries.SEGMENT_CONTINUES, msgspec.to_builtins(continues)))
            writer._open_session([*first, *drafts])
            terms.host.disk.sync_folder(file.path.parent)
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

    def append(self, drafts: Sequence[Draft], *, masking_confirmed: bool = False) -> list[Entry]:
        """Record the entries together, and return them when they are durable.

        One write and one sync for all: a crash keeps a leading part of them or none. What looks
        like a secret is masked before it is signed; each entry says where (``masked``).

        Args:
            drafts: Kinds and bodies.
            masking_confirmed: The operator was told what of their own words is masked.

        Raises:
            RefusedError: if a note holds what looks like a secret and that was not confirmed;
                nothing was written, the writer lives on.
            JournalError: if a kind is the journal's own, a body has a field that its kind lacks,
                no canonical form, or is too large (nothing was written, the writer lives on), or
                writing fails (it is dead).
        """
        for kind, body in drafts:
            if kind in _OWN_KINDS or not entries.is_kind(kind):
                raise JournalError(f"{kind[:60]!a} is not a kind to be appended.")
            check_fields(kind, body, self._terms.fields)
        return self._commit(drafts, confirmed=masking_confirmed)

    def would_mask(self, body: Mapping[str, object]) -> tuple[str, ...]:
        """Return the places of ``body`` that :meth:`append` would mask, to be said beforehand."""
        return would_mask(body)

    def offer_handover(
        self, principal: str, text: str = "", *, masking_confirmed: bool = False
    ) -> Entry:
        """Record that the run is ``principal``'s now; this writer never writes again.

        Args:
            principal: Who is to accept it: the name that the pinned list knows them by.
            text: What they should know.
            masking_confirmed: As for :meth:`append`.

        Raises:
            RefusedError: if the text holds what looks like a secret; nothing was written.
            JournalError: if the principal is none, or it cannot be written.
        """
        if not is_principal(principal):
            raise JournalError(
                f"{principal[:80]!a} is no principal to hand over to.", state="Nothing was written."
            )
        draft = (entries.HANDOVER, {"principal": principal, "text": text})
        with self._lock:
            (entry,) = self._commit([draft], confirmed=masking_confirmed)
            self._handed_to = principal
            self.release()
        return entry

    def add_evidence(
        self, name: str, content: bytes, *, step: str = "", guessable: bool = False
    ) -> Evidence:
        """Keep ``content`` beside the journal, then record its name, size and hash.

        Args:
            name: What it is, for people.
            content: The bytes; durable before the entry is written. They are kept as they are:
                whoever may read the folder reads them.
            step: The step that it belongs to.
            guessable: Write 16 random bytes before it, so that when the file has been taken away
                nobody can find by its hash what it was (an address, a short secret).

        Raises:
            JournalError: if either cannot be written.
        """
        salt = self._host.entropy(evidence.SALT_SIZE) if guessable else b""
        with self._lock:
            self._refuse_if_handed_over()
        added = evidence.put(self._file.path.parent, name, content, self._host.disk, salt=salt)
        body: dict[str, object] = msgspec.to_builtins(added)
        self._commit([(entries.EVIDENCE_ADDED, body | ({"step": step} if step else {}))])
        return added

    def close(self, outcome: Mapping[str, object]) -> None:
        """Record how it ended; nothing can follow.

        Raises:
            JournalError: if it cannot be written; the journal then stays open.
        """
        check_fields(entries.JOURNAL_CLOSE, outcome, self._terms.fields)
        self._commit([(entries.JOURNAL_CLOSE, outcome)])
        self.release()
