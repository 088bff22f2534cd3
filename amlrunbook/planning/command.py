"""A command line in a runbook: one program and its words, nothing that only a shell would understand."""

from __future__ import annotations

import shlex

from amlrunbook.errors import DocumentError
from amlrunbook.model.display import shown

_OPERATORS = frozenset("();<>|&")


def command_words(text: str) -> tuple[str, ...]:
    """Return the words of a command.

    Raises:
        DocumentError: it is empty, more than one command, or not on one line of plain characters.
    """
    if shown(text) != text:
        raise DocumentError("a command must stand on one line, without hidden characters.")
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise DocumentError(f"a command's quotes do not match: {text}") from error
    if not words:
        raise DocumentError("a command is empty.")
    if _has_operator(text):
        raise DocumentError(
            f"a command must be one command, without pipes and the like (or with them in quotes): {text}"
        )
    return tuple(words)


def _has_operator(text: str) -> bool:
    """Return whether an operator of the shell stands outside of quotes."""
    quote, escaped = "", False
    for char in text:
        if escaped:
            escaped = False
        elif char == "\\" and quote != "'":
            escaped = True
        elif quote:
            quote = "" if char == quote else quote
        elif char in {"'", '"'}:
            quote = char
        elif char in _OPERATORS:
            return True
    return False
