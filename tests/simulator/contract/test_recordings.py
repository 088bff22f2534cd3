"""The recorded conversations are at hand and in the form that other tests rely on."""

from __future__ import annotations

import pytest

from tests.shared_data import needs_shared, recording, recordings
from tests.simulator import test_log_analytics, test_registries
from tests.simulator.contract import (
    test_failover_recording,
    test_learning_recordings,
    test_storage_recordings,
)

pytestmark = needs_shared

REPLAYED = {
    test_failover_recording.RECORDING,
    test_log_analytics.RECORDING,
    *test_registries.RECORDINGS,
    *test_storage_recordings.RECORDINGS,
    *(name.partition("__")[2] for name in test_learning_recordings.NAMES),
}
"""Recordings whose requests a test sends to the simulated Azure."""

NOT_REPLAYED = {
    **test_learning_recordings.NOT_REPLAYED,
    "test_storage_blob_restore": "restoring ranges of an account to a point in time is not served:"
    " no runbook asks for it; deleted blobs, versions and containers come back one by one",
}
"""Recordings that no test replays, and why."""


def test_every_recording_is_replayed_or_the_table_says_why_not():
    assert REPLAYED.isdisjoint(NOT_REPLAYED)
    names = {item.name.partition("__")[2] for item in recordings()}
    assert names == REPLAYED | NOT_REPLAYED.keys()


def test_every_recording_is_readable():
    found = recordings()
    assert len(found) > 30
    for item in found:
        assert item.exchanges, item.name
        assert [exchange.n for exchange in item.exchanges] == sorted(
            exchange.n for exchange in item.exchanges
        )
        for exchange in item.exchanges:
            assert exchange.url.startswith("https://")
            assert exchange.headers == {k.lower(): v for k, v in exchange.headers.items()}


def test_one_recording_is_found_by_name():
    failover = recording("test_storage_account_failover")
    assert any(exchange.url.count("/failover?") for exchange in failover.exchanges)
    with pytest.raises(LookupError):
        recording("no such recording")
