"""Text from outside as Markdown: shown literally, opening no tag, link, table cell or block of its own."""

from __future__ import annotations

import re

from amlrunbook.model.display import shown

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~&])")


def markdown(text: str) -> str:
    """Return ``text`` as Markdown that shows it literally, in a paragraph or a table cell."""
    return _SPECIAL.sub(r"\\\1", shown(text))


def markdown_code(text: str, *, keep: str = "") -> str:
    """Return ``text`` as a fenced block of shell that it cannot close; ``keep`` may name the line break."""
    body = shown(text, keep=keep)
    longest = max((len(run) for run in re.findall(r"`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}sh\n{body}\n{fence}"
