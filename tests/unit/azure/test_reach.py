"""Asking an address through the machine's proxy, as the SDK's own requests go."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator

import pytest

from amlrunbook.azure.reach import plain_get


class Proxy:
    """Takes one connection, keeps what it was asked, and refuses."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.asked = b""
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        try:
            connection, _ = self._socket.accept()
        except OSError:
            return
        with connection:
            self.asked = connection.recv(4096)
            connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    for name in ("https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    running = Proxy()
    monkeypatch.setenv("https_proxy", f"http://me:s%40fe@127.0.0.1:{running.port}")
    yield running
    running.close()


CONTEXT = ssl.create_default_context()
URL = "https://region.example/blob"


def test_the_machines_proxy_is_asked_for_a_tunnel(proxy: Proxy) -> None:
    seen = plain_get(URL, CONTEXT, 5.0, "agent", proxied=True)
    assert not seen.answers
    assert seen.text.startswith("no answer: ")
    assert proxy.asked.startswith(b"CONNECT region.example:443")
    assert b"Proxy-Authorization: Basic bWU6c0BmZQ==" in proxy.asked
    assert "s@fe" not in seen.text
    assert "bWU6" not in seen.text


def test_a_simulated_azure_is_never_asked_through_it(proxy: Proxy) -> None:
    seen = plain_get("https://127.0.0.1:1/", CONTEXT, 5.0, "agent", proxied=False)
    assert not seen.answers
    assert proxy.asked == b""


def test_what_needs_no_proxy_is_asked_directly(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert not plain_get("https://127.0.0.1:1/", CONTEXT, 5.0, "agent", proxied=True).answers
    assert proxy.asked == b""


@pytest.mark.parametrize("setting", ["http://", "http://127.0.0.1:port"])
def test_a_setting_that_is_none_is_said(monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    monkeypatch.setenv("https_proxy", setting)
    monkeypatch.delenv("no_proxy", raising=False)
    seen = plain_get(URL, CONTEXT, 5.0, "agent", proxied=True)
    assert seen.text.startswith("this machine's proxy setting is none")


@pytest.mark.parametrize(
    "url", ["http://region.example/", "https://me@region.example/", "https://[", "https:///x"]
)
def test_an_address_that_is_none_is_said(url: str) -> None:
    assert plain_get(url, CONTEXT, 5.0, "agent", proxied=True).text.startswith("its address is")
