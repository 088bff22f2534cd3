"""How many requests the simulated Azure answers, beside a bare Starlette application.

Both are processes of their own behind uvicorn and TLS, with the same certificate; one client asks
both for the same bytes, by turns, over one kept connection each.
"""

from __future__ import annotations

import http.client
import ssl
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import pytest

from amlrunbook.simulator.endpoint import CERTIFICATE_FILE, Endpoint
from tests.simulator_fixtures import Wire, running

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(300)]

ROUNDS = 20
REQUESTS = 150
ACCOUNT = "/resourceGroups/rg-fraud-e/providers/Microsoft.Storage/storageAccounts/stfrauddata"

BARE = """
import socket, sys
import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

body = open(sys.argv[1], "rb").read()

async def answer(request):
    return Response(body, media_type="application/json")

application = Starlette(routes=[Route("/{rest:path}", answer)])
listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
listener.bind(("127.0.0.1", 0))
listener.listen(64)
print(listener.getsockname()[1], flush=True)
config = uvicorn.Config(application, ssl_certfile=sys.argv[2], access_log=False,
                        log_level="warning", lifespan="off")
uvicorn.Server(config).run(sockets=[listener])
"""


@contextmanager
def bare_application(body: Path, certificate: Path) -> Iterator[int]:
    """Serve the same bytes by Starlette alone; yield the port."""
    command = [sys.executable, "-c", BARE, str(body), str(certificate)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        try:
            yield int(child.stdout.readline())
        finally:
            child.kill()


class Line:
    """One kept connection."""

    def __init__(self, port: int, endpoint: Endpoint, token: str) -> None:
        context = ssl.create_default_context(cafile=endpoint.ca_file)
        self._connection = http.client.HTTPSConnection("127.0.0.1", port, context=context)
        path = f"/subscriptions/{endpoint.subscription_id}{ACCOUNT}"
        self._path = f"{path}?api-version=2023-05-01"
        self._headers = {"Authorization": f"Bearer {token}"}

    def ask(self) -> bytes:
        self._connection.request("GET", self._path, headers=self._headers)
        answer = self._connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        return body

    def rate(self) -> float:
        """Requests a second over one round."""
        start = perf_counter()
        for _ in range(REQUESTS):
            self.ask()
        return REQUESTS / (perf_counter() - start)

    def close(self) -> None:
        self._connection.close()


def test_rate_of_a_get_against_a_bare_application(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "azure"
    with running(folder) as endpoint, Wire(endpoint) as wire:
        ours = Line(endpoint.port, endpoint, wire.token)
        body = tmp_path / "body.json"
        body.write_bytes(ours.ask())
        with bare_application(body, folder / CERTIFICATE_FILE) as port:
            theirs = Line(port, endpoint, wire.token)
            assert theirs.ask() == body.read_bytes()
            ours.rate(), theirs.rate()  # what a first round warms up is counted for neither
            pairs = []
            for number in range(ROUNDS):
                lines = (ours, theirs) if number % 2 else (theirs, ours)
                found = {line: line.rate() for line in lines}
                pairs.append((found[ours], found[theirs]))
            theirs.close()
        ours.close()
    simulator, bare = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratios = sorted(one / other for one, other in pairs)
    with capsys.disabled():
        sys.stdout.write(
            f"\n[simulator] GET of a {body.stat().st_size} byte document with a token: "
            f"{simulator:.0f} requests/s, bare Starlette {bare:.0f}; ratio "
            f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}, {ROUNDS} pairs "
            f"of {REQUESTS}; goal: at least 0.5)\n"
        )
