"""Jobs: submitted, queued, running, canceled; a job's specification never changes.

A new job is ``Queued``, and ``Running`` when the world's pace has passed once; it goes on running.
Sources: https://learn.microsoft.com/rest/api/azureml/jobs ,
https://learn.microsoft.com/azure/machine-learning/reference-yaml-job-command . That only
description, tags, display name, properties and the archive flag of a job can change is what Azure's
refusal says to those who try; its code is assumed.
"""

from __future__ import annotations

from starlette.responses import Response

from amlrunbook.simulator import operations
from amlrunbook.simulator.answers import Refusal
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Kind
from amlrunbook.simulator.effects import Advance, Merge
from amlrunbook.simulator.filling import put_back
from amlrunbook.simulator.ml_assets import fits_view
from amlrunbook.simulator.ml_versions import VERSIONS, WORKSPACES
from amlrunbook.simulator.operations import Style
from amlrunbook.simulator.world import Document, World

JOBS = f"{WORKSPACES}/jobs"
_RUNNING = ("NotStarted", "Starting", "Provisioning", "Preparing", "Queued", "Running")
_CHANGEABLE = ("description", "tags", "displayName", "properties", "isArchived")
_READ_ONLY = ("status", "services")
_SUBMITTED = "Queued"


def complete(_world: World, document: Document, _before: Document | None) -> None:
    """Fill a job's document as Azure does."""
    properties = document["properties"]
    for key, value in (
        ("jobType", "Command"),
        ("status", _SUBMITTED),
        ("displayName", document["name"]),
        ("experimentName", "Default"),
        ("isArchived", False),
        ("tags", {}),
        ("properties", {}),
        ("services", {}),
    ):
        properties.setdefault(key, value)


def _check(call: Call, document: Document, before: Document | None) -> None:
    properties = document["properties"]
    held: Document = (before or {}).get("properties", {})
    put_back(document, before, *_READ_ONLY)
    if before is not None:
        _check_change(document, held)
        return
    for key in ("computeId", "environmentId", "codeId"):
        reference = str(properties.get(key) or "")
        if reference.startswith("/") and call.world.get(reference) is None:
            raise Refusal(400, "UserError", f"The {key} '{reference}' of the job was not found.")


def _check_change(document: Document, held: Document) -> None:
    """Refuse a job of a name that is taken by another one."""
    for key, value in document["properties"].items():
        if key not in _CHANGEABLE and value != held.get(key, value if value is None else None):
            raise Refusal(
                400,
                "UserError",
                "A job with this name already exists. If you are trying to submit a new job, use a "
                "different name. If you are trying to update an existing job, the existing job's "
                f"{key} cannot be changed. Only description, tags, displayName, properties, and "
                "isArchived can be updated.",
            )
    for key, value in held.items():
        document["properties"].setdefault(key, value)


def _submitted(call: Call, document: Document) -> None:
    """Let a new job run after a while, unless it was canceled by then."""
    move = Advance(id=str(document["id"]), field="status", before=_SUBMITTED, after="Running")
    call.world.bring_later(call.world.pace.seconds, move)


def _cancel(call: Call, document: Document) -> Response:
    if document["properties"]["status"] not in _RUNNING:
        return Response(status_code=200)
    resource_id = str(document["id"])
    asked: Document = {"properties": {"status": "CancelRequested"}}
    operations.apply(call.world, Merge(id=resource_id, values=asked))
    operation = operations.begin(
        call.azure,
        target=resource_id,
        action=f"{JOBS}/cancel/action",
        effects=[Merge(id=resource_id, values={"properties": {"status": "Canceled"}})],
        answers_target=False,
        state=call.state,
    )
    return Response(
        status_code=202, headers=operations.headers(call.azure, operation, Style.LOCATION)
    )


def _fits(call: Call, document: Document) -> bool:
    """Does a list with the call's query show a job?"""
    properties = document["properties"]
    kind, tag = call.query.get("jobtype"), call.query.get("tag")
    return (
        fits_view(call, document)
        and (not kind or str(properties.get("jobType", "")).lower() == kind.lower())
        and (not tag or tag.partition("=")[0] in (properties.get("tags") or {}))
    )


KINDS = (
    Kind(
        type=JOBS,
        api_versions=VERSIONS,
        check=_check,
        complete=complete,
        fits=_fits,
        on_create=_submitted,
        delete_style=Style.LOCATION,
        patchable=False,
        actions={"cancel": _cancel},
    ),
)
