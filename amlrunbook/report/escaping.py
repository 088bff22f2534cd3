"""Text from outside, made safe for the place where it is shown.

A resource's name is whatever somebody chose: it must not move a terminal's cursor, open a tag, or end a table cell.
"""

from __future__ import annotations

import html

from amlrunbook.model.display import shown

_ASCII = str.maketrans({"…": "...", "\N{EN DASH}": "-", "·": "-"})


def plain_ascii(text: str) -> str:
    """Return ``text`` for a stream that knows ASCII only."""
    return text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")


def markup(text: str) -> str:
    """Return ``text`` as HTML that shows it literally."""
    return html.escape(shown(text), quote=True)
