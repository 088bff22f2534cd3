"""Checks: the rules over the snapshot of a run, and what of it could not be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from amlrunbook.assessment import SERVICES, assess, posture, posture_table, posture_words
from amlrunbook.model.display import shown
from amlrunbook.model.finding import Finding, Verdict, worst
from amlrunbook.model.operation import CheckReport, OperationContext, Reporter
from amlrunbook.model.snapshot import Document

_SOURCE = "https://learn.microsoft.com/azure/role-based-access-control/troubleshooting"
_COVERAGE = "coverage.readable"


@dataclass(frozen=True, slots=True)
class RuleCheck:
    """The rules of some services."""

    id: str
    title: str
    services: frozenset[str]
    """First parts of the rules' ids."""

    def run(self, context: OperationContext, reporter: Reporter) -> CheckReport:
        """Judge the snapshot; nothing is read from Azure."""
        del reporter
        findings = assess(
            context.snapshot.inventory,
            context.profile,
            services=self.services,
            taken_at=context.snapshot.taken_at,
        )
        verdict = worst(tuple(finding.verdict for finding in findings))
        return CheckReport(verdict=verdict, text=posture(findings), findings=findings)


@dataclass(frozen=True, slots=True)
class CoverageCheck:
    """What a snapshot could not read."""

    id: str = "assess.coverage"
    title: str = "What could not be read"

    def run(self, context: OperationContext, reporter: Reporter) -> CheckReport:
        """Name each document that is a placeholder, with its reason."""
        del reporter
        inventory = context.snapshot.inventory
        read = len(inventory.documents) - len(inventory.unread)
        taken = context.snapshot.taken_at or "at an unknown time"
        if not inventory.unread:
            return CheckReport(
                verdict=Verdict.PASS, text=f"All {read} documents were read (taken {taken})."
            )
        return CheckReport(
            verdict=Verdict.UNKNOWN,
            text=" ".join(
                filter(
                    None,
                    (
                        f"{len(inventory.unread)} could not be read, {read} were (taken {taken}).",
                        context.snapshot.stand_in_words,
                    ),
                )
            ),
            findings=tuple(_unread(document) for document in inventory.unread),
        )


@dataclass(frozen=True, slots=True)
class SummaryCheck:
    """All rules, in one sentence."""

    id: str = "assess.summary"
    title: str = "The posture in one sentence"

    def run(self, context: OperationContext, reporter: Reporter) -> CheckReport:
        """Sum up what the other checks say of this snapshot; the findings are theirs."""
        del reporter
        findings = assess(
            context.snapshot.inventory, context.profile, taken_at=context.snapshot.taken_at
        )
        verdicts = tuple(finding.verdict for finding in findings)
        failing = Counter(f.check for f in findings if f.verdict is Verdict.FAIL)
        text = posture(findings)
        if failing:
            text += f" Failing: {', '.join(sorted(failing))}."
            text += f" {posture_words(posture_table(findings, context.profile))}"
        return CheckReport(verdict=worst(verdicts), text=text)


def _unread(document: Document) -> Finding:
    return Finding(
        check=_COVERAGE,
        resource=shown(document.label),
        verdict=Verdict.UNKNOWN,
        title="It can be read",
        observed=shown(document.unread or ""),
        expected="an answer of Azure that can be used",
        why="A verdict on something unread would be a guess.",
        source=_SOURCE,
        remedy="Ask again when Azure answers, or have someone look who has the Reader role there.",
    )


_ATTACHED = frozenset(
    {
        "aks", "arc", "kubernetes", "aci", "databricks", "hdinsight", "synapse", "sql", "postgres", "mysql",
        "cosmos", "apim", "trafficmanager", "frontdoor", "mlregistry",
    }
)  # fmt: skip
"""Services that a workspace attaches, or that lead to it."""
_GROUPS: tuple[tuple[str, str, frozenset[str]], ...] = (
    ("assess.storage", "Storage accounts", frozenset({"storage", "datalake"})),
    ("assess.key-vault", "Key vaults", frozenset({"keyvault"})),
    ("assess.registry", "Container registries", frozenset({"registry"})),
    ("assess.insights", "Application Insights and logs", frozenset({"insights", "logs"})),
    ("assess.compute", "Compute and datastores", frozenset({"compute", "datastore"})),
    ("assess.endpoints", "Endpoints", frozenset({"endpoint"})),
    ("assess.access", "Identities, roles and quota", frozenset({"identity", "quota"})),
    ("assess.network", "Networks and resource groups", frozenset({"network", "dns", "group"})),
    ("assess.attached", "Attached services and traffic", _ATTACHED),
)


def checks() -> tuple[CoverageCheck | SummaryCheck | RuleCheck, ...]:
    """Return all checks. Rules that belong to no other group are the workspace's."""
    grouped: Collection[str] = {service for _, _, services in _GROUPS for service in services}
    rest = frozenset(SERVICES) - frozenset(grouped)
    return (
        CoverageCheck(),
        RuleCheck("assess.workspace", "Workspaces", rest),
        *(
            RuleCheck(id_, title, services & frozenset(SERVICES))
            for id_, title, services in _GROUPS
        ),
        SummaryCheck(),
    )
