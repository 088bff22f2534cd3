"""One pass over a journal's lines: what holds, where it ends, and what is signed after that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from amlrunbook.journal import sshsig
from amlrunbook.journal.entry import (
    APPROVAL_GRANTED,
    JOURNAL_CLOSE,
    NO_PREV,
    SESSION_OPEN,
    Entry,
    LineError,
    Reason,
    is_framed,
    parse,
    unframe,
)
from amlrunbook.journal.lines import read_lines
from amlrunbook.journal.merkle import CompactRange, leaf_hash
from amlrunbook.journal.namespaces import DRILL, LIVE, Namespaces
from amlrunbook.journal.session import Accepts, Opening, parse_opening
from amlrunbook.journal.verdict import FirstBad, Island

_ISLANDS_LIMIT = 1000
_START = b'{"e":{"body":'


@dataclass(kw_only=True)
class OpenSession:
    """A session as the pass has seen it so far."""

    principal: str
    ident: bytes
    public_key: bytes
    unproven_because: str
    first: int
    accepts: Accepts | None = None
    """What its operator stated of the run that they took over."""
    key: Ed25519PublicKey = field(init=False)
    fingerprint: str = field(init=False)
    """Of the session key: what its entries name in ``k``."""

    def __post_init__(self) -> None:
        self.key = Ed25519PublicKey.from_public_bytes(self.public_key)
        self.fingerprint = sshsig.fingerprint(self.public_key)


@dataclass(kw_only=True)
class _Stretch:
    """The island being read."""

    first: int
    last: int
    principal: str
    leaf: str


class Scan:
    """The pass. Its attributes are what was found when :meth:`run` has returned."""

    def __init__(
        self,
        *,
        judge: Callable[[Opening, Namespaces], str],
        every_signature: bool = True,
        on_entry: Callable[[Entry], None] | None = None,
        approve: Callable[[Entry, OpenSession, Namespaces], None] | None = None,
    ) -> None:
        """Prepare a pass.

        Args:
            judge: Says why an identity is not proven, or nothing if it is.
            every_signature: False checks the signatures at the ends of sessions only.
            on_entry: Is given each entry that holds, in order.
            approve: Is given each ``approval.granted``, its session and namespaces, and raises
                ``LineError`` if it does not hold; None leaves approvals unchecked.
        """
        self._judge = judge
        self._every = every_signature
        self._on_entry = on_entry
        self._approve = approve
        self._pending: tuple[bytes, bytes] | None = None
        self._stretch: _Stretch | None = None
        self._after_key: OpenSession | None = None
        self.n = 0
        """How many leading entries hold."""
        self.size = 0
        """How many bytes they are."""
        self.prev = NO_PREV
        self.tree = CompactRange()
        self.journal_id = ""
        self.namespaces: Namespaces | None = None
        """None as long as no session has opened."""
        self.sessions: list[OpenSession] = []
        self.last: Entry | None = None
        """The last entry that holds."""
        self.closed = False
        self.first_bad: FirstBad | None = None
        self.framed_after = False
        """Whether a line in due form stands at or after the first bad one."""
        self.bad_head = b""
        """The first bytes of the first bad line."""
        self.islands: list[Island] = []

    @property
    def torn(self) -> bool:
        """Whether what follows the last good line is what a crash leaves, and nothing else."""
        bad = self.first_bad
        return bad is not None and bad.reason is not Reason.LIMIT and not self.framed_after

    @property
    def is_begun(self) -> bool:
        """Whether an entry holds, or the file's first bytes are at least those of an entry."""
        head = self.bad_head[: len(_START)]
        return self.n > 0 or bool(head and (_START.startswith(head) or not head.strip(b"\0")))

    def run(self, stream: BinaryIO) -> None:
        """Read ``stream`` to its end."""
        for line in read_lines(stream):
            if self.first_bad is None:
                try:
                    self._take(line)
                except LineError as error:
                    self._damaged(line, error)
                else:
                    continue
            self._attribute(line)
        self._end_stretch()
        if self.first_bad is None:
            try:
                self._settle()
            except LineError as error:
                self._damaged(b"", error)

    def _take(self, line: bytes) -> None:
        """Check one line and step over it."""
        data, signature = unframe(line)
        entry = parse(data)
        self._check_place(entry)
        if entry.kind == SESSION_OPEN:
            self._settle()
            session, namespaces = self._opened(entry)
            self._check_signature(session, namespaces, data, signature)
            self.sessions.append(session)
            self.namespaces = namespaces
            self.journal_id = entry.j
        else:
            self._check_ordinary(entry, data, signature)
        self.prev = leaf_hash(line[:-1])
        self.tree.push(self.prev)
        self.n += 1
        self.size += len(line)
        self.last = entry
        self.closed = entry.kind == JOURNAL_CLOSE
        if self._on_entry is not None:
            self._on_entry(entry)

    def _check_place(self, entry: Entry) -> None:
        if self.closed:
            raise LineError(Reason.AFTER_CLOSE, expected="the end", found=ascii(entry.kind))
        if self.n and entry.j != self.journal_id:
            raise LineError(Reason.JOURNAL, expected=self.journal_id, found=entry.j)
        if entry.n != self.n:
            raise LineError(Reason.NUMBER, expected=str(self.n), found=str(entry.n))
        prev = sshsig.to_base64(self.prev)
        if entry.prev != prev:
            raise LineError(Reason.PREV, expected=prev, found=entry.prev)

    def _check_ordinary(self, entry: Entry, data: bytes, signature: bytes) -> None:
        if not self.sessions or self.namespaces is None:
            raise LineError(Reason.SESSION, expected=SESSION_OPEN, found=ascii(entry.kind))
        session = self.sessions[-1]
        if entry.k != session.fingerprint:
            raise LineError(Reason.SESSION_KEY, expected=session.fingerprint, found=entry.k)
        if self._every:
            self._check_signature(session, self.namespaces, data, signature)
        else:
            self._pending = (data, signature)
        if self._approve is not None and entry.kind == APPROVAL_GRANTED:
            self._approve(entry, session, self.namespaces)

    def _settle(self) -> None:
        """Check the signature that fast verification left for the end of the session."""
        if self._pending is None or self.namespaces is None:
            return
        data, signature = self._pending
        self._pending = None
        self._check_signature(self.sessions[-1], self.namespaces, data, signature)

    def _check_signature(
        self, session: OpenSession, namespaces: Namespaces, data: bytes, signature: bytes
    ) -> None:
        if sshsig.verifies(session.key, namespaces.entry, data, signature):
            return
        other = LIVE if namespaces is DRILL else DRILL
        if sshsig.verifies(session.key, other.entry, data, signature):
            raise LineError(Reason.NAMESPACE, expected=namespaces.entry, found=other.entry)
        raise LineError(
            Reason.SIGNATURE,
            expected=f"the signature of {session.fingerprint}",
            found="another",
        )

    def _opened(self, entry: Entry) -> tuple[OpenSession, Namespaces]:
        opening = parse_opening(entry)
        certificate = opening.certificate
        root = sshsig.to_base64(self.tree.root())
        stated = (certificate.j, certificate.n, certificate.prev, certificate.root)
        if stated != (entry.j, self.n, entry.prev, root):
            raise LineError(
                Reason.SESSION,
                expected=f"n={self.n} root={root}",
                found=f"n={certificate.n} root={certificate.root}",
            )
        namespaces = self._namespaces_of(opening)
        return self._session(entry, opening, namespaces), namespaces

    def _session(self, entry: Entry, opening: Opening, namespaces: Namespaces) -> OpenSession:
        session = OpenSession(
            principal=opening.certificate.principal,
            ident=opening.ident,
            public_key=opening.certificate.session,
            unproven_because=self._judge(opening, namespaces),
            first=entry.n,
            accepts=opening.certificate.accepts,
        )
        if entry.k != session.fingerprint:
            raise LineError(Reason.SESSION_KEY, expected=session.fingerprint, found=entry.k)
        return session

    def _namespaces_of(self, opening: Opening) -> Namespaces:
        """Return what the certificate was signed under: once chosen, a journal keeps it."""
        if opening.signature is None:
            return self.namespaces or LIVE
        found = next((one for one in (LIVE, DRILL) if opening.is_signed(one)), None)
        if found is None:
            raise LineError(
                Reason.SIGNATURE,
                expected=f"the signature of {sshsig.fingerprint(opening.ident)}",
                found="another",
            )
        if self.namespaces is not None and found is not self.namespaces:
            raise LineError(Reason.NAMESPACE, expected=self.namespaces.session, found=found.session)
        return found

    def _damaged(self, line: bytes, error: LineError) -> None:
        self.first_bad = FirstBad(
            n=self.n,
            offset=self.size,
            reason=error.reason,
            expected=error.expected,
            found=error.found,
        )
        self.bad_head = line[:64]
        self._after_key = self.sessions[-1] if self.sessions else None

    def _attribute(self, line: bytes) -> None:
        """After the damage: whose signature a line carries, and what it follows from."""
        self.framed_after = self.framed_after or is_framed(line)
        try:
            entry, principal = self._attributed(line)
        except LineError:
            self._end_stretch()
            return
        leaf = sshsig.to_base64(leaf_hash(line[:-1]))
        stretch = self._stretch
        if stretch is None or entry.n != stretch.last + 1 or entry.prev != stretch.leaf:
            self._end_stretch()
            first = entry.n
        else:
            first = stretch.first
        self._stretch = _Stretch(first=first, last=entry.n, principal=principal, leaf=leaf)

    def _attributed(self, line: bytes) -> tuple[Entry, str]:
        data, signature = unframe(line)
        entry = parse(data)
        if self.namespaces is None or entry.j != self.journal_id:
            raise LineError(Reason.JOURNAL)
        session = self._after_key
        if entry.kind == SESSION_OPEN:
            session = self._reopened(entry, self.namespaces)
        if session is None or entry.k != session.fingerprint:
            raise LineError(Reason.SESSION_KEY)
        self._check_signature(session, self.namespaces, data, signature)
        self._after_key = session
        return entry, session.principal

    def _reopened(self, entry: Entry, namespaces: Namespaces) -> OpenSession:
        """Take a session that opens after the damage: its root cannot be recomputed any more."""
        opening = parse_opening(entry)
        certificate = opening.certificate
        if (certificate.j, certificate.n, certificate.prev) != (entry.j, entry.n, entry.prev):
            raise LineError(Reason.SESSION)
        if not opening.is_signed(namespaces):
            raise LineError(Reason.SIGNATURE)
        session = self._session(entry, opening, namespaces)
        if session.unproven_because:
            raise LineError(Reason.SESSION)
        return session

    def _end_stretch(self) -> None:
        stretch, self._stretch = self._stretch, None
        if stretch is not None and len(self.islands) < _ISLANDS_LIMIT:
            self.islands.append(
                Island(first=stretch.first, last=stretch.last, principal=stretch.principal)
            )
