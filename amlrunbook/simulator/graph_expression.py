"""Expressions of Resource Graph's query language: read once, then worked out for each row.

Names with dots, texts, numbers, ``true``/``false``, comparisons, ``in``, ``and``, ``or``, ``not``
and the functions in :data:`FUNCTIONS`. Anything else is refused, never half understood.

Source: https://learn.microsoft.com/azure/governance/resource-graph/concepts/query-language
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from amlrunbook.simulator.world import Document

Value = Callable[[Document], Any]
"""What an expression gives for a row."""

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<name>[$A-Za-z_][\w]*)"
    r"|(?P<sign>==|=~|!=|!~|<=|>=|[!<>=|(),.\[\]~-]))",
    re.DOTALL,
)
_KEYWORDS = frozenset(
    {"and", "or", "in", "has", "contains", "startswith", "endswith", "true", "false"}
)
_ESCAPES = re.compile(r"\\(.)")


class QueryError(ValueError):
    """A query that is not understood: the sentence, and the place in the query."""

    def __init__(self, message: str, token: Token | None = None) -> None:
        super().__init__(message)
        self.token = token


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a query."""

    kind: str
    """``text``, ``number``, ``name``, ``sign`` or ``end``."""
    text: str
    at: int
    """Characters before it."""

    def __str__(self) -> str:
        return "<EOF>" if self.kind == "end" else self.text[:80]


def tokens(query: str) -> list[Token]:
    """Cut a query into words.

    Raises:
        QueryError: it holds what is no word.
    """
    found: list[Token] = []
    text, at = query.rstrip().rstrip(";"), 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            bad = Token("sign", text[at:].strip()[:1], at)
            raise QueryError(f"'{bad}' is not understood", bad)
        kind = match.lastgroup
        found.append(Token(kind, match[kind], match.start(kind)))
        at = match.end()
    return [*found, Token("end", "", len(text))]


class Words:
    """The words of a query, read from the left."""

    def __init__(self, found: Sequence[Token]) -> None:
        self._found = found
        self._next = 0

    @property
    def here(self) -> Token:
        """The word that comes next."""
        return self._found[self._next]

    def take(self) -> Token:
        """Return the next word and go on."""
        token = self.here
        self._next = min(self._next + 1, len(self._found) - 1)
        return token

    def accept(self, *texts: str) -> Token | None:
        """Take the next word if it is one of these, in any case."""
        here = self.here
        if here.kind in {"name", "sign"} and here.text.lower() in texts:
            return self.take()
        return None

    def expect(self, *texts: str) -> Token:
        """Take the next word, which must be one of these.

        Raises:
            QueryError: it is another.
        """
        token = self.accept(*texts)
        if token is None:
            raise self.wrong(f"'{self.here}' stands where '{texts[0]}' is expected")
        return token

    def name(self) -> str:
        """Take a name.

        Raises:
            QueryError: the next word is none.
        """
        if self.here.kind != "name":
            raise self.wrong(f"'{self.here}' is not the name of a column")
        return self.take().text

    def follows(self, text: str) -> bool:
        """Is the word after the next one this?"""
        after = self._found[min(self._next + 1, len(self._found) - 1)]
        return after.kind == "sign" and after.text == text

    def between(self, start: int, end: int) -> list[Token]:
        """Return the words between two places of the query."""
        return [token for token in self._found if start <= token.at < end]

    def columns(self, start: int, end: int) -> list[Token]:
        """Return the names between two places that stand for columns."""
        found = self.between(start, end)
        around = zip([None, *found], found, [*found[1:], None], strict=False)
        return [
            token
            for before, token, after in around
            if token.kind == "name"
            and token.text.lower() not in _KEYWORDS
            and (before is None or before.text != ".")
            and (after is None or after.text != "(")
        ]

    def wrong(self, message: str) -> QueryError:
        """Return an error at this place."""
        return QueryError(message, self.here)


def at(row: Document, path: Sequence[str]) -> Any:
    """Return what a path names; the case of its names does not matter."""
    found: Any = row
    for part in path:
        if not isinstance(found, dict):
            return None
        named = {str(key).lower(): value for key, value in found.items()}
        found = named.get(part.lower())
    return found


