"""The HTTPS server: which services there are, and how the server starts, idles and ends.

A service is a module with ``routes(azure) -> list[Route]``, listed in :func:`services`.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import socket
import time
from pathlib import Path
from typing import TextIO

import uvicorn
from starlette.routing import BaseRoute, Router
from uvicorn.protocols.http.h11_impl import H11Protocol

from amlrunbook.errors import SimulatorError
from amlrunbook.simulator import (
    arm,
    blob_service,
    control,
    discovery,
    files_service,
    fronts,
    judging,
    machine_learning,
    ml_scoring,
    portal,
    registry_service,
    timeline,
    tokens,
    vault_service,
)
from amlrunbook.simulator.azure import CONTENTS_FOLDER, SimulatedAzure, read_world
from amlrunbook.simulator.blobs import Contents
from amlrunbook.simulator.endpoint import (
    CERTIFICATE_FILE,
    LOCK_FILE,
    REQUESTS_FILE,
    WORLD_FILE,
    Secrets,
    keep_secrets,
)
from amlrunbook.simulator.files import private_folder
from amlrunbook.simulator.gate import Gate
from amlrunbook.simulator.genesis import build_world
from amlrunbook.simulator.request_log import RequestLog
from amlrunbook.simulator.scenario import load_scenario

IDLE_SECONDS = 3600.0
"""Without a request for so long, the simulator ends by itself."""

LOCK_SECONDS = 2.0
"""How long to wait for a simulator of the same folder that is just ending."""

HOST = "127.0.0.1"


def services(azure: SimulatedAzure, mint: tokens.TokenMint) -> list[BaseRoute]:
    """Return the routes of all services."""
    return [
        *arm.routes(azure),
        *blob_service.routes(azure),
        *control.routes(azure, mint),
        *discovery.routes(azure),
        *files_service.routes(azure),
        *fronts.routes(azure),
        *machine_learning.routes(azure),
        *ml_scoring.routes(azure, mint),
        *portal.routes(azure),
        *registry_service.routes(azure, mint),
        *tokens.routes(azure, mint),
        *vault_service.routes(azure),
    ]


class _Protocol(H11Protocol):
    """HTTP/1.1 that hands its transport to the gate, which must be able to cut the line."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.app_state = {**self.app_state, "transport": transport}
        super().connection_made(transport)  # type: ignore[arg-type]


class _Server(uvicorn.Server):
    """A server that says when it is ready, and ends when it is told to or has idled too long."""

    def __init__(
        self, config: uvicorn.Config, azure: SimulatedAzure, gate: Gate, idle: float
    ) -> None:
        super().__init__(config)
        self._azure = azure
        self._gate = gate
        self._idle = idle

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._azure.commit()
        self._azure.tell()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Cut all lines at once: waiting for clients to close theirs would take seconds."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await super().shutdown(sockets)

    async def on_tick(self, counter: int) -> bool:
        timeline.unfold(self._azure)
        judging.look(self._azure)
        self._azure.commit()
        idled = time.monotonic() - self._gate.last_request > self._idle
        if self._azure.stopping or idled:
            self.should_exit = True
        return await super().on_tick(counter)


def serve(
    folder: Path,
    *,
    scenario: str | None,
    seed: int = 0,
    port: int = 0,
    idle_seconds: float = IDLE_SECONDS,
) -> None:
    """Serve the simulated Azure of ``folder`` until it is told to end.

    A folder that has a world already goes on with it, on the port it had; ``scenario``, ``seed``
    and ``port`` then mean nothing.

    Raises:
        SimulatorError: another simulator serves this folder, the port is taken, or the world
            cannot be read.
        DocumentError: the scenario is wrong.
    """
    folder = folder.resolve()
    private_folder(folder)
    with _locked(folder):
        secrets = keep_secrets(folder)
        azure = _azure(folder, secrets, scenario, seed, port)
        _run(azure, _listen(int(azure.base_url.rpartition(":")[2])), idle_seconds)


def _azure(
    folder: Path, secrets: Secrets, scenario: str | None, seed: int, port: int
) -> SimulatedAzure:
    if (folder / WORLD_FILE).exists():
        world = read_world(folder)
    else:
        described = load_scenario(scenario or "healthy-pair")
        world = build_world(
            described,
            seed=seed,
            base_url=f"https://{HOST}:{port or _free_port()}",
            contents=Contents(folder / CONTENTS_FOLDER),
        )
    log = RequestLog(folder / REQUESTS_FILE)
    return SimulatedAzure(folder=folder, world=world, secrets=secrets, log=log)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _listen(port: int) -> socket.socket:
    """Return a socket that listens on ``port``.

    Raises:
        SimulatorError: another program has the port.
    """
    # asyncio switches off Nagle's algorithm only where the protocol is named: with it, each answer
    # waits 40 ms for the client's delayed acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise SimulatorError(
            f"Port {port} of {HOST} is taken by another program ({error.strerror}).",
            state="The simulated Azure was not started; its world is unharmed.",
            next_step="End the other program, or start a new drill on another port.",
        ) from error
    return listener


def _locked(folder: Path) -> TextIO:
    """Return the folder's lock, held until it is closed or this process ends.

    Raises:
        SimulatorError: another process holds it.
    """
    stream = (folder / LOCK_FILE).open("a")
    until = time.monotonic() + LOCK_SECONDS
    while not _try_lock(stream):
        if time.monotonic() > until:
            stream.close()
            raise SimulatorError(
                f"A simulated Azure already serves {folder}.",
                state="No second one was started.",
                next_step="Use the one that runs.",
            )
        time.sleep(0.02)
    return stream


def _try_lock(stream: TextIO) -> bool:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _run(azure: SimulatedAzure, listener: socket.socket, idle_seconds: float) -> None:
    mint = tokens.TokenMint(azure)
    gate = Gate(azure, mint, lambda served: Router(services(served, mint)))
    config = uvicorn.Config(
        gate,
        http=_Protocol,
        ws="none",
        lifespan="off",
        ssl_certfile=azure.folder / CERTIFICATE_FILE,
        log_level=logging.WARNING,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
        backlog=2048,
    )
    server = _Server(config, azure, gate, idle_seconds)
    try:
        server.run(sockets=[listener])
    finally:
        azure.commit()
        azure.log.close()
