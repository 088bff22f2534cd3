"""Rules of Azure SQL servers, databases and failover groups."""

from __future__ import annotations

from amlrunbook.assessment import types
from amlrunbook.assessment.landscape import Landscape
from amlrunbook.assessment.locks import lock_rule
from amlrunbook.assessment.parity import lacking, strategy_of
from amlrunbook.assessment.partners import in_secondary_region
from amlrunbook.assessment.reading import (
    flag,
    needed,
    number,
    parts,
    place_of,
    read_properties,
    shown,
    strings,
    text,
    word,
)
from amlrunbook.assessment.rule import Rule, Ruling, failed, passed, unconcerned, warned
from amlrunbook.errors import IncompleteError
from amlrunbook.model.snapshot import Document

_GEO = ("geo", "geozone")
_DB = "--name {name} --server {parent} --resource-group {group} --subscription {subscription}"


def _is_system(database: Document) -> bool:
    return database.name.lower() == "master"


def server_of(landscape: Landscape, child: Document) -> Document | None:
    """Return the server that holds a database or a failover group, or ``None`` where there is no document of it."""
    return landscape.inventory.by_id(child.id.rstrip("/").rsplit("/", 2)[0])


def groups_of(landscape: Landscape, server_id: str) -> tuple[Document, ...]:
    """Return the failover groups of a server.

    Raises:
        IncompleteError: they could not be read.
    """
    return landscape.read_children(
        Document({"id": server_id, "name": server_id.rsplit("/", 1)[-1]}), "failoverGroups"
    )


def _is_secondary(landscape: Landscape, database: Document) -> bool:
    return bool(text(database, "properties.secondaryType")) or _on_partner(landscape, database)


def _on_partner(landscape: Landscape, database: Document) -> bool:
    server = server_of(landscape, database)
    return server is not None and in_secondary_region(landscape, server)


def _replicated(landscape: Landscape, database: Document) -> Ruling:
    read_properties(database)
    if _is_system(database):
        return unconcerned("the server's own database")
    if _is_secondary(landscape, database):
        return unconcerned("it is in the secondary's region already")
    group = text(database, "properties.failoverGroupId")
    if group:
        return passed(f"in the failover group {shown(group.rsplit('/', 1)[-1])}")
    server = database.id.rstrip("/").rsplit("/", 2)[0]
    for found in groups_of(landscape, server):
        if database.key in {
            each.lower().rstrip("/") for each in strings(found, "properties.databases")
        }:
            return passed(f"in the failover group {shown(found.name)}")
    replica = text(database, "properties.defaultSecondaryLocation")
    for link in _links(landscape, database):
        where = text(link, "properties.partnerLocation")
        return warned(f"geo-replicated to {shown(where) or 'another server'}, in no failover group")
    lack = lacking(strategy_of(landscape, "data"))
    hint = f" (its region's pair is {shown(replica)})" if replica else ""
    return lack(f"in no failover group, and nothing else replicates it{hint}")


def _links(landscape: Landscape, database: Document) -> tuple[Document, ...]:
    """Return a database's replication links, which a server lists for all its databases at once.

    Raises:
        IncompleteError: they could not be listed.
    """
    server = Document({"id": database.id.rstrip("/").rsplit("/", 2)[0]})
    landscape.children(server, "replicationLinks")
    return landscape.read_children(database, "replicationLinks")


def _link_state(_: Landscape, link: Document) -> Ruling:
    read_properties(link)
    if word(link, "properties.role", "primary", "secondary") == "secondary":
        return unconcerned("the link seen from its secondary")
    return _in_step(link)


def _in_step(replicated: Document) -> Ruling:
    """Judge ``replicationState``, of a link or of a group."""
    state = needed(replicated, "properties.replicationState")
    observed = f"replicationState is {shown(state)}"
    match state.lower():
        case "catch_up":
            return passed(observed)
        case "pending" | "seeding":
            return warned(f"{observed}: the first copy is still on its way")
        case _:
            return failed(observed)


