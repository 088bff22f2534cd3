"""What verification says: a verdict with its exit code, and a report for people and programs."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import assert_never

import msgspec

from amlrunbook.journal.entry import Reason

DRILL_PREFIX = "DRILL "
"""Stands before a drill's verdict, always."""


class Verdict(StrEnum):
    """The verdict on one journal, from best to worst."""

    VALID_CLOSED = "VALID-CLOSED"
    """Every entry holds, and the last one closes the journal."""
    VALID_OPEN = "VALID-OPEN"
    """Every entry holds; nothing shows whether it is the end."""
    TORN_TAIL = "TORN-TAIL"
    """What a crash leaves: bytes after the last good line that hold no further line."""
    UNPROVEN_IDENTITY = "UNPROVEN-IDENTITY"
    """Consistent, but nothing that was pinned says whose it is."""
    UNATTRIBUTED = "UNATTRIBUTED"
    """Signed on purpose by a throw-away identity."""
    BROKEN = "BROKEN"
    """A line is not what was signed, or not where it was signed."""
    ANCHOR_CONFLICT = "ANCHOR-CONFLICT"
    """An anchor that others hold says otherwise."""
    UNREADABLE = "UNREADABLE"
    """It cannot be read, or is no journal."""
    LIMIT = "LIMIT"
    """A line is longer than any line may be; reading stopped there."""

    @property
    def exit_code(self) -> int:
        """The exit code of ``journal verify``."""
        match self:
            case Verdict.VALID_CLOSED:
                return 0
            case Verdict.VALID_OPEN:
                return 10
            case Verdict.TORN_TAIL:
                return 11
            case Verdict.UNPROVEN_IDENTITY:
                return 20
            case Verdict.UNATTRIBUTED:
                return 21
            case Verdict.BROKEN:
                return 30
            case Verdict.ANCHOR_CONFLICT:
                return 40
            case Verdict.UNREADABLE | Verdict.LIMIT:
                return 50
            case _:
                assert_never(self)


class FirstBad(msgspec.Struct, frozen=True, kw_only=True):
    """The first line that does not hold."""

    n: int
    """The number it should have had."""
    offset: int
    """Bytes from the start of the file."""
    reason: Reason
    expected: str
    found: str


class Island(msgspec.Struct, frozen=True, kw_only=True):
    """Entries after the damage that are signed and follow each other; their place is unproven."""

    first: int
    last: int
    principal: str


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One session: who, with which key, from which entry to which."""

    principal: str
    fingerprint: str
    """Of the identity key."""
    first: int
    last: int
    proven: bool
    """Whether the pinned list vouches for that key."""
    unproven_because: str = ""
    countersigned_by: str = ""
    """Which other principal's later session states that it verified all of this one."""
    accepts_verdict: str = ""
    """What its operator stated that they found, where they took the run over."""
    accepts_remarks: str = ""


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """A second person's approval that holds."""

    n: int
    """The entry's number."""
    step: str
    principal: str
    proven: bool
    """Whether the pinned list vouches for the approver's key now."""
    unproven_because: str = ""


