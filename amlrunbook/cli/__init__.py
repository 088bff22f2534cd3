"""The commands: puts the parts together, and is the only place that prints."""

from __future__ import annotations

from amlrunbook.cli.boundary import main

__all__ = ["main"]