def text_of(value: Any) -> str:
    """Return a value as text: what is not there is empty."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _number(value: Any) -> int | None:
    try:
        return int(float(text_of(value)))
    except ValueError:
        return None


def _empty(value: Any) -> bool:
    return value is None or value in ("", [], {})


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "tolower": lambda value: text_of(value).lower(),
    "toupper": lambda value: text_of(value).upper(),
    "tostring": text_of,
    "toint": _number,
    "tolong": _number,
    "tobool": lambda value: {"true": True, "false": False}.get(text_of(value).lower()),
    "todatetime": lambda value: value,
    "isempty": _empty,
    "isnotempty": lambda value: not _empty(value),
    "isnull": lambda value: value is None,
    "isnotnull": lambda value: value is not None,
    "not": lambda value: not value,
    "iff": lambda test, one, other: one if test else other,
    "iif": lambda test, one, other: one if test else other,
    "strcat": lambda *values: "".join(text_of(value) for value in values),
    "coalesce": lambda *values: next((value for value in values if not _empty(value)), None),
    "array_length": lambda value: len(value) if isinstance(value, list) else None,
}
"""Functions by lower-cased name."""


def _pair(one: Any, other: Any) -> tuple[Any, Any]:
    """Return two values in one type: numbers as such, everything else as text."""
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one, other
    return text_of(one), text_of(other)


def _low(value: Any) -> str:
    return text_of(value).lower()


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: _pair(a, b)[0] == _pair(a, b)[1],
    "!=": lambda a, b: _pair(a, b)[0] != _pair(a, b)[1],
    "=~": lambda a, b: _low(a) == _low(b),
    "!~": lambda a, b: _low(a) != _low(b),
    "<": lambda a, b: a is not None and _pair(a, b)[0] < _pair(a, b)[1],
    "<=": lambda a, b: a is not None and _pair(a, b)[0] <= _pair(a, b)[1],
    ">": lambda a, b: a is not None and _pair(a, b)[0] > _pair(a, b)[1],
    ">=": lambda a, b: a is not None and _pair(a, b)[0] >= _pair(a, b)[1],
    "contains": lambda a, b: _low(b) in _low(a),
    "startswith": lambda a, b: _low(a).startswith(_low(b)),
    "endswith": lambda a, b: _low(a).endswith(_low(b)),
    "has": lambda a, b: _low(b) in re.split(r"[^\w]+", _low(a)),
}


def expression(words: Words) -> Value:
    """Read an expression.

    Raises:
        QueryError: it is none.
    """
    parts = [_all(words)]
    while words.accept("or"):
        parts.append(_all(words))
    return parts[0] if len(parts) == 1 else lambda row: any(bool(part(row)) for part in parts)


def _all(words: Words) -> Value:
    parts = [_comparison(words)]
    while words.accept("and"):
        parts.append(_comparison(words))
    return parts[0] if len(parts) == 1 else lambda row: all(bool(part(row)) for part in parts)


def _comparison(words: Words) -> Value:
    left = _operand(words)
    negated = words.accept("!") is not None
    how = words.accept("in", "has", "contains", "startswith", "endswith")
    if how is None and not negated:
        how = words.accept("==", "!=", "=~", "!~", "<", "<=", ">", ">=")
        if how is None:
            return left
    if how is None:
        raise words.wrong(f"'{words.here}' cannot be negated")
    if how.text.lower() == "in":
        found = _membership(words, left)
    else:
        compare, right = _COMPARISONS[how.text.lower()], _operand(words)
        found = lambda row: compare(left(row), right(row))  # noqa: E731 - one of three
    return (lambda row: not found(row)) if negated else found


def _membership(words: Words, left: Value) -> Value:
    folded = words.accept("~") is not None
    words.expect("(")
    held = _arguments(words)

    def test(row: Document) -> bool:
        wanted = [text_of(value(row)) for value in held]
        value = text_of(left(row))
        return value.lower() in [w.lower() for w in wanted] if folded else value in wanted

    return test


def _arguments(words: Words) -> list[Value]:
    """Read values up to the closing parenthesis."""
    found: list[Value] = []
    while not words.accept(")"):
        if found:
            words.expect(",")
        found.append(expression(words))
    return found


def _operand(words: Words) -> Value:
    token = words.here
    if token.kind == "text":
        text = _ESCAPES.sub(r"\1", words.take().text[1:-1])
        return lambda _: text
    if token.kind == "number" or words.accept("-"):
        sign = 1 if token.kind == "number" else -1
        number = sign * float(words.take().text)
        return lambda _: int(number) if number.is_integer() else number
    if words.accept("("):
        inner = expression(words)
        words.expect(")")
        return inner
    if token.kind == "name" and words.follows("("):
        return _call(words)
    if token.text.lower() in {"true", "false"}:
        truth = words.take().text.lower() == "true"
        return lambda _: truth
    path = name_path(words)
    return lambda row: at(row, path)


def _call(words: Words) -> Value:
    token = words.take()
    function = FUNCTIONS.get(token.text.lower())
    if function is None:
        raise QueryError(f"the function '{token}' is not served", token)
    words.expect("(")
    arguments = _arguments(words)

    def value(row: Document) -> Any:
        try:
            return function(*(argument(row) for argument in arguments))
        except TypeError as error:
            raise QueryError(f"'{token}' is given {len(arguments)} arguments", token) from error

    return value


def name_path(words: Words) -> list[str]:
    """Read a column's name, with what is below it after dots or in brackets.

    Raises:
        QueryError: it is none.
    """
    path = [words.name()]
    while True:
        if words.accept("."):
            path.append(words.name())
        elif words.accept("["):
            token = words.take()
            if token.kind != "text":
                raise QueryError(f"'{token}' is not the name of a property", token)
            path.append(token.text[1:-1])
            words.expect("]")
        else:
            return path
