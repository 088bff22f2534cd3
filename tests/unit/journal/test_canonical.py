"""Canonical JSON equals RFC 8785 in its subset, and refuses everything beside it."""

from __future__ import annotations

from enum import IntEnum, StrEnum

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from amlrunbook.journal.canonical import MAX_DEPTH, MAX_INTEGER, CanonicalError, decode, encode

KEYS = st.from_regex(r"[a-z][a-z0-9_]{0,39}", fullmatch=True)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-MAX_INTEGER, MAX_INTEGER)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=20
)


@given(VALUES)
def test_it_equals_rfc_8785_and_reads_back(value: object) -> None:
    data = encode(value)
    assert data == rfc8785.dumps(value)
    assert decode(data) == value


@pytest.mark.parametrize(
    "hostile",
    [
        b'{"a":1,"a":2}',
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b' {"a":1}',
        b'{"a":1}\n',
        b'{"\\u0061":1}',
        b'{"a":"\\u0041"}',
        b'{"a":"\\/"}',
        b'{"a":"\\u001F"}',
        b'{"a":"\\u0008"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\\ud83d\\ude00"}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":"\xff"}',
        b'\xef\xbb\xbf{"a":1}',
        '{"a":1}'.encode("utf-16"),
        '{"a":1}'.encode("utf-32"),
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":1.0}',
        b'{"a":1e3}',
        b'{"a":1e400}',
        b'{"a":-0}',
        b'{"a":01}',
        b'{"a":9007199254740992}',
        b'{"a":18446744073709551617}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"A":1}',
        b'{"":1}',
        b'{"a-b":1}',
        b'{"a\n":1}',
        b'{"' + b"a" * 41 + b'":1}',
        b'{"a":1}{"a":1}',
        b'{"a":1,}',
        b'{"a":true',
        b'{"a":"\t"}',
        b"",
        b"[" * 5000 + b"]" * 5000,
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b"[" * 33 + b"]" * 33,
    ],
)
def test_what_is_not_canonical_is_refused(hostile: bytes) -> None:
    with pytest.raises(CanonicalError):
        decode(hostile)


@given(
    st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "ignore"))
)
def test_whatever_is_read_is_written_the_same(data: bytes) -> None:
    try:
        value = decode(data)
    except CanonicalError:
        return
    assert encode(value) == data


def test_the_deepest_nesting_is_taken_and_brackets_in_texts_do_not_count() -> None:
    deepest = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert encode(decode(deepest)) == deepest
    text = b'{"a":"' + b'[{\\"' * 40 + b'"}'
    assert encode(decode(text)) == text


@pytest.mark.parametrize(
    "value",
    [
        {"a": 1.0},
        {"a": float("nan")},
        {"A": 1},
        {1: 1},
        {"a": MAX_INTEGER + 1},
        {"a": b"bytes"},
        {"a": {1, 2}},
        {"a": "\ud800"},
        object(),
    ],
)
def test_what_has_no_canonical_form_is_not_written(value: object) -> None:
    with pytest.raises(CanonicalError):
        encode(value)


def test_a_circle_is_refused_as_too_deep() -> None:
    circle: list[object] = []
    circle.append(circle)
    with pytest.raises(CanonicalError, match="deep"):
        encode(circle)


def test_enumerations_and_tuples_are_what_they_hold() -> None:
    class Word(StrEnum):
        RED = "red"

    class Number(IntEnum):
        ONE = 1

    assert encode({"a": Word.RED, "b": Number.ONE, "c": (1, 2), "d": True}) == (
        b'{"a":"red","b":1,"c":[1,2],"d":true}'
    )
