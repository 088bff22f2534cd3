"""Filling documents in as resource providers do: defaults, and what nobody else may write."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from amlrunbook.simulator.world import Document


def fill(document: Document, before: Document | None, defaults: Mapping[str, Any]) -> Document:
    """Give ``properties`` what they lack: what was there before, else the default; return them.

    Tables are filled in table by table.
    """
    properties: Document = document["properties"]
    _fill(properties, (before or {}).get("properties", {}), defaults)
    return properties


def _fill(into: Document, held: Document, defaults: Mapping[str, Any]) -> None:
    for key, value in defaults.items():
        if into.get(key) is None:
            into[key] = deepcopy(held.get(key, value))
        elif isinstance(value, Mapping) and isinstance(into[key], dict):
            inner = held.get(key)
            _fill(into[key], inner if isinstance(inner, dict) else {}, value)


def keep_read_only(document: Document, before: Document | None, *keys: str) -> None:
    """Put back what a request may not change: as it was, or not at all.

    What a scenario begins with has no ``systemData`` yet, and may say everything.
    """
    if before is not None:
        put_back(document, before, *keys)


def put_back(document: Document, before: Document | None, *keys: str) -> None:
    """Put back what not even a creation may say: as it was, or not at all."""
    held: Document = (before or {}).get("properties", {})
    for key in keys:
        document["properties"].pop(key, None)
        if key in held:
            document["properties"][key] = deepcopy(held[key])


def forget(document: Document, *keys: str) -> Document:
    """Take out of ``properties`` what is only ever sent, and return it: modes, passwords."""
    properties: Document = document["properties"]
    return {key: properties.pop(key) for key in keys if key in properties}
