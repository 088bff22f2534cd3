"""A server that answers what Azure never should: real TLS, real HTTP, made-up bodies."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import trustme

from amlrunbook.azure.credentials import SharedCredential
from amlrunbook.azure.sdk_gateway import SdkGateway
from amlrunbook.model.cloud import loopback_cloud
from amlrunbook.model.mode import Mode


class Said(NamedTuple):
    """One answer."""

    status: int = 200
    body: bytes = b"{}"
    content_type: str = "application/json"
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed


class Token(NamedTuple):
    token: str
    expires_on: int


class KnownToken:
    """A credential that needs no sign-in."""

    def get_token(self, *_scopes: str, **_options: Any) -> Token:
        return Token("a-token-that-must-not-leave", 4_102_444_800)


Liar = Callable[[str, str], Said]


class Lies:
    """A running liar, and what it was asked."""

    def __init__(self, base_url: str, ca_file: str) -> None:
        self.base_url = base_url
        self.ca_file = ca_file
        self.asked: list[tuple[str, str]] = []
        self.tokens: list[str] = []
        self.bodies: list[bytes] = []

    def gateway(self, mode: Mode = Mode.DRILL) -> SdkGateway:
        cloud = loopback_cloud(self.base_url, self.ca_file)
        return SdkGateway(cloud, SharedCredential(KnownToken()), mode, "s")


@contextmanager
def lying(folder: Path, answer: Liar) -> Iterator[Lies]:
    """Serve ``answer(method, path)`` over TLS on loopback."""
    ca = trustme.CA()
    ca_file = folder / "liar.pem"
    ca.cert_pem.write_to_path(str(ca_file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            lies.asked.append((self.command, self.path))
            lies.tokens.append(self.headers.get("Authorization", ""))
            lies.bodies.append(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
            said = answer(self.command, self.path)
            self.send_response_only(said.status)
            if "Date" not in said.headers:
                self.send_header("Date", self.date_time_string())
            self.send_header("Content-Type", said.content_type)
            self.send_header("Content-Length", str(len(said.body)))
            self.send_header("Connection", "close")
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said.body)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = answer  # noqa: N815 - http.server's names

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_arguments: Any) -> None:
            """A client that gave up is no news."""

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    lies = Lies(f"https://127.0.0.1:{server.server_address[1]}", str(ca_file))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield lies
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
