"""Which requests read and which may change something, decided by method and path.

An allow-list: what is not named here changes something. ``listKeys`` and its kin change nothing either, but what
they answer are secrets: such a POST passes only through a pipeline that was made for it and names it
(:data:`SIGNING_POSTS`), never through the gateway's own.
Sources: the POST operations of Azure's REST API that its documentation calls queries, checks or previews.
"""

from __future__ import annotations

import re
from collections.abc import Collection

READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing, whatever the path."""

_SEGMENT = r"[^/]+"
_SCOPE = rf"(?:/{_SEGMENT})*"

_READING_POSTS: dict[str, re.Pattern[str]] = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in {
        "workspace diagnose": (
            rf"/subscriptions/{_SEGMENT}/resourcegroups/{_SEGMENT}"
            rf"/providers/microsoft\.machinelearningservices/workspaces/{_SEGMENT}/diagnose"
        ),
        "deployment what-if": rf"{_SCOPE}/providers/microsoft\.resources/deployments/{_SEGMENT}/whatif",
        "deployment validate": (
            rf"{_SCOPE}/providers/microsoft\.resources/deployments/{_SEGMENT}/validate"
        ),
        "resource graph": r"/providers/microsoft\.resourcegraph/resources",
        "name availability": (
            rf"/subscriptions/{_SEGMENT}/providers/{_SEGMENT}(?:/locations/{_SEGMENT})?"
            r"/check(?:mlresource)?nameavailability"
        ),
        "zone peers": rf"/subscriptions/{_SEGMENT}/providers/microsoft\.resources/checkzonepeers",
        "access check": rf"{_SCOPE}/providers/microsoft\.authorization/checkaccess",
        "event details": (
            rf"{_SCOPE}/providers/microsoft\.resourcehealth/events/{_SEGMENT}/fetcheventdetails"
        ),
        "resource group export": (
            rf"/subscriptions/{_SEGMENT}/resourcegroups/{_SEGMENT}/exporttemplate"
        ),
    }.items()
}
"""The POSTs that read, by name."""

_ENDPOINT = (
    rf"/subscriptions/{_SEGMENT}/resourcegroups/{_SEGMENT}"
    rf"/providers/microsoft\.machinelearningservices/workspaces/{_SEGMENT}/onlineendpoints/{_SEGMENT}"
)
SIGNING_POSTS: dict[str, re.Pattern[str]] = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in {
        "endpoint keys": rf"{_ENDPOINT}/listkeys",
        "endpoint token": rf"{_ENDPOINT}/token",
        "scoring": _SCOPE,
        "registry token": rf"(?:/registry/{_SEGMENT})?/oauth2/(?:exchange|token)",
    }.items()
}
"""POSTs that change nothing, and that a pipeline must name to send: they ask for a secret, or use one.

``scoring`` is any path: the pipeline that names it speaks to the one scoring address of an endpoint alone. Scoring
runs a model and changes no resource.
Sources: https://learn.microsoft.com/azure/machine-learning/how-to-authenticate-online-endpoint and
https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md
"""

_SUSPICIOUS = re.compile(r"%2e|%2f|%5c|\\|//|/\.{1,2}(?:/|$)|[\x00-\x20]", re.IGNORECASE)
"""What a path may not hold if its words are to be trusted: another reader could see another path."""


def is_reading(method: str, path: str, also: Collection[str] = ()) -> bool:
    """Return whether a request changes nothing.

    Args:
        method: the HTTP method, in any letter case.
        path: the URL's path without the query.
        also: names of :data:`SIGNING_POSTS` that count too.
    """
    if method.upper() in READING_METHODS:
        return True
    return method.upper() == "POST" and (reading_post(path) is not None or _signs(path, also))


def _signs(path: str, also: Collection[str]) -> bool:
    if _SUSPICIOUS.search(path):
        return False
    return any(SIGNING_POSTS[name].fullmatch(path.rstrip("/")) for name in also)


def reading_post(path: str) -> str | None:
    """Return the name of the reading POST that ``path`` is, or ``None``."""
    if _SUSPICIOUS.search(path):
        return None
    trimmed = path.rstrip("/")
    return next(
        (name for name, pattern in _READING_POSTS.items() if pattern.fullmatch(trimmed)), None
    )
