"""Checks a JSON value against a Swagger 2.0 schema, the way Azure's documents mean it.

JSON Schema libraries know neither Azure's dialect (discriminators by ``x-ms-discriminator-value``,
``x-nullable``, enums that are open by ``x-ms-enum.modelAsString``, write-only properties by
``x-ms-mutability``) nor "a property that no part of the ``allOf`` chain knows", which is the very
mistake a simulator makes; so this is a walker of our own, proved on Microsoft's own examples.
https://github.com/Azure/autorest/blob/main/docs/extensions/readme.md
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

_DURATION = re.compile(r"-?P(?!$)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?!$)(\d+H)?(\d+M)?([\d.]+S)?)?")
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)?")
_JSON_TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


@dataclass(frozen=True, slots=True)
class Violation:
    """One place where a body does not keep to its schema."""

    where: str
    """A path into the body, such as ``$.properties.sku``."""
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of a document, with the file it stands in: ``$ref`` is relative to that."""

    file: Path
    json: dict[str, Any]
    name: str = ""
    """The definition's name, where the piece is a definition."""


class Library:
    """Microsoft's documents, read once and walked by reference."""

    def __init__(self) -> None:
        self._files: dict[Path, dict[str, Any]] = {}
        self._derived: dict[Path, dict[tuple[Path, str], list[Node]]] = {}

    def document(self, file: Path) -> dict[str, Any]:
        """Return a parsed file."""
        if file not in self._files:
            self._files[file] = json.loads(file.read_text(encoding="utf-8-sig"))
        return self._files[file]

    def follow(self, node: Node) -> Node:
        """Follow ``$ref`` until a piece that has none; raises ``LookupError`` on a dangling one."""
        while "$ref" in node.json:
            node = self.target(node.file, node.json["$ref"])
        return node

    def target(self, file: Path, ref: str) -> Node:
        """Return what a reference in ``file`` points at."""
        name, _, pointer = ref.partition("#")
        file = (file.parent / name).resolve() if name else file
        piece: Any = self.document(file)
        parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/") if part]
        for part in parts:
            if part not in piece:
                raise LookupError(f"{ref} of {file.name} points nowhere")
            piece = piece[part]
        return Node(file, piece, parts[-1] if parts else "")

    def derived(self, base: Node) -> Iterator[Node]:
        """Yield the definitions of the base's file that stand, at any depth, below ``base``."""
        for child in self._children(base.file).get((base.file, base.name), []):
            yield child
            yield from self.derived(child)

    def _children(self, file: Path) -> dict[tuple[Path, str], list[Node]]:
        if file not in self._derived:
            children: dict[tuple[Path, str], list[Node]] = {}
            for name, json_ in self.document(file).get("definitions", {}).items():
                for parent in json_.get("allOf", []):
                    if "$ref" in parent:
                        target = self.target(file, parent["$ref"])
                        children.setdefault((target.file, target.name), []).append(
                            Node(file, json_, name)
                        )
            self._derived[file] = children
        return self._derived[file]


@dataclass(slots=True)
class _Shape:
    """An object schema with its ``allOf`` chain laid flat."""

    properties: dict[str, Node] = field(default_factory=dict)
    required: set[str] = field(default_factory=set)
    extra: Node | bool | None = None
    """``additionalProperties``: a schema, a yes or no, or nothing said."""
    discriminators: dict[str, Node] = field(default_factory=dict)
    """The base that each discriminating property belongs to."""


