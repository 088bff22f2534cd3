"""Rules that PostgreSQL and MySQL flexible servers share: replicas, backups, standby."""

from __future__ import annotations

from amlrunbook.assessment import types
from amlrunbook.assessment.landscape import Landscape
from amlrunbook.assessment.locks import lock_rule
from amlrunbook.assessment.parity import lacking, strategy_of
from amlrunbook.assessment.partners import in_secondary_region
from amlrunbook.assessment.reading import (
    place_of,
    read_properties,
    shown,
    text,
)
from amlrunbook.assessment.rule import Rule, Ruling, failed, passed, unconcerned, warned
from amlrunbook.errors import IncompleteError
from amlrunbook.model.snapshot import Document

_REPLICA_ROLES = ("asyncreplica", "geoasyncreplica", "replica")
SERVER_OPTIONS = "--name {name} --resource-group {group} --subscription {subscription}"


def _role(server: Document) -> str:
    read_properties(server)
    role = text(server, "properties.replica.role") or text(server, "properties.replicationRole")
    if not role and text(server, "properties.sourceServerResourceId"):
        raise IncompleteError(f"{server.name} names a source, and does not say its own role")
    return role or "None"


def is_replica(server: Document) -> bool:
    """Return whether a server is a read replica."""
    return _role(server).lower() in _REPLICA_ROLES


def _geo_backup(landscape: Landscape, server: Document) -> Ruling:
    if is_replica(server):
        return unconcerned("a replica has no geo-redundant backups of its own")
    kept = text(server, "properties.backup.geoRedundantBackup")
    observed = f"geoRedundantBackup is {shown(kept) or 'not said'}"
    match kept.lower():
        case "enabled":
            return passed(observed)
        case "disabled":
            elsewhere = remote_replicas(landscape, server)
            return warned(f"{observed}; a replica elsewhere") if elsewhere else failed(observed)
        case _:
            raise IncompleteError(observed)


def _replicas(landscape: Landscape, server: Document) -> tuple[Document, ...]:
    """Return a server's replicas: those listed under it, and those among the documents that name it as source.

    Raises:
        IncompleteError: they could not be listed.
    """
    listed = {d.key: d for d in landscape.read_children(server, "replicas")}
    for other in landscape.inventory.of_type(server.type):
        source = other.field("properties.sourceServerResourceId")
        if (
            isinstance(source, str)
            and source.lower().rstrip("/") == server.key
            and is_replica(other)
        ):
            listed.setdefault(other.key, other)
    return tuple(listed.values())


def remote_replicas(landscape: Landscape, server: Document) -> tuple[Document, ...]:
    """Return a server's replicas in other regions.

    Raises:
        IncompleteError: they could not be listed, or one does not say where it is.
    """
    return tuple(r for r in _replicas(landscape, server) if place_of(r) != place_of(server))


def _replica(landscape: Landscape, server: Document) -> Ruling:
    if is_replica(server) or in_secondary_region(landscape, server):
        return unconcerned("it is in the secondary's region, or a replica itself")
    remote = remote_replicas(landscape, server)
    if not remote:
        lack = lacking(strategy_of(landscape, "data"))
        return lack(f"no replica outside {shown(server.location) or 'its region'}")
    names = ", ".join(f"{shown(r.name)} in {shown(r.location)}" for r in remote)
    return passed(f"replicated to {names}")


def _high_availability(_: Landscape, server: Document) -> Ruling:
    if is_replica(server):
        return unconcerned("a replica has no standby of its own")
    mode = text(server, "properties.highAvailability.mode", default="Disabled")
    observed = f"highAvailability.mode is {shown(mode)}"
    return passed(observed) if mode.lower() == "zoneredundant" else warned(observed)


def _state(_: Landscape, server: Document) -> Ruling:
    read_properties(server)
    state = text(server, "properties.state")
    observed = f"state is {shown(state) or 'not said'}"
    if not state:
        raise IncompleteError(observed)
    return passed(observed) if state.lower() == "ready" else failed(observed)


def _flexible(service: str, kind: str, az: str, title: str) -> tuple[Rule, ...]:
    """Return the rules that PostgreSQL and MySQL share."""
    return (
        Rule(
            id=f"{service}.replica",
            title=f"{title} replica in another region",
            types=(kind,),
            expected="a read replica in another region",
            why="Without a replica the server comes back from a geo-restore, up to an hour of data short, where backups allow it at all.",
            fact=f"{service}.replicas",
            remedy="Create a replica in the secondary's region, of the same tier and size.",
            command=f"az {az} replica create --replica-name NEW_REPLICA --source-server {{id}} --location {{secondary_region}} --resource-group {{group}} --subscription {{subscription}}",
            judge=_replica,
        ),
        Rule(
            id=f"{service}.geo-backup",
            title=f"{title} backups in another region",
            types=(kind,),
            expected="backup.geoRedundantBackup is Enabled",
            why="A geo-restore needs backups in the paired region.",
            fact=f"{service}.geo-restore",
            remedy="It may be fixed at creation: a server without it is replaced by one that has it.",
            command=f"az {az} create --name NEWSERVER_OPTIONS --resource-group {{group}} --subscription {{subscription}} --geo-redundant-backup Enabled",
            judge=_geo_backup,
        ),
        Rule(
            id=f"{service}.high-availability",
            title=f"{title} across zones",
            types=(kind,),
            expected="highAvailability.mode is ZoneRedundant",
            why="The loss of one zone is an outage of minutes to hours without a standby.",
            fact=f"{service}.replicas",
            remedy="Turn zone-redundant high availability on (not in the burstable tier).",
            command=f"az {az} update {SERVER_OPTIONS} --high-availability ZoneRedundant",
            judge=_high_availability,
        ),
        Rule(
            id=f"{service}.state",
            title=f"{title} server well",
            types=(kind,),
            expected="state is Ready",
            why="A server that is not ready can be neither a source nor a target.",
            fact=f"{service}.replicas",
            remedy="Look at its health; an inaccessible one often lost its key.",
            command=f"az {az} show {SERVER_OPTIONS}",
            judge=_state,
        ),
        lock_rule(
            service,
            kind,
            why="A deleted server is kept for five days, and comes back by best effort only.",
            fact=f"{service}.deleted",
        ),
    )


RULES: tuple[Rule, ...] = (
    *_flexible("postgres", types.POSTGRES, "postgres flexible-server", "PostgreSQL"),
    *_flexible("mysql", types.MYSQL, "mysql flexible-server", "MySQL"),
)
"""The rules that PostgreSQL and MySQL share."""
