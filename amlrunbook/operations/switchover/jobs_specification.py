"""A job of the primary as a job of the secondary: its body, and why it cannot be sent where it cannot.

Running jobs do not move; they are submitted anew, from their specification.
Source: https://learn.microsoft.com/azure/machine-learning/how-to-high-availability-machine-learning
"""

from __future__ import annotations

import copy
import hashlib
import re
from dataclasses import dataclass
from typing import Any, Protocol

from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.errors import AmlRunbookError, NotFoundError, UsageError
from amlrunbook.model.display import shown
from amlrunbook.model.redaction import MASK, masked_document
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.model.snapshot import Document, Inventory
from amlrunbook.operations.switchover.jobs_references import (
    DEFAULT_DATASTORES,
    Reference,
    Rewriting,
    resolved_short,
    strings,
)
from amlrunbook.operations.switchover.pairing import Pair, text_at

JOB_SOURCE = (
    "https://learn.microsoft.com/azure/machine-learning/how-to-high-availability-machine-learning"
)
UNFINISHED = frozenset(
    {
        "notstarted",
        "starting",
        "provisioning",
        "preparing",
        "queued",
        "running",
        "finalizing",
        "cancelrequested",
        "notresponding",
        "paused",
        "unknown",
    }
)
"""States of a job that has not ended, in lower case. Source: the ``JobStatus`` of Azure's REST API."""
LONGEST_NAME = 255
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}\Z")
_ATTEMPT = re.compile(r"[1-9][0-9]?\Z")
_TOLD = ("status", "services", "parameters", "isArchived")
"""Parts of a job that Azure tells; whether it is archived is no matter of a new one."""
_OF_THE_SERVICE = (
    "azureml.",
    "_azureml.",
    "mlflow.",
    "_aml_",
    "contentsnapshotid",
    "processinfofile",
)
"""How the names of properties begin that the service sets by itself."""
_KINDS = frozenset({"command", "sweep", "pipeline", "automl", "spark"})
ORIGIN_TAG = "resubmitted-from"


@dataclass(frozen=True, slots=True)
class Specification:
    """A job to be submitted in the secondary."""

    name: str
    body: dict[str, Any]
    notes: tuple[str, ...]
    """What differs from the old job, besides its workspace."""
    obstacles: tuple[str, ...]
    """Why it cannot be submitted; empty where it can."""


class Shelf(Protocol):
    """What the secondary workspace has, by whatever means that is known."""

    def find(self, reference: Reference) -> Document | AmlRunbookError:
        """Return what a reference means there, or why it could not be read."""


class Shelves:
    """What the secondary workspace has: each thing is asked for once."""

    def __init__(self, gateway: AzureGateway, workspace: ResourceId) -> None:
        self._gateway = gateway
        self._workspace = workspace
        self._seen: dict[Reference, Document | AmlRunbookError] = {}

    def find(self, reference: Reference) -> Document | AmlRunbookError:
        """Return what a reference means there, or why it could not be read."""
        if reference not in self._seen:
            try:
                found = self._gateway.get(self._workspace.text + reference.path)
            except AmlRunbookError as error:
                self._seen[reference] = error
            else:
                self._seen[reference] = Document(found)
        return self._seen[reference]


def is_unfinished(job: Document) -> bool:
    """Return whether a job has not ended, as far as its document says."""
    return (text_at(job, "properties.status") or "Unknown").lower() in UNFINISHED


def new_name(job: ResourceId, attempt: str = "") -> str:
    """Return the name of the job that takes a job's place: always the same one, so that none is sent twice.

    Args:
        job: the old job.
        attempt: ``2`` and so on for a further try, after the one before came to nothing.

    Raises:
        UsageError: ``attempt`` is no number.
    """
    if attempt and not _ATTEMPT.match(attempt):
        raise UsageError(
            f"{attempt!r} is no number of an attempt.", next_step="Give 2, 3 and so on."
        )
    further = f"-{attempt}" if attempt not in {"", "1"} else ""
    tail = f"-r{hashlib.sha256(job.key.encode()).hexdigest()[:6]}{further}"
    return job.name[: LONGEST_NAME - len(tail)] + tail


def specification(
    job: Document, pair: Pair, known: Inventory, shelves: Shelf, params: dict[str, str]
) -> Specification:
    """Return ``job`` for the secondary workspace, with all that stands in its way.

    Args:
        job: the old job's document.
        pair: from where to where.
        known: what is last known of both.
        shelves: what the secondary has.
        params: ``compute`` (a name), ``code_id`` (an id in the secondary) and ``attempt``.

    Raises:
        UsageError: a param is not usable.
    """
    old = ResourceId.parse(job.id)
    name = new_name(old, params.get("attempt", ""))
    properties = _bare(job)
    notes: list[str] = []
    if params.get("code_id"):
        properties["codeId"] = params["code_id"]
        notes.append("the code is the one that the step names")
    if params.get("compute"):
        properties["computeId"] = f"{pair.primary.text}/computes/{params['compute']}"
        notes.append(f"the compute is {shown(params['compute'])}, as the step says")
    dropped: list[str] = []
    properties = _without_default_outputs(properties, dropped)
    notes.extend(
        f"output {shown(one)} goes to the secondary's default datastore" for one in dropped
    )
    rewritten = Rewriting(pair.primary, pair.secondary).of(resolved_short(properties, pair.primary))
    body: dict[str, Any] = {"properties": rewritten.value}
    rewritten.value["tags"] = {**(rewritten.value.get("tags") or {}), ORIGIN_TAG: old.name}
    obstacles = [
        *_form(job, body, name),
        *(f"it refers to {shown(text)} of the primary" for text in rewritten.strange),
        *_missing(rewritten.references, pair, known, shelves),
        *_dark_accounts(rewritten.accounts, pair, known),
    ]
    return Specification(name, body, tuple(notes), tuple(obstacles))


