"""What a job refers to: workspaces' own things by id, data by address; and the same in another workspace.

Sources: https://learn.microsoft.com/azure/machine-learning/how-to-read-write-data-v2 (addresses of data) and
https://learn.microsoft.com/azure/machine-learning/concept-data (default datastores).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from amlrunbook.model.resource_id import ResourceId

DEFAULT_DATASTORES = frozenset(
    {
        "workspaceblobstore",
        "workspacefilestore",
        "workspaceartifactstore",
        "workspaceworkingdirectory",
    }
)
"""Datastores in the workspace's default storage account, which is never failed over."""
_IN_WORKSPACE = re.compile(r"azureml://datastores/(?P<store>[^/]+)(?P<rest>/.*)?\Z", re.IGNORECASE)
_LONG = re.compile(
    r"azureml://subscriptions/[^/]+/resourcegroups/[^/]+/"
    r"(?:providers/Microsoft\.MachineLearningServices/)?workspaces/(?P<workspace>[^/]+)/"
    r"datastores/(?P<store>[^/]+)(?P<rest>/.*)?\Z",
    re.IGNORECASE,
)
_SHORT_ASSET = re.compile(r"azureml:(?P<name>[A-Za-z0-9][A-Za-z0-9_.-]*):(?P<version>[^:/@]+)\Z")
_ASSETS = frozenset({"environments", "data", "models", "components", "codes"})
_STORAGE_HOST = re.compile(r"(?P<account>[a-z0-9]{3,24})\.(?:blob|dfs|file)\.")


@dataclass(frozen=True, slots=True)
class Reference:
    """One thing of a workspace that a job needs."""

    kind: str
    """``computes``, ``datastores``, ``environments``, ``data``, ``models``, ``components`` or ``codes``."""
    name: str
    version: str = ""
    """Empty for computes and datastores."""

    @property
    def path(self) -> str:
        """The reference's path below a workspace's id."""
        version = f"/versions/{self.version}" if self.version else ""
        return f"/{self.kind}/{self.name}{version}"

    def __str__(self) -> str:
        words = {"codes": "code snapshot", "data": "data asset"}
        version = f":{self.version}" if self.version else ""
        return f"{words.get(self.kind, self.kind.removesuffix('s'))} {self.name}{version}"


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A job's specification for another workspace."""

    value: Any
    references: tuple[Reference, ...]
    """What the other workspace must have."""
    accounts: tuple[str, ...]
    """Storage accounts that are named by their address, lower case."""
    strange: tuple[str, ...]
    """Ids of the old workspace that are not understood."""


class Rewriting:
    """Rewrites a specification from one workspace to another, and remembers what it refers to."""

    def __init__(self, old: ResourceId, new: ResourceId) -> None:
        self._old = old
        self._new = new
        self._references: dict[Reference, None] = {}
        self._accounts: dict[str, None] = {}
        self._strange: dict[str, None] = {}

    def of(self, value: Any) -> Rewritten:
        """Return ``value`` rewritten."""
        rewritten = self._walk(value)
        return Rewritten(
            rewritten, tuple(self._references), tuple(self._accounts), tuple(self._strange)
        )

    def _walk(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._walk(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._walk(item) for item in value]
        return self._text(value) if isinstance(value, str) else value

    def _text(self, text: str) -> str:
        for prefix in ("azureml:", ""):
            start = f"{prefix}{self._old.text}/"
            if text.lower().startswith(start.lower()):
                return self._id(text, text[len(start) :], prefix)
        found = _LONG.match(text)
        if found and found["workspace"].lower() == self._old.name.lower():
            self._note("datastores", found["store"])
            # the short form means the workspace that runs the job, whichever that is
            return f"azureml://datastores/{found['store']}{found['rest'] or ''}"
        found = _IN_WORKSPACE.match(text)
        if found:
            self._note("datastores", found["store"])
        elif "://" in text:
            self._address(text)
        return text

    def _id(self, text: str, rest: str, prefix: str) -> str:
        parts = rest.split("/")
        kind = parts[0].lower()
        known = {"computes": 2, "datastores": 2}.get(kind) or (4 if kind in _ASSETS else 0)
        if len(parts) != known:
            self._strange.setdefault(text)
            return text
        self._note(kind, parts[1], parts[3] if known > 2 else "")  # noqa: PLR2004 - name, then version
        return f"{prefix}{self._new.text}/{rest}"

    def _address(self, text: str) -> None:
        try:
            host = (urlsplit(text).hostname or "").lower()
        except ValueError:
            return
        found = _STORAGE_HOST.match(host)
        if found:
            self._accounts.setdefault(found["account"])

    def _note(self, kind: str, name: str, version: str = "") -> None:
        self._references.setdefault(Reference(kind, name, version))


def strings(value: Any) -> Iterator[str]:
    """Yield every text in a JSON value."""
    if isinstance(value, dict):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, str):
        yield value


def resolved_short(value: Any, workspace: ResourceId) -> Any:
    """Return inputs with short names of data assets (``azureml:name:version``) as ids of ``workspace``."""
    if isinstance(value, dict):
        return {
            key: _asset_id(item, workspace)
            if key == "uri" and isinstance(item, str)
            else resolved_short(item, workspace)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [resolved_short(item, workspace) for item in value]
    return value


def _asset_id(text: str, workspace: ResourceId) -> str:
    found = _SHORT_ASSET.match(text)
    if found is None:
        return text
    return f"azureml:{workspace.text}/data/{found['name']}/versions/{found['version']}"
