"""Asking an address whether anybody is there: one plain GET, no token, nothing followed.

A refusal is an answer: whoever says 401 or 404 is not dark.
"""

from __future__ import annotations

import base64
import ssl
import threading
import time
from dataclasses import dataclass
from http.client import HTTPException, HTTPSConnection
from socket import gaierror
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from amlrunbook import __version__
from amlrunbook.azure.call_log import Call, CallLog, now_text, shown_path
from amlrunbook.azure.deadline import current_deadline
from amlrunbook.azure.guard import under
from amlrunbook.azure.transport import trust
from amlrunbook.model.cloud import Cloud

_READ_AT_MOST = 1_024
_ERRORS_FROM = 500
_HTTPS = 443


@dataclass(frozen=True, slots=True)
class Reached:
    """What came back from an address."""

    status: int
    """The HTTP status; 0 where no answer came."""
    text: str
    """Why no answer came, or the status and the time it took."""
    milliseconds: int = 0

    @property
    def answers(self) -> bool:
        """Whether somebody answered who is not down, be it with a refusal."""
        return 0 < self.status < _ERRORS_FROM


class Doorbell:
    """Rings at addresses for a gateway: what it asks stands in the call log. Thread-safe."""

    def __init__(self, cloud: Cloud, log: CallLog) -> None:
        self._cloud = cloud
        self._log = log
        self._lock = threading.Lock()
        self._trust: ssl.SSLContext | None = None

    def ring(self, url: str, seconds: float) -> Reached:
        """Ask an address; in a drill only the simulated Azure is asked."""
        if self._cloud.ca_file and not under(self._cloud.resource_manager, url):
            return Reached(0, "not asked: a drill asks the simulated Azure alone")
        left = min(seconds, current_deadline(seconds).remaining)
        at = now_text()
        agent = f"amlrunbook/{__version__}"
        seen = plain_get(url, self._context(), left, agent, proxied=not self._cloud.ca_file)
        self._log.add(
            Call(
                at=at,
                method="GET",
                host=urlsplit(url).netloc.rpartition("@")[2],
                path=shown_path(url),
                status=seen.status,
                failure="" if seen.status else "NoAnswer",
                milliseconds=seen.milliseconds,
                client_request_id="",
                service_request_id="",
            )
        )
        return seen

    def _context(self) -> ssl.SSLContext:
        with self._lock:
            if self._trust is None:
                self._trust = trust(self._cloud)
            return self._trust


def plain_get(
    url: str, context: ssl.SSLContext, seconds: float, agent: str, *, proxied: bool
) -> Reached:
    """Send one GET and return what came back; never raises for what a service does.

    ``proxied`` says whether the machine's proxy settings count: a region must not look dark only because this machine
    reaches the world through a proxy, as the SDK's requests do.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return Reached(0, f"its address is none: {error}")
    if parts.scheme != "https" or not parts.hostname or parts.username is not None:
        return Reached(0, "its address is no https address without a user's name")
    began = time.monotonic()
    try:
        connection = _connection(parts.hostname, port or _HTTPS, context, seconds, proxied=proxied)
    except ValueError as error:
        return Reached(0, f"this machine's proxy setting is none: {error}")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("GET", target, headers={"User-Agent": agent})
        answer = connection.getresponse()
        answer.read(_READ_AT_MOST)
    except (OSError, HTTPException, ValueError) as error:
        return Reached(0, f"no answer: {_reason(error)}", _since(began))
    finally:
        connection.close()
    took = _since(began)
    return Reached(answer.status, f"{answer.status} in {took} ms", took)


def _connection(
    host: str, port: int, context: ssl.SSLContext, seconds: float, *, proxied: bool
) -> HTTPSConnection:
    """Return a connection to a host, through the machine's proxy where it has one for it.

    Raises:
        ValueError: the proxy's address cannot be read.
    """
    timeout = max(0.1, seconds)
    proxy = getproxies().get("https", "") if proxied and not proxy_bypass(host) else ""
    if not proxy:
        return HTTPSConnection(host, port, timeout=timeout, context=context)
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    if not parts.hostname:
        raise ValueError("it names no host")
    tunnel = HTTPSConnection(parts.hostname, parts.port or 80, timeout=timeout, context=context)
    words = {}
    if parts.username is not None:
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        words["Proxy-Authorization"] = f"Basic {base64.b64encode(user.encode()).decode()}"
    tunnel.set_tunnel(host, port, words)
    return tunnel


def _since(began: float) -> int:
    return int((time.monotonic() - began) * 1000)


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "the deadline is over"
    if isinstance(error, ssl.SSLCertVerificationError):
        return "its certificate is not trusted"
    if isinstance(error, gaierror):
        return "its name is not known here"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, (ConnectionError, HTTPException)):
        return "the connection was closed"
    return (isinstance(error, OSError) and error.strerror) or type(error).__name__
