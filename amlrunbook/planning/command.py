"""A command line in a runbook: one program and its words, nothing that only a shell would understand."""

from __future__ import annotations

import re
import shlex
from itertools import pairwise, takewhile

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


_LOOKING = re.compile(
    r"(?:show|list)(?:-[a-z-]+)?|get-access-token|blob download|online-endpoint invoke"
)
"""The last words of an ``az`` command that changes nothing in Azure."""
_LOOKING_PROGRAMS = frozenset({"cat", "curl", "dig"})


def only_looks(text: str) -> bool:
    """Return whether a command changes nothing; what is not known to look counts as a change."""
    try:
        words = shlex.split(text)
    except ValueError:
        return False
    if not words or _has_operator(text):
        return False
    if words[0] != "az":
        return words[0] in _LOOKING_PROGRAMS
    options = {name.lower(): value for name, value in pairwise(words)}
    verbs = list(takewhile(lambda word: not word.startswith("-"), words[1:]))
    if verbs == ["rest"]:
        return options.get("--method", "get").lower() == "get"
    return any(_LOOKING.fullmatch(" ".join(verbs[-count:])) for count in (1, 2))


_UNKNOWN = re.compile(r"<([a-z][a-z0-9_ ]*)>")


def to_fill_in(text: str) -> tuple[str, ...]:
    """Return what only the day tells of a command: the words in its angle brackets, each once."""
    return tuple(dict.fromkeys(_UNKNOWN.findall(text)))
