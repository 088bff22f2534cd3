"""Azure Monitor's metrics as far as they tell how far a replica trails.

That SQL has one is documented, a preview; by which name the API has it is not, and is this
simulator's choice.

Sources: https://techcommunity.microsoft.com/t5/azure-sql-blog/replication-lag-metric-for-azure-sql-db-is-now-in-public-preview/ba-p/4444873 ,
https://learn.microsoft.com/rest/api/monitor/metrics/list ,
https://learn.microsoft.com/azure/postgresql/monitor/concepts-monitoring ,
https://learn.microsoft.com/azure/mysql/flexible-server/concepts-monitoring
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from amlrunbook.simulator import (
    attached_cosmos,
    attached_mysql,
    attached_postgres_promote,
    attached_sql_databases,
    attached_sql_links,
)
from amlrunbook.simulator.answers import Refusal, json_answer
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_lookup import named
from amlrunbook.simulator.clock import stamp
from amlrunbook.simulator.service_regions import dark_since
from amlrunbook.simulator.world import Document, World


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lag:
    """How a type of resource tells how far it trails."""

    name: str
    usual: float
    """Seconds, unless a fact says otherwise."""
    unit: str = "Seconds"
    a_second: float = 1.0
    """How many of the unit a second has."""


_LAGS: dict[str, _Lag] = {
    attached_postgres_promote.SERVERS: _Lag(
        name="physical_replication_delay_in_seconds", usual=attached_postgres_promote.LAG_SECONDS
    ),
    attached_mysql.SERVERS: _Lag(name="replication_lag", usual=attached_mysql.LAG_SECONDS),
    attached_sql_databases.DATABASES: _Lag(
        name="replication_lag_seconds", usual=attached_sql_links.LAG_SECONDS
    ),
    attached_cosmos.ACCOUNTS: _Lag(
        name="ReplicationLatency",
        usual=attached_cosmos.LAG_SECONDS,
        unit="MilliSeconds",
        a_second=1000.0,
    ),
}
"""By resource type."""
_INTERVALS = {"PT1M": 60.0, "PT5M": 300.0, "PT1H": 3600.0}
_POINTS = 5
"""How many of the last intervals are told."""


def _answer(call: Call) -> Response:
    """Answer the metrics of one resource."""
    document = named(call, call.path.scope)
    asked = [name for name in call.query.get("metricnames", "").split(",") if name]
    known = _values(call.world, document)
    names = asked or list(known)
    interval = call.query.get("interval", "PT1M")
    if interval not in _INTERVALS:
        raise Refusal(400, "BadRequest", f"The interval '{interval}' is not supported.")
    found = [_metric(call, document, name, _value(known, name), interval) for name in names]
    now = call.world.now()
    return json_answer(
        {
            "cost": 0,
            "timespan": f"{stamp(now - _POINTS * _INTERVALS[interval])}/{stamp(now)}",
            "interval": interval,
            "namespace": document["type"],
            "resourceregion": document.get("location", "global"),
            "value": found,
        }
    )


def _values(world: World, document: Document) -> dict[str, float]:
    """Return a resource's metrics: its fact ``metrics``, and its lag where it has one."""
    facts = world.facets.get(str(document["id"]).lower(), {})
    found: dict[str, float] = {}
    lag = _LAGS.get(str(document["type"]))
    if lag is not None:
        seconds = float(facts.get("lag_seconds", lag.usual)) + _stopped(world, document)
        found[lag.name] = seconds * lag.a_second
    return {**found, **facts.get("metrics", {})}


def _stopped(world: World, document: Document) -> float:
    """Return for how many seconds nothing has replicated, as the source of a replica is dark."""
    source = world.get(str(document["properties"].get("sourceServerResourceId", "")))
    if source is None:
        return 0.0
    since = dark_since(world, str(source["location"]), str(source["type"]))
    return 0.0 if since is None else world.now() - since


def _value(known: dict[str, float], name: str) -> float:
    for one, value in known.items():
        if one.lower() == name.lower():
            return value
    raise Refusal(
        400,
        "BadRequest",
        f"Failed to find metric configuration for metric: {name}. Valid metrics: {','.join(known)}",
    )


def _metric(call: Call, document: Document, name: str, value: float, interval: str) -> Document:
    key = call.query.get("aggregation", "Average").partition(",")[0].lower()
    now, step = call.world.now(), _INTERVALS[interval]
    lag = _LAGS.get(str(document["type"]))
    data = [{"timeStamp": stamp(now - back * step), key: value} for back in range(_POINTS, 0, -1)]
    return {
        "id": f"{document['id']}/providers/Microsoft.Insights/metrics/{name}",
        "type": "Microsoft.Insights/metrics",
        "name": {"value": name, "localizedValue": name},
        "unit": lag.unit if lag is not None and lag.name == name else "Count",
        "timeseries": [{"metadatavalues": [], "data": data}],
    }


SPECIALS = {("GET", "microsoft.insights/metrics"): _answer}
