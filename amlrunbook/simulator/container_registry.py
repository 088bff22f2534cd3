"""Container registries and their replications: the resource provider.

Zone redundancy is chosen when a registry is made and never changed, as Microsoft says; no source
names the code of the refusal: ``ZoneRedundancyCannotBeChanged`` is assumed.

Sources: https://learn.microsoft.com/rest/api/containerregistry/ ,
https://github.com/Azure/acr/issues/590
"""

from __future__ import annotations

import base64
import re

from starlette.responses import Response

from amlrunbook.simulator.answers import Refusal, json_answer
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Kind, system_data
from amlrunbook.simulator.arm_lookup import not_found, parent_id
from amlrunbook.simulator.clock import stamp
from amlrunbook.simulator.effects import Effect, Merge, MergeLater
from amlrunbook.simulator.operations import Style
from amlrunbook.simulator.places import region_name
from amlrunbook.simulator.registry_data import RegistryData
from amlrunbook.simulator.registry_import import import_image
from amlrunbook.simulator.world import Document, World

REGISTRIES = "Microsoft.ContainerRegistry/registries"
REPLICATIONS = f"{REGISTRIES}/replications"
SYNC_SECONDS = 10.0
"""World seconds for which a new replication still syncs after it is provisioned."""
VERSIONS = (
    "2026-09-01-preview", "2025-11-01", "2025-04-01", "2024-11-01-preview", "2023-11-01-preview", "2023-07-01",
    "2023-01-01-preview", "2022-12-01", "2021-09-01", "2020-11-01-preview",
    "2019-12-01-preview", "2019-05-01",
)  # fmt: skip
_NAME = re.compile(r"^[A-Za-z0-9]{5,50}$")


def complete(world: World, document: Document, before: Document | None) -> None:
    """Fill a registry's document as Azure does."""
    sku = document.setdefault("sku", {"name": "Basic"})
    sku["tier"] = sku["name"]
    properties = document["properties"]
    held: Document = (before or {}).get("properties", {})
    made = held.get("creationDate") or stamp(world.now())
    defaults: Document = {
        "loginServer": f"{str(document['name']).lower()}.azurecr.io",
        "creationDate": made,
        "provisioningState": "Succeeded",
        "adminUserEnabled": False,
        "policies": {
            "quarantinePolicy": {"status": "disabled"},
            "trustPolicy": {"type": "Notary", "status": "disabled"},
            "retentionPolicy": {"days": 7, "lastUpdatedTime": made, "status": "disabled"},
            "exportPolicy": {"status": "enabled"},
        },
        "encryption": {"status": "disabled"},
        "dataEndpointEnabled": False,
        "dataEndpointHostNames": [],
        "privateEndpointConnections": [],
        "publicNetworkAccess": "Enabled",
        "networkRuleBypassOptions": "AzureServices",
        "zoneRedundancy": "Disabled",
    }
    if sku["name"] == "Premium":
        defaults["networkRuleSet"] = {"defaultAction": "Allow", "ipRules": []}
    for key, value in defaults.items():
        properties.setdefault(key, held.get(key, value))
    document.setdefault("tags", {})
    name = str(document["name"]).lower()
    world.registries.setdefault(name, RegistryData(name=name, resource_id=str(document["id"])))


def _check(call: Call, document: Document, before: Document | None) -> None:
    name = str(document["name"])
    if before is None and name.lower() in call.world.registries:
        raise Refusal(
            409,
            "AlreadyInUse",
            f"The registry DNS name {name.lower()}.azurecr.io is already in use. You can check if "
            "the name is already claimed using following API: checkNameAvailability.",
        )
    zones = document["properties"].get("zoneRedundancy")
    held = (before or {}).get("properties", {}).get("zoneRedundancy")
    if before is not None and zones is not None and zones != held:
        raise Refusal(
            400,
            "ZoneRedundancyCannotBeChanged",
            "The zone redundancy of a registry is fixed at its creation.",
        )
    sku = str((document.get("sku") or {}).get("name", ""))
    if sku not in {"Basic", "Standard", "Premium"}:
        raise Refusal(400, "InvalidSku", f"The registry SKU '{sku}' is not valid.")
    if sku != "Premium" and document["properties"].get("zoneRedundancy") == "Enabled":
        raise Refusal(
            400, "FeatureNotSupportedBySku", "Zone redundancy is only supported by Premium."
        )


def home_replica(world: World, registry: Document) -> None:
    """Give a Premium registry the replication that stands for its home region."""
    if registry["sku"]["name"] != "Premium":
        return
    region = str(registry["location"])
    resource_id = f"{registry['id']}/replications/{region}"
    if world.get(resource_id) is not None:
        return
    replica: Document = {
        "id": resource_id,
        "name": region,
        "type": REPLICATIONS,
        "location": region,
        "properties": {"zoneRedundancy": registry["properties"].get("zoneRedundancy")},
        "systemData": system_data(world, None),
    }
    complete_replica(world, replica, None)
    world.put(resource_id, replica)