def _backups(_: Landscape, database: Document) -> Ruling:
    read_properties(database)
    if _is_system(database):
        return unconcerned("the server's own database")
    kept = text(database, "properties.currentBackupStorageRedundancy")
    if not kept:
        raise IncompleteError("the document does not say currentBackupStorageRedundancy")
    observed = f"currentBackupStorageRedundancy is {shown(kept)}"
    if kept.lower() in _GEO:
        return passed(observed)
    return failed(f"{observed}: no restore in another region")


def _zones(_: Landscape, database: Document) -> Ruling:
    read_properties(database)
    if _is_system(database):
        return unconcerned("the server's own database")
    on = flag(database, "properties.zoneRedundant", default=False)
    return passed("zoneRedundant is true") if on else warned("zoneRedundant is false")


def _soft_delete(_: Landscape, server: Document) -> Ruling:
    read_properties(server)
    days = number(server, "properties.retentionDays", default=0)
    if days:
        return passed(f"a deleted server is kept for {days} days (a preview)")
    return warned("retentionDays is 0 or absent: a deleted server cannot be restored")


def _group_policy(_: Landscape, group: Document) -> Ruling:
    read_properties(group)
    policy = text(group, "properties.readWriteEndpoint.failoverPolicy")
    observed = f"failoverPolicy is {shown(policy) or 'not said'}"
    match policy.lower():
        case "manual":
            return passed(observed)
        case "automatic":
            return warned(f"{observed}: Microsoft decides, hours later, always with loss")
        case _:
            raise IncompleteError(observed)


def _group_state(_: Landscape, group: Document) -> Ruling:
    read_properties(group)
    if not text(group, "properties.replicationState") and not strings(
        group, "properties.databases"
    ):
        return unconcerned("no database is in it, so nothing is replicated")
    return _in_step(group)


def _seen_from_secondary(group: Document) -> bool:
    """Return whether a failover group's document is the one of its secondary server."""
    return word(group, "properties.replicationRole", "primary", "secondary") == "secondary"


def _group_whole(landscape: Landscape, group: Document) -> Ruling:
    read_properties(group)
    if _seen_from_secondary(group):
        return unconcerned("the group seen from its secondary")
    server = server_of(landscape, group)
    parent = server or Document({"id": group.id.rstrip("/").rsplit("/", 2)[0]})
    named = {each.lower().rstrip("/") for each in strings(group, "properties.databases")}
    databases = [d for d in landscape.read_children(parent, "databases") if not _is_system(d)]
    if not databases:
        return unconcerned("no database of its server is among the documents")
    missing = [d.name for d in databases if d.key not in named]
    if missing:
        return failed(f"not in the group: {', '.join(map(shown, missing))}")
    return passed(f"all {len(databases)} databases of its server are in it")


def _group_partner(landscape: Landscape, group: Document) -> Ruling:
    read_properties(group)
    server = server_of(landscape, group)
    home = place_of(server) if server and server.unread is None else ""
    partners = parts(group, "properties.partnerServers")
    if not partners:
        return failed("it names no partner server")
    regions = sorted({place_of(partner) for partner in partners})
    observed = f"partner servers in {', '.join(map(shown, regions))}"
    wanted = landscape.secondary_region
    if regions == [home]:
        return failed(observed)
    if not _seen_from_secondary(group) and wanted and wanted not in regions:
        return warned(f"{observed}, none in {wanted}")
    return passed(observed)


