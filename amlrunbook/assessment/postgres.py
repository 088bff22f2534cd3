"""Rules of PostgreSQL flexible servers alone: whether a replica can take its primary's place, and its name with it."""

from __future__ import annotations

from amlrunbook.assessment import types
from amlrunbook.assessment.flexible_servers import SERVER_OPTIONS, is_replica, remote_replicas
from amlrunbook.assessment.landscape import Landscape
from amlrunbook.assessment.reading import (
    needed,
    needed_number,
    read_properties,
    shown,
    strings,
    text,
)
from amlrunbook.assessment.rule import Rule, Ruling, failed, passed, unconcerned, warned
from amlrunbook.errors import IncompleteError
from amlrunbook.model.snapshot import Document

_KEYS = "properties.dataEncryption"


def _replica_state(_: Landscape, server: Document) -> Ruling:
    if not is_replica(server):
        return unconcerned("it is no replica")
    state = text(server, "properties.replica.replicationState")
    observed = f"replicationState is {shown(state) or 'not said'}"
    match state.lower():
        case "active":
            return passed(observed)
        case "catchup" | "provisioning" | "updating" | "reconfiguring":
            return warned(observed)
        case "broken":
            return failed(observed)
        case _:
            raise IncompleteError(observed)


def _virtual_endpoint(landscape: Landscape, server: Document) -> Ruling:
    read_properties(server)
    if is_replica(server):
        return unconcerned("a replica: the virtual endpoint is its primary's")
    replicas = {replica.name.lower() for replica in remote_replicas(landscape, server)}
    if not replicas:
        return unconcerned("it has no replica in another region")
    for endpoint in landscape.read_children(server, "virtualEndpoints"):
        read_properties(endpoint)
        if replicas & {member.lower() for member in strings(endpoint, "properties.members")}:
            return passed(f"{shown(endpoint.name)} leads to its replica too")
    return warned("no virtual endpoint leads to its replica")


def _same_size(landscape: Landscape, server: Document) -> Ruling:
    read_properties(server)
    if is_replica(server):
        return unconcerned("a replica: it is compared with its primary there")
    replicas = remote_replicas(landscape, server)
    if not replicas:
        return unconcerned("it has no replica in another region")
    mine = _size(server)
    different = [f"{shown(r.name)} {_size(r)}" for r in replicas if _size(r) != mine]
    if different:
        return warned(f"{mine} here, {', '.join(different)}")
    return passed(f"{mine} on both sides")


def _size(server: Document) -> str:
    size = needed(server, "sku.name"), needed(server, "sku.tier")
    storage = needed_number(server, "properties.storage.storageSizeGB")
    return f"{shown('/'.join(size)).lower()} with {storage} GB"


def _backup_key(_: Landscape, server: Document) -> Ruling:
    read_properties(server)
    if text(server, f"{_KEYS}.type", default="SystemManaged").lower() != "azurekeyvault":
        return unconcerned("it is encrypted with Microsoft's key")
    if text(server, "properties.backup.geoRedundantBackup").lower() != "enabled":
        return unconcerned("it has no geo-redundant backups")
    if not text(server, f"{_KEYS}.geoBackupKeyURI"):
        return failed("no geoBackupKeyURI: nobody can open its backups in the paired region")
    state = text(server, f"{_KEYS}.geoBackupEncryptionKeyStatus")
    if state.lower() == "invalid":
        return failed("geoBackupEncryptionKeyStatus is Invalid")
    if state.lower() != "valid":
        raise IncompleteError(f"geoBackupEncryptionKeyStatus is {shown(state) or 'not said'}")
    return passed("geoBackupEncryptionKeyStatus is Valid")


RULES: tuple[Rule, ...] = (
    Rule(
        id="postgres.replica-active",
        title="PostgreSQL replica in step",
        types=(types.POSTGRES,),
        expected="replica.replicationState is Active",
        why="What a broken replica lacks is lost when it is promoted.",
        fact="postgres.replicas",
        remedy="Look at its lag; a broken replica is made again.",
        command=f"az postgres flexible-server replica list {SERVER_OPTIONS}",
        judge=_replica_state,
    ),
    Rule(
        id="postgres.virtual-endpoint",
        title="PostgreSQL name that moves with the primary",
        types=(types.POSTGRES,),
        expected="a virtual endpoint whose members name the replica",
        why="Without one a replica cannot change places with its primary, and every connection is edited on the day.",
        fact="postgres.promotion",
        remedy="Create a virtual endpoint over server and replica, and point the connections at its writer.",
        command="az postgres flexible-server virtual-endpoint create --name NEW_ENDPOINT --server-name {name} --resource-group {group} --subscription {subscription} --endpoint-type ReadWrite --members REPLICA",
        judge=_virtual_endpoint,
    ),
    Rule(
        id="postgres.replica-size",
        title="PostgreSQL replica as large as its primary",
        types=(types.POSTGRES,),
        expected="the same tier, size and storage on server and replica",
        why="A planned change of places is refused where they differ, and a smaller replica is slow for everybody.",
        fact="postgres.promotion",
        remedy="Give the replica the tier, size and storage of its primary.",
        command="az postgres flexible-server update --name REPLICA --resource-group {group} --subscription {subscription} --sku-name SIZE --tier TIER",
        judge=_same_size,
    ),
    Rule(
        id="postgres.geo-backup-key",
        title="PostgreSQL backups that can be opened elsewhere",
        types=(types.POSTGRES,),
        expected="a valid geoBackupKeyURI where a key of your own encrypts geo-redundant backups",
        why="The key of the primary's region is down with it: backups in the paired region need a key and an identity there.",
        fact="postgres.geo-backup-key",
        remedy="Give the geo-redundant backups a key and an identity in the paired region.",
        command=f"az postgres flexible-server update {SERVER_OPTIONS} --backup-key KEY_ID --backup-identity IDENTITY_ID",
        judge=_backup_key,
    ),
)
"""The rules of PostgreSQL alone."""
