"""TOML that does not fit: file, line, place, nearest key, in one sentence."""

from __future__ import annotations

from enum import StrEnum

import msgspec
import pytest

from amlrunbook.errors import DocumentError
from amlrunbook.model.nearest import nearest_hint
from amlrunbook.model.strict_toml import convert_document, decode_toml


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Leaf(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    colour: Colour = Colour.RED


class Tree(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    title: str
    leaf: Leaf | None = None
    leaves: list[Leaf] | None = None
    named: dict[str, Leaf] = {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('titel = "x"', "f.toml, line 1: unknown key 'titel'; did you mean 'title'?"),
        (
            'title = "x"\n[leaf]\nname = "a"\ncolor = "red"',
            "f.toml, line 4: leaf ('a'): unknown key 'color'; did you mean 'colour'?",
        ),
        (
            'title = "x"\n[[leaves]]\nname = "a"\nnmae = "b"',
            "f.toml, line 4: leaves[0] ('a'): unknown key 'nmae'; did you mean 'name'?",
        ),
        (
            'title = "x"\n[[leaves]]\nname = "a"\nx = 1\n[[leaves]]\nname = "b"\nx = 1',
            "f.toml: leaves[0] ('a'): unknown key 'x'; known are colour, name.",
        ),
        (
            'title = "x"\n[named.b]\nname = "a"\ncolour = "green"',
            "; known are red, blue.",
        ),
        ('title = "x"\n[[branches]]\ny = 1', "f.toml, line 2: unknown key 'branches'"),
        ("title = 1", "f.toml: title: Expected `str`, got `int`."),
        ("title", "f.toml: this is not TOML: "),
        ("title = " + "1" * 5000, "f.toml: this is not TOML: "),
        ("title = " + "[" * 5000, "f.toml: its tables lie too deep in one another."),
    ],
)
def test_what_does_not_fit_is_named(text: str, says: str) -> None:
    with pytest.raises(DocumentError) as caught:
        decode_toml(text, Tree, where="f.toml")
    assert says in caught.value.what


def test_what_fits_is_read() -> None:
    assert decode_toml('title = "x"\n[leaf]\nname = "a"', Tree, where="f").leaf == Leaf(name="a")


def test_a_parsed_document_has_no_lines() -> None:
    with pytest.raises(DocumentError) as caught:
        convert_document({"titel": "x"}, Tree, where="f")
    assert caught.value.what == "f: unknown key 'titel'; did you mean 'title'?"


def test_the_nearest_or_all_or_none() -> None:
    assert nearest_hint("titel", {"title", "leaf"}) == "did you mean 'title'?"
    assert nearest_hint("zzz", {"b", "a"}) == "known are a, b."
    assert nearest_hint("zzz", ()) == "known are none."
