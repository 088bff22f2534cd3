"""Names the operations that the simulator serves and no document of Microsoft's here describes.

``pytest -s tests/simulator/contract/test_undocumented.py`` prints them.
"""

from __future__ import annotations

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


@needs_shared
def test_operations_without_a_document_are_listed():
    missing = unserved_documents(served_requests())
    sys.stdout.write(f"\nserved, and without one of Microsoft's documents ({len(missing)}):\n")
    sys.stdout.writelines(f"  {line}\n" for line in missing)
    assert set(missing) == UNDOCUMENTED
