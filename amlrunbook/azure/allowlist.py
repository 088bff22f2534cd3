"""Which requests read and which may change something, decided by method and path.

An allow-list: what is not named here changes something. ``listKeys`` and its kin are not named although they
change nothing: what they answer are secrets, and nothing in this program asks for those.
Sources: the POST operations of Azure's REST API that its documentation calls queries, checks or previews.
"""

from __future__ import annotations

import re

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

_SUSPICIOUS = re.compile(r"%2e|%2f|%5c|\\|//|/\.{1,2}(?:/|$)|[\x00-\x20]", re.IGNORECASE)
"""What a path may not hold if its words are to be trusted: another reader could see another path."""


def is_reading(method: str, path: str) -> bool:
    """Return whether a request changes nothing.

    Args:
        method: the HTTP method, in any letter case.
        path: the URL's path without the query.
    """
    if method.upper() in READING_METHODS:
        return True
    return method.upper() == "POST" and reading_post(path) is not None


def reading_post(path: str) -> str | None:
    """Return the name of the reading POST that ``path`` is, or ``None``."""
    if _SUSPICIOUS.search(path):
        return None
    trimmed = path.rstrip("/")
    return next(
        (name for name, pattern in _READING_POSTS.items() if pattern.fullmatch(trimmed)), None
    )
