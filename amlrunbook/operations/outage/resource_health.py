"""What Azure's Resource Health says of the pair's own resources.

Source: https://learn.microsoft.com/azure/service-health/resource-health-overview
"""

from __future__ import annotations

from typing import Any

from amlrunbook.assessment import types
from amlrunbook.assessment.command import az
from amlrunbook.azure.deadline import Deadline
from amlrunbook.azure.fanout import Outcome, in_order
from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.azure.translation import plain
from amlrunbook.azure.unread import why
from amlrunbook.errors import AmlRunbookError, AnswerError
from amlrunbook.model.display import shown
from amlrunbook.model.finding import Finding, Verdict
from amlrunbook.model.operation import CheckReport, OperationContext, Reporter
from amlrunbook.model.snapshot import Document
from amlrunbook.operations.outage.scope import Known, Scope, Side, scope_of

SECONDS = 20.0
"""The deadline of all questions together."""
SUPPORTED = frozenset(
    name.lower() for name in (types.STORAGE, types.VAULT, types.REGISTRY, types.LOGS)
)
"""Types that Resource Health knows, of those that a pair has.

Source: https://learn.microsoft.com/azure/service-health/resource-health-checks-resource-types
"""
_TYPES_SOURCE = (
    "https://learn.microsoft.com/azure/service-health/resource-health-checks-resource-types"
)
_SOURCE = "https://learn.microsoft.com/azure/service-health/resource-health-overview"
_WHY = "Azure's own word on one resource: it tells a platform's fault from one that somebody here made."
_UNSUPPORTED = frozenset({"unsupportedresourcetype", "resourcetypenotsupported"})
_NOT_FOUND = 404


class ResourceHealth:
    """Asks Resource Health of every resource of the pair, all at once."""

    id = "outage.resource-health"
    title = "What Resource Health says of the pair's resources"

    def __init__(self, gateway: AzureGateway, *, seconds: float = SECONDS) -> None:
        self._gateway = gateway
        self._seconds = seconds

    def run(self, context: OperationContext, reporter: Reporter) -> CheckReport:
        """Ask, and say what of the primary is not available; what cannot be asked is unknown."""
        del reporter
        scope = scope_of(context)
        asked = [k for k in scope.resources if k.resource.type.lower() in SUPPORTED]
        answers = in_order(
            [lambda known=known: self._ask(known) for known in asked],  # type: ignore[misc]
            width=self._gateway.parallel,
            deadline=Deadline(self._seconds),
        )
        findings = [
            judged(known, scope, answer) for known, answer in zip(asked, answers, strict=True)
        ]
        others = [k for k in scope.resources if k.resource.type.lower() not in SUPPORTED]
        return report([*findings, *(_not_supported(known) for known in others)], scope)

    def _ask(self, known: Known) -> dict[str, Any]:
        path = (
            f"{known.resource.text}/providers/Microsoft.ResourceHealth/availabilityStatuses/current"
        )
        return self._gateway.get(path, seconds=self._seconds)


def judged(known: Known, scope: Scope, answer: Outcome[dict[str, Any]]) -> Finding:
    """Return what an answer, or its absence, says of one resource."""
    if answer.error is not None:
        return _unread(known, scope, answer.error)
    found = Document(answer.value or {})
    state = _text(found, "availabilityState") or "without a state"
    words = [state]
    for name in ("title", "summary", "detailedStatus"):
        said = _text(found, name)
        if said and said not in words:
            words.append(said)
    cause = ", ".join(
        word for word in (_text(found, "reasonType"), _text(found, "context")) if word
    )
    if cause:
        words.append(f"cause: {cause}")
    since = _text(found, "occuredTime")
    if since and state.lower() != "available":
        words.append(f"since {since}")
    return _finding(known, scope, _verdict(state), ". ".join(words))


def _verdict(state: str) -> Verdict:
    match state.lower():
        case "available":
            return Verdict.PASS
        case "degraded":
            return Verdict.WARN
        case "unavailable":
            return Verdict.FAIL
        case _:
            return Verdict.UNKNOWN


def report(findings: list[Finding], scope: Scope) -> CheckReport:
    """Return the verdict on the primary: what the secondary's resources say stands in the findings alone."""
    here = [f for f in findings if f.title.startswith(_title(scope, Side.PRIMARY))]
    bad = [f for f in here if f.verdict in {Verdict.FAIL, Verdict.WARN}]
    unread = [f for f in here if f.verdict is Verdict.UNKNOWN]
    well = [f for f in here if f.verdict is Verdict.PASS]
    total = len(bad) + len(unread) + len(well)
    where = scope.primary
    tail = " Workspaces are not among what Resource Health knows."
    if bad:
        verdict = Verdict.FAIL if any(f.verdict is Verdict.FAIL for f in bad) else Verdict.WARN
        names = ", ".join(sorted({f.resource.rsplit("/", 1)[-1] for f in bad}))
        verb = "is" if len(bad) == 1 else "are"
        text = f"{len(bad)} of {total} resources in {where} {verb} not available: {names}."
    elif unread or not well:
        verdict = Verdict.UNKNOWN
        text = f"Resource Health tells nothing of {len(unread)} of {total} resources in {where}."
    else:
        verdict = Verdict.PASS
        text = f"All {total} resources in {where} that Resource Health knows are available."
    return CheckReport(verdict=verdict, text=text + tail, findings=tuple(findings))


def _title(scope: Scope, side: Side) -> str:
    return f"Health in {scope.region(side)}"


def _unread(known: Known, scope: Scope, error: AmlRunbookError) -> Finding:
    unsupported = isinstance(error, AnswerError) and (
        error.code.lower() in _UNSUPPORTED or error.status == _NOT_FOUND
    )
    if unsupported:
        return _not_supported(known)
    return _finding(known, scope, Verdict.UNKNOWN, f"It could not be asked: {why(error)}")


def _finding(known: Known, scope: Scope, verdict: Verdict, observed: str) -> Finding:
    return Finding(
        check=ResourceHealth.id,
        resource=shown(known.resource.text),
        verdict=verdict,
        title=f"{_title(scope, known.side)}: {shown(known.resource.name)}",
        observed=plain(observed, 600),
        expected="Available",
        why=_WHY,
        source=_SOURCE,
        remedy="" if verdict is Verdict.PASS else "Weigh it with what the planes say from here.",
        command=az(
            "az rest --method get --url {id}/providers/Microsoft.ResourceHealth/"
            "availabilityStatuses/current?api-version=2024-02-01",
            {"id": known.resource.text},
        ),
    )


def _not_supported(known: Known) -> Finding:
    return Finding(
        check=ResourceHealth.id,
        resource=shown(known.resource.text),
        verdict=Verdict.NOT_APPLICABLE,
        title=f"Resource Health of {shown(known.resource.name)}",
        observed=f"Resource Health does not know {shown(known.resource.type)}.",
        expected="nothing: it is asked of storage, vaults, registries and log workspaces",
        why="Its silence on a workspace says neither that it is well nor that it is not.",
        source=_TYPES_SOURCE,
        remedy="Judge it by service health and by what answers from here.",
    )


def _text(found: Document, name: str) -> str:
    value = found.field(f"properties.{name}")
    return plain(value, 200).rstrip(".") if isinstance(value, str) else ""
