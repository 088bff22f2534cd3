"""Points in time and stretches of it, as a person reads them at night."""

from __future__ import annotations

from datetime import UTC, datetime

_MINUTE = 60
_HOUR = 3600
_DAY = 86400


def moment(text: str) -> datetime | None:
    """Return an RFC 3339 time, or ``None`` where ``text`` is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def seconds_between(start: str, end: str | datetime) -> int | None:
    """Return the whole seconds from ``start`` to ``end``; ``None`` where one of them is no time."""
    first = moment(start)
    last = moment(end) if isinstance(end, str) else end
    if first is None or last is None:
        return None
    return int((last - first).total_seconds())


def age_words(seconds: int | None) -> str:
    """Return an age roughly: ``40 s``, ``26 min``, ``2 h``, ``12 d``; ``unknown`` where it is not known."""
    if seconds is None:
        return "unknown"
    seconds = max(seconds, 0)
    if seconds < 2 * _MINUTE:
        return f"{seconds} s"
    if seconds < 2 * _HOUR:
        return f"{seconds // _MINUTE} min"
    if seconds < 2 * _DAY:
        return f"{seconds // _HOUR} h"
    return f"{seconds // _DAY} d"
