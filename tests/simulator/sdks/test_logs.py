"""azure-mgmt-loganalytics drives the simulated Log Analytics: deleted, recovered, failed over."""

from __future__ import annotations

import pytest
from azure.core.exceptions import ResourceNotFoundError

from tests.simulator.sdks.clients import EAST, refused


def test_a_deleted_workspace_comes_back_as_it_was(azure):
    workspaces = azure.logs.workspaces
    body = {"location": "eastus", "properties": {"retentionInDays": 90}}
    made = workspaces.begin_create_or_update(EAST, "log-back", body).result()
    assert made.provisioning_state == "Succeeded"
    assert "log-back" in {w.name for w in workspaces.list_by_resource_group(EAST)}
    workspaces.begin_delete(EAST, "log-back").result()
    with pytest.raises(ResourceNotFoundError):
        workspaces.get(EAST, "log-back")
    assert "log-back" in {w.name for w in azure.logs.deleted_workspaces.list()}
    again = azure.logs.deleted_workspaces.list_by_resource_group(EAST)
    assert "log-back" in {w.name for w in again}
    with refused(409, "InvalidResourceLocation"):
        workspaces.begin_create_or_update(EAST, "log-back", {"location": "westus"}).result()
    back = workspaces.begin_create_or_update(EAST, "log-back", {"location": "eastus"}).result()
    assert (back.customer_id, back.retention_in_days) == (made.customer_id, 90)


def test_a_workspace_forced_away_does_not_come_back(azure):
    workspaces = azure.logs.workspaces
    workspaces.begin_create_or_update(EAST, "log-forced", {"location": "eastus"}).result()
    workspaces.begin_delete(EAST, "log-forced", force=True).result()
    assert "log-forced" not in {w.name for w in azure.logs.deleted_workspaces.list()}


def test_a_replicated_workspace_fails_over_and_back(azure):
    workspaces = azure.logs.workspaces
    replication = {"enabled": True, "location": "westus"}
    body = {"location": "eastus", "properties": {"replication": replication}}
    made = workspaces.begin_create_or_update(EAST, "log-two", body).result()
    assert made.failover.state == "Inactive"
    workspaces.begin_failover(EAST, "westus", "log-two").result()
    assert workspaces.get(EAST, "log-two").failover.state == "Active"
    with refused(409, "Conflict"):
        workspaces.begin_failover(EAST, "westus", "log-two").result()
    workspaces.begin_failback(EAST, "log-two").result()
    assert workspaces.get(EAST, "log-two").failover.state == "Inactive"
