"""azure-mgmt-resourcehealth reads the simulated Resource Health and service health."""

from __future__ import annotations

from tests.simulator.sdks.clients import EAST, Clients, refused

ML = "Microsoft.MachineLearningServices/workspaces/aml-fraud-e"


def resource(azure: Clients, tail: str) -> str:
    return f"subscriptions/{azure.endpoint.subscription_id}/resourceGroups/{EAST}/providers/{tail}"


def test_the_health_of_resources(azure):
    statuses = azure.health.availability_statuses
    one = statuses.get_by_resource(resource(azure, "Microsoft.KeyVault/vaults/kv-fraud-e"))
    assert one.properties.availability_state == "Available"
    in_group = list(statuses.list_by_resource_group(EAST))
    everywhere = list(statuses.list_by_subscription_id())
    assert 0 < len(in_group) < len(everywhere)
    account = resource(azure, "Microsoft.Storage/storageAccounts/stfraude")
    assert [s.properties.availability_state for s in statuses.list(account)] == ["Available"]
    with refused(404, "ResourceNotFound"):
        statuses.get_by_resource(resource(azure, "Microsoft.Storage/storageAccounts/nowhere"))
    with refused(400, "UnsupportedResourceType"):
        statuses.get_by_resource(resource(azure, ML))


def test_there_are_no_events_in_a_healthy_world(azure):
    assert list(azure.health.events.list_by_subscription_id()) == []
