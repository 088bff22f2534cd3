"""What is read of each kind of attached service, and of the network on the way to it: a table.

A row names the collections to list beside the resource's own document, and the fields of that document that name
resources to read too. Nothing here sends a request.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from amlrunbook.model.snapshot import Document

_EXTENSIONS = "providers/Microsoft.KubernetesConfiguration/extensions"
_OWN_ENDPOINTS = "properties.privateEndpointConnections.properties.privateEndpoint.id"


@dataclass(frozen=True, slots=True)
class Shape:
    """What belongs to a resource of one type."""

    collections: tuple[str, ...] = ()
    """Collections to list, by their path under the resource."""
    under: dict[str, str] = field(default_factory=dict)
    """A collection to list under each member of one of those."""
    named: tuple[str, ...] = ()
    """Paths of fields that name other resources; a list on the way is gone through."""


NO_SHAPE = Shape()
"""What belongs to a resource of a type that the table does not hold: its own document."""

SHAPES: dict[str, Shape] = {
    "microsoft.containerservice/managedclusters": Shape((_EXTENSIONS,)),
    "microsoft.kubernetes/connectedclusters": Shape((_EXTENSIONS,)),
    "microsoft.databricks/workspaces": Shape(),
    "microsoft.containerinstance/containergroups": Shape(),
    "microsoft.hdinsight/clusters": Shape(
        named=("properties.storageProfile.storageaccounts.resourceId",)
    ),
    "microsoft.synapse/workspaces": Shape(named=("properties.defaultDataLakeStorage.resourceId",)),
    "microsoft.sql/servers": Shape(
        ("databases", "failoverGroups", "replicationLinks"),
        named=(_OWN_ENDPOINTS,),
    ),
    "microsoft.dbforpostgresql/flexibleservers": Shape(("replicas", "virtualEndpoints")),
    "microsoft.dbformysql/flexibleservers": Shape(("replicas",)),
    "microsoft.documentdb/databaseaccounts": Shape(named=(_OWN_ENDPOINTS,)),
    "microsoft.apimanagement/service": Shape(),
    "microsoft.network/trafficmanagerprofiles": Shape(),
    "microsoft.cdn/profiles": Shape(("originGroups",), {"originGroups": "origins"}),
    "microsoft.network/frontdoors": Shape(),
    "microsoft.network/privateendpoints": Shape(("privateDnsZoneGroups",)),
    "microsoft.network/privatednszones": Shape(("virtualNetworkLinks",)),
    "microsoft.machinelearningservices/workspaces": Shape(named=(_OWN_ENDPOINTS,)),
    "microsoft.storage/storageaccounts": Shape(named=(_OWN_ENDPOINTS,)),
    "microsoft.keyvault/vaults": Shape(named=(_OWN_ENDPOINTS,)),
    "microsoft.containerregistry/registries": Shape(named=(_OWN_ENDPOINTS,)),
}
"""By resource type in lower case."""

_INSIDE = {
    "microsoft.synapse/workspaces/bigdatapools": 1,
    "microsoft.sql/servers/databases": 1,
    "microsoft.sql/servers/failovergroups": 1,
}
"""Types of which the parent is what fails over, and how many levels up it is."""
_ZONES = "properties.privateDnsZoneConfigs.properties.privateDnsZoneId"
_PARTNERS = "properties.partnerServers.id"
MEMBERS_NAME = {
    "privatednszonegroups": (_ZONES,),
    "failovergroups": (_PARTNERS,),
}
"""Fields of a collection's members that name resources to read too, by the collection in lower case."""


def to_read(text: str) -> str:
    """Return the id of what is to be read for an attached id: a pool's workspace, a database's server; else itself."""
    kind = _type_of(text)
    return text.rstrip("/").rsplit("/", 2 * _INSIDE[kind])[0] if kind in _INSIDE else text


def is_known(text: str) -> bool:
    """Return whether an id is of a type in the table."""
    return _type_of(to_read(text)) in SHAPES


def _type_of(text: str) -> str:
    segments = text.lower().rstrip("/").rpartition("/providers/")[2].split("/")
    return "/".join((segments[0], *segments[1::2]))


def names_in(document: dict[str, Any], path: str) -> Iterator[str]:
    """Yield the texts at a dotted path, lists on the way gone through."""
    head, _, rest = path.partition(".")
    value = Document(document).field(head)
    for item in value if isinstance(value, list) else [value]:
        if not rest and isinstance(item, str) and item:
            yield item
        elif rest and isinstance(item, dict):
            yield from names_in(item, rest)
