"""TOML text into a typed record, strictly: what does not fit is named with file, place and nearest key."""

from __future__ import annotations

import re
import tomllib
from typing import Any, TypeVar

import msgspec

from amlrunbook.errors import DocumentError
from amlrunbook.model.nearest import nearest_hint

T = TypeVar("T")

_UNKNOWN = re.compile(r"^Object contains unknown field `(?P<key>[^`]*)`(?: - at `(?P<at>[^`]*)`)?$")
_PLACED = re.compile(r"^(?P<what>.*?)(?: - at `(?P<at>[^`]*)`)?$", re.DOTALL)
_SEGMENT = re.compile(r"\.(?P<key>[^.\[]+)|\[(?P<index>\d+|\.\.\.)\]")


def decode_toml(text: str, record: type[T], *, where: str) -> T:
    """Return ``text`` as a ``record``.

    Args:
        text: the TOML document.
        record: a msgspec type whose structs forbid unknown fields.
        where: the file's name, for the error.

    Raises:
        DocumentError: it is no TOML, or does not fit; the text names file, place and the nearest valid key, and
            the line of an unknown key that is there once.
    """
    try:
        data = tomllib.loads(text)
    except RecursionError as error:
        raise DocumentError(f"{where}: its tables lie too deep in one another.") from error
    except (
        ValueError
    ) as error:  # TOMLDecodeError, and what Python says of a number of thousands of digits
        raise DocumentError(f"{where}: this is not TOML: {error}.") from error
    return _converted(data, record, where, text)


def convert_document(data: Any, record: type[T], *, where: str) -> T:
    """Return already parsed ``data`` as a ``record``; see :func:`decode_toml`."""
    return _converted(data, record, where, "")


def _converted(data: Any, record: type[T], where: str, text: str) -> T:
    try:
        return msgspec.convert(data, record, strict=True)
    except msgspec.ValidationError as error:
        raise DocumentError(_explained(str(error), data, record, where, text)) from error


def _explained(message: str, data: Any, record: type[Any], where: str, text: str) -> str:
    unknown = _UNKNOWN.match(message)
    if unknown is None:
        placed = _PLACED.match(message)
        what, at = (placed["what"], placed["at"]) if placed else (message, None)
        return f"{where}: {_place(at, data)}{what}{_values_at(record, at)}."
    key = unknown["key"]
    known = _keys_at(record, unknown["at"] or "$")
    hint = nearest_hint(key, known, cutoff=0.5)
    return f"{where}{_line(key, text)}: {_place(unknown['at'], data)}unknown key {key!r}; {hint}"


def _line(key: str, text: str) -> str:
    """Return ``, line 15`` where a key, or a table's name, is in one line of ``text`` only."""
    mention = re.compile(rf"\s*(\[+.*)?{re.escape(key)}\s*(=|\])")
    lines = [number for number, line in enumerate(text.splitlines(), 1) if mention.match(line)]
    return f", line {lines[0]}" if len(lines) == 1 else ""


def _place(at: str | None, data: Any) -> str:
    """Return ``step[3] (id 'x'): `` for a msgspec path, or nothing for the root."""
    if at is None or at == "$":
        return ""
    label = at.removeprefix("$").removeprefix(".")
    node = data
    name = ""
    for segment in _SEGMENT.finditer(at.removeprefix("$")):
        node = _inside(node, segment)
        if isinstance(node, dict) and isinstance(node.get("id", node.get("name")), str):
            name = f" ({node.get('id', node.get('name'))!r})"
    return f"{label}{name}: "


def _inside(node: Any, segment: re.Match[str]) -> Any:
    if segment["key"] is not None:
        return node.get(segment["key"]) if isinstance(node, dict) else None
    if segment["index"].isdigit() and isinstance(node, list):
        index = int(segment["index"])
        return node[index] if index < len(node) else None
    return None


def _keys_at(record: type[Any], at: str) -> list[str]:
    """Return the valid keys at a msgspec path of ``record``."""
    kind = _type_at(record, at)
    if isinstance(kind, msgspec.inspect.StructType):
        return [field.encode_name for field in kind.fields]
    return []


def _values_at(record: type[Any], at: str | None) -> str:
    """Return ``; known are …`` where an enum stands at a msgspec path of ``record``."""
    kind = _type_at(record, at or "$")
    if not isinstance(kind, msgspec.inspect.EnumType):
        return ""
    return "; known are " + ", ".join(str(member.value) for member in kind.cls)


def _type_at(record: type[Any], at: str) -> msgspec.inspect.Type:
    kind: msgspec.inspect.Type = msgspec.inspect.type_info(record)
    for segment in _SEGMENT.finditer(at.removeprefix("$")):
        kind = _struct_in(_step_into(_struct_in(kind), segment))
    return _struct_in(kind)


def _step_into(kind: msgspec.inspect.Type, segment: re.Match[str]) -> msgspec.inspect.Type:
    if segment["key"] is not None and isinstance(kind, msgspec.inspect.StructType):
        for field in kind.fields:
            if field.encode_name == segment["key"]:
                return field.type
    if isinstance(kind, (msgspec.inspect.VarTupleType, msgspec.inspect.ListType)):
        return kind.item_type
    if isinstance(kind, msgspec.inspect.DictType):
        return kind.value_type
    return kind


def _struct_in(kind: msgspec.inspect.Type) -> msgspec.inspect.Type:
    """Return the container or struct inside a union or an annotation."""
    if isinstance(kind, msgspec.inspect.Metadata):
        return _struct_in(kind.type)
    if isinstance(kind, msgspec.inspect.UnionType):
        structured = (
            msgspec.inspect.StructType,
            msgspec.inspect.VarTupleType,
            msgspec.inspect.ListType,
            msgspec.inspect.DictType,
            msgspec.inspect.EnumType,
        )
        return next((k for k in kind.types if isinstance(k, structured)), kind)
    return kind