class Walker:
    """Holds a value against a schema and names every violation."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def check(self, node: Node, value: Any, where: str = "$") -> list[Violation]:
        """Return every violation of ``value`` against ``node``; an empty list is a pass."""
        return list(self._check(node, value, where))

    def _check(self, node: Node, value: Any, where: str) -> Iterator[Violation]:
        if value is None:
            if not self._may_be_null(node):
                yield Violation(where, "null, and the document does not allow it")
            return
        node = self._library.follow(node)
        kind = _kind(node.json)
        if kind and not _JSON_TYPES[kind](value):
            yield Violation(where, f"{type(value).__name__} where {kind} is documented")
            return
        yield from self._check_enum(node.json, value, where)
        match kind:
            case "object":
                yield from self._check_object(node, value, where)
            case "array":
                for index, item in enumerate(value):
                    yield from self._check(
                        Node(node.file, node.json.get("items", {})), item, f"{where}[{index}]"
                    )
            case "string":
                yield from _check_string(node.json, value, where)
            case "integer" | "number":
                yield from _check_number(node.json, value, where)

    def _may_be_null(self, node: Node) -> bool:
        target = self._library.follow(node).json
        return bool(node.json.get("x-nullable") or target.get("x-nullable") or not _kind(target))

    def _check_enum(self, schema: dict[str, Any], value: Any, where: str) -> Iterator[Violation]:
        is_open = schema.get("x-ms-enum", {}).get("modelAsString", False)
        if "enum" in schema and not is_open and value not in schema["enum"]:
            yield Violation(where, f"{value!r} is none of {schema['enum']}")

    def _check_object(self, node: Node, value: dict[str, Any], where: str) -> Iterator[Violation]:
        shape = self._shape(node)
        for key, base in list(shape.discriminators.items()):
            found, violation = self._subtype(base, key, value, where)
            if violation:
                yield violation
            if found:
                _merge(shape, self._shape(found))
        for name in sorted(shape.required - value.keys()):
            # Secrets are required of a request, and never in an answer.
            if not _is_readable(shape.properties.get(name)):
                continue
            yield Violation(where, f"required property {name!r} is missing")
        for name, item in value.items():
            # Azure writes null for an optional property that has no value, declared or not.
            if item is not None or name not in shape.properties or name in shape.required:
                yield from self._check_property(shape, name, item, f"{where}.{name}")

    def _check_property(
        self, shape: _Shape, name: str, item: Any, where: str
    ) -> Iterator[Violation]:
        if name in shape.properties:
            if not _is_readable(shape.properties[name]):
                yield Violation(where, "a write-only property in an answer")
            yield from self._check(shape.properties[name], item, where)
        elif isinstance(shape.extra, Node):
            yield from self._check(shape.extra, item, where)
        elif shape.extra is False or (shape.extra is None and shape.properties):
            yield Violation(where, "no document knows this property")

    def _shape(self, node: Node) -> _Shape:
        node = self._library.follow(node)
        shape = _Shape()
        for parent in node.json.get("allOf", []):
            _merge(shape, self._shape(Node(node.file, parent)))
        own = _Shape(
            properties={
                name: Node(node.file, schema)
                for name, schema in node.json.get("properties", {}).items()
            },
            required=set(node.json.get("required", [])),
        )
        extra = node.json.get("additionalProperties")
        own.extra = Node(node.file, extra) if isinstance(extra, dict) else extra
        if "discriminator" in node.json:
            own.discriminators[node.json["discriminator"]] = node
        _merge(shape, own)
        return shape

    def _subtype(
        self, base: Node, key: str, value: dict[str, Any], where: str
    ) -> tuple[Node | None, Violation | None]:
        said = value.get(key)
        if said is None:
            return None, None  # whether it is required is another check's business
        known = {_discriminator_value(node): node for node in self._library.derived(base)}
        if said in known:
            return known[said], None
        if said == _discriminator_value(base):
            return None, None
        return None, Violation(f"{where}.{key}", f"{said!r} is no kind of {base.name}")


def _is_readable(node: Node | None) -> bool:
    return node is None or "read" in node.json.get("x-ms-mutability", ["read"])


def _merge(shape: _Shape, other: _Shape) -> None:
    shape.properties.update(other.properties)
    shape.required |= other.required
    shape.discriminators |= other.discriminators
    if other.extra is not None:
        shape.extra = other.extra


def _discriminator_value(node: Node) -> str:
    return str(node.json.get("x-ms-discriminator-value", node.name))


_OBJECT_KEYS = frozenset({"properties", "allOf", "additionalProperties"})


def _kind(schema: dict[str, Any]) -> str:
    """Return the documented JSON type; an empty text for any: Azure's bare "object" means that."""
    has_shape = bool(_OBJECT_KEYS & schema.keys())
    kind = str(schema.get("type", "object"))
    return "" if kind == "object" and not has_shape else kind


def _check_string(schema: dict[str, Any], value: str, where: str) -> Iterator[Violation]:
    format_ = schema.get("format", "")
    if format_ in _FORMATS and not _FORMATS[format_](value):
        yield Violation(where, f"{value!r} is no {format_}")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield Violation(where, f"{value!r} does not match {schema['pattern']}")
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        yield Violation(where, f"{len(value)} characters are too few or too many")


def _check_number(schema: dict[str, Any], value: float, where: str) -> Iterator[Violation]:
    bits = {"int32": 31, "int64": 63}.get(schema.get("format", ""), 63)
    low, high = schema.get("minimum", -(2**bits)), schema.get("maximum", 2**bits - 1)
    if not low <= value <= high:
        yield Violation(where, f"{value} is not between {low} and {high}")


def _is_date_time(text: str) -> bool:
    if not _DATE_TIME.fullmatch(text):
        return False
    try:
        # Azure writes seven digits of a second; Python's parser takes six.
        datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text).upper())
    except ValueError:
        return False
    return True


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


def _is_base64url(text: str) -> bool:
    try:
        base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return False
    return bool(re.fullmatch(r"[\w-]*", text))


def _is_uri(text: str) -> bool:
    return bool(urlsplit(text).scheme)


_FORMATS: dict[str, Callable[[str], bool]] = {
    "date-time": _is_date_time,
    "uuid": _is_uuid,
    "duration": lambda text: bool(_DURATION.fullmatch(text)),
    "uri": _is_uri,
    "url": _is_uri,
    "arm-id": lambda text: text.startswith("/"),
    "base64url": _is_base64url,
}
