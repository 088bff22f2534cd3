"""Rules of connections: which server a workspace names, and whether the name moves with it."""

from __future__ import annotations

from amlrunbook.assessment import types
from amlrunbook.assessment.landscape import Landscape
from amlrunbook.assessment.parity import has_twin, lacking, strategy_of
from amlrunbook.assessment.reading import needed, read_properties, shown, text
from amlrunbook.assessment.rule import Rule, Ruling, failed, passed, unconcerned, warned
from amlrunbook.assessment.sql_database import groups_of
from amlrunbook.model.hosts import SQL_SERVERS, host_of, server_type
from amlrunbook.model.snapshot import Document

_HOSTS = (
    "properties.fullyQualifiedDomainName",
    "properties.documentEndpoint",
    "properties.workspaceUrl",
)
_LISTENERS = (".writer.postgres.", ".reader.postgres.")
_SHOW = "az ml connection show --name {name} --workspace-name {parent} --resource-group {group} --subscription {subscription}"


def _server_kind(connection: Document) -> str:
    read_properties(connection)
    return server_type(needed(connection, "properties.category"))


def _server(landscape: Landscape, kind: str, host: str) -> Document | None:
    """Return the document of the server that answers under ``host``."""
    for document in landscape.inventory.of_type(kind):
        names = (document.field(path) for path in _HOSTS)
        if host in {host_of(name) for name in names if isinstance(name, str)}:
            return document
        if document.name and host.split(".", 1)[0] == document.name.lower():
            return document
    return None


def _listener(landscape: Landscape, host: str) -> Document | None:
    """Return the failover group that answers under ``host``."""
    first = host.split(".", 1)[0]
    groups = landscape.inventory.of_type(types.SQL_GROUP)
    return next((group for group in groups if group.name.lower() == first), None)


def _in_both(landscape: Landscape, connection: Document) -> Ruling:
    return has_twin(landscape, connection, lacking(strategy_of(landscape, "experiments")))


def _known(landscape: Landscape, connection: Document) -> Ruling:
    kind = _server_kind(connection)
    if not kind:
        category = text(connection, "properties.category")
        return unconcerned(f"{shown(category) or 'its kind'} names no server in Azure")
    host = host_of(text(connection, "properties.target"))
    if not host:
        return warned("it names no target")
    group = _listener(landscape, host) if kind == SQL_SERVERS else None
    found = group or _server(landscape, kind, host)
    if found is None:
        return warned(f"{shown(host)} is none of the services that were read")
    return passed(f"{shown(host)} is {shown(found.name)}")


def _names_listener(landscape: Landscape, connection: Document) -> Ruling:
    kind = _server_kind(connection)
    if kind not in (SQL_SERVERS, types.POSTGRES.lower()):
        return unconcerned("only Azure SQL and PostgreSQL have listeners")
    host = host_of(needed(connection, "properties.target"))
    if any(mark in host for mark in _LISTENERS):
        return passed(f"{shown(host)} is a virtual endpoint")
    group = _listener(landscape, host)
    if group is not None and kind == SQL_SERVERS:
        return passed(f"{shown(host)} is the listener of a failover group")
    server = _server(landscape, kind, host)
    if server is None:
        return unconcerned(f"{shown(host) or 'its target'} is none of the servers that were read")
    has_one = bool(groups_of(landscape, server.id)) if kind == SQL_SERVERS else False
    observed = f"{shown(host)} is the server itself"
    return failed(f"{observed}, though it is in a failover group") if has_one else warned(observed)


RULES: tuple[Rule, ...] = (
    Rule(
        id="connection.in-both-regions",
        title="Connection in both workspaces",
        types=(types.CONNECTION,),
        expected="a connection of the same name in the secondary workspace",
        why="Jobs that name it fail in the secondary; its secret has to be written into a vault that may be read-only on the day.",
        fact="workspace.both-regions",
        remedy="Create the connection in the secondary beforehand.",
        command=_SHOW,
        judge=_in_both,
    ),
    Rule(
        id="connection.target-known",
        title="What a connection leads to was read",
        types=(types.CONNECTION,),
        expected="its target is one of the services in this snapshot",
        why="A service that nobody looked at is a service whose failover nobody knows.",
        fact="connection.free-text",
        remedy="Name the service in the profile under attached.",
        command=_SHOW,
        judge=_known,
    ),
    Rule(
        id="connection.names-listener",
        title="Connection names a listener",
        types=(types.CONNECTION,),
        expected="a failover group's listener or a virtual endpoint, not a server",
        why="A connection that names a server must be edited after a switch, with its secret, in every workspace.",
        fact="sql.listener",
        remedy="Point the connection at the listener.",
        command=_SHOW,
        judge=_names_listener,
    ),
)
"""The rules of connections."""
