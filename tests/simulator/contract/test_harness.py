"""The harness itself: Microsoft's examples pass it, and the same examples spoilt do not."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest

from tests.shared_data import needs_shared, openapi_root
from tests.simulator.contract.openapi import Operation, contract, unserved_documents

pytestmark = needs_shared

ARM = "https://management.azure.com"
GROUP = f"{ARM}/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg"
ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/acct"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/ws"

MICROSOFTS_MISTAKES = {
    # example -> why Microsoft's own example does not keep to Microsoft's own document
    r"Microsoft\.Insights/.*/Components(List|ListByResourceGroup|Get|Create)\.json": "tags: a text",
    r"Compute/(get|createOrUpdate)/KubernetesCompute\.json": "null in a map of texts",
    r"Workspace/listNotebookAccessToken\.json": "expiresIn: a fraction",
    r"Datastore/(list|get)\.json": "write-only secrets in an answer",
    r"Datastore/.*/createOrUpdate\.json": "write-only secrets in an answer",
    r"PutDeploymentAt(Scope|Tenant|ManagementGroup)\.json": "null in a list of texts",
}


def documented_answers() -> list[tuple[Operation, str, int, Any]]:
    return [
        (operation, name, int(status), answer.get("body") or None)
        for operation in contract().operations
        for name, example in contract().examples(operation)
        for status, answer in example["responses"].items()
        if status.isdigit()
    ]


def is_microsofts_mistake(name: str) -> bool:
    return any(re.search(pattern, name) for pattern in MICROSOFTS_MISTAKES)


def test_microsofts_examples_pass(record_property):
    answers = documented_answers()
    failed = {
        f"{operation.name} {name} {status}": [str(item) for item in violations]
        for operation, name, status, body in answers
        if not is_microsofts_mistake(name)
        if (violations := contract().validate(operation, status, body))
    }
    record_property("examples", len(answers))
    assert failed == {}
    assert len(answers) > 900


def test_each_named_mistake_is_still_one():
    names = {
        name
        for operation, name, status, body in documented_answers()
        if contract().validate(operation, status, body)
    }
    for pattern in MICROSOFTS_MISTAKES:
        assert any(re.search(pattern, name) for name in names), pattern


def test_every_resource_example_fails_once_spoilt():
    """In every example that is one resource: an unknown property, and a name of a wrong type."""
    spoilt = 0
    for operation, name, status, body in documented_answers():
        if is_microsofts_mistake(name) or operation.is_generic or not is_resource(body):
            continue
        unknown = {**body, "simulated": True}
        wrong_type = {**body, "name": 7}
        assert contract().validate(operation, status, unknown), (name, "unknown property")
        assert contract().validate(operation, status, wrong_type), (name, "wrong type")
        spoilt += 1
    assert spoilt > 250


def is_resource(body: Any) -> bool:
    return isinstance(body, dict) and {"id", "name", "properties"} <= body.keys()


STORAGE_GET = (
    "storage/resource-manager/Microsoft.Storage/stable/2023-05-01/examples/"
    "StorageAccountGetProperties.json"
)
WORKSPACE_GET = (
    "machinelearningservices/resource-manager/Microsoft.MachineLearningServices/stable/"
    "2024-04-01/examples/Workspace/get.json"
)
COMPUTE_GET = WORKSPACE_GET.replace("Workspace/get", "Compute/get/AmlCompute")
VAULT_GET = "keyvault/resource-manager/Microsoft.KeyVault/stable/2023-07-01/examples/getVault.json"
STORAGE_LIST = STORAGE_GET.replace("GetProperties", "List")

ABSENT = object()


@pytest.mark.parametrize(
    ("example", "url", "place", "value", "complaint"),
    [
        (STORAGE_GET, ACCOUNT, "properties.creationTime", "yesterday", "is no date-time"),
        (STORAGE_GET, ACCOUNT, "properties.creationTime", 5, "int where string"),
        (STORAGE_GET, ACCOUNT, "kind", "StorageV9", None),
        (STORAGE_GET, ACCOUNT, "properties.statusOfPrimary", "Available", "is none of"),
        (STORAGE_GET, ACCOUNT, "sku.name", ABSENT, "required property 'name'"),
        (STORAGE_GET, ACCOUNT, "sku.name", None, "null"),
        (STORAGE_GET, ACCOUNT, "location", ABSENT, "required property 'location'"),
        (STORAGE_GET, ACCOUNT, "tags", ["a"], "list where object"),
        (STORAGE_GET, ACCOUNT, "tags.owner", 1, "int where string"),
        (STORAGE_GET, ACCOUNT, "properties.isHnsEnabled", "true", "str where boolean"),
        (STORAGE_GET, ACCOUNT, "properties.geoReplication", {}, "no document knows"),
        (WORKSPACE_GET, WORKSPACE, "properties.keyvault", "/x", "no document knows"),
        (WORKSPACE_GET, WORKSPACE, "properties.hbiWorkspace", 0, "int where boolean"),
        (WORKSPACE_GET, WORKSPACE, "identity.type", "Sometimes", None),
        (WORKSPACE_GET, WORKSPACE, "properties.sharedPrivateLinkResources", {}, "dict where"),
        (COMPUTE_GET, f"{WORKSPACE}/computes/c", "properties.computeType", "Toaster", "is no kind"),
        (
            COMPUTE_GET,
            f"{WORKSPACE}/computes/c",
            "properties.properties.sshSettings",
            {},
            "no document knows",
        ),
        (
            COMPUTE_GET,
            f"{WORKSPACE}/computes/c",
            "properties.properties.scaleSettings.nodeIdleTimeBeforeScaleDown",
            "ten minutes",
            "is no duration",
        ),
        (
            VAULT_GET,
            f"{GROUP}/providers/Microsoft.KeyVault/vaults/v",
            "properties.tenantId",
            "contoso",
            "is no uuid",
        ),
        (
            VAULT_GET,
            f"{GROUP}/providers/Microsoft.KeyVault/vaults/v",
            "properties.softDeleteRetentionInDays",
            2**40,
            "is not between",
        ),
        (
            STORAGE_LIST,
            f"{GROUP}/providers/Microsoft.Storage/storageAccounts",
            "value",
            {},
            "dict where array",
        ),
    ],
)
def test_a_spoilt_example_is_refused(example, url, place, value, complaint):
    """A strict enum refuses; an open one (complaint ``None``) takes any text, as Azure says."""
    document = contract().library.document((openapi_root() / example).resolve())
    body = copy.deepcopy(document["responses"]["200"]["body"])
    assert contract().validate_response("GET", url, 200, body) == []
    put(body, place.split("."), value)
    complaints = [str(item) for item in contract().validate_response("GET", url, 200, body)]
    if complaint is None:
        assert complaints == []
    else:
        assert complaint in complaints[0]


def put(body: dict[str, Any], place: list[str], value: Any) -> None:
    for name in place[:-1]:
        body = body[name]
    if value is ABSENT:
        del body[place[-1]]
    else:
        body[place[-1]] = value


def test_status_and_presence_of_a_body_are_held_to_the_document():
    assert contract().validate_response("DELETE", ACCOUNT, 200, None) == []
    assert "202 is none of" in str(contract().validate_response("DELETE", ACCOUNT, 202, None)[0])
    assert "none is documented" in str(
        contract().validate_response("DELETE", ACCOUNT, 200, {"id": "/x"})[0]
    )
    assert "no body" in str(contract().validate_response("GET", ACCOUNT, 200, None)[0])


def test_an_error_has_azures_envelope():
    right = {"error": {"code": "ResourceNotFound", "message": "It is not there."}}
    assert contract().validate_response("GET", ACCOUNT, 404, right) == []
    assert contract().validate_response("GET", ACCOUNT, 404, {"code": "ResourceNotFound"})
    assert contract().validate_response("GET", ACCOUNT, 404, None)
    spoilt = {"error": {"code": 404, "message": "It is not there."}}
    assert contract().validate_response("GET", ACCOUNT, 404, spoilt)


@pytest.mark.parametrize(
    ("method", "url", "name"),
    [
        ("GET", f"{ACCOUNT}?api-version=1999-01-01", "StorageAccounts_GetProperties"),
        ("GET", ACCOUNT.upper().replace("HTTPS", "https"), "StorageAccounts_GetProperties"),
        ("POST", f"{ACCOUNT}/failover", "StorageAccounts_Failover"),
        ("GET", f"{ACCOUNT}/blobServices/default", "BlobServices_GetServiceProperties"),
        ("GET", f"{WORKSPACE}/onlineEndpoints/e/deployments/d", "OnlineDeployments_Get"),
        ("GET", f"{GROUP}/providers/Microsoft.Authorization/locks/l", None),
        ("GET", f"{ARM}/subscriptions/x/locations", "Subscriptions_ListLocations"),
        ("GET", f"{GROUP}/providers/Microsoft.Nobody/things/t", "Resources_Get"),
        ("GET", f"{ARM}/nowhere/at/all/of/it/here", "Resources_GetById"),
        ("POST", f"{ARM}/nowhere", None),
    ],
)
def test_a_request_finds_its_operation(method, url, name):
    operation = contract().operation(method, url)
    if name is None and operation is not None:
        assert "ManagementLocks" in operation.name
    else:
        assert (operation.name if operation else None) == name


def test_an_undocumented_operation_is_named_and_never_passed():
    with pytest.raises(LookupError, match="no document knows"):
        contract().validate_response("POST", f"{ARM}/nowhere", 200, {})
    served = [
        ("GET", ACCOUNT),
        (
            "GET",
            f"{ARM}/subscriptions/x/providers/Microsoft.Support/tickets?api-version=2020-04-01",
        ),
        ("GET", f"{GROUP}/providers/Microsoft.Nobody/things/one"),
        ("GET", f"{GROUP}/providers/Microsoft.Nobody/things/two"),
    ]
    assert unserved_documents(served) == [
        "GET /subscriptions/*/providers/Microsoft.Support/tickets",
        "GET /subscriptions/*/resourceGroups/*/providers/Microsoft.Nobody/things/*",
    ]
