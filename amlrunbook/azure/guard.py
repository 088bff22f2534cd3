"""The guard: what may leave this process, and to which host.

It stands twice in every client: as the first policy, before anybody signs in, and at the wire, as the last link in
front of the transport. So a client that builds its pipeline otherwise than we think is refused all the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from amlrunbook.azure.allowlist import READING_METHODS, is_reading
from amlrunbook.errors import ReadOnlyError, RefusedError
from amlrunbook.model.mode import Mode

_BLURRING = re.compile(r"[\\\x00-\x20]")
"""What two readers of a URL may read differently: backslashes, spaces, controls."""
_OVERRIDES = ("x-http-method-override", "x-http-method", "x-method-override")


@dataclass(frozen=True, slots=True)
class Guard:
    """What a pipeline may send, and where."""

    mode: Mode
    bases: tuple[str, ...]
    """The base URLs that may be spoken to, each without a slash at the end."""
    also: frozenset[str] = frozenset()
    """Names of :data:`~amlrunbook.azure.allowlist.SIGNING_POSTS` that this pipeline was made to send."""

    def check(self, method: str, url: str, headers: Any = None) -> None:
        """Let a request pass, or refuse it.

        Raises:
            ReadOnlyError: it may change something, and the mode is read-only.
            RefusedError: it goes to a host that this pipeline has no business with.
        """
        if not any(under(base, url) for base in self.bases):
            raise RefusedError(
                f"A request to {_host(url)} was refused: it is not the Azure this process speaks to.",
                state="Nothing was sent, no token left.",
                next_step="Check the profile's cloud; an answer that points elsewhere is not to be trusted.",
            )
        if self.mode.may_change:
            return
        overridden = headers is not None and any(name in headers for name in _OVERRIDES)
        path = urlsplit(url).path
        if overridden or not is_reading(method, path, self.also):
            raise ReadOnlyError(
                f"{method.upper()} {path} was refused: this process is read-only.",
                state="Nothing was sent; Azure is as it was.",
                next_step="Start the run with --live to change real Azure, or rehearse it in a drill.",
            )


@dataclass(frozen=True, slots=True)
class CreateGuard:
    """What may be sent to a container that is written to and never changed: reads, and blobs that are new.

    Nothing of the protected workspace lies there, so it holds in every mode.
    """

    base: str
    """The container's URL, without a slash at the end."""

    def check(self, method: str, url: str, headers: Any = None) -> None:
        """Let a request pass, or refuse it.

        Raises:
            RefusedError: it goes elsewhere, or could change what is there already.
        """
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        inside = under(self.base, url.partition("?")[0])
        reading = method.upper() in READING_METHODS
        only_new = headers is not None and headers.get("If-None-Match") == "*"
        staging = query.get("comp") == "block"
        creating = method.upper() == "PUT" and "restype" not in query
        if inside and (reading or (creating and (staging or only_new))):
            return
        raise RefusedError(
            f"{method.upper()} {parts.path} was refused: an export only adds to its own container.",
            state="Nothing was sent.",
            next_step="Name a container that exists and is meant for exports.",
        )


def under(base: str, url: str) -> bool:
    """Return whether ``url`` lies under ``base``: same scheme, host and port, and nothing that blurs them."""
    if _BLURRING.search(url):
        return False
    plain = _without_default_port(url)
    wanted = base.rstrip("/") + "/"
    return plain[: len(wanted)].lower() == wanted.lower() or plain.lower() == base.lower()


def _without_default_port(url: str) -> str:
    """Return ``url`` without ``:443``: some providers write it into their next links."""
    scheme, separator, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    if scheme.lower() == "https" and host.endswith(":443"):
        host = host.removesuffix(":443")
    return f"{scheme}{separator}{host}{slash}{path}"


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "an unnamed host"
    except ValueError:
        return "an unreadable URL"
