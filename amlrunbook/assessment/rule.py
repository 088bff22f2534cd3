"""What a rule is, and how one becomes a finding.

A rule judges one resource at a time and is pure: documents and a profile in, a ruling out. What it cannot read it
raises as :class:`~amlrunbook.errors.IncompleteError`, and that is ``unknown``: never a pass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from amlrunbook.assessment.command import az
from amlrunbook.assessment.consequences import consequence, severity
from amlrunbook.assessment.landscape import Landscape
from amlrunbook.errors import IncompleteError
from amlrunbook.facts import Certainty, FactBase
from amlrunbook.model.finding import Finding, Verdict
from amlrunbook.model.snapshot import Document

READ_AGAIN = "Read it again, with a principal that holds Reader on it, before you rely on it."
"""The remedy of everything that could not be read."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a rule concludes of one resource."""

    verdict: Verdict
    observed: str


def passed(observed: str) -> Ruling:
    """Return a pass."""
    return Ruling(Verdict.PASS, observed)


def warned(observed: str) -> Ruling:
    """Return a warning."""
    return Ruling(Verdict.WARN, observed)


def failed(observed: str) -> Ruling:
    """Return a failure."""
    return Ruling(Verdict.FAIL, observed)


def unconcerned(observed: str) -> Ruling:
    """Return that the check does not concern the resource, and why."""
    return Ruling(Verdict.NOT_APPLICABLE, observed)


def _dated(ruling: Ruling, as_of: str) -> Ruling:
    """Return a ruling with the age of what it stands on: what was well then is not known to be well now."""
    if not as_of or ruling.verdict is Verdict.UNKNOWN:
        return ruling
    if ruling.verdict is Verdict.PASS:
        return Ruling(Verdict.UNKNOWN, f"cannot be read now; as of {as_of}: {ruling.observed}")
    return Ruling(ruling.verdict, f"{ruling.observed} (as of {as_of}; it cannot be read now)")


Judge = Callable[[Landscape, Document], Ruling]
"""A pure function that judges a document that was read; raises IncompleteError where it cannot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One check of the catalogue."""

    id: str
    """Stable: ``service.what-is-asked``."""
    title: str
    types: tuple[str, ...]
    """The resource types it concerns."""
    expected: str
    why: str
    """What is lost or late on the day when it does not hold."""
    fact: str
    """Id of the fact it stands on."""
    remedy: str
    judge: Judge
    command: str = ""
    """Template of the ``az`` command that mends it (:mod:`amlrunbook.assessment.command`)."""
    remedy_operation: str = ""
    child: str = ""
    """The child collection that decides alone, so that it is judged without its parent's document too."""

    @property
    def service(self) -> str:
        """The first part of the id."""
        return self.id.split(".", 1)[0]

    def ruling(self, landscape: Landscape, document: Document) -> Ruling:
        """Judge one document."""
        if document.unread is not None:
            return Ruling(Verdict.UNKNOWN, f"could not be read: {document.unread}")
        landscape.ages.clear()
        try:
            ruling = self.judge(landscape, document)
        except IncompleteError as error:
            return Ruling(Verdict.UNKNOWN, error.what)
        return _dated(ruling, document.as_of or min(landscape.ages, default=""))

    def finding(self, landscape: Landscape, document: Document, facts: FactBase) -> Finding:
        """Judge one document and say it in full."""
        ruling = self.ruling(landscape, document)
        fact = facts.fact(self.fact)
        remedy, command, operation = self._cure(ruling.verdict, landscape, document)
        return Finding(
            check=self.id,
            resource=landscape.label(document),
            verdict=ruling.verdict,
            title=self.title,
            observed=ruling.observed,
            expected=self.expected,
            why=self.why,
            source=fact.source,
            remedy=remedy,
            command=command,
            remedy_operation=operation,
            certainty="" if fact.certainty is Certainty.DOCUMENTED else fact.certainty.value,
            component=consequence(self.id)[0].value,
            severity=severity(self.id, ruling.verdict, landscape.strategies) or "",
        )

    def _cure(
        self, verdict: Verdict, landscape: Landscape, document: Document
    ) -> tuple[str, str, str]:
        """Return remedy, command and operation: empty where there is nothing to mend."""
        if verdict in (Verdict.FAIL, Verdict.WARN):
            return (
                self.remedy,
                az(self.command, landscape.command_values(document)),
                self.remedy_operation,
            )
        if verdict is Verdict.UNKNOWN:
            values = landscape.command_values(document)
            return READ_AGAIN, az("az resource show --ids {id}", values), ""
        return "", "", ""
