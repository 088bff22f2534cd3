"""What a verifier notices beside the proof: clocks, missing hand-overs, evidence."""

from __future__ import annotations

from pathlib import Path

from amlrunbook.journal import evidence
from amlrunbook.journal.entry import EVIDENCE_ADDED, HANDOVER, SESSION_OPEN, Entry
from amlrunbook.journal.identity import DRILL_PRINCIPAL
from amlrunbook.journal.verdict import EvidenceCount

_WARNINGS_LIMIT = 100


class Inspection:
    """Collects warnings and counts over the entries that hold; its memory is bounded."""

    def __init__(self, folder: Path) -> None:
        """Look for evidence below ``folder``."""
        self._folder = folder
        self._last: Entry | None = None
        self._dropped = 0
        self._warnings: list[str] = []
        self._counts = dict.fromkeys(evidence.Presence, 0)

    def see(self, entry: Entry) -> None:
        """Take the next entry."""
        last = self._last
        if last is not None:
            self._see_clock(last, entry)
            if last.kind == HANDOVER and entry.kind != SESSION_OPEN:
                self.warn(f"entry {entry.n}: was written after the run had been handed over")
        if entry.kind == SESSION_OPEN and last is not None:
            self._see_change(last, entry)
        elif entry.kind == EVIDENCE_ADDED:
            self._see_evidence(entry)
        self._last = entry

    def warn(self, text: str) -> None:
        """Add a warning; beyond a hundred they are only counted."""
        if len(self._warnings) < _WARNINGS_LIMIT:
            self._warnings.append(text)
        else:
            self._dropped += 1

    def warnings(self) -> tuple[str, ...]:
        """Return the warnings, in order."""
        more = (f"{self._dropped} more warnings are not shown",) if self._dropped else ()
        return (*self._warnings, *more)

    def evidence_count(self) -> EvidenceCount:
        """Return how much of the evidence is there."""
        return EvidenceCount(**{presence.value: n for presence, n in self._counts.items()})

    def _see_clock(self, last: Entry, entry: Entry) -> None:
        if entry.boot == last.boot and entry.mono < last.mono:
            self.warn(f"entry {entry.n}: the monotonic clock went back within one boot")
        if entry.t < last.t:
            self.warn(f"entry {entry.n}: the clock went back from {last.t} to {entry.t}")

    def _see_change(self, last: Entry, entry: Entry) -> None:
        certificate = entry.body["cert"]
        principal = certificate.get("principal") if isinstance(certificate, dict) else None
        # a drill rehearses a hand-over with its one key
        if last.kind == HANDOVER and principal in {last.body.get("principal"), DRILL_PRINCIPAL}:
            return
        self.warn(
            f"entry {entry.n}: a session opened without a hand-over: "
            "the last entries of the one before may be missing"
        )

    def _see_evidence(self, entry: Entry) -> None:
        described = evidence.from_body(entry.body)
        if described is None:
            self.warn(f"entry {entry.n}: names evidence in a form that is not known")
            return
        presence = evidence.presence(self._folder, described)
        self._counts[presence] += 1
        if presence is evidence.Presence.MISMATCHING:
            self.warn(f"entry {entry.n}: the evidence {described.sha256} is not what was signed")
