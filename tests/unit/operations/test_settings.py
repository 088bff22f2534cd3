"""What each hardening setting makes of a document that is there: what is sent, what is kept, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from amlrunbook.errors import RefusedError, UsageError
from amlrunbook.model.operation import OperationContext
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.model.snapshot import snapshot_of
from amlrunbook.operations.hardening.cosmos_db import AUTOMATIC_FAILOVER
from amlrunbook.operations.hardening.log_analytics import LOG_RETENTION
from amlrunbook.operations.hardening.point_in_time import POINT_IN_TIME_RESTORE
from amlrunbook.operations.hardening.setting import Setting, Wanted
from amlrunbook.operations.hardening.traffic_manager import TRAFFIC_TTL
from tests.unit.planning.test_resolve import DATA, SUB, profile

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


# -- point-in-time restore ------------------------------------------------------------------

WELL: dict[str, Any] = {
    "cors": {"corsRules": []},
    "isVersioningEnabled": True,
    "changeFeed": {"enabled": True},
    "deleteRetentionPolicy": {"enabled": True, "days": 30},
}
"""What it stands on is there."""


def blobs(**changes: Any) -> dict[str, Any]:
    return {"properties": {**WELL, **changes}}


@pytest.mark.parametrize(
    ("found", "days", "changed", "options"),
    [
        (blobs(), "7", {}, ()),
        (
            blobs(isVersioningEnabled=False),
            "7",
            {"isVersioningEnabled": True},
            ("--enable-versioning true",),
        ),
        (
            blobs(changeFeed=None),
            "7",
            {"changeFeed": {"enabled": True}},
            ("--enable-change-feed true",),
        ),
        (
            blobs(changeFeed={"enabled": True, "retentionInDays": 7}),
            "7",
            {"changeFeed": {"enabled": True, "retentionInDays": 8}},
            ("--change-feed-retention-days 8",),
        ),
        (blobs(changeFeed={"enabled": True, "retentionInDays": 8}), "7", {}, ()),
        (
            blobs(deleteRetentionPolicy={"enabled": False}),
            "7",
            {"deleteRetentionPolicy": {"enabled": True, "days": 14}},
            ("--delete-retention-days 14",),
        ),
        (
            blobs(deleteRetentionPolicy={"enabled": True, "days": 7}),
            "7",
            {"deleteRetentionPolicy": {"enabled": True, "days": 8}},
            ("--delete-retention-days 8",),
        ),
        (
            blobs(),
            "364",
            {"deleteRetentionPolicy": {"enabled": True, "days": 365}},
            ("--delete-retention-days 365",),
        ),
    ],
)
def test_what_point_in_time_restore_lacks_is_set_with_it_and_said(
    found: dict[str, Any], days: str, changed: dict[str, Any], options: tuple[str, ...]
) -> None:
    made = wanted(POINT_IN_TIME_RESTORE, DATA, found, days=days)
    restore = {"enabled": True, "days": int(days)}
    assert made.body == {"properties": {**found["properties"], **changed, "restorePolicy": restore}}
    assert ("It needs more, which is set with it" in made.summary) is bool(changed)
    assert f"--enable-restore-policy true --restore-days {days}" in made.command
    for option in options:
        assert option in made.command
    assert "--enable-restore-policy false" in made.undo
    assert not made.needless


def test_undoing_it_sets_back_what_was_set_with_it() -> None:
    found = blobs(
        isVersioningEnabled=False,
        changeFeed={"enabled": True, "retentionInDays": 3},
        deleteRetentionPolicy={"enabled": True, "days": 5},
    )
    assert wanted(POINT_IN_TIME_RESTORE, DATA, found).undo.endswith(
        " --enable-restore-policy false --enable-versioning false --enable-change-feed true"
        " --change-feed-retention-days 3 --enable-delete-retention true --delete-retention-days 5"
    )


@pytest.mark.parametrize(("now", "days", "needless"), [(7, 7, True), (14, 14, True), (3, 7, False)])
def test_a_restore_never_reaches_back_less_far(now: int, days: int, needless: bool) -> None:
    restore = {"enabled": True, "days": now, "minRestoreTime": "2026-11-01T00:00:00Z"}
    made = wanted(POINT_IN_TIME_RESTORE, DATA, blobs(restorePolicy=restore), days="7")
    assert made.body["properties"]["restorePolicy"] == {"enabled": True, "days": days}
    assert bool(made.needless) is needless
    if not needless:
        assert f"--enable-restore-policy true --restore-days {now}" in made.undo


@pytest.mark.parametrize(
    ("found", "account", "says"),
    [
        (
            blobs(deleteRetentionPolicy={"enabled": True, "days": 9, "allowPermanentDelete": True}),
            {},
            "allows permanent deletion",
        ),
        (
            blobs(deleteRetentionPolicy={"enabled": True}),
            {},
            "does not say for how long soft delete",
        ),
        (blobs(restorePolicy={"enabled": True}), {}, "does not say for how long point-in-time"),
        (
            blobs(),
            {"properties": {"isHnsEnabled": True}},
            "an account with a hierarchical namespace",
        ),
        (blobs(), {"kind": "BlockBlobStorage"}, "an account with BlockBlobStorage"),
        (blobs(), {"sku": {"name": "Premium_LRS"}}, "StorageV2, Premium_LRS"),
    ],
)
def test_what_comes_first_or_can_never_be_is_refused(
    found: dict[str, Any], account: dict[str, Any], says: str
) -> None:
    document = {"id": DATA, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, **account}
    context = OperationContext(
        profile=profile(), snapshot=snapshot_of([document]), step="s", resource=DATA, params={}
    )
    with pytest.raises(RefusedError, match=says) as refused:
        POINT_IN_TIME_RESTORE.wanted(ResourceId.parse(DATA), found, context)
    assert refused.value.next_step


@pytest.mark.parametrize("days", ["0", "365", "x"])
def test_it_reaches_back_less_far_than_soft_delete_can_keep(days: str) -> None:
    with pytest.raises(UsageError, match="no number of days to reach back"):
        wanted(POINT_IN_TIME_RESTORE, DATA, blobs(), days=days)


ON = {"restorePolicy": {"enabled": True, "days": 7, "minRestoreTime": "2026-11-01T00:00:00Z"}}


@pytest.mark.parametrize(
    ("found", "reached", "says"),
    [
        (blobs(**ON), True, ""),
        (blobs(), False, "is off"),
        (blobs(restorePolicy={"enabled": True, "days": 6}), False, "6 days"),
        (blobs(**ON, isVersioningEnabled=False), False, "It needs more: versioning is off."),
        (blobs(**ON, cors=None), True, "Other settings differ from those that were sent: cors."),
    ],
)
def test_it_is_seen_on_all_that_it_stands_on(
    found: dict[str, Any], reached: bool, says: str
) -> None:
    sent = wanted(POINT_IN_TIME_RESTORE, DATA, blobs(), days="7").body
    look = POINT_IN_TIME_RESTORE.seen(ResourceId.parse(DATA), found, sent)
    assert look.reached is reached
    assert says in look.text


# -- automatic failover ---------------------------------------------------------------------

COSMOS = f"{SUB}/Microsoft.DocumentDB/databaseAccounts/cosmos"
PAIR = [
    {"locationName": "West US", "failoverPriority": 1},
    {"locationName": "East US", "failoverPriority": 0},
]


def cosmos(locations: object, **properties: Any) -> dict[str, Any]:
    return {"properties": {"locations": locations, **properties}}


@pytest.mark.parametrize(
    ("found", "needless"),
    [
        (cosmos(PAIR), ""),
        (cosmos(PAIR, enableAutomaticFailover=True), "failover of cosmos is on"),
        (cosmos(PAIR, enableMultipleWriteLocations=True), "Every region of cosmos takes writes"),
        (cosmos(PAIR[:1], enableAutomaticFailover=True), "failover of cosmos is on"),
    ],
)
def test_automatic_failover_is_one_property_and_says_who_writes(
    found: dict[str, Any], needless: str
) -> None:
    made = wanted(AUTOMATIC_FAILOVER, COSMOS, found)
    assert made.body == {"properties": {"enableAutomaticFailover": True}}
    assert needless in made.needless
    assert bool(made.needless) is bool(needless)
    assert made.command.endswith("--enable-automatic-failover true")
    assert made.undo.endswith("--enable-automatic-failover false")
    if len(found["properties"]["locations"]) > 1:
        assert "the one that writes first: East US, West US." in made.before
    assert "cannot be changed by hand" in made.after


@pytest.mark.parametrize("locations", [PAIR[:1], [], None, "East US", [7]])
def test_an_account_of_one_region_has_nothing_to_fail_over_to(locations: object) -> None:
    with pytest.raises(RefusedError, match="nothing to fail over to"):
        wanted(AUTOMATIC_FAILOVER, COSMOS, cosmos(locations))


@pytest.mark.parametrize(("value", "reached"), [(True, True), (False, False), (None, False)])
def test_automatic_failover_is_seen_in_the_account(value: object, reached: bool) -> None:
    found = cosmos(PAIR, enableAutomaticFailover=value)
    look = AUTOMATIC_FAILOVER.seen(ResourceId.parse(COSMOS), found, {})
    assert look.reached is reached


# -- how long callers keep an answer --------------------------------------------------------

TRAFFIC = f"{SUB}/Microsoft.Network/trafficManagerProfiles/tm"


def traffic(ttl: object) -> dict[str, Any]:
    dns = {"relativeName": "tm", "fqdn": "tm.trafficmanager.net", "ttl": ttl}
    return {"properties": {"dnsConfig": dns, "profileStatus": "Enabled"}}


@pytest.mark.parametrize(
    ("now", "params", "seconds", "needless"),
    [
        (300, {}, 60, False),
        (61, {"seconds": "60"}, 60, False),
        (60, {"seconds": "60"}, 60, True),
        (10, {"seconds": "60"}, 10, True),
        (60, {"seconds": "0"}, 0, False),
    ],
)
def test_answers_are_never_kept_for_longer(
    now: int, params: dict[str, str], seconds: int, needless: bool
) -> None:
    made = wanted(TRAFFIC_TTL, TRAFFIC, traffic(now), **params)
    assert made.body == {"properties": {"dnsConfig": {"relativeName": "tm", "ttl": seconds}}}
    assert bool(made.needless) is needless
    assert made.command.endswith(f"--ttl {seconds}")
    assert made.undo.endswith(f"--ttl {now}")


@pytest.mark.parametrize("ttl", [None, "300", True])
def test_a_time_that_is_not_known_could_be_shorter(ttl: object) -> None:
    with pytest.raises(RefusedError, match="does not say how long"):
        wanted(TRAFFIC_TTL, TRAFFIC, traffic(ttl))


@pytest.mark.parametrize("seconds", ["-1", "301", "x", ""])
def test_what_is_no_number_of_seconds_is_refused(seconds: str) -> None:
    with pytest.raises(UsageError, match="no number of seconds that an answer may be kept"):
        wanted(TRAFFIC_TTL, TRAFFIC, traffic(300), seconds=seconds)


@pytest.mark.parametrize(("ttl", "reached"), [(60, True), (5, True), (61, False), (None, False)])
def test_answers_are_seen_to_be_kept_for_no_longer_than_was_sent(
    ttl: object, reached: bool
) -> None:
    sent = {"properties": {"dnsConfig": {"ttl": 60}}}
    assert TRAFFIC_TTL.seen(ResourceId.parse(TRAFFIC), traffic(ttl), sent).reached is reached
