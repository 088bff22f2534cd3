"""Key vaults: deleted, recovered, purged; their secrets on the vault's own endpoint."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from azure.core.pipeline.policies import BearerTokenCredentialPolicy
from azure.core.rest import HttpRequest

from amlrunbook.simulator.endpoint import Endpoint
from amlrunbook.simulator.vault_secrets import CONSISTENT_SECONDS
from tests.simulator.blob_world import advance
from tests.simulator.contract.driver import Driver
from tests.simulator_fixtures import (
    Wire,
    add_fault,
    clear_faults,
    credential,
    resource_client,
    running,
    seen,
    set_pace,
    world,
)

API = "2023-07-01"
DATA = "7.5"
GROUP = "@/resourceGroups/rg"
OPEN = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-open"
PROTECTED = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-protected"
DELETED = "@/providers/Microsoft.KeyVault/locations/eastus/deletedVaults"
SCOPE = "https://vault.azure.net/.default"
DAY = 86_400.0

SCENARIO = """
format = 1
title = "Vaults"
description = "Three vaults."
profile = {}

[world]
subscriptions = [{ id = "11111111-2222-3333-4444-555555555555", name = "vaults" }]
groups = [{ name = "rg", location = "eastus" }]
secrets = [{ vault = "kv-open", name = "from-the-scenario", text = "told at the start" }]

[[world.resources]]
group = "rg"
type = "Microsoft.KeyVault/vaults"
name = "kv-open"
properties = { softDeleteRetentionInDays = 7 }

[[world.resources]]
group = "rg"
type = "Microsoft.KeyVault/vaults"
name = "kv-protected"
properties = { enablePurgeProtection = true }

[[world.resources]]
group = "rg"
type = "Microsoft.KeyVault/vaults"
name = "kv-far"
location = "westeurope"
"""


class Vault:
    """A vault's own endpoint, signed in."""

    def __init__(self, endpoint: Endpoint, name: str = "kv-open") -> None:
        self.url = f"{endpoint.base_url}/keyvault/{name}"
        self._session = requests.Session()
        self._session.verify = endpoint.ca_file
        self._session.trust_env = False
        with credential(endpoint) as signed_in:
            token = signed_in.get_token(SCOPE).token
        self._session.headers["Authorization"] = f"Bearer {token}"

    def ask(self, method: str, path: str, body: Any = None, **query: str) -> requests.Response:
        url = path if path.startswith("https:") else f"{self.url}/{path}"
        query = {} if "?" in url else {"api-version": DATA, **query}
        return self._session.request(method, url, params=query, json=body, timeout=100)

    def set(self, name: str, value: str) -> dict[str, Any]:
        answer = self.ask("PUT", f"secrets/{name}", {"value": value})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def close(self) -> None:
        self._session.close()


@pytest.fixture
def azure(tmp_path) -> Iterator[Endpoint]:
    scenario = tmp_path / "vaults.toml"
    scenario.write_text(SCENARIO, encoding="utf-8")
    with running(tmp_path / "azure", scenario) as endpoint:
        set_pace(endpoint, polls=1)
        yield endpoint


@pytest.fixture
def wire(azure) -> Iterator[Wire]:
    with Wire(azure) as bare:
        yield bare


@pytest.fixture
def vault(azure) -> Iterator[Vault]:
    held = Vault(azure)
    yield held
    held.close()


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def recovering(azure: Endpoint) -> dict[str, Any]:
    properties = {
        "tenantId": azure.tenant_id,
        "sku": {"family": "A", "name": "standard"},
        "createMode": "recover",
    }
    return {"location": "eastus", "properties": properties}


# --- the resource provider -----------------------------------------------------------------------


def test_a_vault_is_purged_and_its_name_is_free_again(azure, wire):
    wire.ask("DELETE", OPEN, API)
    begun = wire.ask("POST", f"{DELETED}/kv-open/purge", API)
    assert begun.status_code == 202
    assert wire.ask("GET", f"{DELETED}/kv-open", API).status_code == 200
    statuses = []
    while not statuses or statuses[-1] == 202:
        statuses.append(wire.ask("GET", begun.headers["Location"], None).status_code)
    assert statuses == [202, 200]
    assert code(wire.ask("GET", f"{DELETED}/kv-open", API)) == (404, "DeletedVaultNotFound")
    assert code(wire.ask("POST", f"{DELETED}/kv-open/purge", API)) == (404, "DeletedVaultNotFound")
    assert code(wire.ask("PUT", OPEN, API, body=recovering(azure))) == (
        404,
        "DeletedVaultNotFound",
    )
    body = {"location": "eastus", "properties": {"tenantId": azure.tenant_id}}
    assert wire.ask("PUT", OPEN, API, body=body).status_code == 200


def test_a_protected_vault_cannot_be_purged_and_goes_on_its_day(azure, wire):
    wire.ask("DELETE", PROTECTED, API)
    refused = wire.ask("POST", f"{DELETED}/kv-protected/purge", API)
    assert code(refused) == (400, "MethodNotAllowed")
    advance(azure, 90 * DAY - 60)
    assert wire.ask("GET", f"{DELETED}/kv-protected", API).status_code == 200
    advance(azure, 61)
    assert wire.ask("GET", f"{DELETED}/kv-protected", API).status_code == 404


