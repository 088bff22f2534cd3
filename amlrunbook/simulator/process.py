"""The simulated Azure as a process: starting one, reaching one again, ending one.

It outlives whoever started it: a drill goes on after the app was killed. One that died is started
again from the world it wrote down, on the same port, with the same CA and secrets.
"""

from __future__ import annotations

import http.client
import os
import site
import ssl
import subprocess
import sys
import time
from pathlib import Path

import msgspec

import amlrunbook
from amlrunbook.errors import SimulatorError
from amlrunbook.simulator.endpoint import (
    ENDPOINT_FILE,
    LOG_FILE,
    WORLD_FILE,
    Endpoint,
    read_endpoint,
)
from amlrunbook.simulator.files import private_folder

READY_SECONDS = 90.0
"""How long a started simulator may take until it is ready."""
PING_SECONDS = 5.0
"""How long a running one may take to say that it runs."""
ANSWER_SECONDS = 20.0
"""How long one that runs may take to answer: to read or make a world is work, and the machine may be busy."""
STOP_SECONDS = 30.0
_LOOK_SECONDS = 0.02

_children: dict[int, subprocess.Popen[bytes]] = {}
"""Simulators that this process started, by process id: they must be waited for when they end."""


def start(folder: Path, scenario: str, *, seed: int = 0, port: int = 0) -> Endpoint:
    """Start the simulated Azure of a new drill in ``folder`` and wait until it is ready.

    Raises:
        SimulatorError: the folder has a world already, the port is taken, or it did not start.
    """
    folder = folder.resolve()
    if (folder / WORLD_FILE).exists():
        raise SimulatorError(
            f"{folder} holds a simulated world already.",
            state="Nothing was started.",
            next_step="Resume that drill, or start a new one in another folder.",
        )
    is_file = scenario.endswith((".toml", ".json"))
    named = str(Path(scenario).resolve()) if is_file else scenario
    arguments = ["--scenario", named, "--seed", str(seed), "--port", str(port)]
    return _spawn(folder, arguments)


def reach(folder: Path) -> Endpoint:
    """Return the simulated Azure of ``folder``; start it again from its world if it is gone.

    Raises:
        SimulatorError: there never was one, its files are damaged, or its port is taken.
    """
    folder = folder.resolve()
    endpoint = read_endpoint(folder)
    if is_alive(endpoint):
        return endpoint
    ended = _children.get(endpoint.pid)
    if ended is not None and ended.poll() is not None:
        del _children[endpoint.pid]
    return _spawn(folder, [])


def stop(folder: Path) -> None:
    """End the simulated Azure of ``folder``; its world stays. One that is gone is no error.

    Raises:
        SimulatorError: it was told to end and did not.
    """
    endpoint = read_endpoint(folder.resolve())
    try:
        control(endpoint, "POST", "/shutdown", seconds=PING_SECONDS)
    except SimulatorError:
        _reap(endpoint.pid)
        return
    until = time.monotonic() + STOP_SECONDS
    while is_alive(endpoint):
        if time.monotonic() > until:
            raise SimulatorError(
                f"The simulated Azure (process {endpoint.pid}) was told to end and still runs.",
                next_step=f"End process {endpoint.pid} by hand.",
            )
        time.sleep(_LOOK_SECONDS)
    _reap(endpoint.pid)


def is_alive(endpoint: Endpoint) -> bool:
    """Does this very simulator answer?"""
    try:
        control(endpoint, "GET", "/ping", seconds=PING_SECONDS)
    except SimulatorError:
        return False
    return True


