"""Private endpoints: their network interfaces, and what they write into private DNS zones.

A zone holds one record set a name: a zone group writes those of its endpoint, and another group's
write of the same name replaces it.

Sources: https://learn.microsoft.com/azure/private-link/private-endpoint-dns ,
https://learn.microsoft.com/rest/api/virtualnetwork/private-endpoints
"""

from __future__ import annotations

import zlib

from starlette.responses import Response

from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Kind
from amlrunbook.simulator.arm_path import parse
from amlrunbook.simulator.filling import fill
from amlrunbook.simulator.operations import Style
from amlrunbook.simulator.private_dns import RECORDS, complete_record
from amlrunbook.simulator.world import Document, World

NETWORKS = "Microsoft.Network/virtualNetworks"
INTERFACES = "Microsoft.Network/networkInterfaces"
ENDPOINTS = "Microsoft.Network/privateEndpoints"
ZONE_GROUPS = f"{ENDPOINTS}/privateDnsZoneGroups"
NETWORK_VERSIONS = (
    "2026-03-01", "2025-05-01", "2025-01-01", "2024-05-01", "2023-11-01", "2022-07-01",
)  # fmt: skip
_HOSTS = {
    "blob": "blob.core.windows.net",
    "file": "file.core.windows.net",
    "dfs": "dfs.core.windows.net",
    "queue": "queue.core.windows.net",
    "table": "table.core.windows.net",
    "vault": "vault.azure.net",
    "registry": "azurecr.io",
    "amlworkspace": "api.azureml.ms",
    "sqlserver": "database.windows.net",
    "postgresqlserver": "postgres.database.azure.com",
    "mysqlserver": "mysql.database.azure.com",
    "sql": "documents.azure.com",
}
"""By which name a private endpoint's target is reached: its sub-resource's domain."""
_GROUP_TTL = 10
"""Seconds for which a zone group's records may be kept."""


def complete_network(world: World, document: Document, before: Document | None) -> None:
    """Fill a virtual network's document as Azure does."""
    properties = fill(
        document,
        before,
        {
            "provisioningState": "Succeeded",
            "resourceGuid": world.guid(),
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "subnets": [{"name": "default", "properties": {"addressPrefix": "10.0.0.0/24"}}],
            "virtualNetworkPeerings": [],
            "enableDdosProtection": False,
        },
    )
    for subnet in properties["subnets"]:
        subnet["id"] = f"{document['id']}/subnets/{subnet['name']}"
        subnet["type"] = f"{NETWORKS}/subnets"
        subnet.setdefault("properties", {}).setdefault("provisioningState", "Succeeded")


def complete_endpoint(world: World, document: Document, before: Document | None) -> None:
    """Fill a private endpoint's document, and give it its network interface."""
    document.pop("kind", None)
    fill(
        document,
        before,
        {
            "provisioningState": "Succeeded",
            "resourceGuid": world.guid(),
            "privateLinkServiceConnections": [],
            "manualPrivateLinkServiceConnections": [],
            "ipConfigurations": [],
            "applicationSecurityGroups": [],
        },
    )
    properties = document["properties"]
    for one in properties["privateLinkServiceConnections"]:
        one.setdefault("name", document["name"])
        one["id"] = f"{document['id']}/privateLinkServiceConnections/{one['name']}"
        one["type"] = f"{ENDPOINTS}/privateLinkServiceConnections"
        inner = one["properties"]
        inner.setdefault("provisioningState", "Succeeded")
        inner["privateLinkServiceConnectionState"] = {
            "status": "Approved",
            "description": "Auto-Approved",
            "actionsRequired": "None",
        }
    interface = _interface(world, document)
    properties["networkInterfaces"] = [{"id": interface["id"]}]
    _connect(world, document)
    properties["customDnsConfigs"] = [
        {"fqdn": name, "ipAddresses": [_address(interface)]} for name in _names(properties)
    ]


def _connect(world: World, endpoint: Document) -> None:
    """Note an endpoint in the documents of what it leads to."""
    _disconnect(world, endpoint)
    for one in endpoint["properties"]["privateLinkServiceConnections"]:
        target = world.get(str(one["properties"].get("privateLinkServiceId", "")))
        if target is None:
            continue
        listed = target["properties"].setdefault("privateEndpointConnections", [])
        name = f"{endpoint['name']}.{one['name']}"
        listed.append(
            {
                "id": f"{target['id']}/privateEndpointConnections/{name}",
                "properties": {
                    "privateEndpoint": {"id": endpoint["id"]},
                    "privateLinkServiceConnectionState": {
                        "status": "Approved",
                        "description": "Auto-Approved",
                    },
                    "provisioningState": "Succeeded",
                },
            }
        )


def _disconnect(world: World, endpoint: Document) -> None:
    """Take an endpoint out of the documents of what it leads to."""
    for one in endpoint["properties"]["privateLinkServiceConnections"]:
        target = world.get(str(one["properties"].get("privateLinkServiceId", "")))
        if target is not None:
            listed = target["properties"].get("privateEndpointConnections") or []
            target["properties"]["privateEndpointConnections"] = [
                held
                for held in listed
                if held["properties"].get("privateEndpoint", {}).get("id") != endpoint["id"]
            ]


