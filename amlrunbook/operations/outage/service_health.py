"""Active service issues of Azure that name the pair's regions.

Source: https://learn.microsoft.com/azure/service-health/service-health-overview
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any

from amlrunbook.assessment.command import az
from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.azure.translation import plain
from amlrunbook.azure.unread import why
from amlrunbook.errors import AmlRunbookError
from amlrunbook.model.display import shown
from amlrunbook.model.finding import Finding, Verdict
from amlrunbook.model.operation import CheckReport, OperationContext, Reporter
from amlrunbook.model.resource_id import region_name
from amlrunbook.model.snapshot import Document

SECONDS = 15.0
SERVICES = (
    "machine learning",
    "storage",
    "key vault",
    "container registry",
    "azure resource manager",
    "active directory",
    "entra",
)
"""What a pair stands on, as parts of the names that service health gives services."""
_EVERYWHERE = "global"
_SOURCE = "https://learn.microsoft.com/azure/service-health/service-health-overview"
_WHY = (
    "Microsoft's own word on a region. It comes late, often half an hour after the first errors: "
    "its silence proves nothing."
)
_TAG = re.compile(r"<[^>]{0,200}>")


@dataclass(frozen=True, slots=True)
class Issue:
    """One active service issue that concerns the pair."""

    tracking_id: str
    title: str
    services: tuple[str, ...]
    regions: tuple[str, ...]
    """Short names of the pair's regions that it names; ``global`` stands for all."""
    since: str
    summary: str


class ServiceHealth:
    """Asks for the subscription's service health events."""

    id = "outage.service-health"
    title = "What Microsoft says of the regions"

    def __init__(self, gateway: AzureGateway, *, seconds: float = SECONDS) -> None:
        self._gateway = gateway
        self._seconds = seconds

    def run(self, context: OperationContext, reporter: Reporter) -> CheckReport:
        """Ask, and name each active issue in the pair's regions and services."""
        del reporter
        profile = context.profile
        primary, secondary = profile.regions
        try:
            events = service_events(self._gateway, profile.subscription, self._seconds)
        except AmlRunbookError as error:
            return _unread(profile.subscription, error)
        found = issues(events, tuple(str(r) for r in (primary, secondary) if r))
        return judged(found, profile.subscription, str(primary), str(secondary or ""))


def service_events(
    gateway: AzureGateway, subscription: str, seconds: float
) -> list[dict[str, Any]]:
    """Return the service health events of the last three days, as Azure lists them.

    The list is filtered here: the service's own filter by region and service is not to be relied on.
    Source: https://learn.microsoft.com/rest/api/resourcehealth/events/list-by-subscription-id

    Raises:
        AzureError: they cannot be read.
    """
    path = f"/subscriptions/{subscription}/providers/Microsoft.ResourceHealth/events"
    return gateway.get_all(path, seconds=seconds)


def issues(events: list[dict[str, Any]], regions: tuple[str, ...]) -> tuple[Issue, ...]:
    """Return the active service issues that name one of ``regions`` and a service of a pair."""
    found = (_issue(Document(event), regions) for event in events)
    return tuple(issue for issue in found if issue is not None)


def _issue(event: Document, regions: tuple[str, ...]) -> Issue | None:
    if _text(event, "eventType").lower() != "serviceissue":
        return None
    if _text(event, "status").lower() != "active":
        return None
    named, services = set[str](), list[str]()
    for impact in _items(event.field("properties.impact")):
        service = plain(impact.field("impactedService") or "", 80)
        here = {
            where
            for each in _items(impact.field("impactedRegions"))
            if _goes_on(each) and (where := region_name(str(each.field("impactedRegion") or "")))
        }
        hit = here if _EVERYWHERE in here else here & set(regions)
        if hit and any(word in service.lower() for word in SERVICES):
            named |= hit & {_EVERYWHERE, *regions}
            services.append(service)
    if not services:
        return None
    return Issue(
        tracking_id=plain(event.name, 60),
        title=plain(event.field("properties.title") or "without a title", 160),
        services=tuple(dict.fromkeys(services)),
        regions=tuple(sorted(named)),
        since=_text(event, "impactStartTime"),
        summary=plain(_without_tags(_text(event, "summary")), 400),
    )


