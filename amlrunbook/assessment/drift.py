"""Drift: the checks that turned since the last time nothing failed, by judging a stored snapshot again."""

from __future__ import annotations

from amlrunbook.assessment.catalogue import assess
from amlrunbook.model.finding import SEVERITY, Finding, Verdict
from amlrunbook.model.posture import Drift, Turned
from amlrunbook.model.profile import Profile
from amlrunbook.model.snapshot import Snapshot


def is_green(findings: tuple[Finding, ...]) -> bool:
    """Return whether something was judged and nothing of it fails."""
    verdicts = {finding.verdict for finding in findings}
    return Verdict.PASS in verdicts and Verdict.FAIL not in verdicts


def drift_since(
    older: Snapshot, findings: tuple[Finding, ...], profile: Profile | None
) -> Drift | None:
    """Return what is worse now than it was on ``older``; ``None`` where something failed there too.

    The old documents are judged by today's catalogue, so that only the world counts and no release of this program.
    """
    before = assess(older.inventory, profile, taken_at=older.taken_at)
    if not is_green(before):
        return None
    return Drift(since=older.taken_at, turned=turned(before, findings))


def turned(before: tuple[Finding, ...], after: tuple[Finding, ...]) -> tuple[Turned, ...]:
    """Return the verdicts of ``after`` that are worse than those of ``before``, or new and not well."""
    known = {(f.check, f.resource.lower()): f.verdict for f in before}
    found = []
    for finding in after:
        was = known.get((finding.check, finding.resource.lower()))
        if _is_worse(was, finding.verdict):
            found.append(
                Turned(
                    check=finding.check,
                    resource=finding.resource,
                    before=was,
                    after=finding.verdict,
                )
            )
    return tuple(found)


def _is_worse(before: Verdict | None, after: Verdict) -> bool:
    if after in (Verdict.PASS, Verdict.NOT_APPLICABLE):
        return False
    return before is None or SEVERITY.index(after) < SEVERITY.index(before)