def _interface(world: World, endpoint: Document) -> Document:
    """Return the endpoint's network interface; it is made if there is none."""
    scope = parse(str(endpoint["id"])).scope
    name = f"{endpoint['name']}.nic"
    resource_id = f"{scope}/providers/{INTERFACES}/{name}"
    held = world.get(resource_id)
    if held is not None:
        return held
    number = zlib.crc32(resource_id.lower().encode())
    facts = world.facets.get(str(endpoint["id"]).lower(), {})
    address = facts.get("address") or f"10.{number % 250}.{number // 250 % 250}.4"
    document: Document = {
        "id": resource_id,
        "name": name,
        "type": INTERFACES,
        "location": endpoint["location"],
        "tags": {},
        "properties": {
            "provisioningState": "Succeeded",
            "ipConfigurations": [
                {
                    "id": f"{resource_id}/ipConfigurations/privateEndpointIpConfig",
                    "name": "privateEndpointIpConfig",
                    "type": f"{INTERFACES}/ipConfigurations",
                    "properties": {
                        "provisioningState": "Succeeded",
                        "privateIPAddress": address,
                        "privateIPAllocationMethod": "Dynamic",
                        "subnet": endpoint["properties"].get("subnet", {}),
                        "primary": True,
                    },
                }
            ],
            "privateEndpoint": {"id": endpoint["id"]},
        },
    }
    world.put(resource_id, document)
    return document


def _address(interface: Document) -> str:
    return str(interface["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"])


def _names(properties: Document) -> list[str]:
    """Return the host names that an endpoint's targets have."""
    found = []
    for one in properties["privateLinkServiceConnections"]:
        inner = one["properties"]
        name = parse(str(inner.get("privateLinkServiceId", ""))).name.lower()
        for group in inner.get("groupIds", []):
            domain = _HOSTS.get(str(group).lower())
            if domain is not None:
                found.append(f"{name}.{domain}")
    return found


def _show_endpoint(world: World, document: Document) -> Document:
    """Return an endpoint's document as it is now: disconnected from what is gone."""
    properties = document["properties"]
    connections = []
    for one in properties["privateLinkServiceConnections"]:
        inner = one["properties"]
        target = str(inner.get("privateLinkServiceId", ""))
        if world.get(target) is None:
            gone = {
                "status": "Disconnected",
                "description": "The target resource was deleted.",
                "actionsRequired": "None",
            }
            inner = {**inner, "privateLinkServiceConnectionState": gone}
        connections.append({**one, "properties": inner})
    return {
        **document,
        "properties": {**properties, "privateLinkServiceConnections": connections},
    }


def _delete_endpoint(call: Call) -> Response | None:
    """Let a private endpoint's network interface go with it."""
    document = call.world.get(call.path.text)
    if document is not None:
        _disconnect(call.world, document)
        for one in document["properties"]["networkInterfaces"]:
            call.world.remove(str(one["id"]))
    return None


def complete_zone_group(world: World, document: Document, before: Document | None) -> None:
    """Fill a zone group's document, and write its endpoint's records into its zones."""
    endpoint = world.get(str(document["id"]).rsplit("/", 2)[0])
    fill(document, before, {"provisioningState": "Succeeded", "privateDnsZoneConfigs": []})
    if endpoint is None:
        return
    for config in document["properties"]["privateDnsZoneConfigs"]:
        config["properties"]["recordSets"] = _write_records(
            world, endpoint, str(config["properties"]["privateDnsZoneId"])
        )


def _write_records(world: World, endpoint: Document, zone_id: str) -> list[Document]:
    zone = world.get(zone_id)
    if zone is None:
        return []
    domain = str(zone["name"]).lower().removeprefix("privatelink.")
    found = []
    for config in endpoint["properties"]["customDnsConfigs"]:
        host, _, rest = str(config["fqdn"]).partition(".")
        if not _is_of(domain, rest):
            continue
        found.append(
            {
                "recordType": "A",
                "recordSetName": host,
                "fqdn": f"{host}.{zone['name']}",
                "ttl": _GROUP_TTL,
                "ipAddresses": config["ipAddresses"],
                "provisioningState": "Succeeded",
            }
        )
        addresses = [{"ipv4Address": one} for one in config["ipAddresses"]]
        resource_id = f"{zone['id']}/A/{host}"
        record: Document = {
            "id": resource_id,
            "name": host,
            "type": RECORDS,
            "properties": {"ttl": _GROUP_TTL, "aRecords": addresses},
        }
        complete_record(world, record, None)
        world.put(resource_id, record)
    return found


def _is_of(domain: str, rest: str) -> bool:
    """Is a host of a zone's domain? Key Vault's zone is named unlike its hosts."""
    return rest == domain or (domain == "vaultcore.azure.net" and rest == "vault.azure.net")


KINDS = (
    Kind(
        type=NETWORKS,
        api_versions=NETWORK_VERSIONS,
        tracked=True,
        complete=complete_network,
        create_style=Style.ASYNC,
        update_style=Style.ASYNC,
        patch_keys=("tags",),
        delete_style=Style.BOTH,
    ),
    Kind(
        type=INTERFACES,
        api_versions=NETWORK_VERSIONS,
        tracked=True,
        methods=frozenset({"GET", "HEAD"}),
    ),
    Kind(
        type=ENDPOINTS,
        api_versions=NETWORK_VERSIONS,
        tracked=True,
        complete=complete_endpoint,
        show=_show_endpoint,
        create_style=Style.ASYNC,
        update_style=Style.ASYNC,
        patchable=False,
        delete_style=Style.BOTH,
        on_delete=_delete_endpoint,
    ),
    Kind(
        type=ZONE_GROUPS,
        api_versions=NETWORK_VERSIONS,
        complete=complete_zone_group,
        create_style=Style.ASYNC,
        update_style=Style.ASYNC,
        patchable=False,
        delete_style=Style.BOTH,
    ),
)
