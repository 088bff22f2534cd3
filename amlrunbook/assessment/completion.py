"""Documents as they come are completed, so that rules find every one in its place.

Exports differ: some give ``resourceId`` or no ``type``, some nest children in their parent's ``resources``, some have
no id at all. Here each gets an id and a type; one without an id gets a place of its own, made of type and name.
The ``az`` CLI prints many documents without ``properties``, what is in them one level up, and those of ``az ml`` with
underscores in their keys: such a document gets its ``properties`` back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from amlrunbook.model.snapshot import Document

_DEEPEST = 4
"""How deep children are looked for in their parents: ARM types have no more segments under one provider."""
_ENVELOPE = frozenset(
    {
        "id", "resourceid", "name", "type", "resourcetype", "location", "tags", "sku", "kind", "plan", "identity",
        "zones", "etag", "systemdata", "managedby", "managedbyextended", "extendedlocation", "resourcegroup",
        "resources", "properties", "unread", "asof", "metadata", "createdtime", "changedtime", "provisioningstate",
        "availabilityzonemappings", "displayname", "regionaldisplayname",
    }
)  # fmt: skip
"""Keys in lower case that stand beside ``properties`` in ARM's own documents, an item of a generic list among them."""
NOWHERE = "/providers/"
"""What the made-up id of a document without an id begins with; a real one begins with its subscription."""


def completed(documents: Iterable[Document]) -> Iterator[dict[str, Any]]:
    """Yield every document and every child nested in one, with ``id`` and ``type``."""
    for document in documents:
        yield from _unnested(_placed(document.raw), depth=0)


def _unnested(raw: dict[str, Any], depth: int) -> Iterator[dict[str, Any]]:
    """Yield a document, then the children in its ``resources``."""
    yield raw
    parent = Document(raw)
    children = parent.field("resources")
    if depth >= _DEEPEST or not isinstance(children, list):
        return
    for child in children:
        if isinstance(child, Mapping):
            yield from _unnested(_under(parent, child), depth + 1)


def _placed(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with an id and a type, as far as it says them anywhere."""
    document = Document(raw)
    place = document.id or _string(document, "resourceId")
    told = document.type if "/" in document.type else ""
    kind = told or _string(document, "resourceType") or type_of(place) or document.type
    if not place and kind:
        place = made_up_id(kind, _string(document, "name"))
    return {**_without(raw, "id", "type"), **_lifted(document), "id": place, "type": kind}


def _lifted(document: Document) -> dict[str, Any]:
    """Return the ``properties`` of a document that the ``az`` CLI flattened; nothing for any other one."""
    if document.unread is not None or document.field("properties") is not None:
        return {}
    inner = {key: value for key, value in document.raw.items() if key.lower() not in _ENVELOPE}
    return {"properties": _camel(inner)} if inner else {}


def _camel(value: Any) -> Any:
    """Return a value in which every key is written as ARM writes it: ``storage_account`` as ``storageAccount``."""
    if not isinstance(value, Mapping):
        return value
    return {
        re.sub(r"(?<=[A-Za-z0-9])_([a-z0-9])", lambda found: found.group(1).upper(), key): _camel(
            inner
        )
        for key, inner in value.items()
    }


def _under(parent: Document, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return a nested child with the id and the type that its parent gives it."""
    document = Document(raw)
    if document.id:
        return _placed(raw)
    collection = document.type.rsplit("/", 1)[-1]
    place = f"{parent.id}/{collection}/{document.name}"
    return {
        **_without(raw, "id", "type"),
        "id": place,
        "type": f"{parent.type}/{collection}",
    }


def type_of(resource_id: str) -> str:
    """Return the type that an id (or the id of a collection) says; empty where it says none."""
    _, found, tail = resource_id.lower().rpartition("/providers/")
    segments = [part for part in tail.split("/") if part]
    return "/".join((segments[0], *segments[1::2])) if found and len(segments) > 1 else ""


def made_up_id(resource_type: str, name: str) -> str:
    """Return the id that stands for a document which has none."""
    provider, *types = resource_type.split("/")
    names = name.split("/")
    pairs = [
        f"{kind}/{names[index] if index < len(names) else ''}" for index, kind in enumerate(types)
    ]
    return NOWHERE + "/".join((provider, *pairs))


def _string(document: Document, path: str) -> str:
    value = document.field(path)
    return value if isinstance(value, str) else ""


def _without(raw: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in raw.items() if key.lower() not in keys}
