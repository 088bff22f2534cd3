"""Options that several commands take: in which form they answer."""

from __future__ import annotations

import click

FORM = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
"""Of an answer for a person or a program."""
REPORT_FORM = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown", "html"]),
    default="text",
    show_default=True,
)
"""Of a report, which is handed on as well."""
