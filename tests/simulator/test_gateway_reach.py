"""Asking an address whether anybody is there, and the time by Azure's clock, against the simulated Azure."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from amlrunbook.simulator import process
from tests.simulator.azure_here import AzureHere, azure_running


def test_a_refusal_is_an_answer_and_stands_in_the_call_log(pair: AzureHere) -> None:
    gateway = pair.gateway()
    seen = gateway.reach(f"{pair.endpoint.base_url}/subscriptions", seconds=5.0)
    assert (seen.answers, seen.status) == (True, 401)
    (call,) = gateway.call_log.calls
    assert (call.method, call.path, call.status) == ("GET", "/subscriptions", 401)


def test_silence_and_errors_are_no_answers(pair: AzureHere) -> None:
    gateway, url = pair.gateway(), f"{pair.endpoint.base_url}/blob/stfraude/"
    pair.fault(kind="error", status=503, path="/blob/*", count=1)
    assert not gateway.reach(url, seconds=5.0).answers
    pair.fault(kind="dark", path="/blob/*", count=1)
    dark = gateway.reach(url, seconds=5.0)
    assert (dark.answers, dark.status, dark.text) == (
        False,
        0,
        "no answer: the connection was closed",
    )
    pair.fault(kind="hang", path="/blob/*", count=1)
    assert gateway.reach(url, seconds=0.3).text == "no answer: the deadline is over"


def test_a_drill_asks_nobody_but_the_simulated_azure(pair: AzureHere) -> None:
    gateway = pair.gateway()
    for url in ("https://management.azure.com/", "https://127.0.0.1:1/", "http://127.0.0.1/"):
        seen = gateway.reach(url, seconds=5.0)
        assert not seen.answers
        assert seen.text == "not asked: a drill asks the simulated Azure alone"
    assert gateway.call_log.calls == ()


def test_the_time_is_the_simulated_worlds(tmp_path: Path) -> None:
    with azure_running(tmp_path, "lonely-workspace") as here:
        gateway = here.gateway()
        before = gateway.now()
        process.control(here.endpoint, "POST", "/clock", {"advance": 7200})
        gateway.get(here.profile.primary.workspace)
        jumped = gateway.now() - before - timedelta(hours=2)
        assert abs(jumped) < timedelta(minutes=1)
