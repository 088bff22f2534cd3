"""An HTTP answer, as everything behind the pipeline sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one request."""

    status: int
    headers: Mapping[str, str]
    """The headers, found in any letter case."""
    content: bytes
