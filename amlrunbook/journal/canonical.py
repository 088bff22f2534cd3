"""Canonical JSON: the small subset in which a journal's entries are written and checked.

ASCII lower-case keys and integers only, so that the standard library's sorted output equals
RFC 8785. Reading is decode, encode again, compare: whatever is not byte for byte what this
module would have written is refused (duplicate keys, spaces, escaped letters, ``-0``, a byte
order mark, ``NaN``, lone surrogates), without a list of tricks to keep up to date.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from amlrunbook.errors import JournalError

MAX_DEPTH = 32
"""Containers inside containers, the outermost counted as one."""
MAX_INTEGER = 2**53 - 1
"""The largest magnitude of an integer: what a double holds exactly."""

_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")
_DIGITS = len(str(MAX_INTEGER)) + 1
_KNOWN_KEYS_LIMIT = 4096
_known_keys: set[str] = set()


class CanonicalError(JournalError):
    """A value or a text that has no place in the journal's canonical JSON."""


def is_key(text: str) -> bool:
    """Say whether ``text`` may be an object's key."""
    if text in _known_keys:
        return True
    if _KEY.fullmatch(text) is None:
        return False
    if len(_known_keys) < _KNOWN_KEYS_LIMIT:
        _known_keys.add(text)
    return True


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    for key, _ in pairs:
        if key not in _known_keys and not is_key(key):
            raise CanonicalError(f"the key {key[:60]!a} is not [a-z][a-z0-9_]{{0,39}}")
    return dict(pairs)


def _integer(text: str) -> int:
    if len(text) > _DIGITS:
        raise CanonicalError("an integer is outside ±(2^53-1)")
    number = int(text)
    if not -MAX_INTEGER <= number <= MAX_INTEGER:
        raise CanonicalError("an integer is outside ±(2^53-1)")
    return number


def _refuse_number(text: str) -> object:
    raise CanonicalError(f"{text[:40]} is not an integer")


_ENCODER = json.JSONEncoder(
    ensure_ascii=False,
    sort_keys=True,
    separators=(",", ":"),
    allow_nan=False,
    check_circular=False,
)
_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_float=_refuse_number,
    parse_constant=_refuse_number,
    parse_int=_integer,
)


def _plain(value: object, depth: int, place: str) -> object:
    """Return ``value`` as plain dicts, lists, strings, integers, booleans and None."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise CanonicalError(f"{place} holds an integer outside ±(2^53-1)")
        return int(value)
    if depth == 0:
        raise CanonicalError(f"{place} is nested too deeply")
    if isinstance(value, Mapping):
        return _plain_object(value, depth, place)
    if isinstance(value, list | tuple):
        return [_plain(item, depth - 1, f"{place}[{i}]") for i, item in enumerate(value)]
    raise CanonicalError(f"{place} holds a {type(value).__name__}, which has no canonical form")


def _plain_object(value: Mapping[object, object], depth: int, place: str) -> dict[str, object]:
    result: dict[str, object] = {}
    for key, item in value.items():
        if not isinstance(key, str) or not is_key(key):
            raise CanonicalError(
                f"{place} has the key {ascii(key)[:60]}: not [a-z][a-z0-9_]{{0,39}}"
            )
        result[str.__str__(key)] = _plain(item, depth - 1, f"{place}.{key}")
    return result


def encode(value: object, *, max_depth: int = MAX_DEPTH) -> bytes:
    """Return the one canonical text of ``value``, as UTF-8.

    Mappings, lists, tuples, strings, booleans, integers and None are taken; enumerations count
    as the string or integer they are.

    Raises:
        CanonicalError: for a float, a key outside the subset, an integer outside ±(2^53-1), a
            lone surrogate, or nesting deeper than ``max_depth``.
    """
    plain = _plain(value, max_depth, "the value")
    try:
        return _ENCODER.encode(plain).encode("utf-8")
    except UnicodeEncodeError as error:
        raise CanonicalError("a text holds half a surrogate pair") from error


def _too_deep(data: bytes, limit: int) -> bool:
    if data.count(b"{") + data.count(b"[") <= limit:
        return False
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", data)):
        depth += 1 if bracket in b"[{" else -1
        if depth > limit:
            return True
    return False


def decode(data: bytes, *, max_depth: int = MAX_DEPTH) -> object:
    """Return what ``data`` says, if it is exactly the canonical text of that.

    The nesting is measured before anything is parsed, so no input can exhaust the stack.

    Raises:
        CanonicalError: if it is anything else; the message names the first rule broken.
    """
    if _too_deep(data, max_depth):
        raise CanonicalError(f"nested deeper than {max_depth}")
    try:
        value, _ = _DECODER.raw_decode(data.decode("utf-8"))
        again = _ENCODER.encode(value).encode("utf-8")
    except UnicodeDecodeError as error:
        raise CanonicalError("not UTF-8") from error
    except UnicodeEncodeError as error:
        raise CanonicalError("a text holds half a surrogate pair") from error
    except json.JSONDecodeError as error:
        raise CanonicalError(f"not JSON: {error.msg}") from error
    if again != data:
        raise CanonicalError("not in canonical form")
    return value
