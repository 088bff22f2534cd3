"""How long a Log Analytics workspace keeps what tables without a retention of their own hold.

Sources: https://learn.microsoft.com/azure/azure-monitor/logs/data-retention-configure and
https://learn.microsoft.com/rest/api/loganalytics/workspaces/update
"""

from __future__ import annotations

from typing import Any

from amlrunbook.assessment.command import az
from amlrunbook.errors import RefusedError
from amlrunbook.facts import fact_base
from amlrunbook.model.display import shown
from amlrunbook.model.operation import Confirmation, Observation, OperationContext, Risk
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.operations.changing import seen
from amlrunbook.operations.hardening.setting import Setting, Wanted, number_asked, properties_of

_LEAST_DAYS, _MOST_DAYS = 30, 730
"""What a workspace may be told to keep.

Source: https://learn.microsoft.com/azure/azure-monitor/logs/data-retention-configure
"""
_FIXED = frozenset({"free", "standard", "premium"})
"""Pricing tiers of old whose retention is part of the tier and cannot be set.

Source: https://learn.microsoft.com/azure/azure-monitor/logs/cost-logs#legacy-pricing-tiers
"""
_UPDATE = (
    "az monitor log-analytics workspace update --workspace-name {name} --resource-group {group} "
    "--subscription {subscription} --retention-time "
)


def _path(logs: ResourceId, context: OperationContext) -> str:
    del context
    return logs.text


def _wanted(logs: ResourceId, found: dict[str, Any], context: OperationContext) -> Wanted:
    asked = number_asked(
        context,
        "days",
        "days to keep logs",
        default=fact_base().limits.log_retention_days.value,
        least=_LEAST_DAYS,
        most=_MOST_DAYS,
    )
    now = _days(found)
    if now is None:
        raise RefusedError(
            f"{logs.name} does not say for how long it keeps logs: it could be for longer than {asked} days.",
            state="Nothing was sent.",
            next_step="Look at its retention in the Azure portal.",
        )
    if now < asked:
        _refuse_fixed(logs, found)
    days = max(asked, now)
    return Wanted(
        body={"properties": {"retentionInDays": days}},
        before=_said(logs, now),
        after=f"{_said(logs, days)} Tables with a retention of their own keep to that.",
        summary=f"Keep logs in {logs.name} for {days} days in place of {now}; all else stays.",
        undo=_command(logs, now) or f"Set retentionInDays back to {now}.",
        cost="What is kept past the days that are in the price is billed by the GB and month.",
        command=_command(logs, days),
        needless=_said(logs, now) if now >= asked else "",
    )


def _refuse_fixed(logs: ResourceId, found: dict[str, Any]) -> None:
    sku = properties_of(found).get("sku")
    tier = sku.get("name") if isinstance(sku, dict) else None
    if isinstance(tier, str) and tier.lower() in _FIXED:
        raise RefusedError(
            f"{logs.name} is in the pricing tier {shown(tier)}, whose retention cannot be set.",
            state="Nothing was sent.",
            next_step="Move it to the tier PerGB2018 first; that changes what it costs.",
        )


def _seen(logs: ResourceId, found: dict[str, Any], sent: dict[str, Any]) -> Observation:
    days = _days(found)
    return seen(
        _said(logs, days),
        reached=days is not None and days >= int(sent["properties"]["retentionInDays"]),
    )


def _days(document: dict[str, Any]) -> int | None:
    days = properties_of(document).get("retentionInDays")
    return days if isinstance(days, int) and not isinstance(days, bool) else None


def _said(logs: ResourceId, days: int | None) -> str:
    return f"{logs.name} keeps logs for {'no known number of' if days is None else days} days."


def _command(logs: ResourceId, days: int) -> str:
    return az(
        f"{_UPDATE}{days}",
        {"name": logs.name, "group": logs.resource_group, "subscription": logs.subscription},
    )


LOG_RETENTION = Setting(
    id="hardening.log-retention",
    title="Keep logs for longer",
    risk=Risk.REVERSIBLE,
    confirmation=Confirmation.ENTER,
    type="microsoft.operationalinsights/workspaces",
    noun="Log Analytics workspace",
    method="PATCH",
    path=_path,
    wanted=_wanted,
    seen=_seen,
)
