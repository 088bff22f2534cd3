"""A field that decides and is not there makes a check ``unknown``: it passes only where Azure documents a default."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from amlrunbook.assessment import CATALOGUE
from amlrunbook.assessment.landscape import Landscape
from amlrunbook.model.snapshot import Inventory
from tests.unit.assessment.bodies import changed, needs_shared
from tests.unit.assessment.more_rows import MORE_ROWS
from tests.unit.assessment.own_rows import OWN_ROWS
from tests.unit.assessment.rows import Row
from tests.unit.assessment.test_one_field import ROWS

MAY_BE_ABSENT = {
    # A workspace gets them later or never, and says so by leaving them out.
    "workspace.dependencies-exist": {"containerRegistry", "applicationInsights"},
    "workspace.dependencies-in-region": {"applicationInsights"},
    "workspace.customer-managed-key": {"encryption"},
    "workspace.network-parity": {"privateEndpointConnections"},
    # How long is asked by a check of its own.
    "storage.blob-soft-delete": {"days"},
    "storage.container-soft-delete": {"days"},
    "storage.share-soft-delete": {"days"},
    # Defaults of Microsoft's OpenAPI documents.
    "registry.replica-ready": {"regionEndpointEnabled"},
    "registry.export-allowed": {"policies", "exportPolicy", "status"},
    "insights.workspace-based": {"IngestionMode"},
    "network.reachable": {"publicNetworkAccess"},
    "trafficmanager.endpoints": {"endpointStatus", "name"},
    "trafficmanager.healthy": {"endpointStatus"},
    "trafficmanager.enabled": {"profileStatus"},
    "aci.priority": {"priority"},
    "apim.regions": {"disableGateway"},
    "frontdoor.origins": {"enabledState"},
    # What is judged does not hang on them.
    "logs.replication": {"location"},
    "compute.in-both-regions": {"properties"},
    "compute.attached-there": {"isAttachedCompute"},
    "datastore.data-apart": {"datastoreType"},
    "endpoint.three-instances": {"endpointComputeType"},
    "endpoint.lasting-size": {"endpointComputeType"},
    "endpoint.cluster-bound": {"compute"},
    "quota.inference-in-secondary": {"endpointComputeType", "id", "name", "value"},
    "quota.training-in-secondary": {"id", "name", "value"},
    "schedule.runs-once": {"properties"},
    "synapse.repository": {"repositoryName"},
    "hdinsight.storage-redundancy": {"name", "resourceId"},
    "mlregistry.storage-redundancy": {"location"},
    "dns.one-endpoint-a-name": {"privateDnsZoneConfigs"},
    # Another document says it too.
    "identity.roles-in-both": {"properties"},
    "identity.who-can-grant": {"properties"},
    "identity.secondary-prepared": {"properties"},
    "connection.target-known": {"properties", "fullyQualifiedDomainName"},
    "network.connections-approved": {"privateEndpoint", "id"},
}
"""Fields without which a check passes all the same, and why that is right."""


class Watched(dict[str, Any]):
    """An object inside a document, which notes what is read of it."""

    def __init__(self, value: dict[str, Any]) -> None:
        super().__init__(value)
        self.read: set[str] = set()

    def __getitem__(self, key: str) -> Any:
        self.read.add(key)
        return super().__getitem__(key)


def watched(value: Any) -> Any:
    """Return a copy whose every object notes what is read of it."""
    if isinstance(value, dict):
        return Watched({key: watched(inner) for key, inner in value.items()})
    return [watched(each) for each in value] if isinstance(value, list) else value


def objects(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Watched]]:
    """Yield every object in a value, and where it is."""
    if isinstance(value, Watched):
        yield at, value
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(pairs):
        if isinstance(inner, (dict, list)):
            yield from objects(inner, (*at, key))


def without(documents: list[dict[str, Any]], at: tuple[Any, ...], key: str) -> list[dict[str, Any]]:
    """Return the documents less one field."""
    found = copy.deepcopy(documents)
    place: Any = found
    for step in at:
        place = place[step]
    del place[key]
    return found


RULES = {rule.id: rule for rule in CATALOGUE}


def verdict(row: Row, documents: list[dict[str, Any]]) -> str:
    """Return what a row's check says of the resource that the row is about; empty where it is not there any more."""
    landscape = Landscape(Inventory(tuple(documents)), row.profile, taken_at=row.taken_at)
    landscape.prepare()
    for _, value in objects(documents):
        value.read.clear()
    judged = (row.judged or row.body()["id"]).lower()
    rule = RULES[row.check]
    concerned = [d for kind in rule.types for d in landscape.inventory.of_type(kind)]
    concerned += landscape.orphans(rule.child) if rule.child else ()
    found = [d for d in concerned if landscape.label(d).lower() == judged]
    return rule.ruling(landscape, found[0]).verdict if found else ""


@needs_shared
@pytest.mark.parametrize("row", [*ROWS, *MORE_ROWS, *OWN_ROWS], ids=lambda row: row.check)
def test_no_check_passes_without_a_field_that_it_reads(row: Row) -> None:
    """Each field that a check looked at when it passed is taken away in its turn, whatever document it stands in."""
    for body in (row.body(), changed(row.body(), row.path, row.value)):
        documents = watched(row.around(body))
        if verdict(row, documents) != "pass":
            continue
        looked_at = [(at, key) for at, value in objects(documents) for key in sorted(value.read)]
        kept = {key for at, key in looked_at if verdict(row, without(documents, at, key)) == "pass"}
        assert kept <= MAY_BE_ABSENT.get(row.check, set())
        return
    assert "pass" not in (row.before, row.after)


def test_every_exception_is_of_a_check_that_exists() -> None:
    assert set(MAY_BE_ABSENT) <= set(RULES)
