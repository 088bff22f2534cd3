"""Text from outside, made safe to show: no control sequence, no direction mark, no hidden character.

A terminal acts on such characters: a resource's name that holds one would change what the operator reads.
"""

from __future__ import annotations

import unicodedata

_ESCAPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that draw nothing of their own, or change how their neighbours are drawn."""

_MARKS = frozenset({"Mn", "Me"})
"""Marks that are drawn over the character before them."""

_MARKS_IN_A_ROW = 2
"""Languages stack two; more hide what they stand on."""


def shown(text: str, *, keep: str = "") -> str:
    r"""Return ``text`` with every character that a terminal acts on written as an escape (``\x1b``).

    Applying it twice changes nothing more.

    Args:
        text: anything that came from outside.
        keep: characters that stay as they are, such as ``"\n\t"`` for text of several lines.
    """
    if text.isascii() and text.isprintable():
        return text
    parts: list[str] = []
    marks = 0
    for char in text:
        category = unicodedata.category(char)
        marks = marks + 1 if category in _MARKS else 0
        hidden = category in _ESCAPED or marks > _MARKS_IN_A_ROW
        parts.append(_escape(char) if hidden and char not in keep else char)
    return "".join(parts)


def shown_lines(text: str) -> list[str]:
    """Return ``text`` line by line, each as :func:`shown` returns it; tabs become four spaces."""
    lines = text.replace("\r\n", "\n").split("\n")
    return [shown(line.replace("\t", "    ")) for line in lines]


def _escape(char: str) -> str:
    return char.encode("unicode_escape", "backslashreplace").decode("ascii")