class EvidenceCount(msgspec.Struct, frozen=True, kw_only=True):
    """How much of the evidence named in the journal lies beside it."""

    present: int = 0
    """There, with the size and hash that were signed."""
    withheld: int = 0
    """Not there: allowed, the journal stays valid."""
    mismatching: int = 0
    """There, but not what was signed."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All that verification found."""

    path: str
    verdict: Verdict
    drill: bool
    journal_id: str
    entries: int
    """Leading entries that hold, one after the other, from 0."""
    trusted: int
    """``[0, trusted)``: those that hold under identities that are proven."""
    first_bad: FirstBad | None
    torn_bytes: int
    """Bytes after the last good line of a torn tail."""
    islands: tuple[Island, ...]
    sessions: tuple[Session, ...]
    warnings: tuple[str, ...]
    evidence: EvidenceCount
    root: str
    """The Merkle root over the entries that hold, in base64."""
    fast: bool
    """Whether only the signatures at the sessions' ends were checked."""
    trust_source: str = ""
    """Which pinned list was used."""
    approvals: tuple[Approval, ...] = ()
    """The approvals among the entries that hold."""

    @property
    def exit_code(self) -> int:
        """The exit code of ``journal verify``."""
        return self.verdict.exit_code

    @property
    def label(self) -> str:
        """The verdict as it is printed: a drill's with its prefix."""
        return (DRILL_PREFIX if self.drill else "") + self.verdict.value

    def sentence(self) -> str:
        """Return the one sentence for a human."""
        match self.verdict:
            case Verdict.VALID_CLOSED:
                return f"{self._signed()}, and the journal was closed{self._evidence()}."
            case Verdict.VALID_OPEN:
                return f"{self._signed()}; {self._end()}{self._evidence()}."
            case Verdict.TORN_TAIL:
                torn = f"the {self.torn_bytes} bytes after them are no line and were never recorded"
                return f"{self._signed()}; {torn}; {self._end()}."
            case Verdict.UNPROVEN_IDENTITY:
                return self._unproven_sentence()
            case Verdict.UNATTRIBUTED:
                return f"{self._held()}, but were signed by a throw-away key: they are nobody's."
            case Verdict.BROKEN:
                return f"{self._signed()}; {self._damage()}; {self._end()}."
            case Verdict.ANCHOR_CONFLICT:
                return f"{self._held()}, but an anchor says otherwise."
            case Verdict.UNREADABLE:
                return f"This cannot be read as a journal: {self._found()}."
            case Verdict.LIMIT:
                return (
                    f"{self._signed()}; the next line is longer than any may be: {self._found()}."
                )
            case _:
                assert_never(self.verdict)

    def to_dict(self) -> dict[str, object]:
        """Return the report as plain values, for JSON."""
        plain: dict[str, object] = msgspec.to_builtins(self)
        plain |= {
            "verdict": self.label,
            "exit_code": self.exit_code,
            "sentence": self.sentence(),
            "anchored": 0,
        }
        return plain

    def to_json(self) -> str:
        """Return the report as a JSON text, indented, its keys sorted."""
        return json.dumps(self.to_dict(), indent=2, sort_keys=True)

    def _held(self) -> str:
        return f"{_span(0, self.entries)} hold{'s' if self.entries == 1 else ''} together"

    def _signed(self) -> str:
        if self.entries == 0:
            return "No entry is proven"
        if self.trusted < self.entries:
            why = self._unproven()
            return self._held() + (f" (not proven whose: {why})" if why else "")
        who = "the drill" if self.drill else "their operators"
        verb = "is" if self.entries == 1 else "are"
        return f"{_span(0, self.entries)} {verb} as {who} signed {'it' if self.entries == 1 else 'them'}"

    def _end(self) -> str:
        last = self.islands[-1].last if self.islands else self.entries - 1
        after = f" after {last}" if last >= 0 else ""
        return f"nothing shows whether entries were removed{after}"

    def _unproven(self) -> str:
        return next((one.unproven_because for one in self.sessions if not one.proven), "")

    def _unproven_sentence(self) -> str:
        if all(one.proven for one in self.sessions):
            one = next(one for one in self.approvals if not one.proven)
            why = f"whose approval entry {one.n} is: {one.unproven_because}"
            return f"{self._signed()}, but nothing proves {why}."
        return f"{self._held()}, but nothing proves whose they are: {self._unproven()}."

    def _found(self) -> str:
        return self.first_bad.found if self.first_bad else "no entry"

    def _evidence(self) -> str:
        count = self.evidence.mismatching
        return f"; {count} evidence files are not what was signed" if count else ""

    def _damage(self) -> str:
        if self.first_bad is None:
            return "the rest is damaged"
        parts = [f"{self.first_bad.n} does not hold ({self.first_bad.reason.value})"]
        for island in self.islands[:3]:
            span = f"{island.first}-{island.last}" if island.last > island.first else island.first
            parts.append(f"{span} carry the signature of {island.principal}, their place unproven")
        if len(self.islands) > 3:  # noqa: PLR2004
            parts.append(f"and {len(self.islands) - 3} more such ranges")
        return "; ".join(parts)


def _span(first: int, end: int) -> str:
    if end <= first:
        return "No entries"
    return f"Entry {first}" if end == first + 1 else f"Entries {first}-{end - 1}"
