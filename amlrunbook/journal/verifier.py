"""Verification: whose journal it is, how far it holds, and what nothing shows.

Fast verification checks the signatures at the ends of sessions only, and may only say yes:
whatever else it finds is looked at again in full before a line is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from amlrunbook.errors import JournalError
from amlrunbook.journal import sshsig
from amlrunbook.journal.entry import Entry, Reason
from amlrunbook.journal.identity import UNATTRIBUTED, drill_public_key
from amlrunbook.journal.inspection import Inspection
from amlrunbook.journal.lines import JOURNAL_FILE, open_journal, segments
from amlrunbook.journal.namespaces import DRILL, LIVE, Namespaces
from amlrunbook.journal.scan import OpenSession, Scan
from amlrunbook.journal.second_person import SecondPersons
from amlrunbook.journal.session import Opening
from amlrunbook.journal.trust import Trust
from amlrunbook.journal.verdict import EvidenceCount, FirstBad, Report, Session, Verdict

_YES = frozenset({Verdict.VALID_CLOSED, Verdict.VALID_OPEN, Verdict.UNATTRIBUTED})
_THROW_AWAY = "a throw-away identity signed it"


class Judge:
    """Says why an identity is not proven.

    A drill is judged by its own key and by nothing else; everything else by the pinned list.
    """

    def __init__(
        self, trust: Trust | None, folder: Path, drill_key: bytes | None, now: datetime
    ) -> None:
        self._trust = trust
        self._folder = folder
        self._drill_key = drill_key
        self._now = now

    def __call__(self, opening: Opening, namespaces: Namespaces) -> str:
        """Return the reason, or nothing for an identity that is proven."""
        if namespaces is DRILL:
            return self._judge_drill(opening)
        certificate = opening.certificate
        if certificate.principal == UNATTRIBUTED:
            return _THROW_AWAY
        if opening.signature is None:
            return "a security key signed it, which this release cannot check"
        if self._trust is None:
            return "no list of pinned signers was given"
        claimed = datetime.fromisoformat(certificate.t)
        return self._trust.refusal(
            certificate.principal, LIVE.session, opening.ident, claimed, self._now
        )

    def second_persons(self) -> SecondPersons:
        """Return a check of approvals by the same list and moment."""
        return SecondPersons(self._trust, self._folder, self._now)

    def _judge_drill(self, opening: Opening) -> str:
        try:
            key = self._drill_key or drill_public_key(self._folder)
        except JournalError as error:
            return f"the drill's own key is not there to check against ({error.what})"
        if key != opening.ident:
            return f"{sshsig.fingerprint(opening.ident)} is not this drill's own key"
        return "a security key signed it" if opening.signature is None else ""


def verify(
    path: Path,
    *,
    trust: Trust | None,
    fast: bool = False,
    drill_key: bytes | None = None,
    now: datetime | None = None,
) -> Report:
    """Verify the journal at ``path``, or the one in that folder, and return what was found.

    Args:
        path: The journal's file, or the run's folder.
        trust: The pinned list; None proves no identity. A drill is never looked up in it.
        fast: Check the signatures at the ends of sessions only, unless something is wrong.
        drill_key: A drill's own public key; by default the one in the file beside the journal.
        now: The moment at which keys must still be valid; by default the present.
    """
    file = path / JOURNAL_FILE if path.is_dir() else path
    try:
        stream = open_journal(path)
    except JournalError as error:
        return _unreadable(file, error.what.rstrip("."))
    judge = Judge(trust, file.parent, drill_key, now or datetime.now(UTC))
    with stream:
        try:
            report = _verified(stream, file, judge, every_signature=not fast)
            if fast and report.verdict not in _YES:
                stream.seek(0)
                report = _verified(stream, file, judge, every_signature=True)
        except OSError as error:
            return _unreadable(file, f"reading failed: {error.strerror}")
    if trust is None or report.drill:
        return report
    return _named(report, trust.source)


def _verified(stream: BinaryIO, file: Path, judge: Judge, *, every_signature: bool) -> Report:
    inspection = Inspection(file.parent)
    approvals = judge.second_persons()

    def see(entry: Entry) -> None:
        inspection.see(entry)
        approvals.see(entry)

    scan = Scan(judge=judge, every_signature=every_signature, on_entry=see, approve=approvals)
    scan.run(stream)
    end = stream.seek(0, 2)
    for other in segments(file.parent)[1:] if file.name == JOURNAL_FILE else ():
        inspection.warn(f"the run goes on in {other.name}, a journal of its own")
    verdict = _verdict(scan, approvals)
    if verdict is Verdict.UNREADABLE:
        why = "it is empty" if end == 0 else "no line of it has the form of a journal's line"
        return _unreadable(file, why)
    return Report(
        path=str(file),
        verdict=verdict,
        drill=_is_drill(scan, file.parent),
        journal_id=scan.journal_id,
        entries=scan.n,
        trusted=_trusted(scan),
        first_bad=scan.first_bad,
        torn_bytes=end - scan.size if scan.torn else 0,
        islands=tuple(scan.islands),
        sessions=_sessions(scan),
        warnings=inspection.warnings(),
        evidence=inspection.evidence_count(),
        root=sshsig.to_base64(scan.tree.root()),
        fast=not every_signature,
        approvals=tuple(approvals.found),
    )


def _verdict(scan: Scan, approvals: SecondPersons) -> Verdict:
    bad = scan.first_bad
    if bad is not None and bad.reason is Reason.LIMIT:
        return Verdict.LIMIT
    if bad is not None and not scan.torn:
        return Verdict.BROKEN
    if not scan.is_begun:
        return Verdict.UNREADABLE
    unproven = [one for one in scan.sessions if one.unproven_because]
    if unproven:
        thrown_away = all(one.unproven_because == _THROW_AWAY for one in unproven)
        return Verdict.UNATTRIBUTED if thrown_away else Verdict.UNPROVEN_IDENTITY
    if any(not one.proven for one in approvals.found):
        return Verdict.UNPROVEN_IDENTITY
    if bad is not None:
        return Verdict.TORN_TAIL
    return Verdict.VALID_CLOSED if scan.closed else Verdict.VALID_OPEN


def _is_drill(scan: Scan, folder: Path) -> bool:
    """Tell by the namespaces; where no session holds, by the key beside the journal."""
    if scan.namespaces is not None:
        return scan.namespaces is DRILL
    try:
        drill_public_key(folder)
    except JournalError:
        return False
    return True


def _trusted(scan: Scan) -> int:
    return next((one.first for one in scan.sessions if one.unproven_because), scan.n)


def _sessions(scan: Scan) -> tuple[Session, ...]:
    found = scan.sessions
    ends = [*(one.first for one in found[1:]), scan.n]
    return tuple(
        Session(
            principal=one.principal,
            fingerprint=sshsig.fingerprint(one.ident),
            first=one.first,
            last=end - 1,
            proven=not one.unproven_because,
            unproven_because=one.unproven_because,
            countersigned_by=_witness(one, found[place + 1 :]),
            accepts_verdict=one.accepts.verdict if one.accepts else "",
            accepts_remarks=one.accepts.remarks if one.accepts else "",
        )
        for place, (one, end) in enumerate(zip(found, ends, strict=False))
    )


def _witness(session: OpenSession, later: Sequence[OpenSession]) -> str:
    """Return the first other principal whose proven certificate states what came before it."""
    for one in later:
        if one.principal != session.principal and not one.unproven_because:
            return one.principal
    return ""


def _named(report: Report, source: str) -> Report:
    fields = {name: getattr(report, name) for name in report.__struct_fields__}
    return Report(**{**fields, "trust_source": source})


def _unreadable(file: Path, why: str) -> Report:
    return Report(
        path=str(file),
        verdict=Verdict.UNREADABLE,
        drill=False,
        journal_id="",
        entries=0,
        trusted=0,
        first_bad=FirstBad(n=0, offset=0, reason=Reason.FRAME, expected="a journal", found=why),
        torn_bytes=0,
        islands=(),
        sessions=(),
        warnings=(),
        evidence=EvidenceCount(),
        root="",
        fast=False,
    )
