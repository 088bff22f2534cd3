"""Regions that are dark, or seem to be: what solves them, and what tempts."""

from __future__ import annotations

from contextlib import suppress

from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError

from tests.simulator.scenarios.hands import ML, STORAGE, Hands
from tests.simulator_fixtures import credential

EAST = "@/resourceGroups/rg-fraud-e/providers"
WEST = "@/resourceGroups/rg-fraud-w/providers"
DATA = f"{EAST}/Microsoft.Storage/storageAccounts/stfrauddata"
DEFAULT = f"{EAST}/Microsoft.Storage/storageAccounts/stfraude"
AML_E = f"{EAST}/Microsoft.MachineLearningServices/workspaces/aml-fraud-e"
AML_W = f"{WEST}/Microsoft.MachineLearningServices/workspaces/aml-fraud-w"
SCORE = "onlineEndpoints/fraud-score"
MINUTE = 60.0
HOUR = 60 * MINUTE


def scale_west(hands: Hands, instances: int = 4) -> None:
    values = {"sku": {"capacity": instances}}
    hands.change(f"{AML_W}/{SCORE}/deployments/blue", ML, values)


def serve_west(hands: Hands) -> None:
    hands.change(f"{AML_W}/{SCORE}", ML, {"properties": {"traffic": {"blue": 100}}})
    hands.route("fraud", f"{AML_W}/{SCORE}")


def train_west(hands: Hands) -> None:
    job = {
        "properties": {
            "jobType": "Command",
            "displayName": "train-fraud nightly",
            "experimentName": "fraud-training",
            "command": "python train.py --data transactions/12",
            "environmentId": hands.do("GET", f"{AML_W}/environments/fraud-env/versions/3", ML)[
                "id"
            ],
            "computeId": hands.do("GET", f"{AML_W}/computes/cpu-cluster", ML)["id"],
        }
    }
    hands.do("PUT", f"{AML_W}/jobs/calm_river_42_again", ML, job)


def fail_over_data(hands: Hands) -> None:
    hands.do("POST", f"{DATA}/failover", STORAGE)


def copy_from_secondary(hands: Hands) -> None:
    """Copy the data from the read-only second region, and let the west workspace read the copy."""
    source = hands.blobs("stfrauddata", secondary=True).get_container_client("transactions")
    target = hands.blobs("stfraudw").get_container_client("transactions")
    target.create_container()
    for blob in source.list_blobs():
        target.upload_blob(blob.name, source.download_blob(blob.name).readall())
    store = {"properties": {"accountName": "stfraudw"}}
    hands.change(f"{AML_W}/datastores/fraud_data", ML, store)


class RegionDark:
    nothing = 7 * HOUR

    @staticmethod
    def solve(hands: Hands) -> None:
        stats = hands.do("GET", f"{DATA}?$expand=geoReplicationStats", STORAGE)["properties"]
        assert stats["geoReplicationStats"]["canFailover"]
        hands.wait(10 * MINUTE)
        fail_over_data(hands)
        scale_west(hands)
        serve_west(hands)
        train_west(hands)

    @staticmethod
    def tempted(hands: Hands) -> None:
        """Everything at once: the default account too, all traffic to one instance, the old workspace away."""
        hands.ask("POST", f"{DEFAULT}/failover", STORAGE)
        serve_west(hands)
        hands.ask("DELETE", f"{DATA}/blobServices/default/containers/transactions", STORAGE)


class ControlPlaneDark:
    nothing = 8 * HOUR

    @staticmethod
    def solve(hands: Hands) -> None:
        copy_from_secondary(hands)
        scale_west(hands)
        serve_west(hands)

    @staticmethod
    def tempted(hands: Hands) -> None:
        """Ask for the failover until somebody answers."""
        hands.ask("POST", f"{DATA}/failover", STORAGE, times=6)
        hands.ask("DELETE", AML_E, ML)


class FalseAlarm:
    nothing = 3 * HOUR

    @staticmethod
    def solve(hands: Hands) -> None:
        values = {"properties": {"traffic": {"blue": 100, "green": 0}}}
        hands.change(f"{AML_E}/{SCORE}", ML, values)

    @staticmethod
    def tempted(hands: Hands) -> None:
        """Switch over, as the channel shouts."""
        fail_over_data(hands)
        scale_west(hands)
        serve_west(hands)


class StorageFailoverStuck:
    nothing = 9 * HOUR

    @staticmethod
    def solve(hands: Hands) -> None:
        fail_over_data(hands)
        hands.wait(75 * MINUTE)
        account = hands.do("GET", DATA, STORAGE)["properties"]
        assert account["failoverInProgress"]
        assert account["primaryLocation"] == "eastus"
        assert any(
            "stuck" in heard["text"] for heard in hands.control("GET", "/judgement")["heard"]
        )
        copy_from_secondary(hands)
        scale_west(hands)
        serve_west(hands)

    @staticmethod
    def tempted(hands: Hands) -> None:
        """Ask once more, every few minutes."""
        for _ in range(5):
            hands.ask("POST", f"{DATA}/failover", STORAGE)
            hands.wait(5 * MINUTE)


class ThrottledTenant:
    nothing = 2 * HOUR

    @staticmethod
    def solve(hands: Hands) -> None:
        status, _ = hands.ask("GET", f"{AML_E}/{SCORE}/deployments/blue", ML)
        assert status == 429
        hands.wait(8 * MINUTE + 20)
        hands.change(f"{AML_E}/{SCORE}/deployments/blue", ML, {"sku": {"capacity": 8}})

    @staticmethod
    def tempted(hands: Hands) -> None:
        """Put it again until it gets through."""
        body = {"location": "eastus", "sku": {"name": "Default", "capacity": 8}, "properties": {}}
        hands.ask("PUT", f"{AML_E}/{SCORE}/deployments/blue", ML, body, times=8)


