"""The simulator as a process: it outlives, is found again, restarted, and ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from amlrunbook.errors import SimulatorError
from amlrunbook.simulator import process
from amlrunbook.simulator.endpoint import ENDPOINT_FILE, WORLD_FILE, Endpoint
from tests.simulator_fixtures import Wire, add_fault, resource_client, revision, set_pace, world

STORAGE = "2023-05-01"
SERVICE = (
    "@/resourceGroups/rg-lonely/providers/Microsoft.Storage/storageAccounts/stlonely"
    "/blobServices/default"
)
SOFT_DELETE = {"properties": {"deleteRetentionPolicy": {"enabled": True, "days": 9}}}
ROOT = Path(process.__file__).resolve().parents[2]
PATIENCE = 200.0
"""Seconds after which a program hangs that should have ended; a slow machine is not to be mistaken for it."""


@pytest.fixture
def lonely(tmp_path):
    folder = tmp_path / "azure"
    set_pace(process.start(folder, "lonely-workspace"))
    yield folder
    process.stop(folder)


def end_hard(endpoint: Endpoint) -> None:
    """Kill a simulator as a crash would, and wait until it is gone."""
    os.kill(endpoint.pid, signal.SIGKILL)
    process._children[endpoint.pid].wait(PATIENCE)


def serve(folder: Path, *arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "amlrunbook.simulator", "--folder", str(folder), *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_killed_simulator_is_restarted_where_it_was(lonely):
    first = process.reach(lonely)
    with Wire(first) as wire:
        assert wire.ask("PUT", SERVICE, STORAGE, body=SOFT_DELETE).status_code == 200
    add_fault(first, kind="slow", milliseconds=1)
    before = world(first)
    end_hard(first)
    assert not process.is_alive(first)

    second = process.reach(lonely)
    assert second.pid != first.pid
    assert msgspec.structs.replace(second, pid=first.pid) == first
    assert world(second) == before
    with Wire(second) as wire:
        held = wire.get(SERVICE, STORAGE)["properties"]
    assert held["deleteRetentionPolicy"]["days"] == 9


def test_a_token_from_before_the_crash_still_works(lonely):
    first = process.reach(lonely)
    with Wire(first) as wire:
        wire.get("/subscriptions", "2022-12-01")
        end_hard(first)
        process.reach(lonely)
        assert wire.ask("GET", "/subscriptions", "2022-12-01").status_code == 200


def test_a_long_operation_survives_a_crash(lonely):
    first = process.reach(lonely)
    path = "@/resourceGroups/rg-lonely/providers/Microsoft.Storage/storageAccounts/stnew"
    body = {"location": "eastus", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    with Wire(first) as wire:
        accepted = wire.ask("PUT", path, STORAGE, body=body)
    assert accepted.status_code == 202
    end_hard(first)
    with Wire(process.reach(lonely)) as wire:
        states = [wire.ask("GET", accepted.headers["Location"], None).status_code for _ in "123"]
        assert states[-1] == 200
        assert wire.get(path, STORAGE)["properties"]["provisioningState"] == "Succeeded"


def test_reaching_one_that_lives_starts_nothing(lonely):
    assert process.reach(lonely) == process.reach(lonely)


def test_files_are_private(lonely):
    assert lonely.stat().st_mode & 0o777 == 0o700
    for path in lonely.iterdir():
        if path.is_file() and path.name != "simulator.lock":
            assert path.stat().st_mode & 0o077 == 0, path


def test_every_change_is_on_disk_before_its_answer(lonely):
    endpoint = process.reach(lonely)
    with Wire(endpoint) as wire:
        for number in range(1, 6):
            body = {"properties": {"deleteRetentionPolicy": {"enabled": True, "days": number}}}
            wire.ask("PUT", SERVICE, STORAGE, body=body)
            written = json.loads((lonely / WORLD_FILE).read_text())
            key = f"/subscriptions/{endpoint.subscription_id}{SERVICE[1:]}".lower()
            held = written["resources"][key]["properties"]["deleteRetentionPolicy"]
            assert held["days"] == number
            assert written["revision"] == revision(endpoint)


def test_a_second_start_in_the_same_folder_is_refused(lonely):
    with pytest.raises(SimulatorError, match="holds a simulated world already"):
        process.start(lonely, "healthy-pair")


def test_a_second_process_on_the_same_folder_is_refused(lonely):
    with serve(lonely) as second:
        _, said = second.communicate(timeout=PATIENCE)
    assert second.returncode == 3
    assert said.startswith("A simulated Azure already serves")
    assert "Traceback" not in said


def test_a_busy_port_gets_one_sentence(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SimulatorError, match=f"Port {port} .* taken") as caught:
            process.start(tmp_path / "azure", "lonely-workspace", port=port)
    assert "Traceback" not in caught.value.diagnostics()
    assert caught.value.next_step


def test_a_lost_port_is_told_and_the_world_is_kept(lonely):
    endpoint = process.reach(lonely)
    end_hard(endpoint)
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", endpoint.port))
        taken.listen()
        taken.settimeout(30)
        with pytest.raises(SimulatorError, match="taken"):
            process.reach(lonely)
    assert process.reach(lonely).port == endpoint.port


def unchosen_port() -> int:
    """Return a free port that no system gives to whoever asks for any: it is still free a moment later."""
    for port in range(20000 + os.getpid() % 8000, 30000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise AssertionError("no port is free")


def test_a_chosen_port_is_taken(tmp_path):
    port = unchosen_port()
    endpoint = process.start(tmp_path / "azure", "lonely-workspace", port=port)
    assert endpoint.port == port
    process.stop(tmp_path / "azure")


def test_stop_ends_it_and_twice_is_no_error(tmp_path):
    folder = tmp_path / "azure"
    endpoint = process.start(folder, "lonely-workspace")
    process.stop(folder)
    assert not process.is_alive(endpoint)
    process.stop(folder)


def test_stop_does_not_wait_for_clients(tmp_path):
    folder = tmp_path / "azure"
    endpoint = process.start(folder, "lonely-workspace")
    with resource_client(endpoint) as client:
        list(client.resource_groups.list())
        process.stop(folder)
    assert (folder / "server.log").read_text() == ""


def test_an_interrupt_while_it_starts_leaves_nothing_running(tmp_path, monkeypatch):
    started = []

    def interrupted(_folder, pid):
        started.append(pid)
        raise KeyboardInterrupt

    monkeypatch.setattr(process, "_is_ready", interrupted)
    with pytest.raises(KeyboardInterrupt):
        process.start(tmp_path / "azure", "lonely-workspace")
    with pytest.raises(ProcessLookupError):
        os.kill(started[0], 0)


def test_it_ends_by_itself_when_idle(tmp_path):
    with serve(
        tmp_path / "azure", "--scenario", "lonely-workspace", "--idle-seconds", "0.2"
    ) as one:
        _, said = one.communicate(timeout=PATIENCE)
    assert (one.returncode, said) == (0, "")


def test_it_ends_on_sigterm(lonely):
    endpoint = process.reach(lonely)
    os.kill(endpoint.pid, signal.SIGTERM)
    process._children[endpoint.pid].wait(PATIENCE)
    assert not process.is_alive(endpoint)


@pytest.mark.parametrize("name", [ENDPOINT_FILE, WORLD_FILE])
def test_damaged_files_get_one_sentence(lonely, name):
    endpoint = process.reach(lonely)
    whole = (lonely / name).read_bytes()
    end_hard(endpoint)
    (lonely / name).write_bytes(b"{")
    with pytest.raises(SimulatorError, match=name) as caught:
        process.reach(lonely)
    assert "Traceback" not in caught.value.diagnostics()
    (lonely / name).write_bytes(whole)


def test_a_folder_without_one(tmp_path):
    with pytest.raises(SimulatorError, match="No simulated Azure was ever started"):
        process.reach(tmp_path)


def test_a_scenario_of_ones_own_may_have_a_relative_path(tmp_path, monkeypatch):
    text = (ROOT / "amlrunbook/simulator/scenarios/lonely-workspace.toml").read_text()
    (tmp_path / "mine.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    assert process.start(tmp_path / "azure", "mine.toml").scenario == "mine"
    process.stop(tmp_path / "azure")


def test_an_unknown_scenario_gets_one_sentence(tmp_path):
    with pytest.raises(SimulatorError, match=r"no scenario 'helthy-pair'\. Did you mean"):
        process.start(tmp_path / "azure", "helthy-pair")


def test_the_same_seed_gives_the_same_world(tmp_path):
    def made(folder: str, seed: int) -> dict:
        endpoint = process.start(tmp_path / folder, "lonely-workspace", seed=seed)
        found = world(endpoint)
        process.stop(tmp_path / folder)
        ids = {k: d["properties"].get("workspaceId") for k, d in found["resources"].items()}
        return {"ids": ids, "tenant": found["tenant_id"]}

    assert made("a", 1) == made("b", 1)
    assert made("c", 2) != made("d", 3)
