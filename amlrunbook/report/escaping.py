"""Text from outside, made safe for the place where it is shown.

A resource's name is whatever somebody chose: it must not move a terminal's cursor, open a tag, or end a table cell.
"""

from __future__ import annotations

import html
import re

from amlrunbook.model.display import shown

_MARKDOWN = re.compile(r"([\\`*_\[\]<>|#~&])")
_ASCII = str.maketrans({"…": "...", "\N{EN DASH}": "-", "·": "-"})


def plain_ascii(text: str) -> str:
    """Return ``text`` for a stream that knows ASCII only."""
    return text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")


def markdown(text: str) -> str:
    """Return ``text`` as Markdown that shows it literally, in a paragraph or a table cell."""
    return _MARKDOWN.sub(r"\\\1", shown(text))


def markdown_code(text: str) -> str:
    """Return ``text`` as a fenced block that it cannot close."""
    body = shown(text)
    longest = max((len(run) for run in re.findall(r"`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}sh\n{body}\n{fence}"


def markup(text: str) -> str:
    """Return ``text`` as HTML that shows it literally."""
    return html.escape(shown(text), quote=True)
