"""Assets of Azure Machine Learning workspaces: models, environments, data, components, code; schedules.

An asset is a container with versions; writing a version makes the container.
Source: https://learn.microsoft.com/rest/api/azureml/model-versions
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from amlrunbook.simulator import arm_verbs
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Kind, canonical_scope, system_data
from amlrunbook.simulator.arm_path import parse
from amlrunbook.simulator.ml_versions import VERSIONS, WORKSPACES
from amlrunbook.simulator.operations import Style
from amlrunbook.simulator.world import Document, World

ASSETS = ("models", "environments", "data", "components", "codes")
SCHEDULES = f"{WORKSPACES}/schedules"


def complete_container(_world: World, document: Document, before: Document | None) -> None:
    """Fill an asset container's document as Azure does."""
    properties = document["properties"]
    held: Document = (before or {}).get("properties", {})
    for key, value in (
        ("description", None),
        ("tags", {}),
        ("properties", {}),
        ("isArchived", False),
        ("latestVersion", held.get("latestVersion")),
        ("nextVersion", held.get("nextVersion", "1")),
        *_kept_state(document),
    ):
        properties.setdefault(key, value)
    if _is_data(document):
        properties.setdefault("dataType", held.get("dataType", "uri_file"))


def _is_data(document: Document) -> bool:
    return str(document["type"]).split("/")[2] == "data"


def _kept_state(document: Document) -> list[tuple[str, Any]]:
    """Return an asset's provisioning state, which data assets do not have."""
    return [] if _is_data(document) else [("provisioningState", "Succeeded")]


def complete_version(_world: World, document: Document, _before: Document | None) -> None:
    """Fill an asset version's document as Azure does."""
    properties = document["properties"]
    for key, value in (
        ("description", None),
        ("tags", {}),
        ("properties", {}),
        ("isArchived", False),
        ("isAnonymous", False),
        *_kept_state(document),
    ):
        properties.setdefault(key, value)
    family = str(document["type"]).split("/")[2]
    if family == "models":
        properties.setdefault("modelType", "custom_model")
        properties.setdefault("flavors", {})
    elif family == "environments":
        properties.setdefault("environmentType", "UserCreated")
        properties.setdefault("osType", "Linux")


def ensure_container(world: World, version_id: str, version_type: str) -> None:
    """Make the container of a version if it is missing."""
    container_id = "/".join(version_id.split("/")[:-2])
    workspace_id = "/".join(version_id.split("/")[:-4])
    if world.get(container_id) is not None or world.get(workspace_id) is None:
        return
    container: Document = {
        "id": f"{canonical_scope(world, workspace_id)}/{version_type.split('/')[2]}"
        f"/{container_id.rpartition('/')[2]}",
        "name": container_id.rpartition("/")[2],
        "type": version_type.rpartition("/")[0],
        "properties": {},
        "systemData": system_data(world, None),
    }
    complete_container(world, container, None)
    world.put(container_id, container)


def count_version(world: World, document: Document) -> None:
    """Tell the container of a new version which version is the latest."""
    resource_id = str(document["id"])
    ensure_container(world, resource_id, str(document["type"]))
    container = world.get("/".join(resource_id.split("/")[:-2]))
    if container is None:
        return
    version = str(document["name"])
    container["properties"]["latestVersion"] = version
    following = str(int(version) + 1) if version.isdigit() else None
    container["properties"]["nextVersion"] = following
    if _is_data(document) and "dataType" in document["properties"]:
        container["properties"]["dataType"] = document["properties"]["dataType"]
    world.touch()


def _put_version(call: Call) -> Response | None:
    path = parse(call.path.text)
    family = next((f for f in ASSETS if f.lower() == path.types[1].lower()), path.types[1])
    ensure_container(call.world, path.text, f"{WORKSPACES}/{family}/versions")
    return None


def fits_view(call: Call, document: Document) -> bool:
    """Does a list with the call's ``listViewType`` show an asset or a job?"""
    view = call.query.get("listviewtype", "ActiveOnly").lower()
    archived = bool(document["properties"].get("isArchived"))
    return view == "all" or archived is (view == "archivedonly")


def _list_versions(call: Call) -> Response | None:
    """List versions, newest first where the query orders so."""
    if "desc" not in (call.query.get("$orderby") or call.query.get("orderby") or "").lower():
        return None
    kind = next(k for k in KINDS if k.type.lower() == str(call.path.collection_type).lower())
    found = arm_verbs.members(call, kind)
    found.sort(key=lambda d: str(d.get("systemData", {}).get("createdAt", "")), reverse=True)
    return call.page(found)


def _fits_schedule(call: Call, document: Document) -> bool:
    view = call.query.get("listviewtype", "EnabledOnly").lower()
    enabled = bool(document["properties"].get("isEnabled", True))
    return view == "all" or enabled is (view == "enabledonly")


def complete_schedule(_world: World, document: Document, _before: Document | None) -> None:
    """Fill a schedule's document as Azure does."""
    document["properties"].setdefault("isEnabled", True)
    document["properties"].setdefault("provisioningState", "Succeeded")


KINDS = (
    *(
        Kind(
            type=f"{WORKSPACES}/{family}",
            api_versions=VERSIONS,
            complete=complete_container,
            fits=fits_view,
            patchable=False,
        )
        for family in ASSETS
    ),
    *(
        Kind(
            type=f"{WORKSPACES}/{family}/versions",
            api_versions=VERSIONS,
            complete=complete_version,
            fits=fits_view,
            on_put=_put_version,
            on_list=_list_versions,
            after_write=count_version,
            patchable=False,
        )
        for family in ASSETS
    ),
    Kind(
        type=SCHEDULES,
        api_versions=VERSIONS,
        complete=complete_schedule,
        fits=_fits_schedule,
        create_style=Style.ASYNC,
        update_style=Style.ASYNC,
        delete_style=Style.LOCATION,
        patchable=False,
    ),
)
