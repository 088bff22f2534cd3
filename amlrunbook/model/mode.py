"""The three modes of a process: what it may change, and how it says so."""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    """What this process may change."""

    READ_ONLY = "read-only"
    """Nothing: the gateway refuses every changing request."""
    DRILL = "drill"
    """The simulated Azure only."""
    LIVE = "live"
    """Real Azure, armed by the operator."""

    @property
    def may_change(self) -> bool:
        """Whether a changing request may leave in this mode."""
        return self is not Mode.READ_ONLY

    @property
    def word(self) -> str:
        """The word a screen shows, in capitals."""
        return self.value.upper()
