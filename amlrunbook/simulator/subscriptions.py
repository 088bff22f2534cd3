"""Subscriptions, tenants, locations, resource groups, resource lists, resource providers.

Source: https://learn.microsoft.com/rest/api/resources/
"""

from __future__ import annotations

import re
from typing import Any

from starlette.responses import Response

from amlrunbook.simulator import arm_verbs, locks, operations
from amlrunbook.simulator.answers import Refusal, json_answer
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_lookup import require_scope
from amlrunbook.simulator.catalog import BY_TYPE, NAMESPACES, WITHOUT_KINDS
from amlrunbook.simulator.effects import Remove
from amlrunbook.simulator.operations import Style
from amlrunbook.simulator.regions import REGIONS, location_document
from amlrunbook.simulator.world import Document, Subscription

GROUP_TYPE = "Microsoft.Resources/resourceGroups"
_GENERIC_KEYS = ("id", "name", "type", "kind", "location", "tags", "sku", "identity", "zones",
                 "managedBy", "plan")  # fmt: skip
_TYPE_FILTER = re.compile(r"resourceType\s+eq\s+'([^']+)'", re.IGNORECASE)
_TAG_FILTER = re.compile(
    r"tagName\s+eq\s+'([^']*)'(?:\s+and\s+tagValue\s+eq\s+'([^']*)')?", re.IGNORECASE
)
_NAME_FILTER = re.compile(r"(?<!tag)name\s+eq\s+'([^']*)'", re.IGNORECASE)
_PLACE_FILTER = re.compile(r"location\s+eq\s+'([^']*)'", re.IGNORECASE)


def dispatch(call: Call) -> Response:
    """Answer a request that goes to no resource provider.

    Raises:
        Refusal: what Azure refuses.
    """
    parts = call.path.text.strip("/").split("/")
    lower = [part.lower() for part in parts]
    match lower:
        case ["subscriptions"]:
            _only(call, "GET")
            found = [_subscription(call, s) for s in call.world.subscriptions.values()]
            return call.page(found)
        case ["tenants"]:
            _only(call, "GET")
            return call.page([_tenant(call)])
        case ["subscriptions", subscription, *rest]:
            if subscription not in call.world.subscriptions:
                require_scope(call, call.path.text)
            return _in_subscription(call, call.world.subscriptions[subscription], rest)
        case _:
            raise Refusal(404, "NotFound", f"The path '{call.path.text}' is not served.")


def _only(call: Call, *methods: str) -> None:
    if call.method not in methods:
        raise arm_verbs.method_not_allowed(call)


def _subscription(call: Call, subscription: Subscription) -> Document:
    return {
        "id": f"/subscriptions/{subscription.id}",
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": subscription.id,
        "tenantId": call.world.tenant_id,
        "displayName": subscription.name,
        "state": subscription.state,
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "EnterpriseAgreement_2014-09-01",
            "spendingLimit": "Off",
        },
    }


def _tenant(call: Call) -> Document:
    return {
        "id": f"/tenants/{call.world.tenant_id}",
        "tenantId": call.world.tenant_id,
        "countryCode": "US",
        "displayName": call.world.tenant_name,
        "domains": ["simulated.example"],
        "tenantCategory": "Home",
        "defaultDomain": "simulated.example",
        "tenantType": "AAD",
    }


def _in_subscription(call: Call, subscription: Subscription, rest: list[str]) -> Response:
    match rest:
        case []:
            _only(call, "GET")
            return json_answer(_subscription(call, subscription))
        case ["locations"]:
            _only(call, "GET")
            found = [location_document(region, subscription.id) for region in REGIONS.values()]
            return json_answer({"value": found})
        case ["resourcegroups"]:
            _only(call, "GET")
            return call.page(_groups(call, subscription))
        case ["resourcegroups", _]:
            return _group(call)
        case ["resources"] | ["resourcegroups", _, "resources"]:
            _only(call, "GET")
            require_scope(call, call.path.text)
            return call.page(_resources(call))
        case ["providers", *names]:
            return _providers(call, subscription, names)
        case _:
            raise Refusal(404, "NotFound", f"The path '{call.path.text}' is not served.")


def _groups(call: Call, subscription: Subscription) -> list[Document]:
    under = f"/subscriptions/{subscription.id.lower()}/resourcegroups/"
    found = [
        document
        for key, document in sorted(call.world.resources.items())
        if key.startswith(under) and document["type"] == GROUP_TYPE
    ]
    return [group for group in found if _fits(group, call.query.get("$filter", ""))]


def _group(call: Call) -> Response:
    document = call.world.get(call.path.text)
    if call.method == "PUT":
        return _put_group(call, document)
    if document is None:
        if call.method == "HEAD":
            return Response(status_code=404)
        require_scope(call, call.path.text)
    if document is None:
        raise Refusal(404, "ResourceGroupNotFound", "The resource group could not be found.")
    match call.method:
        case "GET":
            return json_answer(document)
        case "HEAD":
            return Response(status_code=204)
        case "PATCH":
            locks.guard(call.world, "PATCH", str(document["id"]))
            document.update({k: v for k, v in call.document().items() if k == "tags"})
            call.world.touch()
            _note(call, "write", document, "Succeeded", 200)
            return json_answer(document)
        case "DELETE":
            return _delete_group(call, document)
        case _:
            raise arm_verbs.method_not_allowed(call)


