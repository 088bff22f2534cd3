"""What each hardening setting makes of a document that is there: what is sent, what is kept, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from amlrunbook.errors import RefusedError, UsageError
from amlrunbook.model.operation import OperationContext
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.model.snapshot import snapshot_of
from amlrunbook.operations.hardening.log_analytics import LOG_RETENTION
from amlrunbook.operations.hardening.setting import Setting, Wanted
from tests.unit.planning.test_resolve import SUB, profile

LOGS = f"{SUB}/Microsoft.OperationalInsights/workspaces/log"


def asked(resource: str, **params: str) -> OperationContext:
    return OperationContext(
        profile=profile(), snapshot=snapshot_of([]), step="s", resource=resource, params=params
    )


def wanted(setting: Setting, resource: str, found: dict[str, Any], **params: str) -> Wanted:
    return setting.wanted(ResourceId.parse(resource), found, asked(resource, **params))


def logs(days: object, tier: str = "PerGB2018") -> dict[str, Any]:
    return {"properties": {"retentionInDays": days, "sku": {"name": tier}}}


@pytest.mark.parametrize(
    ("now", "params", "days", "needless"),
    [
        (30, {}, 90, False),
        (30, {"days": "30"}, 30, True),
        (89, {"days": "90"}, 90, False),
        (90, {"days": "90"}, 90, True),
        (365, {"days": "90"}, 365, True),
        (90, {"days": "730"}, 730, False),
    ],
)
def test_logs_are_never_kept_for_fewer_days(
    now: int, params: dict[str, str], days: int, needless: bool
) -> None:
    made = wanted(LOG_RETENTION, LOGS, logs(now), **params)
    assert made.body == {"properties": {"retentionInDays": days}}
    assert bool(made.needless) is needless
    assert made.command.endswith(f"--retention-time {days}")
    assert made.undo.endswith(f"--retention-time {now}")


@pytest.mark.parametrize("days", ["29", "731", "", "-90", "9e1", "٩٠", "9" * 5000, "\x1b[2J"])
def test_what_is_no_number_of_days_to_keep_logs_is_refused(days: str) -> None:
    with pytest.raises(UsageError, match="is no number of days to keep logs") as refused:
        wanted(LOG_RETENTION, LOGS, logs(30), days=days)
    assert "\x1b" not in refused.value.what


@pytest.mark.parametrize("days", [None, "30", True])
def test_a_retention_that_is_not_known_could_be_longer(days: object) -> None:
    with pytest.raises(RefusedError, match="does not say for how long"):
        wanted(LOG_RETENTION, LOGS, logs(days))


@pytest.mark.parametrize(("tier", "days"), [("Free", 7), ("standard", 30)])
def test_a_tier_of_fixed_retention_comes_first(tier: str, days: int) -> None:
    with pytest.raises(RefusedError, match=f"pricing tier {tier}") as refused:
        wanted(LOG_RETENTION, LOGS, logs(days, tier))
    assert "PerGB2018" in refused.value.next_step


def test_a_fixed_retention_that_is_long_needs_nothing() -> None:
    assert wanted(LOG_RETENTION, LOGS, logs(365, "Premium")).needless


@pytest.mark.parametrize(
    ("days", "reached"), [(90, True), (365, True), (89, False), (None, False), ("90", False)]
)
def test_logs_are_seen_to_be_kept_for_at_least_what_was_sent(days: object, reached: bool) -> None:
    sent = {"properties": {"retentionInDays": 90}}
    assert LOG_RETENTION.seen(ResourceId.parse(LOGS), logs(days), sent).reached is reached
