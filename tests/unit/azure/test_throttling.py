from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from amlrunbook.azure.throttling import TokenBucket, retry_after


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_gives_what_it_holds_then_asks_to_wait() -> None:
    bucket = TokenBucket(3, 2, Clock())
    assert [bucket.take() for _ in range(5)] == [0, 0, 0, 0.5, 1.0]


def test_a_bucket_fills_again_and_never_above_its_size() -> None:
    clock = Clock()
    bucket = TokenBucket(3, 2, clock)
    for _ in range(3):
        bucket.take()
    clock.now += 1000
    assert [bucket.take() for _ in range(4)] == [0, 0, 0, 0.5]


def test_a_drained_bucket_asks_everybody_to_wait() -> None:
    bucket = TokenBucket(100, 4, Clock())
    bucket.drain()
    assert bucket.take() == 0.25


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "17"}, 17.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after-ms": "250", "Retry-After": "9"}, 0.25),
        ({"x-ms-retry-after-ms": "1500"}, 1.5),
        ({}, None),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "9" * 400}, None),
        ({"Retry-After": "Mon, 01 Jan 2001 00:00:00 GMT"}, 0.0),
    ],
)
def test_how_long_an_answer_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_a_date_asks_to_wait_until_it() -> None:
    when = datetime.now(UTC) + timedelta(seconds=90)
    asked = retry_after({"Retry-After": format_datetime(when, usegmt=True)})
    assert asked is not None
    assert 60 < asked <= 90
