"""The commands: puts the parts together, and is the only place that prints.

Importing this package loads nothing: whoever needs one of its modules pays for no other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line ``args`` (the process's own by default) and return the exit code."""
    from amlrunbook.cli import boundary

    return boundary.main(args)
