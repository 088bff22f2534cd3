"""Fields of ARM documents as the types that rules need.

What is absent is the caller's default; what has another type than Azure documents is not guessed at: it raises
:class:`~amlrunbook.errors.IncompleteError`, which makes the verdict ``unknown``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from amlrunbook.errors import IncompleteError
from amlrunbook.model.redaction import masked_text
from amlrunbook.model.snapshot import Document

_SHOWN = 60
_SKU = re.compile(
    r"(?:(?:standard|premium)(?:v2)?_?)?(lrs|zrs|grs|ragrs|gzrs|ragzrs)", re.IGNORECASE
)


class Redundancy(StrEnum):
    """How a storage account keeps its copies.

    Source: https://learn.microsoft.com/azure/storage/common/storage-disaster-recovery-guidance
    """

    LRS = "LRS"
    ZRS = "ZRS"
    GRS = "GRS"
    RAGRS = "RAGRS"
    GZRS = "GZRS"
    RAGZRS = "RAGZRS"

    @property
    def zonal(self) -> bool:
        """Whether it survives the loss of one zone without a failover."""
        return "ZRS" in self

    @property
    def geo(self) -> bool:
        """Whether a copy lies in another region."""
        return self not in (Redundancy.LRS, Redundancy.ZRS)

    @property
    def readable(self) -> bool:
        """Whether the other region's copy can be read without a failover."""
        return self.startswith("RA")


def shown(value: Any) -> str:
    """Return a value as a finding shows it: short, never more than a line, and without a secret."""
    text = masked_text(" ".join(str(value).split()))
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _wrong(document: Document, path: str, value: Any, wanted: str) -> IncompleteError:
    kind = type(value).__name__
    return IncompleteError(
        f"{path} of {document.name or 'the document'} is {kind} {shown(value)!r}, not {wanted}"
    )


def flag(document: Document, path: str, *, default: bool) -> bool:
    """Return a boolean; ``"true"`` and ``"False"`` are read too, as some exports write them."""
    value = document.field(path)
    if value is None:
        return default
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise _wrong(document, path, value, "true or false")


def text(document: Document, path: str, *, default: str = "") -> str:
    """Return a string."""
    value = document.field(path)
    if value is None:
        return default
    if isinstance(value, str):
        return value
    raise _wrong(document, path, value, "text")


def needed(document: Document, path: str) -> str:
    """Return a string that decides.

    Raises:
        IncompleteError: it is absent or empty, so that nothing can be concluded from it.
    """
    found = text(document, path)
    if not found:
        raise _silent(document, path)
    return found


def word(document: Document, path: str, *known: str, default: str = "") -> str:
    """Return one of the words that Azure documents for a field, in lower case.

    Args:
        document: where to look.
        path: dotted path of the field.
        known: the documented words, in lower case.
        default: what Azure documents that an absent field means; none by default.

    Raises:
        IncompleteError: it is absent and nothing says what that means, or it is a word that this program does not know.
    """
    found = text(document, path) or default
    if not found:
        raise _silent(document, path)
    if found.lower() not in known:
        raise IncompleteError(f"{path} is {shown(found)}, which this program does not know")
    return found.lower()


def identity_kinds(document: Document) -> frozenset[str]:
    """Return the kinds of identity that a resource has, in lower case; none where it has no identity.

    Raises:
        IncompleteError: it has one and does not say of which kind, or of one that this program does not know.
    """
    if not mapping(document, "identity"):
        return frozenset()
    kinds = needed(document, "identity.type").replace(" ", "").lower().split(",")
    if unknown := set(kinds) - {"systemassigned", "userassigned", "none"}:
        raise IncompleteError(f"identity.type is {shown(', '.join(sorted(unknown)))}")
    return frozenset(kinds) - {"none"}


def place_of(document: Document) -> str:
    """Return the short name of a document's region.

    Raises:
        IncompleteError: it names none.
    """
    if not document.location:
        raise IncompleteError(
            f"the document of {document.name or 'the resource'} holds no location"
        )
    return document.location


def _silent(document: Document, path: str) -> IncompleteError:
    return IncompleteError(f"{document.name or 'the document'} does not say {path}")


def number(document: Document, path: str, *, default: int | None = None) -> int | None:
    """Return a whole number."""
    value = document.field(path)
    if value is None:
        return default
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise _wrong(document, path, value, "a whole number")


def needed_number(document: Document, path: str) -> int:
    """Return a whole number that decides.

    Raises:
        IncompleteError: it is absent, so that nothing can be concluded from it.
    """
    found = number(document, path)
    if found is None:
        raise _silent(document, path)
    return found


def mapping(document: Document, path: str) -> Mapping[str, Any]:
    """Return an object; an empty one where there is none."""
    value = document.field(path)
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return value
    raise _wrong(document, path, value, "an object")


def items(document: Document, path: str) -> tuple[Any, ...]:
    """Return a list's items; none where there is no list."""
    value = document.field(path)
    if value is None:
        return ()
    if isinstance(value, (list, tuple)):
        return tuple(value)
    raise _wrong(document, path, value, "a list")


def parts(document: Document, path: str) -> tuple[Document, ...]:
    """Return a list's objects, each to be read like a document of its own; none where there is no list."""
    found = []
    for index, value in enumerate(items(document, path)):
        if not isinstance(value, Mapping):
            raise _wrong(document, f"{path}[{index}]", value, "an object")
        found.append(Document(value))
    return tuple(found)


def strings(document: Document, path: str) -> tuple[str, ...]:
    """Return a list's texts; none where there is no list."""
    found = []
    for index, value in enumerate(items(document, path)):
        if not isinstance(value, str):
            raise _wrong(document, f"{path}[{index}]", value, "text")
        found.append(value)
    return tuple(found)


def read_properties(document: Document) -> Mapping[str, Any]:
    """Return ``properties``: a document without them, such as an item of a generic list, was not read in full."""
    value = document.field("properties")
    if isinstance(value, Mapping):
        return value
    if value is None:
        raise IncompleteError(
            f"the document of {document.name or 'the resource'} holds no properties"
        )
    raise _wrong(document, "properties", value, "an object")


def redundancy(document: Document) -> Redundancy:
    """Return how a storage account keeps its copies, from ``sku.name``."""
    name = text(document, "sku.name")
    if not name:
        raise IncompleteError(f"the document of {document.name or 'the account'} holds no sku.name")
    found = _SKU.fullmatch(name)
    if found is None:
        raise IncompleteError(f"{shown(name)!r} is no redundancy that this program knows")
    return Redundancy(found.group(1).upper())
