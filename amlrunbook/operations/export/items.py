"""What can be saved: one item a file, with where it comes from and what tells its version apart."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from amlrunbook.errors import AmlRunbookError

_SAFE = "-_.=+@,() "
_LONGEST = 180
"""Bytes of one name in a path; file systems take 255."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that can be saved."""

    path: str
    """Where it goes, relative to the export, with slashes; made by :func:`safe_path`."""
    origin: str
    """The ARM id, or account, container and name."""
    mark: str
    """Its version at the origin."""
    read: Callable[[], Iterable[bytes]]
    """Fetches it, piece by piece; raises AzureError where it cannot be."""
    size: int | None = None
    """Bytes, where the list tells."""


@dataclass(frozen=True, slots=True)
class Gap:
    """What could not be listed, or is not saved, and why."""

    what: str
    why: str


Found = Item | Gap
Source = Callable[[], Iterator[Found]]
"""Lists items; never raises for what Azure does: that is a gap."""


def of_content(path: str, origin: str, content: bytes) -> Item:
    """Return the item of a content that is known already."""
    mark = hashlib.sha256(content).hexdigest()
    return Item(path, origin, mark, lambda: (content,), len(content))


def safe_path(*parts: str) -> str:
    """Return a relative path of names that every file system takes, one folder a part.

    What is unsafe in a name is percent-encoded, and a long one is cut and marked by its digest. So no name that comes
    from outside leaves the folder.
    """
    return "/".join(_safe_name(part) for part in parts)


def _safe_name(name: str) -> str:
    encoded = quote(name, safe=_SAFE, errors="replace")
    if encoded.strip(". ") != encoded or not encoded:
        encoded = "".join(f"%{ord(c):02X}" if c in ". " else c for c in encoded) or "%00"
    if len(encoded) > _LONGEST:
        mark = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:12]
        encoded = f"{encoded[: _LONGEST - 13].rstrip('%0123456789ABCDEF')}~{mark}"
    return encoded


def listed(what: str, items: Callable[[], Iterable[Found]]) -> Iterator[Found]:
    """Yield what a list gives; where it breaks off, say so."""
    try:
        yield from items()
    except AmlRunbookError as error:
        yield Gap(what, error.what)
