"""Probes: a plain GET over TLS with the cloud's own CA, no token, a deadline, a word for what went wrong."""

from __future__ import annotations

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
import trustme

from amlrunbook.azure.probes import HttpsProbes
from amlrunbook.model.cloud import loopback_cloud
from amlrunbook.model.profile import Probe


class Service(BaseHTTPRequestHandler):
    """Answers by path, and remembers what it was sent."""

    seen: ClassVar[list[tuple[str, str, dict[str, str]]]] = []
    hold = threading.Event()

    def do_GET(self):
        self.seen.append((self.command, self.path, dict(self.headers)))
        if self.path == "/hang":
            self.hold.wait(100)
            return
        status = {"/well": 200, "/moved": 302}.get(self.path.split("?")[0], 503)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.send_header("Location", "/well")
        self.end_headers()

    def log_message(self, *_args):
        return


@pytest.fixture
def service(tmp_path):
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    server.daemon_threads = True
    server.block_on_close = False
    server.socket = context.wrap_socket(server.socket, server_side=True)
    Service.seen.clear()
    Service.hold.clear()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    ca_file = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(str(ca_file))
    base = f"https://127.0.0.1:{server.server_address[1]}"
    yield base, HttpsProbes(loopback_cloud(base, str(ca_file)))
    Service.hold.set()
    server.shutdown()
    server.server_close()
    thread.join()


def probe(url, **fields):
    return Probe(name="score", url=url, **fields)


def test_a_probe_is_a_plain_get_without_a_token(service):
    base, probes = service
    (seen,) = probes.ask((probe(f"{base}/well?a=1"),))
    assert seen.green
    assert seen.text.startswith("200 in ")
    ((method, path, headers),) = Service.seen
    assert (method, path) == ("GET", "/well?a=1")
    assert set(headers) == {"Host", "Accept-Encoding", "User-Agent"}


def test_another_answer_is_red_and_a_redirect_is_not_followed(service):
    base, probes = service
    seen = probes.ask((probe(f"{base}/ill"), probe(f"{base}/moved")))
    assert [one.green for one in seen] == [False, False]
    assert seen[0].text.startswith("503, not 200, in ")
    assert len(Service.seen) == 2
    (moved,) = probes.ask((probe(f"{base}/moved", expect_status=302),))
    assert moved.green


def test_a_hanging_probe_is_red_after_its_deadline_and_holds_up_no_other(service):
    base, probes = service
    hangs, well = probes.ask((probe(f"{base}/hang", timeout="PT1S"), probe(f"{base}/well")))
    assert not hangs.green
    assert "no answer" in hangs.text
    assert well.green


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1/", "no https address"),
        ("https://user:word@127.0.0.1/", "no https address"),
        ("https:///nowhere", "no https address"),
        ("https://127.0.0.1:99999/", "address is none"),
        ("https://127.0.0.1:1/", "no answer"),
        ("https://127.0.0.1:1/a b\r\nX: y", "no answer"),
    ],
)
def test_an_address_that_is_none_is_red_with_a_word(service, url, why):
    _base, probes = service
    (seen,) = probes.ask((probe(url),))
    assert not seen.green
    assert why in seen.text


def test_a_certificate_of_another_ca_is_not_trusted(service, tmp_path):
    base, _probes = service
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    (seen,) = HttpsProbes(loopback_cloud(base, str(other))).ask((probe(f"{base}/well"),))
    assert seen.text == "no answer: its certificate is not trusted"
