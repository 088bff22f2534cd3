"""Bodies that Azure documents or answered, and the little that stands around them in a test."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

_PROJECT_ROOT = Path(__file__).resolve().parents[3]
_SHARED = Path(os.environ.get("AMLRUNBOOK_SHARED", _PROJECT_ROOT / ".." / "shared"))
SPECS = _SHARED / "data" / "azure-rest-api-specs"
RECORDINGS = _SHARED / "data" / "azure-recordings"

needs_shared = pytest.mark.skipif(
    not SPECS.is_dir() or not RECORDINGS.is_dir(),
    reason="Microsoft's documents and recordings (../shared/data) are not at hand",
)

_EXAMPLES = {
    "storage": "storage/resource-manager/Microsoft.Storage/stable/2023-05-01/examples",
    "vault": "keyvault/resource-manager/Microsoft.KeyVault/stable/2023-07-01/examples",
    "registry": "containerregistry/resource-manager/Microsoft.ContainerRegistry/stable/2023-07-01/examples",
    "insights": "applicationinsights/resource-manager/Microsoft.Insights/stable/2020-02-02/examples",
    "logs": "operationalinsights/resource-manager/Microsoft.OperationalInsights/stable/2023-09-01/examples",
    "ml": "machinelearningservices/resource-manager/Microsoft.MachineLearningServices/stable/2024-04-01/examples",
    "roles": "authorization/resource-manager/Microsoft.Authorization/stable/2022-04-01/examples",
    "traffic": "trafficmanager/resource-manager/Microsoft.Network/stable/2022-04-01/examples",
    "locks": "resources/resource-manager/Microsoft.Authorization/stable/2020-05-01/examples",
}

SUBSCRIPTION = "/subscriptions/00000000-1111-2222-3333-444444444444"
ML = f"{SUBSCRIPTION}/resourceGroups/workspace-1234/providers/Microsoft.MachineLearningServices"
PRIMARY = f"{ML}/workspaces/testworkspace"
SECONDARY = f"{ML}/workspaces/other"


@cache
def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def example(name: str) -> dict[str, Any]:
    """Return the body of one of Microsoft's examples, such as ``storage/BlobServicesGet``."""
    service, _, rest = name.partition("/")
    body = _read(SPECS / _EXAMPLES[service] / f"{rest}.json")["responses"]["200"]["body"]
    return copy.deepcopy(body["value"][0] if "value" in body else body)


def recorded(name: str, kind: str, which: int = 0) -> dict[str, Any]:
    """Return the ``which``-th document of a type in a recording whose name ends with ``name``."""
    (path,) = RECORDINGS.rglob(f"*{name}.json")
    found = [
        item
        for exchange in _read(path)["exchanges"]
        for item in _items(exchange["body"])
        if str(item.get("type", "")).lower() == kind.lower()
    ]
    return copy.deepcopy(found[which])


def _items(body: Any) -> list[Mapping[str, Any]]:
    if not isinstance(body, dict):
        return []
    values = body.get("value")
    return (
        [item for item in values if isinstance(item, dict)] if isinstance(values, list) else [body]
    )


ABSENT = object()
"""Takes a field away."""


def changed(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return a copy of ``body`` in which one field has another value."""
    result = copy.deepcopy(body)
    *parents, last = path.split(".")
    place = result
    for part in parents:
        if place.get(part) is None:
            place[part] = {}
        place = place[part]
    if value is ABSENT:
        del place[last]
    else:
        place[last] = value
    return result


def workspace(
    resource_id: str = SECONDARY, location: str = "westus", **properties: Any
) -> dict[str, Any]:
    """Return a workspace that stands beside the body under test."""
    return {
        "id": resource_id,
        "type": "Microsoft.MachineLearningServices/workspaces",
        "location": location,
        "properties": {"provisioningState": "Succeeded", **properties},
    }


def resource(
    resource_id: str, kind: str, location: str = "westus", **properties: Any
) -> dict[str, Any]:
    """Return any resource that stands beside the body under test."""
    return {"id": resource_id, "type": kind, "location": location, "properties": properties}


def placed(body: dict[str, Any], parent: str, collection: str, kind: str) -> dict[str, Any]:
    """Return a body whose ids Microsoft left as ``string``, put under ``parent``."""
    name = body["name"]
    return {**body, "id": f"{parent}/{collection}/{name}", "type": kind}
