"""Names the operations that the simulator serves and no document of Microsoft's here describes.

``pytest -s tests/simulator/contract/test_undocumented.py`` prints them.
"""

from __future__ import annotations

import re
import sys

from tests.shared_data import needs_shared
from tests.simulator.contract.driver import served_requests
from tests.simulator.contract.openapi import unserved_documents

ACCOUNT = "/subscriptions/*/resourceGroups/*/providers/Microsoft.Storage/storageAccounts/*"
GROUP = "/subscriptions/*/resourceGroups/*"
UNDOCUMENTED = {
    # The document knows the one policy of an account, and no list of it.
    f"GET {ACCOUNT}/managementPolicies",
    # Failing log workspaces over came with api-version 2025-02-01, after the document.
    f"POST {GROUP}/providers/microsoft.operationalinsights/locations/*/workspaces/*/failover",
    f"POST {GROUP}/providers/Microsoft.OperationalInsights/workspaces/*/failback",
}
WITHOUT_DOCUMENTS = {
    # Providers of attached services and of traffic, of which no document is here at all.
    "Microsoft.ApiManagement",
    "Microsoft.Cdn",
    "Microsoft.ContainerInstance",
    "Microsoft.ContainerService",
    "Microsoft.Databricks",
    "Microsoft.DBforMySQL",
    "Microsoft.DBforPostgreSQL",
    "Microsoft.DocumentDB",
    "Microsoft.HDInsight",
    "Microsoft.Kubernetes",
    "Microsoft.KubernetesConfiguration",
    "Microsoft.Synapse",
}
PARTLY_DOCUMENTED = {
    # Of SQL there are failover groups, of networks Traffic Manager, of Insights no metrics.
    "Microsoft.Sql": r"/failoverGroups(/\*(/(failover|forceFailoverAllowDataLoss))?)?$",
    "Microsoft.Network": r"/trafficManagerProfiles(/\*(/\w+Endpoints/\*)?)?$",
    "Microsoft.Insights": r"/(components|eventtypes)(/|$)",
    # Of authorization all but the roles that are activated for a time.
    "Microsoft.Authorization": r"/(locks|permissions|roleAssignments|roleDefinitions)(/|$)",
}


@needs_shared
def test_operations_without_a_document_are_listed():
    missing = unserved_documents(served_requests())
    sys.stdout.write(f"\nserved, and without one of Microsoft's documents ({len(missing)}):\n")
    sys.stdout.writelines(f"  {line}\n" for line in missing)
    rest, seen = set(), set()
    for line in missing:
        provider = line.rpartition("/providers/")[2].partition("/")[0].lower()
        if provider in {name.lower() for name in WITHOUT_DOCUMENTS}:
            seen.add(provider)
        elif not is_beyond(provider, line):
            rest.add(line)
    assert rest == UNDOCUMENTED
    assert seen == {name.lower() for name in WITHOUT_DOCUMENTS}


def is_beyond(provider: str, line: str) -> bool:
    """Is an operation of a provider whose documents here are of other operations?"""
    for name, documented in PARTLY_DOCUMENTED.items():
        if name.lower() == provider:
            return re.search(documented, line, re.IGNORECASE) is None
    return False
