"""The recorded conversations are at hand and in the form that other tests rely on."""

from __future__ import annotations

import pytest

from tests.shared_data import needs_shared, recording, recordings

pytestmark = needs_shared


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
