"""Data beside the project: Microsoft's OpenAPI documents and recorded answers of real Azure.

They are no part of the project. A test that needs them carries :data:`needs_shared` and skips,
saying so, where they are not at hand.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

_PROJECT_ROOT = Path(__file__).resolve().parents[1]


def shared() -> Path:
    """Return the folder: ``AMLRUNBOOK_SHARED``, else ``../shared`` beside the project's root."""
    named = os.environ.get("AMLRUNBOOK_SHARED")
    return Path(named) if named else (_PROJECT_ROOT / ".." / "shared").resolve()


def openapi_root() -> Path:
    """Return the folder that holds Microsoft's documents, laid out as in their repository."""
    return shared() / "data" / "azure-rest-api-specs"


def recordings_root() -> Path:
    """Return the folder of recorded conversations."""
    return shared() / "data" / "azure-recordings"


needs_shared = pytest.mark.skipif(
    not openapi_root().is_dir() or not recordings_root().is_dir(),
    reason="Microsoft's documents and recordings (../shared/data) are not at hand",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One recorded request and its answer."""

    n: int
    """Place in the recording, from 0."""
    method: str
    url: str
    api_version: str | None
    """``0000-00-00`` where the recording masks it."""
    request_body: Any
    status: int
    headers: dict[str, str]
    """Names in lower case."""
    body: Any
    """Parsed JSON, text where it is no JSON, or ``None``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One recorded conversation."""

    name: str
    """File name below the recordings' folder, without ``.json``."""
    source: str
    exchanges: tuple[Exchange, ...]


@cache
def recordings() -> tuple[Recording, ...]:
    """Read every recorded conversation, ordered by name; raises on one of another form."""
    root = recordings_root()
    return tuple(
        _recording(path.relative_to(root).with_suffix("").as_posix(), path)
        for path in sorted(root.rglob("*.json"))
    )


def recording(name: str) -> Recording:
    """Return the one recording whose name ends with ``name``; raises ``LookupError`` otherwise."""
    found = [item for item in recordings() if item.name.endswith(name)]
    if len(found) != 1:
        raise LookupError(f"{len(found)} recordings end with {name!r}")
    return found[0]


def _recording(name: str, path: Path) -> Recording:
    document = json.loads(path.read_text(encoding="utf-8"))
    exchanges = tuple(Exchange(**exchange) for exchange in document["exchanges"])
    return Recording(name=name, source=document["source"], exchanges=exchanges)