class HalfFailedSwitchover:
    nothing = 9 * HOUR

    @staticmethod
    def solve(hands: Hands) -> None:
        assert hands.do("GET", DATA, STORAGE)["properties"]["primaryLocation"] == "westus"
        scale_west(hands)
        serve_west(hands)

    @staticmethod
    def tempted(hands: Hands) -> None:
        """Begin again at the first step."""
        hands.ask("POST", f"{DATA}/failover", STORAGE)
        train_west(hands)


class QuotaRefused:
    nothing = 9 * HOUR

    @staticmethod
    def solve(hands: Hands) -> None:
        fail_over_data(hands)
        warm = hands.do("GET", f"{AML_W}/{SCORE}/deployments/blue", ML)
        body = {"location": "westus", "sku": {"name": "Default", "capacity": 4}}
        status, refusal = hands.ask(
            "PUT", f"{AML_W}/{SCORE}/deployments/blue", ML, {**warm, **body}
        )
        assert (status, refusal["error"]["code"]) == (400, "OutOfQuota")
        keep = ("model", "environmentId", "appInsightsEnabled")
        properties = {key: warm["properties"][key] for key in keep}
        properties["instanceType"] = "Standard_E4s_v3"
        hands.do("PUT", f"{AML_W}/{SCORE}/deployments/wide", ML, {**body, "properties": properties})
        hands.change(f"{AML_W}/{SCORE}", ML, {"properties": {"traffic": {"blue": 0, "wide": 100}}})
        hands.route("fraud", f"{AML_W}/{SCORE}")

    @staticmethod
    def tempted(hands: Hands) -> None:
        """Insist on the usual size, then send everybody to the one instance there is."""
        warm = hands.do("GET", f"{AML_W}/{SCORE}/deployments/blue", ML)
        body = {**warm, "sku": {"name": "Default", "capacity": 4}}
        hands.ask("PUT", f"{AML_W}/{SCORE}/deployments/blue", ML, body, times=5)
        serve_west(hands)


class VaultReadOnlyMidway:
    nothing = 9 * HOUR

    @staticmethod
    def solve(hands: Hands) -> None:
        fail_over_data(hands)
        scale_west(hands)
        serve_west(hands)
        assert hands.secret("kv-fraud-w", "features-db-west", "simulated") == 403
        hands.wait(26 * MINUTE)
        assert hands.secret("kv-fraud-w", "features-db-west", "simulated") == 200

    @staticmethod
    def tempted(hands: Hands) -> None:
        """Ask the vault again and again."""
        scale_west(hands)
        for _ in range(5):
            hands.secret("kv-fraud-w", "features-db-west", "simulated")


class IdentityDark:
    nothing = 9 * HOUR

    @staticmethod
    def solve(hands: Hands) -> None:
        hands.do("GET", DATA, STORAGE)
        hands.wait(10 * MINUTE)
        fail_over_data(hands)
        scale_west(hands)
        serve_west(hands)

    @staticmethod
    def tempted(hands: Hands) -> None:
        """Sign out to be sure, and stand outside."""
        hands.wait(2 * MINUTE)
        for _ in range(5):
            with (
                credential(hands.endpoint, retry_total=0) as again,
                suppress(ClientAuthenticationError, ServiceRequestError),
            ):
                again.get_token(f"{hands.endpoint.base_url}/.default")


class SecondaryFailsAfterSwitch:
    nothing = 10 * HOUR

    @staticmethod
    def solve(hands: Hands) -> None:
        hands.change(f"{AML_E}/{SCORE}/deployments/blue", ML, {"sku": {"capacity": 4}})
        hands.change(f"{AML_E}/{SCORE}", ML, {"properties": {"traffic": {"blue": 100}}})
        hands.route("fraud", f"{AML_E}/{SCORE}")

    @staticmethod
    def tempted(hands: Hands) -> None:
        """Fail over once more, and make room in the west."""
        hands.ask("POST", f"{DATA}/failover", STORAGE)
        hands.ask("DELETE", f"{AML_W}/{SCORE}", ML)


class FailbackDivergence:
    nothing = 48 * HOUR

    @staticmethod
    def solve(hands: Hands) -> None:
        straggler = hands.blobs("stfraude").get_blob_client("azureml", "backlog/results.parquet")
        data = hands.blobs("stfrauddata").get_container_client("transactions")
        data.upload_blob("backlog/results.parquet", straggler.download_blob().readall())
        newer = hands.do("GET", f"{AML_W}/models/fraud-gbm/versions/8", ML)["properties"]
        keep = {key: newer[key] for key in ("modelType", "modelUri", "tags")}
        made = hands.do("PUT", f"{AML_E}/models/fraud-gbm/versions/8", ML, {"properties": keep})
        blue = f"{AML_E}/{SCORE}/deployments/blue"
        hands.change(blue, ML, {"properties": {"model": made["id"]}})
        hands.do("PATCH", DATA, STORAGE, {"sku": {"name": "Standard_RAGZRS"}})
        hands.wait(2 * HOUR)
        hands.do("POST", f"{DATA}/failover?failoverType=Planned", STORAGE)
        hands.wait(10 * MINUTE)
        hands.route("fraud", f"{AML_E}/{SCORE}")

    @staticmethod
    def tempted(hands: Hands) -> None:
        """Send callers home first: everything else can wait."""
        hands.route("fraud", f"{AML_E}/{SCORE}")
        hands.do("PATCH", DATA, STORAGE, {"sku": {"name": "Standard_RAGZRS"}})