def _goes_on(region: Document) -> bool:
    """Return whether an issue goes on in a region; one that is not told apart goes on with its issue."""
    status = region.field("status")
    return not isinstance(status, str) or status.lower() != "resolved"


def judged(
    found: tuple[Issue, ...], subscription: str, primary: str, secondary: str
) -> CheckReport:
    """Return what active issues say of the pair: those of the primary fail, those of the secondary warn."""
    findings = tuple(_finding(issue, subscription, primary, secondary) for issue in found)
    here = [issue for issue in found if {primary, _EVERYWHERE} & set(issue.regions)]
    there = [issue for issue in found if issue not in here]
    if here:
        text = (
            f"Microsoft reports {len(here)} active {_issues(here)} for {primary}: {_named(here)}."
        )
        if there or any(_touches(issue, secondary) for issue in here):
            text += f" {secondary} is named as well: look there before you move."
        return CheckReport(verdict=Verdict.FAIL, text=text, findings=findings)
    if there:
        text = f"Microsoft reports nothing for {primary}, but for {secondary}: {_named(there)}."
        return CheckReport(verdict=Verdict.WARN, text=text, findings=findings)
    nothing = Finding(
        check=ServiceHealth.id,
        resource=f"/subscriptions/{subscription}",
        verdict=Verdict.PASS,
        title="Active service issues",
        observed=f"None for {' and '.join(r for r in (primary, secondary) if r)} in the last 3 days.",
        expected="no active issue of Machine Learning, Storage, Key Vault or Container Registry",
        why=_WHY,
        source=_SOURCE,
        command=_command(subscription),
    )
    text = f"Microsoft reports no active issue for {primary} yet; its word comes late."
    return CheckReport(verdict=Verdict.PASS, text=text, findings=(nothing,))


def _touches(issue: Issue, region: str) -> bool:
    return bool(region) and bool({region, _EVERYWHERE} & set(issue.regions))


def _issues(found: list[Issue]) -> str:
    return "issue" if len(found) == 1 else "issues"


def _named(found: list[Issue]) -> str:
    return "; ".join(
        f"{shown(issue.tracking_id)} ({shown(', '.join(issue.services))})" for issue in found
    )


def _finding(issue: Issue, subscription: str, primary: str, secondary: str) -> Finding:
    here = _touches(issue, primary)
    where = ", ".join(issue.regions)
    observed = f"{issue.title}. {', '.join(issue.services)} in {where}, since {issue.since or 'an untold time'}."
    return Finding(
        check=ServiceHealth.id,
        resource=f"/subscriptions/{subscription}",
        verdict=Verdict.FAIL if here else Verdict.WARN,
        title=f"Service issue {shown(issue.tracking_id)}",
        observed=shown(f"{observed} {issue.summary}".strip()),
        expected="no active issue in either region",
        why=_WHY if here else f"{secondary} is where you would move to.",
        source=_SOURCE,
        remedy="Name its tracking id to Microsoft's support, and follow it in the portal's Service Health.",
        command=_command(subscription),
    )


def _unread(subscription: str, error: AmlRunbookError) -> CheckReport:
    text = f"Microsoft's service health could not be read: {why(error)}"
    finding = Finding(
        check=ServiceHealth.id,
        resource=f"/subscriptions/{subscription}",
        verdict=Verdict.UNKNOWN,
        title="Active service issues",
        observed=why(error),
        expected="an answer of Azure's service health",
        why=_WHY,
        source=_SOURCE,
        remedy="Look at https://azure.status.microsoft, which needs no sign-in.",
        command=_command(subscription),
    )
    return CheckReport(verdict=Verdict.UNKNOWN, text=text, findings=(finding,))


def _command(subscription: str) -> str:
    return az(
        "az rest --method get --url /subscriptions/{subscription}/providers/"
        "Microsoft.ResourceHealth/events?api-version=2024-02-01",
        {"subscription": subscription},
    )


def _without_tags(text: str) -> str:
    return html.unescape(_TAG.sub(" ", text))


def _items(value: Any) -> list[Document]:
    return (
        [Document(item) for item in value if isinstance(item, dict)]
        if isinstance(value, list)
        else []
    )


def _text(event: Document, name: str) -> str:
    value = event.field(f"properties.{name}")
    return value if isinstance(value, str) else ""
