"""Asking an address whether anybody is there: one plain GET, no token, nothing followed.

A refusal is an answer: whoever says 401 or 404 is not dark.
"""

from __future__ import annotations

import ssl
import time
from dataclasses import dataclass
from http.client import HTTPException, HTTPSConnection
from socket import gaierror
from urllib.parse import urlsplit

_READ_AT_MOST = 1_024
_ERRORS_FROM = 500


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


def plain_get(url: str, context: ssl.SSLContext, seconds: float, agent: str) -> Reached:
    """Send one GET and return what came back; never raises for what a service does."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return Reached(0, f"its address is none: {error}")
    if parts.scheme != "https" or not parts.hostname or parts.username is not None:
        return Reached(0, "its address is no https address without a user's name")
    began = time.monotonic()
    connection = HTTPSConnection(
        parts.hostname, port or 443, timeout=max(0.1, seconds), context=context
    )
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
