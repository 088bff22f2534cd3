"""What a check that does not hold costs on the day, and for which class of component: a table over the catalogue.

The profile's strategy of a class weighs its findings: what a hot/hot class lacks is felt at once, what a hot/cold one
lacks is made by hand anyway.
"""

from __future__ import annotations

from enum import StrEnum

from amlrunbook.model.finding import Verdict
from amlrunbook.model.profile import Strategies, Strategy


class Effect(StrEnum):
    """What becomes of it."""

    LOST = "lost"
    """Gone, with the region or with a deletion."""
    SLOW = "slow"
    """Done, and later than it had to be."""
    IMPOSSIBLE = "impossible"
    """Cannot be done on the day."""


class Component(StrEnum):
    """Whose finding it is: a class of component, or everybody's."""

    INFERENCE = "inference"
    DATA = "data"
    EXPERIMENTS = "experiments"
    WORKSPACE = "workspace"
    """The pair as a whole: the strictest strategy weighs it."""


class Severity(StrEnum):
    """How much a finding weighs."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


_W, _I, _D, _X = Component.WORKSPACE, Component.INFERENCE, Component.DATA, Component.EXPERIMENTS
_LOST, _SLOW, _NEVER = Effect.LOST, Effect.SLOW, Effect.IMPOSSIBLE

_BY_GROUP: dict[str, tuple[Component, Effect]] = {
    "workspace": (_W, _NEVER),
    "storage": (_D, _LOST),
    "datalake": (_D, _NEVER),
    "keyvault": (_W, _LOST),
    "registry": (_I, _LOST),
    "insights": (_W, _LOST),
    "logs": (_W, _LOST),
    "compute": (_X, _SLOW),
    "endpoint": (_I, _NEVER),
    "datastore": (_D, _NEVER),
    "schedule": (_X, _SLOW),
    "assets": (_I, _NEVER),
    "mlregistry": (_I, _NEVER),
    "identity": (_W, _SLOW),
    "quota": (_I, _NEVER),
    "connection": (_X, _SLOW),
    "network": (_W, _NEVER),
    "dns": (_W, _NEVER),
    "group": (_W, _NEVER),
    "aks": (_I, _SLOW),
    "kubernetes": (_I, _NEVER),
    "arc": (_I, _SLOW),
    "aci": (_I, _SLOW),
    "databricks": (_X, _SLOW),
    "hdinsight": (_X, _SLOW),
    "synapse": (_X, _SLOW),
    "sql": (_D, _LOST),
    "postgres": (_D, _LOST),
    "mysql": (_D, _LOST),
    "cosmos": (_D, _SLOW),
    "apim": (_I, _NEVER),
    "trafficmanager": (_I, _SLOW),
    "frontdoor": (_I, _SLOW),
}
"""By the first part of a check's id."""
_BY_CHECK: dict[str, tuple[Component, Effect]] = {
    "workspace.lock": (_W, _LOST),
    "workspace.identity-type": (_W, _LOST),
    "workspace.customer-managed-key": (_W, _LOST),
    "workspace.image-build-compute": (_I, _NEVER),
    "workspace.secondary-region-open": (_W, _SLOW),
    "storage.read-access": (_D, _SLOW),
    "storage.geo-failover-possible": (_D, _NEVER),
    "storage.planned-failover-possible": (_D, _NEVER),
    "storage.failover-within-rto": (_D, _SLOW),
    "storage.endpoints-available": (_D, _SLOW),
    "storage.attached-to-both": (_D, _NEVER),
    "keyvault.usable-after-switch": (_W, _NEVER),
    "registry.replica-in-secondary": (_I, _SLOW),
    "registry.replica-ready": (_I, _SLOW),
    "registry.zone-redundancy": (_I, _SLOW),
    "registry.home-region": (_I, _NEVER),
    "registry.export-allowed": (_I, _NEVER),
    "compute.instance-local-disk": (_X, _LOST),
    "compute.retired-kind": (_X, _NEVER),
    "compute.attached-there": (_X, _NEVER),
    "compute.attached-apart": (_X, _NEVER),
    "endpoint.three-instances": (_I, _SLOW),
    "endpoint.capacity-parity": (_I, _SLOW),
    "endpoint.no-keys": (_I, _SLOW),
    "datastore.data-apart": (_D, _LOST),
    "datastore.identity": (_D, _NEVER),
    "assets.data-in-both": (_D, _NEVER),
    "assets.components-in-both": (_X, _NEVER),
    "quota.training-in-secondary": (_X, _NEVER),
    "aks.partner": (_I, _NEVER),
    "aks.lock": (_I, _LOST),
    "arc.partner": (_I, _NEVER),
    "aci.partner": (_I, _NEVER),
    "databricks.file-system-redundancy": (_X, _LOST),
    "databricks.unity-catalog": (_X, _LOST),
    "hdinsight.storage-redundancy": (_X, _LOST),
    "synapse.repository": (_X, _LOST),
    "synapse.storage-redundancy": (_X, _LOST),
    "sql.zone-redundant": (_D, _SLOW),
    "sql.group-policy": (_D, _SLOW),
    "postgres.high-availability": (_D, _SLOW),
    "mysql.high-availability": (_D, _SLOW),
    "cosmos.regions": (_D, _NEVER),
    "cosmos.backup": (_D, _LOST),
    "cosmos.lock": (_D, _LOST),
    "postgres.virtual-endpoint": (_D, _SLOW),
    "postgres.replica-size": (_D, _SLOW),
    "apim.zones": (_I, _SLOW),
}
"""Checks that cost something else than their group."""


def consequence(check: str) -> tuple[Component, Effect]:
    """Return whose finding a check's is, and what it costs."""
    return _BY_CHECK.get(check) or _BY_GROUP.get(check.split(".", 1)[0], (_W, _SLOW))


def strategy_for(component: Component, strategies: Strategies) -> Strategy:
    """Return the strategy that weighs a component's findings."""
    by_class = {
        Component.INFERENCE: strategies.inference,
        Component.DATA: strategies.data,
        Component.EXPERIMENTS: strategies.experiments,
    }
    order = list(Strategy)
    return by_class.get(component) or min(by_class.values(), key=order.index)


_WEIGHTS: dict[Verdict, dict[Strategy, Severity]] = {
    Verdict.FAIL: {
        Strategy.HOT_HOT: Severity.HIGH,
        Strategy.HOT_WARM: Severity.HIGH,
        Strategy.HOT_COLD: Severity.MEDIUM,
    },
    Verdict.UNKNOWN: {
        Strategy.HOT_HOT: Severity.HIGH,
        Strategy.HOT_WARM: Severity.MEDIUM,
        Strategy.HOT_COLD: Severity.LOW,
    },
    Verdict.WARN: {
        Strategy.HOT_HOT: Severity.MEDIUM,
        Strategy.HOT_WARM: Severity.LOW,
        Strategy.HOT_COLD: Severity.LOW,
    },
}


def severity(check: str, verdict: Verdict, strategies: Strategies) -> Severity | None:
    """Return how much a finding weighs; ``None`` where nothing is to be mended."""
    component, _ = consequence(check)
    weights = _WEIGHTS.get(verdict)
    return None if weights is None else weights[strategy_for(component, strategies)]