def control(
    endpoint: Endpoint,
    method: str,
    path: str,
    body: object = None,
    *,
    seconds: float = ANSWER_SECONDS,
) -> object:
    """Send a request to the simulator's control endpoint and return the JSON it answers.

    ``path`` comes after ``/_simulator``: ``/ping``, ``/faults``, ``/world``, ``/requests``. It may take ``seconds``.

    Raises:
        SimulatorError: it does not answer, or it refuses.
    """
    try:
        trust = ssl.create_default_context(cafile=endpoint.ca_file)
        connection = http.client.HTTPSConnection(
            "127.0.0.1", endpoint.port, timeout=seconds, context=trust
        )
        try:
            connection.request(
                method,
                f"/_simulator{path}",
                body=None if body is None else msgspec.json.encode(body),
                headers={"Authorization": f"Bearer {endpoint.control_token}"},
            )
            response = connection.getresponse()
            data = response.read()
        finally:
            connection.close()
    except (OSError, http.client.HTTPException) as error:
        raise SimulatorError(
            f"The simulated Azure on {endpoint.base_url} does not answer: {error}",
            next_step="Resume the drill: it starts the simulator again.",
        ) from error
    if response.status >= 400:  # noqa: PLR2004
        raise SimulatorError(
            f"The simulated Azure refused {method} {path}: "
            f"{response.status} {data.decode('utf-8', 'replace')[:300]}"
        )
    return msgspec.json.decode(data) if data else None


def _spawn(folder: Path, arguments: list[str]) -> Endpoint:
    private_folder(folder)
    command = [
        sys.executable, "-P", "-m", "amlrunbook.simulator", "--folder", str(folder), *arguments,
    ]  # fmt: skip
    log = folder / LOG_FILE
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "ab") as stream:
        begin = stream.tell()
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            cwd=folder,
            env=_environment(),
            start_new_session=True,
            close_fds=True,
        )
    _children[child.pid] = child
    try:
        _wait_until_ready(folder, child, log, begin)
    except BaseException:  # an interrupt as well: nobody could reach what is half started
        child.kill()
        _reap(child.pid)
        raise
    return read_endpoint(folder)


def _wait_until_ready(folder: Path, child: subprocess.Popen[bytes], log: Path, begin: int) -> None:
    """Wait until a simulator that was started has written how to reach it.

    Raises:
        SimulatorError: it ended, or took too long.
    """
    until = time.monotonic() + READY_SECONDS
    while not _is_ready(folder, child.pid):
        if child.poll() is not None:
            raise _refused(log, begin)
        if time.monotonic() > until:
            raise SimulatorError(
                f"The simulated Azure was not ready within {READY_SECONDS:.0f} seconds.",
                state="It was ended again.",
                next_step=f"Read {log}, and start the drill anew.",
            )
        time.sleep(_LOOK_SECONDS)


def _is_ready(folder: Path, pid: int) -> bool:
    """Has the child with that process id written how to reach it?"""
    return (folder / ENDPOINT_FILE).exists() and read_endpoint(folder).pid == pid


def _environment() -> dict[str, str]:
    """Return the child's environment: ours, so that it finds this very package and no other."""
    found = {k: v for k, v in os.environ.items() if not k.startswith(("AZURE_", "PYTHON"))}
    root = Path(amlrunbook.__file__).resolve().parent.parent
    installed = {Path(p).resolve() for p in (*site.getsitepackages(), site.getusersitepackages())}
    if root not in installed:
        found["PYTHONPATH"] = str(root)
    return found


def _refused(log: Path, begin: int) -> SimulatorError:
    """Return what the child said before it ended, as one error."""
    with log.open("rb") as stream:
        stream.seek(begin)
        said = stream.read().decode("utf-8", "replace").strip().splitlines()
    if not said or said[0].startswith("Traceback"):
        return SimulatorError(
            "The simulated Azure ended while it started.",
            state="Nothing runs.",
            next_step=f"Read {log}.",
        )
    return SimulatorError(said[0], state=" ".join(said[1:2]), next_step=" ".join(said[2:3]))


def _reap(pid: int) -> None:
    """Wait for a child of this process that has ended, so that no zombie is left."""
    child = _children.pop(pid, None)
    if child is not None:
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def wait(endpoint: Endpoint) -> None:
    """Wait until a simulator that this process started has ended."""
    child = _children.get(endpoint.pid)
    if child is not None:
        child.wait()