def test_names_of_vaults_are_unique_everywhere(azure, wire):
    wire.ask("PUT", "@/resourceGroups/other", body={"location": "westus"})
    body = {"location": "westus", "properties": {"tenantId": azure.tenant_id}}
    elsewhere = OPEN.replace("/rg/", "/other/")
    assert code(wire.ask("PUT", elsewhere, API, body=body)) == (409, "VaultAlreadyExists")
    wire.ask("DELETE", OPEN, API)
    assert code(wire.ask("PUT", elsewhere, API, body=body)) == (409, "ConflictError")
    body["properties"]["createMode"] = "recover"
    assert code(wire.ask("PUT", elsewhere, API, body=body)) == (409, "ConflictError")


def test_a_vault_deleted_with_its_group_needs_the_group(azure, wire, vault):
    vault.set("connection", "string")
    begun = wire.ask("DELETE", GROUP)
    while begun.status_code == 202:
        begun = wire.ask("GET", begun.headers["Location"], None)
    refused = wire.ask("PUT", OPEN, API, body=recovering(azure))
    assert code(refused) == (404, "ResourceGroupNotFound")
    wire.ask("PUT", GROUP, body={"location": "eastus"})
    assert wire.ask("PUT", OPEN, API, body=recovering(azure)).status_code == 200
    assert vault.ask("GET", "secrets/connection").json()["value"] == "string"


def test_the_sdk_recovers_a_vault_with_its_secrets(azure, vault):
    full = f"/subscriptions/{azure.subscription_id}{OPEN[1:]}"
    with resource_client(azure) as client:
        client.resources.begin_delete_by_id(full, api_version=API).result()
        with pytest.raises(requests.ConnectionError):
            vault.ask("GET", "secrets")
        client.resources.begin_create_or_update_by_id(
            full, recovering(azure), api_version=API
        ).result()
    answer = vault.ask("GET", "secrets/from-the-scenario")
    assert answer.json()["value"] == "told at the start"


def test_the_answers_keep_to_the_document(azure):
    driver = Driver(azure)
    root = f"/subscriptions/{azure.subscription_id}"
    driver.ask("DELETE", f"{root}{OPEN[1:]}", API)
    for path in ("", "/kv-open"):
        where = DELETED.replace("/locations/eastus", "") if not path else DELETED + path
        assert driver.ask("GET", root + where[1:], API).status == 200
    assert driver.ask("POST", f"{root}{DELETED[1:]}/kv-open/purge", API).status == 202
    driver.close()
    assert driver.violations == {}


# --- secrets -------------------------------------------------------------------------------------


def test_the_first_call_is_challenged(azure, wire):
    url = f"{azure.base_url}/keyvault/kv-open/secrets"
    bare = wire.ask("GET", url, DATA, token=None)
    assert bare.status_code == 401
    challenge = bare.headers["WWW-Authenticate"]
    where = f"{azure.base_url}/{azure.tenant_id}"
    assert challenge == f'Bearer authorization="{where}", resource="https://vault.azure.net"'
    assert wire.ask("GET", url, DATA).status_code == 401  # a token of the resource manager


def test_the_sdks_pipeline_reaches_a_secret(azure):
    with credential(azure) as signed_in:
        policy = BearerTokenCredentialPolicy(signed_in, SCOPE)
        with resource_client(azure, authentication_policy=policy) as client:
            url = f"{azure.base_url}/keyvault/kv-open/secrets/from-the-scenario?api-version={DATA}"
            answer = client.send_request(HttpRequest("GET", url))
    assert answer.json()["value"] == "told at the start"


def test_secrets_have_versions(azure, vault):
    first = vault.set("key", "one")
    second = vault.set("key", "value-number-two")
    assert first["id"] != second["id"]
    assert vault.ask("GET", "secrets/key").json()["value"] == "value-number-two"
    old = vault.ask("GET", first["id"]).json()
    assert old["value"] == "one"
    assert old["attributes"]["recoverableDays"] == 7
    versions = vault.ask("GET", "secrets/key/versions").json()["value"]
    assert [v["id"] for v in versions] == [first["id"], second["id"]]
    assert not any("value" in v for v in versions)
    off = vault.ask("PATCH", second["id"], {"attributes": {"enabled": False}})
    assert off.json()["attributes"]["enabled"] is False
    assert code(vault.ask("GET", "secrets/key")) == (403, "Forbidden")
    assert code(vault.ask("GET", "secrets/none")) == (404, "SecretNotFound")
    assert "value-number-two" not in str(world(azure))


def test_lists_come_in_pages(vault):
    for number in range(4):
        vault.set(f"s{number}", "x")
    page = vault.ask("GET", "secrets", maxresults="2").json()
    names = [item["id"].rpartition("/")[2] for item in page["value"]]
    while page["nextLink"]:
        page = vault.ask("GET", page["nextLink"]).json()
        names += [item["id"].rpartition("/")[2] for item in page["value"]]
    assert names == ["from-the-scenario", "s0", "s1", "s2", "s3"]


