"""Paths of Azure Resource Manager: which type a path is of, and the api-version it is asked with."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from amlrunbook.errors import UsageError
from amlrunbook.model.api_versions import api_version

_WITHOUT_PROVIDER = {
    "subscriptions": "Microsoft.Resources/subscriptions",
    "locations": "Microsoft.Resources/subscriptions/locations",
    "resourcegroups": "Microsoft.Resources/resourceGroups",
    "resources": "Microsoft.Resources/resources",
    "providers": "Microsoft.Resources/providers",
}
"""The type by the last known word of a path that names no provider."""


def type_of(path: str) -> str:
    """Return the resource type that a path is of, whether it names a resource or a collection.

    Raises:
        UsageError: the path is none of ARM's.
    """
    segments = [part for part in urlsplit(path).path.split("/") if part]
    lowered = [part.lower() for part in segments]
    if "providers" in lowered:
        after = len(lowered) - lowered[::-1].index("providers")
        if len(segments) > after + 1:
            return "/".join([segments[after], *segments[after + 1 :: 2]])
    for segment in reversed(lowered):
        if segment in _WITHOUT_PROVIDER:
            return _WITHOUT_PROVIDER[segment]
    raise UsageError(f"{path!r} is not a path of Azure Resource Manager.")


def with_version(path: str, version: str = "", **query: str) -> str:
    """Return ``path`` with its api-version (from the table unless given) and further query parameters.

    Raises:
        UsageError: no api-version is known for the path's type, or the path is no path.
    """
    if not path.startswith("/") or path.startswith("//") or "?" in path or "#" in path:
        raise UsageError(f"{path!r} is not a path of Azure Resource Manager.")
    pairs = {"api-version": version or api_version(type_of(path)), **query}
    escaped = quote(path, safe="/:@!$&'()*+,;=~-._")
    return (
        escaped + "?" + "&".join(f"{name}={quote(text, safe='')}" for name, text in pairs.items())
    )