def _put_group(call: Call, before: Document | None) -> Response:
    sent = call.document()
    location = arm_verbs.check_location(sent.get("location"), before, call.path.text)
    path = call.path
    resource_id = f"/subscriptions/{str(path.subscription).lower()}/resourceGroups/{path.group}"
    locks.guard(call.world, "PUT", resource_id)
    document: Document = {
        "id": before["id"] if before else resource_id,
        "name": before["name"] if before else path.group,
        "type": GROUP_TYPE,
        "location": location,
        "tags": sent.get("tags") or {},
        "properties": {"provisioningState": "Succeeded"},
    }
    call.world.put(resource_id, document)
    status = 200 if before else 201
    _note(call, "write", document, "Succeeded", status)
    return json_answer(document, status)


def _delete_group(call: Call, document: Document) -> Response:
    locks.guard(call.world, "DELETE", str(document["id"]))
    document["properties"]["provisioningState"] = "Deleting"
    call.world.touch()
    operation = operations.begin(
        call.azure,
        target=str(document["id"]),
        action="Microsoft.Resources/subscriptions/resourceGroups/delete",
        effects=[Remove(id=str(document["id"]))],
        answers_target=False,
        state=call.state,
    )
    _note(call, "delete", document, "Accepted", 202)
    return Response(
        status_code=202, headers=operations.headers(call.azure, operation, Style.LOCATION)
    )


def _note(call: Call, verb: str, document: Document, status: str, http_status: int) -> None:
    action = f"Microsoft.Resources/subscriptions/resourceGroups/{verb}"
    arm_verbs.note(call, action, str(document["id"]), status, http_status)


def _resources(call: Call) -> list[Document]:
    """Return the tracked resources of the subscription or group, without their properties."""
    under = call.path.text.lower().removesuffix("/resources") + "/"
    text = call.query.get("$filter", "")
    expand = call.query.get("$expand", "").lower()
    return [
        _generic(document, expand)
        for key, document in sorted(call.world.resources.items())
        if key.startswith(under) and _is_tracked(document) and _fits(document, text)
    ]


def _is_tracked(document: Document) -> bool:
    kind = BY_TYPE.get(str(document["type"]).lower())
    return kind is not None and kind.tracked


def _generic(document: Document, expand: str) -> Document:
    found = {key: document[key] for key in _GENERIC_KEYS if key in document}
    made = document.get("systemData", {})
    if "createdtime" in expand and "createdAt" in made:
        found["createdTime"] = made["createdAt"]
    if "changedtime" in expand and "lastModifiedAt" in made:
        found["changedTime"] = made["lastModifiedAt"]
    state = document.get("properties", {}).get("provisioningState")
    if "provisioningstate" in expand and state:
        found["provisioningState"] = state
    return found


def _fits(document: Document, text: str) -> bool:
    """Does a document fit an OData filter? Clauses are joined by ``or`` on types, else ``and``."""
    types = [wanted.lower() for wanted in _TYPE_FILTER.findall(text)]
    if types and str(document["type"]).lower() not in types:
        return False
    tag = _TAG_FILTER.search(text)
    if tag and not _has_tag(document.get("tags") or {}, tag[1], tag[2]):
        return False
    name = _NAME_FILTER.search(text)
    if name and str(document["name"]).lower() != name[1].lower():
        return False
    place = _PLACE_FILTER.search(text)
    return place is None or str(document.get("location", "")).lower() == place[1].lower()


def _has_tag(tags: dict[str, Any], name: str, value: str | None) -> bool:
    held = {key.lower(): text for key, text in tags.items()}
    return name.lower() in held and (value is None or held[name.lower()] == value)


def _providers(call: Call, subscription: Subscription, names: list[str]) -> Response:
    match call.method, names:
        case "GET", []:
            return call.page([_provider(subscription, n) for n in NAMESPACES])
        case "GET", [name] if name in NAMESPACES:
            return json_answer(_provider(subscription, name))
        case "POST", [name, "register"] if name in NAMESPACES:
            subscription.unregistered = [n for n in subscription.unregistered if n.lower() != name]
            call.world.touch()
            return json_answer(_provider(subscription, name))
        case _, [name, *_] if name not in NAMESPACES:
            raise Refusal(
                404,
                "InvalidResourceNamespace",
                f"The resource namespace '{name}' is invalid.",
            )
        case _:
            raise arm_verbs.method_not_allowed(call)


def _provider(subscription: Subscription, name: str) -> Document:
    kinds = NAMESPACES[name]
    known = (kind.namespace for kind in kinds)
    namespace = next(known, next((n for n in WITHOUT_KINDS if n.lower() == name), name))
    missing = namespace.lower() in {name.lower() for name in subscription.unregistered}
    return {
        "id": f"/subscriptions/{subscription.id}/providers/{namespace}",
        "namespace": namespace,
        "registrationPolicy": "RegistrationRequired",
        "registrationState": "NotRegistered" if missing else "Registered",
        "resourceTypes": [
            {
                "resourceType": kind.type.partition("/")[2],
                "locations": [region.display for region in REGIONS.values()]
                if kind.tracked
                else [],
                "apiVersions": list(kind.api_versions),
                "capabilities": "SupportsTags, SupportsLocation" if kind.tracked else "None",
            }
            for kind in kinds
        ],
    }