def test_a_deleted_secret_is_seen_later_and_recovered_later_still(azure, vault):
    vault.set("key", "one")
    gone = vault.ask("DELETE", "secrets/key").json()
    assert gone["recoveryId"] == f"{vault.url}/deletedsecrets/key"
    assert gone["scheduledPurgeDate"] - gone["deletedDate"] == 7 * DAY
    assert "value" not in gone
    assert code(vault.ask("GET", "secrets/key")) == (404, "SecretNotFound")
    assert vault.ask("GET", "deletedsecrets/key").status_code == 404
    assert vault.ask("GET", "deletedsecrets").json()["value"] == []
    collision = vault.ask("PUT", "secrets/key", {"value": "two"})
    assert code(collision) == (409, "Conflict")
    assert collision.json()["error"]["innererror"]["code"] == "ObjectIsDeletedButRecoverable"
    advance(azure, CONSISTENT_SECONDS)
    assert vault.ask("GET", "deletedsecrets/key").status_code == 200
    assert len(vault.ask("GET", "deletedsecrets").json()["value"]) == 1
    assert vault.ask("POST", "deletedsecrets/key/recover").status_code == 200
    assert vault.ask("GET", "secrets/key").status_code == 404
    advance(azure, CONSISTENT_SECONDS)
    assert vault.ask("GET", "secrets/key").json()["value"] == "one"


def test_deleted_secrets_are_purged_by_hand_or_by_time(azure, vault):
    for name in ("by-hand", "by-time"):
        vault.set(name, "x")
        vault.ask("DELETE", f"secrets/{name}")
    advance(azure, CONSISTENT_SECONDS)
    assert vault.ask("DELETE", "deletedsecrets/by-hand").status_code == 204
    advance(azure, 7 * DAY)
    assert vault.ask("GET", "deletedsecrets").json()["value"] == []
    vault.set("by-time", "again")


def test_a_protected_vault_keeps_its_deleted_secrets(azure):
    vault = Vault(azure, "kv-protected")
    vault.set("key", "one")
    vault.ask("DELETE", "secrets/key")
    advance(azure, CONSISTENT_SECONDS)
    assert code(vault.ask("DELETE", "deletedsecrets/key")) == (403, "Forbidden")
    vault.close()


def test_a_backup_is_opaque_and_is_restored_in_its_geography_only(azure, vault):
    vault.set("key", "one")
    vault.set("key", "two")
    text = vault.ask("POST", "secrets/key/backup").json()["value"]
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    assert b"two" not in raw
    here = Vault(azure, "kv-protected")
    assert here.ask("POST", "secrets/restore", {"value": text}).status_code == 200
    assert here.ask("GET", "secrets/key").json()["value"] == "two"
    assert len(here.ask("GET", "secrets/key/versions").json()["value"]) == 2
    again = here.ask("POST", "secrets/restore", {"value": text})
    assert code(again) == (409, "Conflict")
    here.close()
    far = Vault(azure, "kv-far")
    assert code(far.ask("POST", "secrets/restore", {"value": text})) == (400, "BadParameter")
    forged = text[:-4] + "AAAA"
    assert code(far.ask("POST", "secrets/restore", {"value": forged})) == (400, "BadParameter")
    far.close()


def test_failed_over_a_vault_can_only_be_read(azure, wire, vault):
    vault.set("key", "one")
    add_fault(azure, kind="read-only", resource_type="Microsoft.KeyVault/vaults", region="eastus")
    assert vault.ask("GET", "secrets/key").json()["value"] == "one"
    assert vault.ask("POST", "secrets/key/backup").status_code == 200
    for method, path in (("PUT", "secrets/key"), ("DELETE", "secrets/key")):
        assert code(vault.ask(method, path, {"value": "two"})) == (403, "Forbidden")
    assert wire.ask("GET", OPEN, API).status_code == 200
    assert code(wire.ask("PATCH", OPEN, API, body={"tags": {"a": "b"}})) == (403, "Forbidden")
    clear_faults(azure)
    assert vault.ask("PUT", "secrets/key", {"value": "two"}).status_code == 200


def test_a_vault_in_a_dark_region_does_not_answer(azure, vault):
    add_fault(azure, kind="dark", plane="data", region="eastus")
    with pytest.raises(requests.ConnectionError):
        vault.ask("GET", "secrets")
    far = Vault(azure, "kv-far")
    assert far.ask("GET", "secrets").status_code == 200
    far.close()
    clear_faults(azure)
    add_fault(azure, kind="error", plane="data", resource_type="Microsoft.KeyVault/vaults")
    assert code(vault.ask("GET", "secrets")) == (503, "ServerBusy")


def test_no_value_is_in_the_request_log(azure, vault):
    vault.set("key", "a-secret-value")
    assert "a-secret-value" not in str(seen(azure))
