"""Where the bytes of assets and jobs lie: from an address of Azure Machine Learning to storage.

Sources: https://learn.microsoft.com/azure/machine-learning/how-to-access-data-interactive
(addresses of datastores), https://learn.microsoft.com/azure/machine-learning/how-to-manage-models
(``azureml://jobs/...``). That a job's artifacts lie below ``ExperimentRun/dcid.{job}`` in the
container ``azureml``, and named outputs below ``azureml/{job}/{output}`` in the default blob
container, is seen in real workspaces and promised nowhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from amlrunbook.simulator.blobs import Blob
from amlrunbook.simulator.world import Document, World

_OWN = re.compile(r"^azureml://datastores/(?P<store>[^/]+)/paths/(?P<path>.*)$", re.IGNORECASE)
_LONG = re.compile(
    r"^azureml://subscriptions/(?P<subscription>[^/]+)/resourcegroups/(?P<group>[^/]+)"
    r"/workspaces/(?P<workspace>[^/]+)/datastores/(?P<store>[^/]+)/paths/(?P<path>.*)$",
    re.IGNORECASE,
)
_JOB = re.compile(
    r"^azureml://jobs/(?P<job>[^/]+)/outputs/(?P<output>[^/]+)(/paths/(?P<path>.*))?$",
    re.IGNORECASE,
)
_BLOB = re.compile(
    r"^https://(?P<account>[^./]+)\.(blob|dfs)\.[^/]+/(?P<container>[^/]+)/(?P<path>.*)$"
)
_HADOOP = re.compile(
    r"^(wasbs|abfss)://(?P<container>[^@/]+)@(?P<account>[^./]+)\.[^/]+/(?P<path>.*)$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BytesPlace:
    """A place in a storage account: a blob or a folder of blobs, or the same in a file share."""

    account: str
    container: str
    """A blob container, or a file share."""
    path: str
    is_share: bool = False


def place_of(world: World, workspace_id: str, address: str) -> BytesPlace | None:
    """Return where an address points; ``None`` for one that says nothing about storage."""
    if own := _OWN.match(address):
        return _in_store(world, workspace_id, own["store"], own["path"])
    if long := _LONG.match(address):
        where = (
            f"/subscriptions/{long['subscription']}/resourceGroups/{long['group']}"
            f"/providers/Microsoft.MachineLearningServices/workspaces/{long['workspace']}"
        )
        return _in_store(world, where, long["store"], long["path"])
    if job := _JOB.match(address):
        return _of_job(world, workspace_id, job["job"], job["output"], job["path"] or "")
    if plain := _BLOB.match(address) or _HADOOP.match(address):
        return BytesPlace(
            account=plain["account"], container=plain["container"], path=plain["path"]
        )
    return None


def _of_job(world: World, workspace: str, job: str, output: str, path: str) -> BytesPlace | None:
    if output.lower() == "artifacts":
        return _in_store(
            world, workspace, "workspaceartifactstore", f"ExperimentRun/dcid.{job}/{path}"
        )
    return _in_store(world, workspace, "workspaceblobstore", f"azureml/{job}/{output}/{path}")


def _in_store(world: World, workspace_id: str, store: str, path: str) -> BytesPlace | None:
    document = world.get(f"{workspace_id}/datastores/{store}")
    properties: Document = (document or {}).get("properties", {})
    container = properties.get("containerName") or properties.get("filesystem")
    share = properties.get("fileShareName")
    if not properties.get("accountName") or not (container or share):
        return None
    return BytesPlace(
        account=str(properties["accountName"]),
        container=str(container or share),
        path=path,
        is_share=share is not None,
    )


def are_there(world: World, place: BytesPlace) -> bool:
    """Is anything at a place now: the file itself, or a file in that folder?"""
    account = world.accounts.get(place.account.lower())
    if account is None:
        return False
    if place.is_share:
        share = account.shares.get(place.container)
        return share is not None and any(_is_at(name, place.path) for name in share.files)
    container = account.containers.get(place.container)
    return container is not None and any(
        _is_at(name, place.path) and any(_lives(state) for state in states)
        for name, states in container.blobs.items()
    )


def _lives(state: Blob) -> bool:
    return (
        state.current
        and state.snapshot is None
        and state.deleted_at is None
        and state.gone_at is None
    )


def _is_at(name: str, path: str) -> bool:
    folder = path.strip("/")
    return name == folder or not folder or name.startswith(f"{folder}/")
