"""The program itself reads all that is attached, and judges it, without one document unread."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from amlrunbook.assessment.catalogue import assess
from amlrunbook.azure.inventory import Taken, take_snapshot
from amlrunbook.report.findings import Verdict
from amlrunbook.simulator.attached import KINDS
from tests.simulator.azure_here import AzureHere, azure_running

WORLD = Path(__file__).resolve().parent / "attached_world.toml"
ATTACHED = (
    "rg-a/providers/Microsoft.ApiManagement/service/apim-a",
    "rg-a/providers/Microsoft.ContainerInstance/containerGroups/aci-a",
    "rg-a/providers/Microsoft.ContainerService/managedClusters/aks-a",
    "rg-a/providers/Microsoft.DBforMySQL/flexibleServers/my-a",
    "rg-a/providers/Microsoft.DBforPostgreSQL/flexibleServers/pg-a",
    "rg-a/providers/Microsoft.Databricks/workspaces/dbx-a",
    "rg-a/providers/Microsoft.DocumentDB/databaseAccounts/cosmos-a",
    "rg-a/providers/Microsoft.HDInsight/clusters/hdi-a",
    "rg-a/providers/Microsoft.Kubernetes/connectedClusters/arc-a",
    "rg-a/providers/Microsoft.Sql/servers/sql-a",
    "rg-a/providers/Microsoft.Synapse/workspaces/syn-a",
    "rg-b/providers/Microsoft.Cdn/profiles/fd",
    "rg-b/providers/Microsoft.Network/frontDoors/old-door",
    "rg-b/providers/Microsoft.Network/privateEndpoints/pe-sql-b",
    "rg-b/providers/Microsoft.Network/trafficManagerProfiles/tm",
)


@pytest.fixture(scope="module")
def here(tmp_path_factory) -> Iterator[AzureHere]:
    """A healthy pair that has everything attached."""
    folder = tmp_path_factory.mktemp("everything")
    packed = resources.files("amlrunbook.simulator") / "scenarios" / "healthy-pair.toml"
    pair = packed.read_text("utf-8")
    found = re.search(r'^subscription = "([^"]+)"', pair, re.MULTILINE)
    assert found is not None
    attached = WORLD.read_text("utf-8").partition("[[world.groups]]")
    rows = "".join(
        f'[[profile.attached]]\nid = "/subscriptions/{found[1]}/resourceGroups/{one}"\n'
        for one in ATTACHED
    )
    file = folder / "everything.toml"
    file.write_text(f"{pair}\n{attached[1]}{attached[2]}\n{rows}", "utf-8")
    with azure_running(folder, str(file)) as azure:
        yield azure


@pytest.fixture(scope="module")
def taken(here) -> Taken:
    return take_snapshot(here.gateway(), here.profile)


def test_nothing_is_unread(taken):
    assert [document.key for document in taken.unread] == []
    keys = {document.key for document in taken.snapshot.inventory.documents}
    missing = [one for one in ATTACHED if not any(key.endswith(one.lower()) for key in keys)]
    assert missing == []


def test_what_is_read_can_be_judged(here, taken):
    """Only an account that no profile names stays unknown: that of HDInsight and Synapse."""
    types = {kind.type.lower() for kind in KINDS}
    findings = assess(taken.snapshot.inventory, here.profile, taken_at=taken.snapshot.taken_at)
    mine = [
        finding
        for finding in findings
        if any(f"/{type_}/" in finding.resource.lower() for type_ in types)
    ]
    assert len(mine) > 60
    unknown = {finding.check for finding in mine if finding.verdict is Verdict.UNKNOWN}
    assert unknown == {"hdinsight.storage-redundancy", "synapse.storage-redundancy"}
