"""All kinds of resources that the simulated Azure knows, and the requests that fit no kind."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

from starlette.responses import Response

from amlrunbook.simulator import (
    attached,
    authorization,
    container_registry,
    deployments,
    key_vault,
    locks,
    log_analytics,
    machine_learning,
    ml_assets,
    ml_computes,
    ml_deployments,
    ml_endpoints,
    ml_jobs,
    ml_quota,
    monitor,
    resource_graph,
    role_schedules,
    storage,
    storage_services,
    tags,
)
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Kind

_ALL: tuple[Kind, ...] = (
    *attached.KINDS,
    *authorization.KINDS,
    *container_registry.KINDS,
    *key_vault.KINDS,
    *locks.KINDS,
    *log_analytics.KINDS,
    *machine_learning.KINDS,
    *ml_assets.KINDS,
    *ml_computes.KINDS,
    *ml_deployments.KINDS,
    *ml_endpoints.KINDS,
    *ml_jobs.KINDS,
    *monitor.KINDS,
    *role_schedules.KINDS,
    *storage.KINDS,
    *storage_services.KINDS,
)

BY_TYPE: dict[str, Kind] = {kind.type.lower(): kind for kind in _ALL}
"""Kinds by lower-cased resource type."""

_DEPLOY = deployments.deployer(BY_TYPE)
_DEPLOYMENTS = deployments.kinds(_DEPLOY)
BY_TYPE |= {kind.type.lower(): kind for kind in _DEPLOYMENTS}

SPECIALS: dict[tuple[str, str], Callable[[Call], Response]] = {
    **attached.SPECIALS,
    **container_registry.SPECIALS,
    **deployments.specials(_DEPLOY),
    **key_vault.SPECIALS,
    **log_analytics.SPECIALS,
    **ml_deployments.SPECIALS,
    **ml_quota.SPECIALS,
    **monitor.SPECIALS,
    **storage.SPECIALS,
    **storage_services.SPECIALS,
    **tags.SPECIALS,
    ("POST", "microsoft.resourcegraph/resources"): resource_graph.answerer(BY_TYPE),
}
"""Requests by method and path shape: names replaced by stars, in lower case."""

WITHOUT_KINDS = ("Microsoft.ResourceGraph", "Microsoft.ResourceHealth")
"""Resource providers that have no resources of their own."""

NAMESPACES: dict[str, tuple[Kind, ...]] = {
    name: tuple(kinds)
    for name, kinds in groupby(
        sorted((*_ALL, *_DEPLOYMENTS), key=lambda kind: kind.type.lower()),
        key=lambda kind: kind.namespace.lower(),
    )
} | dict.fromkeys((name.lower() for name in WITHOUT_KINDS), ())
"""Kinds by lower-cased resource provider."""