RULES: tuple[Rule, ...] = (
    Rule(
        id="sql.failover-group",
        title="Database in a failover group",
        types=(types.SQL_DATABASE,),
        expected="a failover group with a server in another region",
        why="Without one the database comes back from a backup, half a day later, on another server name.",
        fact="sql.failover-groups",
        remedy="Create a failover group with a server in the secondary's region and add the database.",
        command="az sql failover-group create --name NEW_GROUP --server {parent} --resource-group {group} --subscription {subscription} --partner-server OTHER_SERVER --add-db {name} --failover-policy Manual",
        judge=_replicated,
    ),
    Rule(
        id="sql.link-replication",
        title="Geo-replica in step",
        types=(types.SQL_LINK,),
        expected="replicationState is CATCH_UP",
        why="A link that still seeds, or is suspended, loses what it has not copied.",
        fact="sql.replication-links",
        remedy="Wait for the first copy; make a link that stays suspended again.",
        command="az sql db replica list-links --name DATABASE --server {parent} --resource-group {group} --subscription {subscription}",
        judge=_link_state,
    ),
    Rule(
        id="sql.backup-redundancy",
        title="Backups in another region",
        types=(types.SQL_DATABASE,),
        expected="currentBackupStorageRedundancy is Geo or GeoZone",
        why="A geo-restore needs backups that lie in another region: it is the last way where replication fails.",
        fact="sql.geo-restore",
        remedy="Ask for geo-redundant backup storage; only the current value counts, and it follows later.",
        command=f"az sql db update {_DB} --backup-storage-redundancy Geo",
        judge=_backups,
    ),
    Rule(
        id="sql.zone-redundant",
        title="Database across zones",
        types=(types.SQL_DATABASE,),
        expected="zoneRedundant is true",
        why="The loss of one zone is then nobody's failover.",
        fact="sql.failover-groups",
        remedy="Make the database zone-redundant, where its tier allows it.",
        command=f"az sql db update {_DB} --zone-redundant true",
        judge=_zones,
    ),
    Rule(
        id="sql.server-soft-delete",
        title="A deleted server comes back",
        types=(types.SQL_SERVER,),
        expected="retentionDays is 1 or more",
        why="Without it a deleted server takes its databases along; only long-term backups remain.",
        fact="sql.server-soft-delete",
        remedy="Turn the server's soft delete on (a preview) and lock it.",
        command="az sql server update --name {name} --resource-group {group} --subscription {subscription} --soft-delete-retention-days 7",
        judge=_soft_delete,
    ),
    Rule(
        id="sql.group-policy",
        title="Failover by your own decision",
        types=(types.SQL_GROUP,),
        expected="readWriteEndpoint.failoverPolicy is Manual",
        why="An automatic policy waits for hours and then always forces, with loss, whatever you are doing meanwhile.",
        fact="sql.failover-groups",
        remedy="Set the policy to Manual and switch it in your runbook.",
        command="az sql failover-group update --name {name} --server {parent} --resource-group {group} --subscription {subscription} --failover-policy Manual",
        judge=_group_policy,
    ),
    Rule(
        id="sql.group-replication",
        title="Failover group in step",
        types=(types.SQL_GROUP,),
        expected="replicationState is CATCH_UP",
        why="A group that still seeds, or is suspended, loses what it has not copied.",
        fact="sql.replication-links",
        remedy="Wait for the first copy; look at its replication links.",
        command="az sql failover-group show --name {name} --server {parent} --resource-group {group} --subscription {subscription}",
        judge=_group_state,
    ),
    Rule(
        id="sql.group-complete",
        title="Every database in the group",
        types=(types.SQL_GROUP,),
        expected="all databases of the server are in the group",
        why="What is in no group stays behind: the listener leads to a server that lacks it.",
        fact="sql.failover-groups",
        remedy="Add the databases that are missing.",
        command="az sql failover-group update --name {name} --server {parent} --resource-group {group} --subscription {subscription} --add-db DATABASE",
        judge=_group_whole,
    ),
    Rule(
        id="sql.group-partner",
        title="Partner server in the secondary's region",
        types=(types.SQL_GROUP,),
        expected="a partner server in the region to move to",
        why="A partner in the same region falls with it; one in a third region is far from the workspace.",
        fact="sql.failover-groups",
        remedy="Create the group with a server in the secondary's region.",
        command="az sql failover-group show --name {name} --server {parent} --resource-group {group} --subscription {subscription}",
        judge=_group_partner,
    ),
    lock_rule(
        "sql",
        types.SQL_SERVER,
        why="A deleted server takes every database along.",
        fact="sql.server-soft-delete",
    ),
)
"""The rules of Azure SQL."""