def unfit_as_known(job: Document, made: Specification) -> bool:
    """Return whether a job cannot be submitted as it is known: a summary of it, or one with a secret in it."""
    return bool(_form(job, made.body, made.name))


def _bare(job: Document) -> dict[str, Any]:
    """Return a job's properties without what the service says or sets by itself."""
    found = job.field("properties")
    properties: dict[str, Any] = copy.deepcopy(dict(found)) if isinstance(found, dict) else {}
    for name in _TOLD:
        properties.pop(name, None)
    own = properties.get("properties")
    if isinstance(own, dict):
        properties["properties"] = {
            key: value for key, value in own.items() if not key.lower().startswith(_OF_THE_SERVICE)
        }
    return {name: value for name, value in properties.items() if value is not None}


def _without_default_outputs(value: Any, dropped: list[str]) -> Any:
    """Leave out where outputs went in the primary's default datastores: the service chooses the place anew."""
    if isinstance(value, list):
        return [_without_default_outputs(item, dropped) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: _without_default_outputs(item, dropped) for key, item in value.items()}
    outputs = kept.get("outputs")
    if isinstance(outputs, dict):
        kept["outputs"] = {name: _placed(name, item, dropped) for name, item in outputs.items()}
    return kept


def _placed(name: str, output: Any, dropped: list[str]) -> Any:
    uri = output.get("uri") if isinstance(output, dict) else None
    if not isinstance(uri, str):
        return output
    if not any(f"datastores/{one}/" in uri.lower() for one in DEFAULT_DATASTORES):
        return output
    dropped.append(name)
    return {key: item for key, item in output.items() if key != "uri"}


def _form(job: Document, body: dict[str, Any], name: str) -> list[str]:
    """Return what is wrong with the specification itself."""
    found: list[str] = []
    kind = text_at(job, "properties.jobType")
    if kind.lower() not in _KINDS:
        found.append(
            f"a job of type {shown(kind) or 'that is not told'} cannot be submitted this way"
        )
    if kind.lower() == "command" and not text_at(job, "properties.command"):
        found.append("its command is not known: only a summary of it is")
    if kind.lower() == "pipeline" and not job.field("properties.jobs"):
        found.append("its steps are not known: only a summary of it is")
    if masked_document(body) != body or any(MASK in text for text in strings(body)):
        found.append(
            "its specification holds what looks like a secret, which is neither kept nor shown"
        )
    if not _NAME.match(name):
        found.append(f"no job may be named {shown(name)}")
    return found


def _missing(
    references: tuple[Reference, ...],
    pair: Pair,
    known: Inventory,
    shelves: Shelf,
) -> list[str]:
    """Return what the secondary lacks."""
    found: list[str] = []
    for reference in references:
        if reference.kind == "datastores" and reference.name.lower() in DEFAULT_DATASTORES:
            found.append(
                f"its input lies in {reference.name}, in the primary's default storage account, which is not failed over"
            )
            continue
        there = shelves.find(reference)
        if isinstance(there, NotFoundError):
            found.append(_lacking(reference, pair))
        elif isinstance(there, AmlRunbookError):
            found.append(
                f"{_plain(reference)} could not be read in {pair.secondary.name}: {there.what}"
            )
        elif reference.kind == "datastores":
            found.extend(_elsewhere(reference, there, pair, known))
    return found


def _lacking(reference: Reference, pair: Pair) -> str:
    if reference.kind == "codes":
        return (
            f"its {_plain(reference)} is not in {pair.secondary.name}: the bytes lie in the primary's default storage "
            "account; submit it from the source repository"
        )
    return f"{pair.secondary.name} has no {_plain(reference)}"


def _elsewhere(reference: Reference, there: Document, pair: Pair, known: Inventory) -> list[str]:
    """Return whether the datastore of the same name leads to other data than the primary's."""
    old = known.by_id(f"{pair.primary.text}/datastores/{reference.name}")
    if old is None or old.unread is not None:
        return []
    place = [
        (text_at(one, "properties.accountName"), text_at(one, "properties.containerName"))
        for one in (old, there)
    ]
    if place[0] == place[1]:
        return []
    leads = [shown("/".join(one)) for one in place]
    return [f"the datastore {shown(reference.name)} leads to {leads[1]} there, to {leads[0]} here"]


def _dark_accounts(accounts: tuple[str, ...], pair: Pair, known: Inventory) -> list[str]:
    workspace = known.by_id(pair.primary.text)
    default = text_at(workspace, "properties.storageAccount") if workspace is not None else ""
    name = default.rsplit("/", 1)[-1].lower()
    return [
        f"it names the primary's default storage account {name} by its address"
        for account in accounts
        if name and account == name
    ]


def _plain(reference: Reference) -> str:
    return shown(str(reference))
