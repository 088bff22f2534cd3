"""The ``az`` command of a finding: a template of trusted words, filled with names that are not.

Every filled word is quoted for a POSIX shell, so that a name is a name and nothing else. A name that holds control
characters, or that would be read as an option, gets no command at all: what is shown must be what is run.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

from amlrunbook.model.display import shown

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def az(template: str, values: Mapping[str, str]) -> str:
    """Return ``template`` with its ``{placeholders}`` filled and quoted; empty where it cannot be safe.

    A value that is not known stays visible as ``<placeholder>``, in quotes.
    """
    words = []
    for word in template.split():
        used = [values.get(key) or f"<{key}>" for key in _PLACEHOLDER.findall(word)]
        if not all(_is_safe(value) for value in used):
            return ""
        filled = iter(used)
        text = _PLACEHOLDER.sub(lambda _: next(filled), word)  # noqa: B023 - used at once
        words.append(shlex.quote(text))
    return " ".join(words)


def _is_safe(value: str) -> bool:
    """Return whether a value can stand in a command that a person copies."""
    return not value.startswith("-") and shown(value) == value
