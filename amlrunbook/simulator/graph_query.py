"""The part of Resource Graph's query language that is served: one table, ``where``, ``project``...

``resources | where type =~ 'x' and location in~ ('a', 'b') | project id, name, s = sku.name |
order by name asc | limit 10`` and ``| count``. Anything else is refused, never half understood.

Source: https://learn.microsoft.com/azure/governance/resource-graph/concepts/query-language
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from amlrunbook.simulator.world import Document

Rows = list[Document]
_NAME = r"[A-Za-z_$][\w.$]*"
_PIPES = re.compile(r"\|(?=(?:[^'\"]*(?:'[^']*'|\"[^\"]*\"))*[^'\"]*$)")
_AND = re.compile(r"\s+and\s+(?=(?:[^'\"]*(?:'[^']*'|\"[^\"]*\"))*[^'\"]*$)", re.IGNORECASE)
_TEST = re.compile(
    rf"^(?P<name>(?:tolower\(\s*)?{_NAME}\s*\)?)\s*"
    r"(?P<how>==|=~|!=|!~|in~|in|contains|startswith|has)\s*"
    r"(?P<value>\(.*\)|'[^']*'|\"[^\"]*\"|true|false|-?\d+)$",
    re.IGNORECASE | re.DOTALL,
)
_COLUMN = re.compile(rf"^(?:(?P<alias>\w+)\s*=\s*)?(?P<path>{_NAME})$")
_ORDER = re.compile(
    rf"^(?:order|sort)\s+by\s+(?P<path>{_NAME})(?:\s+(?P<way>asc|desc))?$", re.IGNORECASE
)
_LIMIT = re.compile(r"^(?:limit|take)\s+(?P<number>\d+)$", re.IGNORECASE)


class QueryError(ValueError):
    """A query that is not understood; the text says which part."""


def run(query: str, rows: Rows) -> tuple[Rows, bool]:
    """Answer a query over all resources.

    Returns:
        The rows, and whether ``id`` is among their columns: only then can they be paged.

    Raises:
        QueryError: it is not understood.
    """
    table, *steps = [part.strip() for part in _PIPES.split(query.strip().rstrip(";"))]
    if table.lower() != "resources":
        raise QueryError(f"the table '{table[:80]}' is not served")
    has_id = True
    for step in steps:
        verb, _, rest = step.partition(" ")
        if verb.lower() == "project":
            columns = _columns(rest)
            rows = [{name: at(row, path) for name, path in columns} for row in rows]
            has_id = any(name.lower() == "id" for name, _ in columns)
        elif verb.lower() == "count" and not rest:
            rows, has_id = [{"Count": len(rows)}], False
        else:
            rows = _other(step, verb.lower(), rest, rows)
    return rows, has_id


def _other(step: str, verb: str, rest: str, rows: Rows) -> Rows:
    if verb == "where":
        tests = [_test(part.strip()) for part in _AND.split(rest)]
        return [row for row in rows if all(test(row) for test in tests)]
    if order := _ORDER.match(step):
        way = (order["way"] or "desc").lower()
        return sorted(rows, key=lambda row: str(at(row, order["path"])), reverse=way == "desc")
    if limit := _LIMIT.match(step):
        return rows[: int(limit["number"])]
    raise QueryError(f"'{step[:80]}' is not understood")


def at(row: Document, path: str) -> Any:
    """Return what a dotted path names; the case of its names does not matter."""
    found: Any = row
    for part in path.split("."):
        if not isinstance(found, dict):
            return None
        named = {str(key).lower(): value for key, value in found.items()}
        found = named.get(part.lower())
    return found


def _columns(text: str) -> list[tuple[str, str]]:
    columns = []
    for part in text.split(","):
        found = _COLUMN.match(part.strip())
        if found is None:
            raise QueryError(f"the column '{part.strip()[:80]}' is not understood")
        path = found["path"]
        columns.append((found["alias"] or path.replace(".", "_"), path))
    return columns


def _test(text: str) -> Callable[[Document], bool]:
    found = _TEST.match(text)
    if found is None:
        raise QueryError(f"the condition '{text[:80]}' is not understood")
    name = re.sub(r"^tolower\(\s*|\s*\)$", "", found["name"], flags=re.IGNORECASE).strip()
    lowered = found["name"].lower().startswith("tolower(")
    how = found["how"].lower()
    wanted = _values(found["value"])
    if how in {"in", "in~"} and not found["value"].startswith("("):
        raise QueryError(f"the condition '{text[:80]}' names no list")

    def test(row: Document) -> bool:
        held = _text(at(row, name))
        return _compare(held.lower() if lowered else held, how, wanted)

    return test


def _compare(held: str, how: str, wanted: list[str]) -> bool:
    low, lows = held.lower(), [value.lower() for value in wanted]
    answers: dict[str, Callable[[], bool]] = {
        "==": lambda: held == wanted[0],
        "!=": lambda: held != wanted[0],
        "=~": lambda: low == lows[0],
        "!~": lambda: low != lows[0],
        "in": lambda: held in wanted,
        "in~": lambda: low in lows,
        "contains": lambda: lows[0] in low,
        "has": lambda: lows[0] in re.split(r"[^\w]+", low),
        "startswith": lambda: low.startswith(lows[0]),
    }
    return answers[how]()


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _values(text: str) -> list[str]:
    if not text.startswith("("):
        return [text.strip("'\"")]
    found = re.findall(r"'([^']*)'|\"([^\"]*)\"", text)
    return [one or other for one, other in found] or [""]
