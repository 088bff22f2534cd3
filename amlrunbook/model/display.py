"""Text from outside, made safe to show: no control sequence, no direction mark, no hidden character.

A terminal acts on such characters: a resource's name that holds one would change what the operator reads.
"""

from __future__ import annotations

import unicodedata

_ESCAPED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def shown(text: str, *, keep: str = "") -> str:
    r"""Return ``text`` with every character that a terminal acts on written as an escape (``\x1b``).

    Args:
        text: anything that came from outside.
        keep: characters that stay as they are, such as ``"\n\t"`` for text of several lines.
    """
    return "".join(
        char
        if char in keep or unicodedata.category(char) not in _ESCAPED
        else char.encode("unicode_escape", "backslashreplace").decode("ascii")
        for char in text
    )
