"""Things that somebody deleted: what brings them back, and what tempts."""

from __future__ import annotations

from azure.core.exceptions import HttpResponseError

from tests.simulator.scenarios.hands import ML, REGISTRY, STORAGE, VAULT, Hands
from tests.simulator.scenarios.outages import AML_E, DATA, DEFAULT, EAST, HOUR, SCORE, WEST

VAULT_E = f"{EAST}/Microsoft.KeyVault/vaults/kv-fraud-e"
REGISTRY_E = f"{EAST}/Microsoft.ContainerRegistry/registries/crfraud"
COPIES = f"{WEST}/Microsoft.ContainerRegistry/registries/crfraudcopies"
PURGE = "@/providers/Microsoft.KeyVault/locations/eastus/deletedVaults/kv-fraud-e/purge"


def rebuild(hands: Hands) -> None:
    """Make anew what soft delete of a workspace does not keep."""
    cluster = {
        "location": "eastus",
        "properties": {
            "computeType": "AmlCompute",
            "properties": {
                "vmSize": "STANDARD_DS3_V2",
                "scaleSettings": {"minNodeCount": 0, "maxNodeCount": 8},
            },
        },
    }
    hands.do("PUT", f"{AML_E}/computes/cpu-cluster", ML, cluster)
    endpoint = {"location": "eastus", "properties": {"authMode": "AADToken"}}
    hands.do("PUT", f"{AML_E}/{SCORE}", ML, endpoint)
    model = hands.do("GET", f"{AML_E}/models/fraud-gbm/versions/7", ML)["id"]
    environment = hands.do("GET", f"{AML_E}/environments/fraud-env/versions/3", ML)["id"]
    deployment = {
        "location": "eastus",
        "sku": {"name": "Default", "capacity": 4},
        "properties": {
            "instanceType": "Standard_DS3_v2",
            "model": model,
            "environmentId": environment,
        },
    }
    hands.do("PUT", f"{AML_E}/{SCORE}/deployments/blue", ML, deployment)
    hands.change(f"{AML_E}/{SCORE}", ML, {"properties": {"traffic": {"blue": 100}}})


def recover_vault(hands: Hands) -> None:
    body = {"location": "eastus", "properties": {"createMode": "recover"}}
    hands.do("PUT", VAULT_E, VAULT, body)


class WorkspaceDeleted:
    nothing = 24 * HOUR

    @staticmethod
    def solve(hands: Hands) -> None:
        hands.portal("recover", AML_E)
        rebuild(hands)

    @staticmethod
    def tempted(hands: Hands) -> None:
        """Free the name."""
        hands.ask("DELETE", f"{AML_E}?forceToPurge=true", ML)
        hands.wait(HOUR)


class WorkspaceVaultStorageDeleted:
    nothing = 24 * HOUR

    @staticmethod
    def solve(hands: Hands) -> None:
        recover_vault(hands)
        hands.portal("recover", DEFAULT)
        hands.portal("recover", AML_E)
        rebuild(hands)

    @staticmethod
    def tempted(hands: Hands) -> None:
        """Put an empty account in the old one's place."""
        body = {"location": "eastus", "kind": "StorageV2", "sku": {"name": "Standard_ZRS"}}
        hands.ask("PUT", DEFAULT, STORAGE, body)
        recover_vault(hands)


class VaultDeleted:
    nothing = 24 * HOUR

    @staticmethod
    def solve(hands: Hands) -> None:
        recover_vault(hands)

    @staticmethod
    def tempted(hands: Hands) -> None:
        """Purge it, and make another one."""
        hands.ask("POST", PURGE, VAULT)
        properties = {
            "tenantId": hands.endpoint.tenant_id,
            "sku": {"family": "A", "name": "standard"},
            "accessPolicies": [],
        }
        body = {"location": "eastus", "properties": properties}
        hands.ask("PUT", f"{VAULT_E}-new", VAULT, body)


class BlobsDeleted:
    nothing = 24 * HOUR

    @staticmethod
    def solve(hands: Hands) -> None:
        container = hands.blobs("stfrauddata").get_container_client("transactions")
        for name in ("transactions/12/part-0000.parquet", "transactions/12/part-0001.parquet"):
            restore(container, name, number=-1)
        restore(container, "models/fraud-gbm/7/MLmodel", number=-2)

    @staticmethod
    def tempted(hands: Hands) -> None:
        """Fetch the older copy of the other region."""
        hands.ask("POST", f"{DATA}/failover", STORAGE)


def restore(container, name: str, *, number: int) -> None:
    """Write a version of a blob over it: counted from the newest."""
    versions = [
        blob
        for blob in container.list_blobs(name_starts_with=name, include=["versions", "deleted"])
        if blob.name == name and blob.version_id
    ]
    wanted = sorted(versions, key=lambda blob: blob.version_id)[number]
    blob = container.get_blob_client(name)
    try:
        data = blob.download_blob(version_id=wanted.version_id).readall()
    except HttpResponseError:
        blob.undelete_blob()
        data = blob.download_blob(version_id=wanted.version_id).readall()
    blob.upload_blob(data, overwrite=True)


class RegistryDeleted:
    nothing = 24 * HOUR

    @staticmethod
    def solve(hands: Hands) -> None:
        body = {"location": "eastus", "sku": {"name": "Premium"}}
        hands.do("PUT", REGISTRY_E, REGISTRY, body)
        hands.do("PUT", f"{REGISTRY_E}/replications/westus", REGISTRY, {"location": "westus"})
        copies = hands.do("GET", COPIES, REGISTRY)["id"]
        source = {"resourceId": copies, "sourceImage": "nightly/fraud-env:3"}
        wanted = {"source": source, "targetTags": ["fraud-env:3"]}
        hands.do("POST", f"{REGISTRY_E}/importImage", REGISTRY, wanted)

    @staticmethod
    def tempted(hands: Hands) -> None:
        """Any registry of that name will do."""
        body = {"location": "eastus", "sku": {"name": "Basic"}}
        hands.do("PUT", REGISTRY_E, REGISTRY, body)