def complete_replica(world: World, document: Document, before: Document | None) -> None:
    """Fill a replication's document as Azure does; a new one is still syncing."""
    properties = document["properties"]
    held: Document = (before or {}).get("properties", {})
    properties.setdefault("provisioningState", "Succeeded")
    properties.setdefault("regionEndpointEnabled", held.get("regionEndpointEnabled", True))
    properties.setdefault("zoneRedundancy", held.get("zoneRedundancy", "Disabled"))
    properties.setdefault(
        "status",
        held.get("status", {"displayStatus": "Ready", "timestamp": stamp(world.now())}),
    )
    document.setdefault("tags", {})


def _check_replica(call: Call, document: Document, before: Document | None) -> None:
    registry = call.world.get(parent_id(str(document["id"])))
    if registry is not None and registry["sku"]["name"] != "Premium":
        raise Refusal(
            400,
            "FeatureNotSupportedBySku",
            f"The registry '{registry['name']}' is {registry['sku']['name']}; geo-replication is "
            "only supported by Premium.",
        )
    if before is None:
        document["properties"]["status"] = {
            "timestamp": stamp(call.world.now()),
        }


def _sync(document: Document) -> list[Effect]:
    """Let a new replication be provisioned while it still syncs; a closed one has nothing to do.

    Recorded from Azure: azure-cli, test_acr_create_replication.
    """
    resource_id = str(document["id"])
    ready: Document = {"properties": {"status": {"displayStatus": "Ready"}}}
    if not document["properties"]["regionEndpointEnabled"]:
        return [Merge(id=resource_id, values=ready)]
    syncing: Document = {"properties": {"status": {"displayStatus": "Syncing"}}}
    return [
        Merge(id=resource_id, values=syncing),
        MergeLater(id=resource_id, values=ready, seconds=SYNC_SECONDS),
    ]


def _delete_replica(call: Call) -> Response | None:
    document = call.world.get(call.path.text)
    registry = call.world.get(parent_id(call.path.text))
    if document is None or registry is None:
        return None
    if region_name(str(document["location"])) == region_name(str(registry["location"])):
        raise Refusal(
            400,
            "CannotDeleteHomeReplication",
            f"The replication '{document['name']}' is in the registry's home region and cannot "
            "be deleted.",
        )
    return None


def _credentials(call: Call, document: Document) -> Response:
    if not document["properties"].get("adminUserEnabled"):
        raise Refusal(
            400,
            "UnAuthorizedForCredentialOperations",
            f"Cannot perform credential operations for {document['id']} as admin user is "
            "disabled. Kindly enable admin user as per docs.",
        )
    return json_answer({"username": document["name"], "passwords": passwords(call, document)})


def passwords(call: Call, document: Document) -> list[Document]:
    """Return the admin user's passwords: the same after a restart, never kept in the world."""
    return [
        {
            "name": name,
            "value": base64.b64encode(
                call.azure.secrets.derive(f"{document['id'].lower()}/{name}")[:36]
            ).decode(),
        }
        for name in ("password", "password2")
    ]


def _usages(call: Call) -> Response:
    """Answer how much of a registry's quota is used."""
    registry = call.world.get(call.path.resource_id)
    held = call.world.registries.get(call.path.name.lower())
    if registry is None or held is None:
        raise not_found(call.path.resource_id)
    size = sum(m.size for r in held.repositories.values() for m in r.manifests.values())
    limit = {"Basic": 10, "Standard": 100, "Premium": 500}[registry["sku"]["name"]]
    row = {"name": "Size", "limit": limit * 1024**3, "currentValue": size, "unit": "Bytes"}
    return json_answer({"value": [row]})


def _check_name(call: Call) -> Response:
    """Answer whether a registry's name is free: it is one in all of Azure."""
    name = str(call.document().get("name", ""))
    if not _NAME.match(name):
        return json_answer(
            {
                "nameAvailable": False,
                "reason": "Invalid",
                "message": "Registry names may contain alpha numeric characters only and must be "
                "between 5 and 50 characters.",
            }
        )
    if name.lower() in call.world.registries:
        return json_answer(
            {
                "nameAvailable": False,
                "reason": "AlreadyExists",
                "message": f"The registry {name} is already in use.",
            }
        )
    return json_answer({"nameAvailable": True})


KINDS = (
    Kind(
        type=REGISTRIES,
        api_versions=VERSIONS,
        tracked=True,
        check=_check,
        complete=complete,
        create_style=Style.ASYNC,
        update_style=Style.ASYNC,
        delete_style=Style.LOCATION,
        after_write=home_replica,
        actions={"listcredentials": _credentials, "importimage": import_image},
    ),
    Kind(
        type=REPLICATIONS,
        api_versions=VERSIONS,
        tracked=True,
        check=_check_replica,
        complete=complete_replica,
        create_style=Style.ASYNC,
        update_style=Style.ASYNC,
        patch_style=Style.ASYNC,
        delete_style=Style.LOCATION,
        on_delete=_delete_replica,
        finish_new=_sync,
        update_status=201,
    ),
)

SPECIALS = {
    ("GET", "microsoft.containerregistry/registries/*/listusages"): _usages,
    ("POST", "microsoft.containerregistry/checknameavailability"): _check_name,
}
