"""Lists of the blob service, a page at a time: ``maxresults``, ``marker`` and ``NextMarker``."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from amlrunbook.simulator.answers import Refusal
from amlrunbook.simulator.blob_xml import Element

T = TypeVar("T")

_MOST = 5000
_MARKER_VERSION = "1!"


@dataclass(frozen=True, kw_only=True)
class Page(Generic[T]):
    """One page of a list."""

    items: Sequence[T]
    asked: list[Element]
    """The request's paging, which answers repeat."""
    next_marker: str
    """What the next request must give; empty on the last page."""


def page(query: Mapping[str, str], entries: Sequence[tuple[str, T]]) -> Page[T]:
    """Return the page of ordered (key, item) entries that a request asks for.

    Raises:
        Refusal: ``maxresults`` is no positive number, or the marker is none of ours.
    """
    most = _most(query.get("maxresults"))
    marker = query.get("marker", "")
    rest = list(entries)
    if marker:
        start = _start(marker)
        rest = [entry for entry in rest if entry[0] >= start]
    asked: list[Element] = [("Marker", marker or None)]
    if "maxresults" in query:
        asked.append(("MaxResults", most))
    return Page(
        items=[item for _, item in rest[:most]],
        asked=asked,
        next_marker=_marker(rest[most][0]) if len(rest) > most else "",
    )


def _most(text: str | None) -> int:
    if text is None:
        return _MOST
    try:
        most = int(text)
    except ValueError as error:
        raise Refusal(
            400,
            "InvalidQueryParameterValue",
            "Value for one of the query parameters specified in the request URI is invalid.",
        ) from error
    if most < 1:
        raise Refusal(
            400,
            "OutOfRangeQueryParameterValue",
            "One of the query parameters specified in the request URI is outside the permissible "
            "range.",
        )
    return min(most, _MOST)


def _marker(key: str) -> str:
    return _MARKER_VERSION + base64.urlsafe_b64encode(key.encode()).decode()


def _start(marker: str) -> str:
    version, text = marker[: len(_MARKER_VERSION)], marker[len(_MARKER_VERSION) :]
    try:
        if version == _MARKER_VERSION:
            return base64.urlsafe_b64decode(text).decode()
    except ValueError:  # no base64, or no text in it
        pass
    raise Refusal(
        400,
        "InvalidQueryParameterValue",
        "Value for one of the query parameters specified in the request URI is invalid: marker.",
    )
