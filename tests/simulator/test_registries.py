"""Container registries: replications that sync, images by digest in each, imports, recordings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from amlrunbook.simulator import process
from amlrunbook.simulator.container_registry import SYNC_SECONDS
from amlrunbook.simulator.endpoint import Endpoint
from amlrunbook.simulator.registry_replicas import REPLICATION_SECONDS
from tests.shared_data import Exchange, needs_shared, recording
from tests.simulator.blob_world import advance
from tests.simulator.contract.driver import Driver
from tests.simulator.contract.replay import Difference, Replay, order
from tests.simulator_fixtures import Wire, add_fault, clear_faults, resource_client, running

API = "2023-07-01"
GROUP = "@/resourceGroups/rg-fraud-e"
REGISTRIES = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries"
REGISTRY = f"{REGISTRIES}/crfraud"
MANIFEST = b'{"schemaVersion": 2, "config": {}, "layers": []}'


@pytest.fixture
def azure(tmp_path) -> Iterator[Endpoint]:
    with running(tmp_path / "azure") as endpoint:
        with Wire(endpoint) as wire:
            for lock in wire.get("@/providers/Microsoft.Authorization/locks", "2020-05-01")[
                "value"
            ]:
                wire.ask("DELETE", lock["id"], "2020-05-01")
        yield endpoint


@pytest.fixture
def wire(azure) -> Iterator[Wire]:
    with Wire(azure) as bare:
        yield bare


class Images:
    """A registry's own endpoint, signed in as container tools do."""

    def __init__(self, wire: Wire, host: str = "crfraud") -> None:
        self.base = f"{wire.endpoint.base_url}/registry/{host}"
        self._session = requests.Session()
        self._session.verify = wire.endpoint.ca_file
        self._session.trust_env = False
        self.refresh = self.form(
            "oauth2/exchange", grant_type="access_token", access_token=wire.token
        ).json()["refresh_token"]
        self.sign_in("repository:train:pull,push,delete,metadata_read registry:catalog:*")

    def sign_in(self, scope: str) -> None:
        fields = {"grant_type": "refresh_token", "refresh_token": self.refresh, "scope": scope}
        token = self.form("oauth2/token", **fields).json()["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"

    def form(self, path: str, **fields: str) -> requests.Response:
        return self._session.post(
            f"{self.base}/{path}", data={"service": "crfraud.azurecr.io", **fields}, timeout=100
        )

    def ask(self, method: str, path: str, data: bytes | None = None) -> requests.Response:
        return self._session.request(method, f"{self.base}/{path}", data=data, timeout=100)

    def push(self, tag: str = "1") -> str:
        pushed = self.ask("PUT", f"v2/train/manifests/{tag}", MANIFEST)
        assert pushed.status_code == 201, pushed.text
        return str(pushed.headers["Docker-Content-Digest"])

    def close(self) -> None:
        self._session.close()


@pytest.fixture
def images(wire) -> Iterator[Callable[[str], Images]]:
    opened: list[Images] = []

    def at(host: str = "crfraud") -> Images:
        opened.append(Images(wire, host))
        return opened[-1]

    yield at
    for one in opened:
        one.close()


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def status(wire: Wire, region: str) -> tuple[str, str | None]:
    found = wire.get(f"{REGISTRY}/replications/{region}", API)["properties"]
    return found["provisioningState"], found["status"].get("displayStatus")


def follow(wire: Wire, answer: Any) -> None:
    while wire.get(answer.headers["Azure-AsyncOperation"], None)["status"] == "InProgress":
        pass


# --- the resource provider -----------------------------------------------------------------------


def test_a_replication_is_provisioned_while_it_still_syncs(azure, wire):
    path = f"{REGISTRY}/replications/northeurope"
    begun = wire.ask("PUT", path, API, body={"location": "northeurope", "properties": {}})
    assert status(wire, "northeurope") == ("Creating", None)
    follow(wire, begun)
    assert status(wire, "northeurope") == ("Succeeded", "Syncing")
    advance(azure, SYNC_SECONDS + 1)
    assert status(wire, "northeurope") == ("Succeeded", "Ready")
    changed = wire.ask("PATCH", path, API, body={"properties": {"regionEndpointEnabled": False}})
    assert changed.status_code == 201
    assert status(wire, "northeurope") == ("Updating", "Ready")
    follow(wire, changed)
    assert status(wire, "northeurope") == ("Succeeded", "Ready")


def test_zone_redundancy_is_fixed_and_the_home_replica_has_it(wire):
    home = wire.get(f"{REGISTRY}/replications/eastus", API)["properties"]
    assert home["zoneRedundancy"] == "Enabled"
    changed = wire.ask("PATCH", REGISTRY, API, body={"properties": {"zoneRedundancy": "Disabled"}})
    assert code(changed) == (400, "ZoneRedundancyCannotBeChanged")


def test_a_deleted_registry_is_gone_with_its_images(azure, wire, images):
    images().push()
    full = f"/subscriptions/{azure.subscription_id}{REGISTRY[1:]}"
    body = {"location": "eastus", "sku": {"name": "Premium"}, "properties": {}}
    with resource_client(azure) as client:
        client.resources.begin_delete_by_id(full, api_version=API).result()
        with pytest.raises(requests.ConnectionError):
            images()
        client.resources.begin_create_or_update_by_id(full, body, api_version=API).result()
    assert images().ask("GET", "v2/_catalog").json() == {"repositories": []}


def test_names_of_registries_are_unique_everywhere(wire):
    body = {"location": "eastus", "sku": {"name": "Basic"}}
    taken = wire.ask("PUT", REGISTRY.replace("rg-fraud-e", "rg-fraud-w"), API, body=body)
    assert code(taken) == (409, "AlreadyInUse")


def test_an_image_is_imported(azure, wire, images):
    digest = images().push()
    driver = Driver(azure)
    root = f"/subscriptions/{azure.subscription_id}"
    body = {"location": "westus", "sku": {"name": "Premium"}, "properties": {}}
    copy = f"{root}{REGISTRIES[1:]}/crcopy"
    driver.ask("PUT", copy, API, body)
    sent = {"source": {"resourceId": root + REGISTRY[1:], "sourceImage": "train:1"},
            "targetTags": ["train:imported"]}  # fmt: skip
    assert driver.ask("POST", f"{copy}/importImage", API, sent).status == 202
    found = images("crcopy").ask("GET", "v2/train/manifests/imported")
    assert (found.content, found.headers["Docker-Content-Digest"]) == (MANIFEST, digest)
    assert driver.ask("POST", f"{copy}/importImage", API, sent).status == 409
    forced = {**sent, "mode": "Force"}
    assert driver.ask("POST", f"{copy}/importImage", API, forced).status == 202
    sent["source"] = {"resourceId": root + REGISTRY[1:], "sourceImage": "train:none"}
    assert driver.ask("POST", f"{copy}/importImage", API, sent).status == 400
    usage = driver.ask("GET", f"{copy}/listUsages", API).body["value"]
    assert usage[0]["currentValue"] == len(MANIFEST)
    driver.close()
    assert driver.violations == {}


# --- images --------------------------------------------------------------------------------------


def test_without_a_token_the_realm_is_named(azure, wire, images):
    url = f"{azure.base_url}/registry/crfraud/v2/"
    bare = wire.ask("GET", url, None, token=None)
    assert bare.status_code == 401
    realm = f"{azure.base_url}/registry/crfraud/oauth2/token"
    expected = f'Bearer realm="{realm}",service="crfraud.azurecr.io"'
    assert bare.headers["WWW-Authenticate"] == expected
    assert wire.ask("GET", url, None).status_code == 401  # Entra's token has to be exchanged
    signed_in = images()
    assert signed_in.ask("GET", "v2/").status_code == 200
    refused = signed_in.form("oauth2/exchange", grant_type="access_token", access_token="x")
    assert refused.status_code == 401
    with_entras = signed_in.form(
        "oauth2/token", grant_type="refresh_token", refresh_token=wire.token, scope="x"
    )
    assert with_entras.status_code == 401


def test_manifests_are_found_by_tag_and_digest(images):
    held = images()
    digest = held.push("1")
    for reference in ("1", digest):
        found = held.ask("GET", f"v2/train/manifests/{reference}")
        assert (found.content, found.headers["Docker-Content-Digest"]) == (MANIFEST, digest)
        assert held.ask("HEAD", f"v2/train/manifests/{reference}").status_code == 200
    missing = held.ask("GET", "v2/train/manifests/2")
    assert missing.json()["errors"][0]["code"] == "MANIFEST_UNKNOWN"
    wrong = held.ask("PUT", "v2/train/manifests/sha256:00", MANIFEST)
    assert wrong.status_code == 400
    assert held.ask("GET", "v2/train/tags/list").json() == {"name": "train", "tags": ["1"]}
    (listed,) = held.ask("GET", "acr/v1/train/_manifests").json()["manifests"]
    assert listed["digest"] == digest
    assert held.ask("DELETE", f"v2/train/manifests/{digest}").status_code == 202
    assert held.ask("GET", f"v2/train/manifests/{digest}").status_code == 404


def test_a_token_does_what_its_scope_says_and_nothing_else(images):
    held = images()
    digest = held.push("1")
    wanted = {
        "repository:train:pull": {f"v2/train/manifests/{digest}", "v2/train/tags/list", "v2/"},
        "repository:train:metadata_read": {"acr/v1/train/_manifests", "v2/train/tags/list", "v2/"},
        "repository:other:pull,metadata_read": {"v2/"},
        "registry:catalog:*": {"acr/v1/_catalog", "v2/_catalog", "v2/"},
    }
    for scope, allowed in wanted.items():
        held.sign_in(scope)
        for path in set().union(*wanted.values()):
            answer = held.ask("GET", path)
            assert answer.status_code == (200 if path in allowed else 401), (scope, path)
    held.sign_in("repository:train:pull")
    refused = held.ask("GET", "acr/v1/_catalog")
    assert refused.headers["WWW-Authenticate"].endswith(',scope="registry:catalog:*"')
    (error,) = refused.json()["errors"]
    assert error["detail"] == [{"Type": "registry", "Name": "catalog", "Action": "*"}]
    assert held.ask("DELETE", f"v2/train/manifests/{digest}").status_code == 401


def test_lists_come_in_pages_that_link_to_the_next(images):
    held = images()
    digests = sorted(
        held.ask("PUT", f"v2/train/manifests/{tag}", MANIFEST + b" " * tag).headers[
            "Docker-Content-Digest"
        ]
        for tag in range(3)
    )
    path, found = "acr/v1/train/_manifests?n=2", []
    while path:
        answer = held.ask("GET", path)
        found.append([one["digest"] for one in answer.json()["manifests"]])
        path = answer.links.get("next", {}).get("url", "").removeprefix("/registry/crfraud/")
    assert found == [digests[:2], digests[2:]]


def test_a_registry_without_public_access_refuses_everybody(wire, images):
    held = images()
    body = {"properties": {"publicNetworkAccess": "Disabled"}}
    assert wire.ask("PATCH", REGISTRY, API, body=body).status_code == 200
    for refused in (held.ask("GET", "v2/_catalog"), held.form("oauth2/token")):
        assert refused.status_code == 403
        assert refused.json()["errors"][0]["code"] == "DENIED"


def test_replicas_have_a_manifest_a_little_later(azure, images):
    west = images("crfraud.westus")
    digest = images("crfraud.eastus").push()
    assert west.ask("GET", f"v2/train/manifests/{digest}").status_code == 404
    advance(azure, REPLICATION_SECONDS)
    assert west.ask("GET", f"v2/train/manifests/{digest}").status_code == 200


def test_a_replica_that_still_syncs_has_nothing(azure, wire, images):
    digest = images().push()
    advance(azure, REPLICATION_SECONDS)
    path = f"{REGISTRY}/replications/northeurope"
    follow(wire, wire.ask("PUT", path, API, body={"location": "northeurope", "properties": {}}))
    new = images("crfraud.northeurope")
    assert new.ask("GET", f"v2/train/manifests/{digest}").status_code == 404
    advance(azure, SYNC_SECONDS + 1)
    assert new.ask("GET", f"v2/train/manifests/{digest}").status_code == 200


def test_the_name_leads_to_a_region_that_is_well(azure, wire, images):
    digest = images().push()
    advance(azure, REPLICATION_SECONDS)
    held, east = images(), images("crfraud.eastus")
    fault = {"kind": "dark", "plane": "data"}
    add_fault(azure, **fault, region="eastus")
    assert held.ask("GET", f"v2/train/manifests/{digest}").status_code == 200
    with pytest.raises(requests.ConnectionError):
        east.ask("GET", f"v2/train/manifests/{digest}")
    add_fault(azure, **fault, region="westus")
    with pytest.raises(requests.ConnectionError):
        held.ask("GET", "v2/")
    clear_faults(azure)
    closed = wire.ask(
        "PATCH", f"{REGISTRY}/replications/westus", API,
        body={"properties": {"regionEndpointEnabled": False}},
    )  # fmt: skip
    follow(wire, closed)
    add_fault(azure, **fault, region="eastus")
    with pytest.raises(requests.ConnectionError):
        held.ask("GET", "v2/")


SCENARIO = """
format = 1
title = "Images"
description = "A registry with an image."
profile = {}

[world]
subscriptions = [{ id = "11111111-2222-3333-4444-555555555555", name = "images" }]
groups = [{ name = "rg", location = "eastus" }]
images = [{ registry = "crseed", repository = "train", tag = "7" }]

[[world.resources]]
group = "rg"
type = "Microsoft.ContainerRegistry/registries"
name = "crseed"
sku = { name = "Premium" }

[[world.resources]]
group = "rg"
type = "Microsoft.ContainerRegistry/registries/replications"
name = "crseed/westus"
location = "westus"
"""


def test_a_scenarios_images_are_in_every_replica(tmp_path):
    scenario = tmp_path / "images.toml"
    scenario.write_text(SCENARIO, encoding="utf-8")
    with running(tmp_path / "seeded", scenario) as endpoint, Wire(endpoint) as wire:
        for host in ("crseed", "crseed.westus"):
            held = Images(wire, host)
            found = held.ask("GET", "v2/train/manifests/7")
            assert found.json() == {"schemaVersion": 2}
            held.close()


# --- recordings ----------------------------------------------------------------------------------

DIFFERENCES = (
    Difference("header \\+retry-after", "the recordings kept no such header"),
    Difference(
        "header \\+azure-asyncoperation",
        "a registry without zones was made at once; the document allows both, one way for all",
    ),
    Difference("status 200 is 201", "the same"),
    Difference(
        r"name -properties\.networkRuleSet\.virtualNetworkRules(\..*)?",
        "of api-version 2020-11-01-preview; today's document does not know it",
    ),
    Difference(
        r"name \+properties\.policies\.exportPolicy(\..*)?",
        "newer api-versions say it, and the simulator has one form for all",
    ),
    Difference(
        r"name -(sku|type|id|name|location|systemData|properties)(\..*)?",
        "an accepted deletion was answered with the resource once; no document describes a body",
    ),
)


def only_of_the_registry(exchange: Exchange) -> bool:
    """Leave out lists of a whole subscription: they show other tests' registries."""
    return "resourceType%20eq" in exchange.url


def states(body: Any) -> Any:
    if not isinstance(body, dict) or not str(body.get("type", "")).endswith("/replications"):
        return None
    found = body["properties"]
    return body["name"], found["provisioningState"], found["status"].get("displayStatus")


RECORDINGS = {
    # recording: groups, where they are, exchanges before which a sync had the time to end
    "test_acr_create_replication": ("clitest.rg000001", "westus", (8, 24)),
    "test_acr_with_zone_redundancy": ("clitest.rg000001", "eastus", (16, 20)),
}


@needs_shared
@pytest.mark.parametrize("name", RECORDINGS)
def test_the_recorded_requests_give_the_recorded_answers(azure, wire, name):
    group, region, waits = RECORDINGS[name]
    recorded = recording(name)
    wire.ask("PUT", f"@/resourceGroups/{group}", body={"location": region})

    def sync() -> None:
        process.control(azure, "POST", "/clock", {"advance": SYNC_SECONDS + 1})

    replay = Replay(wire, {}, skip=only_of_the_registry, before=dict.fromkeys(waits, sync))
    replay.run(recorded)
    assert replay.unexplained(DIFFERENCES) == {}
    looks = [e for e in recorded.exchanges if not only_of_the_registry(e)]
    there = order([s for e in looks if (s := states(e.body))])
    here = order([s for e in looks if (s := states(replay.answers[e.n]))])
    assert here == there
    assert ("centralus", "Succeeded", "Syncing") in there or region == "eastus"
