"""The time as Azure tells it, in the ``Date`` header of its answers.

How old a last sync time is, is asked of Azure's clock, not of this machine's: a laptop whose clock is minutes off would
tell another loss than there is, and a drill's world may stand at another hour altogether.
Source: https://www.rfc-editor.org/rfc/rfc9110#name-date
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime


class ServerTime:
    """This machine's clock, put right by the last answer. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ahead = timedelta()

    def hear(self, date: str) -> None:
        """Take the ``Date`` of an answer that just came; one that is no date is passed over."""
        try:
            told = parsedate_to_datetime(date)
        except (TypeError, ValueError, IndexError, OverflowError):
            return
        told = told if told.tzinfo else told.replace(tzinfo=UTC)
        with self._lock:
            self._ahead = told - datetime.fromtimestamp(int(time.time()), UTC)

    def now(self) -> datetime:
        """Return the time in UTC, to the second: this machine's, until Azure has told another."""
        with self._lock:
            return datetime.fromtimestamp(int(time.time()), UTC) + self._ahead
