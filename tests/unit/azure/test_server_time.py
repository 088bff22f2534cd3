"""The time as Azure tells it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from amlrunbook.azure.server_time import ServerTime


def test_before_any_answer_it_is_this_machines_time() -> None:
    assert abs(ServerTime().now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_the_last_answer_counts() -> None:
    clock = ServerTime()
    told = datetime.now(UTC) + timedelta(hours=2)
    clock.hear(format_datetime(told - timedelta(days=3), usegmt=True))
    clock.hear(format_datetime(told, usegmt=True))
    assert abs(clock.now() - told) < timedelta(seconds=5)


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Nov 2026 10:00:00 GMT", "\x00"])
def test_what_is_no_date_is_passed_over(date: str) -> None:
    clock = ServerTime()
    clock.hear(date)
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
