"""Findings: what a check says of one resource."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from amlrunbook.errors import ExitCode


class Verdict(StrEnum):
    """What a check concludes."""

    PASS = "pass"  # noqa: S105 - a verdict, no password
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"
    """It could not be read. Never a pass."""
    NOT_APPLICABLE = "not-applicable"
    """The check does not concern this resource."""


SEVERITY: tuple[Verdict, ...] = (
    Verdict.FAIL,
    Verdict.UNKNOWN,
    Verdict.WARN,
    Verdict.PASS,
    Verdict.NOT_APPLICABLE,
)
"""Verdicts, the one to look at first in front."""


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one check says of one resource."""

    check: str
    """The check's stable id, such as ``storage.blob-soft-delete``."""
    resource: str
    """The ARM id, else type and name."""
    verdict: Verdict
    title: str
    """What the check asks, in a few words."""
    observed: str
    expected: str
    why: str
    """What is lost or late on the day when it does not hold."""
    source: str
    """URL of the fact."""
    remedy: str = ""
    command: str = ""
    """The ``az`` command that mends it, ids resolved; empty where none does."""
    remedy_operation: str = ""
    """The operation of this program that mends it; empty where none does."""
    certainty: str = ""
    """``inferred`` or ``unconfirmed`` where no page of Azure's simply says it; empty where one does."""
    component: str = ""
    """Whose it is: ``inference``, ``data``, ``experiments`` or ``workspace``; empty where nobody says."""
    severity: str = ""
    """``high``, ``medium`` or ``low``, weighed by the strategy of its component; empty where nothing is to be mended."""


def worst(verdicts: tuple[Verdict, ...]) -> Verdict:
    """Return the verdict to look at first; ``NOT_APPLICABLE`` when there is none."""
    return min(verdicts, key=SEVERITY.index, default=Verdict.NOT_APPLICABLE)


def exit_code(findings: tuple[Finding, ...], *, fail_on: Verdict = Verdict.FAIL) -> ExitCode:
    """Return the exit code that findings ask for.

    A finding at or above ``fail_on`` (``fail``, or ``warn`` for the stricter reading) makes 1;
    otherwise anything ``unknown`` makes 6.
    """
    verdicts = {finding.verdict for finding in findings}
    failing = {Verdict.FAIL} if fail_on is Verdict.FAIL else {Verdict.FAIL, Verdict.WARN}
    if verdicts & failing:
        return ExitCode.FAILED
    if Verdict.UNKNOWN in verdicts:
        return ExitCode.INCOMPLETE
    return ExitCode.FINE
