"""What hardening sends about the documents of Microsoft's own examples, held to the documents of the requests."""

from __future__ import annotations

import json
from typing import Any

import pytest

from amlrunbook.azure.arm_path import with_version
from amlrunbook.model.operation import OperationContext, Request
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.model.snapshot import snapshot_of
from amlrunbook.operations.hardening.log_analytics import LOG_RETENTION
from amlrunbook.operations.hardening.point_in_time import POINT_IN_TIME_RESTORE
from amlrunbook.operations.hardening.setting import Setting
from amlrunbook.operations.hardening.traffic_manager import TRAFFIC_TTL
from tests.shared_data import needs_shared, openapi_root
from tests.simulator.contract.test_sent_bodies import violations
from tests.unit.planning.test_resolve import SUB, profile

pytestmark = needs_shared
LOGS = (
    LOG_RETENTION,
    f"{SUB}/Microsoft.OperationalInsights/workspaces/log",
    "operationalinsights",
    "WorkspacesUpdate.json",
)
BLOBS = (
    POINT_IN_TIME_RESTORE,
    f"{SUB}/Microsoft.Storage/storageAccounts/stdata",
    "storage",
    "BlobServicesGet.json",
)
TRAFFIC = (
    TRAFFIC_TTL,
    f"{SUB}/Microsoft.Network/trafficManagerProfiles/tm",
    "trafficmanager",
    "Profile-GET-WithEndpoints.json",
    ("seconds", "30"),
)


def sent(
    setting: Setting, resource: str, service: str, example: str, *params: tuple[str, str]
) -> Request:
    """The request about a resource that is as Microsoft's example shows it."""
    (path,) = (openapi_root() / service).rglob(f"examples/{example}")
    shown = json.loads(path.read_text(encoding="utf-8"))
    found: dict[str, Any] = shown["responses"]["200"]["body"]
    asked = OperationContext(
        profile=profile(),
        snapshot=snapshot_of([]),
        step="s",
        resource=resource,
        params=dict(params),
    )
    place = ResourceId.parse(resource)
    made = setting.wanted(place, found, asked)
    assert not made.needless
    return Request(
        method=setting.method, path=with_version(setting.path(place, asked)), body=made.body
    )


@pytest.mark.parametrize("case", [LOGS, BLOBS, TRAFFIC], ids=lambda case: case[0].id)
def test_a_body_is_what_the_document_takes(case: Any) -> None:
    assert [str(one) for one in violations(sent(*case))] == []
