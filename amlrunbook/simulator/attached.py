"""All that a workspace attaches, and what moves the traffic: their kinds and other requests."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from amlrunbook.simulator import (
    api_management,
    attached_computes,
    attached_cosmos,
    attached_kubernetes,
    attached_mysql,
    attached_postgres,
    attached_sql,
    attached_sql_databases,
    attached_sql_groups,
    attached_sql_links,
    attached_sql_retention,
    front_door,
    metrics,
    private_dns,
    private_network,
    traffic_manager,
)
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Kind

KINDS: tuple[Kind, ...] = (
    *api_management.KINDS,
    *attached_computes.KINDS,
    *attached_cosmos.KINDS,
    *attached_kubernetes.KINDS,
    *attached_mysql.KINDS,
    *attached_postgres.KINDS,
    *attached_sql.KINDS,
    *attached_sql_databases.KINDS,
    *attached_sql_groups.KINDS,
    *attached_sql_links.KINDS,
    *front_door.KINDS,
    *private_dns.KINDS,
    *private_network.KINDS,
    *traffic_manager.KINDS,
)

SPECIALS: dict[tuple[str, str], Callable[[Call], Response]] = {
    **api_management.SPECIALS,
    **attached_computes.SPECIALS,
    **attached_cosmos.SPECIALS,
    **attached_mysql.SPECIALS,
    **attached_postgres.SPECIALS,
    **attached_sql.SPECIALS,
    **attached_sql_databases.SPECIALS,
    **attached_sql_links.SPECIALS,
    **attached_sql_retention.SPECIALS,
    **metrics.SPECIALS,
    **private_dns.SPECIALS,
}
