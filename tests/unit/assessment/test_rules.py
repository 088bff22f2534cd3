"""What holds for all rules: no document crashes one, and nothing that was not read passes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amlrunbook.assessment import CATALOGUE, SERVICES, assess, posture
from amlrunbook.assessment.reading import Redundancy
from amlrunbook.errors import UsageError
from amlrunbook.facts import fact_base
from amlrunbook.model.finding import Finding, Verdict
from amlrunbook.model.profile import DataAccount, Profile, Side, Strategies, Strategy
from amlrunbook.model.snapshot import Inventory
from tests.examples import examples

RG = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers"
ACCOUNT = f"{RG}/Microsoft.Storage/storageAccounts/acct"
VAULT = f"{RG}/Microsoft.KeyVault/vaults/kv"
REGISTRY = f"{RG}/Microsoft.ContainerRegistry/registries/reg"
WS1 = f"{RG}/Microsoft.MachineLearningServices/workspaces/one"
WS2 = f"{RG}/Microsoft.MachineLearningServices/workspaces/two"
ACCOUNTS = "Microsoft.Storage/storageAccounts"
WORKSPACES = "Microsoft.MachineLearningServices/workspaces"
CONTRACT = {
    "storage.zone-or-geo-redundant",
    "storage.blob-soft-delete",
    "storage.container-soft-delete",
    "storage.geo-redundant-data",
    "storage.share-soft-delete",
    "keyvault.soft-delete",
    "keyvault.purge-protection",
    "registry.premium",
    "registry.geo-replication",
    "registry.zone-redundancy",
    "insights.workspace-based",
    "logs.replication",
    "workspace.secondary-exists",
}


def account(sku: Any = "Standard_ZRS", **properties: Any) -> dict[str, Any]:
    return {
        "id": ACCOUNT,
        "type": ACCOUNTS,
        "location": "eastus",
        "sku": {"name": sku},
        "properties": properties,
    }


def blobs(resource_id: str = ACCOUNT, *, enabled: Any = True) -> dict[str, Any]:
    return {
        "id": f"{resource_id}/blobServices/default",
        "type": f"{ACCOUNTS}/blobServices",
        "name": "default",
        "properties": {"deleteRetentionPolicy": {"enabled": enabled, "days": 14}},
    }


def ws(resource_id: str, location: str, **properties: Any) -> dict[str, Any]:
    return {"id": resource_id, "type": WORKSPACES, "location": location, "properties": properties}


def profile(**more: Any) -> Profile:
    return Profile(
        format=1,
        name="pair",
        subscription="00000000-0000-0000-0000-000000000001",
        primary=Side(workspace=WS1, region="eastus"),
        secondary=Side(workspace=WS2, region="westus"),
        **more,
    )


def of(check: str, *documents: dict[str, Any], whose: Profile | None = None) -> list[Finding]:
    return [f for f in assess(Inventory(documents), whose) if f.check == check]


def verdict(check: str, *documents: dict[str, Any], whose: Profile | None = None) -> str:
    (found,) = of(check, *documents, whose=whose)
    return found.verdict.value


# -- the catalogue --------------------------------------------------------------------------


def test_ids_are_unique_and_the_contract_is_kept() -> None:
    ids = [rule.id for rule in CATALOGUE]
    assert len(ids) == len(set(ids)) >= 26
    assert set(ids) >= CONTRACT


@pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.id)
def test_a_rule_says_all_that_a_finding_must_say(rule: Any) -> None:
    fact = fact_base().fact(rule.fact)
    assert fact.source.startswith("https://")
    assert all((rule.title, rule.expected, rule.why, rule.remedy))
    assert rule.command.startswith("az ")
    assert rule.service in SERVICES


def test_the_remedy_operation_is_named_where_this_program_has_one() -> None:
    (found,) = of("storage.blob-soft-delete", account(), blobs(enabled=False))
    assert found.remedy_operation == "hardening.blob-soft-delete"
    assert found.command.startswith("az storage account blob-service-properties update")
    assert "--account-name acct" in found.command
    assert "--subscription 00000000-0000-0000-0000-000000000001" in found.command
    (passed,) = of("storage.blob-soft-delete", account(), blobs())
    assert (passed.remedy_operation, passed.command) == ("", "")


def test_services_narrow_the_assessment() -> None:
    documents = Inventory(
        (account(), {"id": VAULT, "type": "Microsoft.KeyVault/vaults", "properties": {}})
    )
    assert {f.check.split(".")[0] for f in assess(documents, services=["keyvault"])} == {"keyvault"}
    with pytest.raises(UsageError, match="no checks of wine"):
        assess(documents, services=["wine"])


# -- what cannot be read --------------------------------------------------------------------


@pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.id)
def test_an_unread_document_is_unknown_to_every_check(rule: Any) -> None:
    for kind in rule.types:
        provider, *types = kind.split("/")
        place = f"{RG}/{provider}/" + "/".join(f"{part}/x" for part in types)
        assert verdict(rule.id, {"id": place, "type": kind, "unread": "403"}) == "unknown"


def test_an_unread_child_is_unknown() -> None:
    unread = {
        "id": f"{ACCOUNT}/blobServices/default",
        "type": f"{ACCOUNTS}/blobServices",
        "unread": "timeout",
    }
    found = of("storage.blob-soft-delete", account(), unread)
    assert [f.verdict for f in found] == [Verdict.UNKNOWN]
    assert "timeout" in found[0].observed


def test_an_unread_collection_is_unknown() -> None:
    registry = {
        "id": REGISTRY,
        "type": "Microsoft.ContainerRegistry/registries",
        "location": "eastus",
        "sku": {"name": "Premium"},
        "properties": {},
    }
    unread = {
        "id": f"{REGISTRY}/replications",
        "type": "Microsoft.ContainerRegistry/registries/replications",
        "unread": "403",
    }
    assert verdict("registry.geo-replication", registry, unread) == "unknown"
    assert verdict("registry.geo-replication", registry) == "fail"


def test_unread_locks_are_unknown_and_absent_ones_warn() -> None:
    locks = {
        "id": f"{ACCOUNT}/providers/Microsoft.Authorization/locks",
        "type": "Microsoft.Authorization/locks",
        "unread": "403",
    }
    assert verdict("storage.lock", account(), locks) == "unknown"
    assert verdict("storage.lock", account()) == "warn"


def test_unread_replication_statistics_are_unknown() -> None:
    workspaces = (ws(WS1, "eastus"), ws(WS2, "westus"))
    missing = {
        "id": f"{ACCOUNT}/geoReplicationStats",
        "type": f"{ACCOUNTS}/geoReplicationStats",
        "unread": "late",
    }
    for documents in ((account("Standard_GRS"), missing), (account("Standard_GRS"),)):
        assert verdict("storage.geo-failover-possible", *documents, *workspaces) == "unknown"


def test_a_document_without_properties_was_not_read_in_full() -> None:
    item = {"id": VAULT, "type": "Microsoft.KeyVault/vaults", "location": "eastus"}
    assert verdict("keyvault.purge-protection", item) == "unknown"


@pytest.mark.parametrize("value", ["yes", 1, [], {"a": 1}, 2.5])
def test_a_wrong_type_is_unknown_and_says_so(value: Any) -> None:
    (found,) = of("storage.blob-soft-delete", account(), blobs(enabled=value))
    assert found.verdict is Verdict.UNKNOWN
    assert "deleteRetentionPolicy.enabled" in found.observed


@pytest.mark.parametrize("sku", ["Standard_QRS", "", None, 7, "Standard_ZRS\x1b[2J"])
def test_an_unknown_sku_is_unknown(sku: Any) -> None:
    assert verdict("storage.zone-or-geo-redundant", account(sku)) == "unknown"


# -- every form in which documents come -----------------------------------------------------


@pytest.mark.parametrize("kept", list(Redundancy))
@pytest.mark.parametrize("form", ["Standard_{}", "standardv2_{}", "Premium_{}"])
def test_every_redundancy_is_known(kept: Redundancy, form: str) -> None:
    expected = "fail" if kept is Redundancy.LRS else "pass"
    assert verdict("storage.zone-or-geo-redundant", account(form.format(kept))) == expected


def _pascal(value: Any) -> Any:
    if isinstance(value, dict):
        return {key[:1].upper() + key[1:]: _pascal(item) for key, item in value.items()}
    return value


def test_keys_and_ids_in_other_letter_case_are_read() -> None:
    child = blobs()
    child["id"] = child["id"].upper()
    child["type"] = child["type"].lower()
    assert verdict("storage.blob-soft-delete", _pascal(account()), _pascal(child)) == "pass"


def test_children_nested_in_their_parent_are_read() -> None:
    nested = {"type": "blobServices", "name": "default", "properties": blobs()["properties"]}
    assert verdict("storage.blob-soft-delete", {**account(), "resources": [nested]}) == "pass"
    nested["type"] = f"{ACCOUNTS}/blobServices"
    nested["name"] = "acct/default"
    assert verdict("storage.blob-soft-delete", {**account(), "resources": [nested]}) == "pass"


def test_documents_without_ids_are_named_by_type_and_name() -> None:
    parent = {**account(), "name": "acct"}
    del parent["id"]
    child = {**blobs(), "name": "acct/default"}
    del child["id"]
    (found,) = of("storage.blob-soft-delete", parent, child)
    assert (found.verdict, found.resource) == (Verdict.PASS, f"{ACCOUNTS}/acct")
    assert found.command == ""


def test_a_document_without_a_type_has_the_one_of_its_id() -> None:
    document = account()
    del document["type"]
    assert verdict("storage.zone-or-geo-redundant", document) == "pass"


def test_settings_whose_account_is_not_among_the_documents_are_judged() -> None:
    found = assess(Inventory((blobs(),)))
    (blob,) = (f for f in found if f.check == "storage.blob-soft-delete")
    assert (blob.resource, blob.verdict) == (ACCOUNT, Verdict.PASS)
    assert "storage.zone-or-geo-redundant" not in {f.check for f in found}


# -- roles ----------------------------------------------------------------------------------


def test_a_default_account_is_not_asked_for_geo_redundancy() -> None:
    pair = (ws(WS1, "eastus", storageAccount=ACCOUNT.upper()), ws(WS2, "westus"))
    assert verdict("storage.geo-redundant-data", account(), *pair) == "not-applicable"
    assert verdict("storage.geo-redundant-data", account(), ws(WS1, "eastus")) == "fail"


def test_counting_on_the_failover_of_a_default_account_fails() -> None:
    pair = (ws(WS1, "eastus", storageAccount=ACCOUNT), ws(WS2, "westus"))
    counted = profile(data_accounts=(DataAccount(id=ACCOUNT),))
    assert verdict("storage.default-account-apart", account(), *pair, whose=profile()) == "pass"
    assert verdict("storage.default-account-apart", account(), *pair, whose=counted) == "fail"


def test_the_profile_says_which_workspace_is_the_primary() -> None:
    model = {"id": f"{WS1}/models/m", "type": f"{WORKSPACES}/models", "name": "m", "properties": {}}
    documents = (ws(WS2, "westus"), ws(WS1, "eastus"), model)
    found = {
        f.resource: f.verdict for f in of("assets.models-in-both", *documents, whose=profile())
    }
    assert found == {WS2: Verdict.NOT_APPLICABLE, WS1: Verdict.FAIL}
    cold = profile(strategy=Strategies(inference=Strategy.HOT_COLD))
    found = {f.resource: f.verdict for f in of("assets.models-in-both", *documents, whose=cold)}
    assert found[WS1] is Verdict.WARN


def test_a_secondary_that_is_gone_fails_and_one_that_was_not_read_is_unknown() -> None:
    def second(reason: str) -> dict[str, Any]:
        return {"id": WS2, "type": WORKSPACES, "unread": reason}

    for reason, expected in (("not found (404): it", "fail"), ("no answer in time", "unknown")):
        found = of("workspace.secondary-exists", ws(WS1, "eastus"), second(reason), whose=profile())
        assert found[0].verdict == expected


def test_the_location_of_the_subscription_decides_over_the_fact_base() -> None:
    vault = {
        "id": VAULT,
        "type": "Microsoft.KeyVault/vaults",
        "location": "Utopia",
        "properties": {},
    }
    place = {
        "id": "/subscriptions/1/locations/utopia",
        "name": "utopia",
        "metadata": {"pairedRegion": []},
    }
    assert verdict("keyvault.region-replicates", vault) == "warn"
    assert verdict("keyvault.region-replicates", vault, place) == "fail"
    place["metadata"] = {"pairedRegion": [{"name": "arcadia"}]}
    assert verdict("keyvault.region-replicates", vault, place) == "pass"


def _serving(workspace: str, endpoint: str, model: Any) -> tuple[dict[str, Any], ...]:
    place, kind = f"{workspace}/onlineEndpoints/{endpoint}", f"{WORKSPACES}/onlineEndpoints"
    deployment = {
        "id": f"{place}/deployments/blue",
        "type": f"{kind}/deployments",
        "properties": {"model": model},
    }
    return {"id": place, "type": kind, "name": endpoint, "properties": {}}, deployment


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (f"{WS2}/models/fraud/versions/7", "pass"),
        ("azureml:Fraud:8", "pass"),
        ("azureml://registries/r/models/fraud/versions/1", "pass"),
        ({"referenceType": "Id", "assetId": f"{WS2}/models/fraud/versions/7"}, "pass"),
        (f"{WS2}/models/other/versions/7", "fail"),
        (None, "fail"),
    ],
)
def test_an_endpoint_of_another_name_counts_if_it_serves_the_same_models(
    model: Any, expected: str
) -> None:
    first = _serving(WS1, "score-e", f"{WS1}/models/fraud/versions/7")
    documents = (ws(WS1, "eastus"), ws(WS2, "westus"), *first, *_serving(WS2, "score-w", model))
    found = {f.resource: f.verdict for f in of("endpoint.in-both-regions", *documents)}
    assert found[first[0]["id"]] == expected


@pytest.mark.parametrize(
    ("sku", "offered"),
    [("Standard_LRS", "--sku Standard_RAGRS"), ("Standard_ZRS", "--sku Standard_RAGZRS")],
)
def test_the_command_asks_for_a_redundancy_that_azure_grants(sku: str, offered: str) -> None:
    (found,) = of("storage.geo-redundant-data", account(sku), ws(WS1, "eastus"))
    assert found.command.endswith(offered)


def test_the_command_names_the_other_workspace() -> None:
    cluster = {
        "id": f"{WS1}/computes/cpu",
        "type": f"{WORKSPACES}/computes",
        "name": "cpu",
        "properties": {"computeType": "AmlCompute"},
    }
    (found,) = of("compute.in-both-regions", ws(WS1, "eastus"), ws(WS2, "westus"), cluster)
    assert "--name cpu --type AmlCompute --workspace-name two" in found.command


def test_a_region_without_zones_is_not_asked_for_zone_redundancy() -> None:
    documents = (account("Standard_RAGRS"), ws(WS1, "eastus", storageAccount=ACCOUNT))
    check = "storage.default-account-zone-redundant"
    place = {"id": "/subscriptions/1/locations/eastus", "metadata": {}}
    assert verdict(check, *documents) == "warn"
    assert verdict(check, *documents, place) == "not-applicable"
    zoned = {**place, "availabilityZoneMappings": [{"logicalZone": "1"}]}
    assert verdict(check, *documents, zoned) == "warn"


def test_a_lock_on_the_group_holds_for_what_is_in_it() -> None:
    group = ACCOUNT.split("/providers/", maxsplit=1)[0]
    lock = {
        "id": f"{group}/providers/Microsoft.Authorization/locks/no",
        "type": "Microsoft.Authorization/locks",
        "properties": {"level": "CanNotDelete"},
    }
    assert verdict("storage.lock", account(), lock) == "pass"


# -- any document at all --------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=5,
)
KINDS = sorted({kind for rule in CATALOGUE for kind in rule.types} | {f"{ACCOUNTS}/blobServices"})
FIELDS = st.sampled_from(
    [
        "name",
        "kind",
        "location",
        "sku",
        "identity",
        "properties",
        "resources",
        "metadata",
        "enabled",
        "days",
        "traffic",
        "status",
        "encryption",
        "storageAccount",
        "keyVault",
        "provisioningState",
        "computeType",
        "geoReplicationStats",
        "deleteRetentionPolicy",
    ]
)
HOSTILE = st.recursive(
    JSON,
    lambda inner: st.dictionaries(FIELDS, inner, max_size=6) | st.lists(inner, max_size=2),
    max_leaves=8,
)


@st.composite
def documents(draw: Any) -> dict[str, Any]:
    kind = draw(st.sampled_from(KINDS))
    provider, *types = kind.split("/")
    names = st.sampled_from(["a", "b", "default", "\x1b[2Jx", "-x", "'; rm"])
    place = f"{RG}/{provider}/" + "/".join(f"{part}/{draw(names)}" for part in types)
    body = draw(st.dictionaries(FIELDS, HOSTILE, max_size=6))
    if draw(st.booleans()):
        body["properties"] = draw(st.dictionaries(FIELDS, HOSTILE, max_size=6))
    body |= {"id": draw(st.just(place) | JSON), "type": draw(st.just(kind) | JSON)}
    if draw(st.integers(0, 3)) == 0:
        body["unread"] = draw(JSON.filter(lambda value: value is not None))
    return body


@given(st.lists(documents() | st.dictionaries(st.text(max_size=8), JSON, max_size=4), max_size=4))
@settings(max_examples=examples(ci=40, campaign=2000))
def test_no_document_crashes_a_rule_and_none_that_is_unread_passes(
    bodies: list[dict[str, Any]],
) -> None:
    inventory = Inventory(tuple(bodies))
    findings = assess(inventory)
    assert findings == assess(Inventory(tuple(bodies)))
    unread = {d.id.lower() for d in inventory.documents if d.unread is not None and d.id}
    read = {d.id.lower() for d in inventory.documents if d.unread is None and d.id}
    for finding in findings:
        if finding.resource.lower() in unread - read:
            assert finding.verdict is not Verdict.PASS
        assert finding.observed
        assert all(char.isprintable() for char in finding.command)
    assert posture(findings)
    json.dumps(bodies)


@given(documents())
@settings(max_examples=examples(ci=40, campaign=2000))
def test_an_unread_parent_alone_is_unknown_throughout(body: dict[str, Any]) -> None:
    kept = {key: body[key] for key in ("id", "type")} | {"unread": "403"}
    if isinstance(kept["id"], str) and kept["id"]:
        assert {f.verdict for f in assess(Inventory((kept,)))} <= {Verdict.UNKNOWN}


# -- what only the last snapshot knows ------------------------------------------------------


@pytest.mark.parametrize(("enabled", "expected"), [(True, "unknown"), (False, "fail")])
def test_what_was_well_is_not_known_to_be_well_and_what_failed_still_fails(
    enabled: bool, expected: str
) -> None:
    known = blobs(enabled=enabled)
    dark = {"id": known["id"], "type": known["type"], "unread": "not readable"}
    inventory = Inventory((account(), dark), earlier=(known,), earlier_at="2026-11-22T10:00:00Z")
    (found,) = (f for f in assess(inventory) if f.check == "storage.blob-soft-delete")
    assert found.verdict.value == expected
    assert "as of 2026-11-22T10:00:00Z" in found.observed
