"""Times and counts as a person reads them at night."""

from __future__ import annotations

from datetime import UTC

from amlrunbook.model.moments import age_words, moment, seconds_between

__all__ = ["age_words", "clock_words", "moment", "seconds_between", "time_of_day"]

_MINUTE = 60
_HOUR = 3600


def clock_words(seconds: int | None) -> str:
    """Return a stretch of time as ``HH:MM:SS``; ``--:--:--`` where it is not known."""
    if seconds is None:
        return "--:--:--"
    seconds = max(seconds, 0)
    return f"{seconds // _HOUR:02d}:{seconds // _MINUTE % 60:02d}:{seconds % 60:02d}"


def time_of_day(text: str) -> str:
    """Return ``HH:MM:SS`` of an RFC 3339 time in UTC, or nothing where ``text`` is none."""
    found = moment(text)
    return f"{found.astimezone(UTC):%H:%M:%S}" if found else ""


def counted(count: int, noun: str) -> str:
    """Return a count and its noun: ``1 call``, ``2 calls``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
