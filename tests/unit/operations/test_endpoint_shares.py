"""Shares of an endpoint's traffic: read, wanted, refused."""

from __future__ import annotations

from typing import Any

import pytest

from amlrunbook.errors import RefusedError, UsageError
from amlrunbook.model.snapshot import Document
from amlrunbook.operations.switchover.endpoint_shares import (
    parsed_shares,
    refuse_unfit,
    shares_of,
    shares_text,
    wanted_shares,
)


def endpoint(traffic: Any) -> Document:
    return Document({"id": "/e", "properties": {"traffic": traffic}})


def deployment(name: str, state: str = "Succeeded", capacity: Any = 1) -> Document:
    return Document(
        {"name": name, "sku": {"capacity": capacity}, "properties": {"provisioningState": state}}
    )


def here(*names: str) -> dict[str, Document]:
    return {name: deployment(name) for name in names}


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("blue=100", {"blue": 100}),
        ("blue=90 green=10", {"blue": 90, "green": 10}),
        ("blue=90%,green=10%", {"blue": 90, "green": 10}),
        ("blue=0", {"blue": 0}),
    ],
)
def test_shares_are_read_as_az_takes_them(text: str, shares: dict[str, int]) -> None:
    assert parsed_shares(text) == shares


@pytest.mark.parametrize(
    "text",
    ["blue", "blue=", "=100", "blue=99", "blue=-1", "blue=1000", "blue=60 blue=40", "b;l=100",
     "blue=٣", "blue=50 green=49", " , ", "-x=100"],
)  # fmt: skip
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parsed_shares(text)


@pytest.mark.parametrize(
    ("traffic", "names", "shares", "words"),
    [
        ({"blue": 100}, ("blue",), {"blue": 100}, "as in the primary"),
        ({"blue": 90, "green": 10}, ("blue", "green"), {"blue": 90, "green": 10}, "primary"),
        ({"blue": 90, "green": 10}, ("blue",), {"blue": 100}, "the share of green"),
        ({"blue": 100, "old": 0}, ("blue", "old"), {"blue": 100}, "as in the primary"),
        ({"red": 100}, ("blue",), {"blue": 100}, "the only deployment that can take it"),
        ({}, ("blue",), {"blue": 100}, "the only deployment that can take it"),
        (None, ("blue",), {"blue": 100}, "the only deployment that can take it"),
    ],
)
def test_the_primarys_shares_are_taken_over(
    traffic: Any, names: tuple[str, ...], shares: dict[str, int], words: str
) -> None:
    wanted = wanted_shares("", endpoint(traffic), here(*names))
    assert wanted.shares == shares
    assert words in wanted.whence


@pytest.mark.parametrize("names", [(), ("blue", "green")])
def test_where_nothing_is_known_nothing_is_guessed(names: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        wanted_shares("", None, here(*names))


def test_the_only_one_that_is_well_gets_it_all() -> None:
    found = {"blue": deployment("blue"), "green": deployment("green", "Failed")}
    assert wanted_shares("", endpoint({}), found).shares == {"blue": 100}


def test_the_steps_own_shares_count_first() -> None:
    wanted = wanted_shares("green=100", endpoint({"blue": 100}), here("blue", "green"))
    assert wanted.shares == {"green": 100}


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({}, "no such deployment"),
        ({"blue": deployment("blue", "Failed")}, "Failed"),
        ({"blue": deployment("blue", "Updating")}, "Updating"),
        ({"blue": deployment("blue", capacity=0)}, "no instances"),
        ({"blue": deployment("blue", capacity=None)}, "no instances"),
    ],
)
def test_no_traffic_goes_where_nobody_answers(found: dict[str, Document], words: str) -> None:
    with pytest.raises(RefusedError, match=words):
        refuse_unfit({"blue": 100}, found)
    refuse_unfit({"blue": 0}, found)


def test_a_document_of_any_shape_has_some_shares() -> None:
    assert shares_of(endpoint({"a": True, "b": "7", "c": 5, "d": 0})) == {"c": 5}
    assert shares_of(Document({})) == {}
    assert shares_text({}) == "none"
    assert shares_text({"b": 1, "a\x1b": 2}) == "a\\x1b=2 b=1"
