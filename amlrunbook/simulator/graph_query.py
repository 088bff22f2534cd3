"""The part of Resource Graph's query language that is served: tables, and steps between pipes.

``where``, ``project``, ``project-away``, ``extend``, ``summarize ... by``, ``distinct``, ``join`` (inner,
innerunique, leftouter; three a query at most), ``mv-expand``, ``order by``, ``top``, ``limit`` and
``count``. Anything else is refused, never half understood.

Source: https://learn.microsoft.com/azure/governance/resource-graph/concepts/query-language
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import msgspec

from amlrunbook.simulator.graph_expression import (
    QueryError,
    Value,
    Words,
    at,
    expression,
    name_path,
    text_of,
    tokens,
)
from amlrunbook.simulator.world import Document

MOST_JOINS = 3


@dataclass(frozen=True, slots=True)
class Table:
    """Rows, and the columns that they all have."""

    columns: tuple[str, ...]
    rows: list[Document]

    @property
    def has_id(self) -> bool:
        """Can it be paged? Azure pages only what has an ``id``."""
        return any(column.lower() == "id" for column in self.columns)


Tables = Mapping[str, Table]
"""Tables by lower-cased name."""


def run(query: str, tables: Tables) -> Table:
    """Answer a query.

    Raises:
        QueryError: it is not understood.
    """
    found = _Query(Words(tokens(query)), tables)
    table = found.pipeline()
    if found.words.here.kind != "end":
        raise found.words.wrong(f"'{found.words.here}' is not understood")
    return table


class _Query:
    """One query, worked out from the left."""

    def __init__(self, words: Words, tables: Tables) -> None:
        self.words = words
        self._tables = tables
        self._joins = 0
        self._steps: dict[str, Callable[[Table], Table]] = {
            "where": self._where,
            "project": self._project,
            "extend": self._extend,
            "summarize": self._summarize,
            "distinct": self._distinct,
            "join": self._join,
            "mv": self._expand,
            "order": self._order,
            "sort": self._order,
            "top": self._top,
            "limit": self._limit,
            "take": self._limit,
            "count": lambda table: Table(("Count",), [{"Count": len(table.rows)}]),
        }

    def pipeline(self) -> Table:
        """Read a table and the steps behind it."""
        name = self.words.here
        table = self._tables.get(self.words.name().lower())
        if table is None:
            raise QueryError(f"the table '{name}' is not served", name)
        while self.words.accept("|"):
            verb = self.words.here
            step = self._steps.get(self.words.take().text.lower())
            if step is None:
                raise QueryError(f"'{verb}' is not understood", verb)
            table = step(table)
        return table

    def _where(self, table: Table) -> Table:
        test = self._of(table)
        return Table(table.columns, [row for row in table.rows if test(row)])

    def _of(self, table: Table) -> Value:
        """Read an expression over a table's columns."""
        start = self.words.here
        value = expression(self.words)
        self._check_names(table, start.at, self.words.here.at)
        return value

    def _check_names(self, table: Table, start: int, end: int) -> None:
        """Refuse names that are no columns of a table."""
        for name in self.words.columns(start, end):
            if name.text.lower() not in {column.lower() for column in table.columns}:
                raise QueryError(f"the column '{name}' does not exist", name)

    def _columns(self, table: Table) -> list[tuple[str, Value]]:
        """Read ``name``, ``name = expression`` or ``expression``, between commas."""
        found = [self._column(table)]
        while self.words.accept(","):
            found.append(self._column(table))
        return found

    def _column(self, table: Table) -> tuple[str, Value]:
        if self.words.follows("="):
            alias = self.words.name()
            self.words.expect("=")
            return alias, self._of(table)
        start = self.words.here
        value = self._of(table)
        return self._name_of(start.at, self.words.here.at), value

    def _name_of(self, start: int, end: int) -> str:
        """Return the name of a column without one: its path, or the first name in it."""
        parts = [token.text.strip("'\"") for token in self.words.between(start, end)]
        if "(" not in parts:
            return "_".join(part for part in parts if part not in ".[]")
        names = self.words.columns(start, end)
        return names[0].text if names else "Column1"

    def _project(self, table: Table) -> Table:
        if self.words.accept("-"):
            self.words.expect("away")
            gone = {self.words.name().lower()}
            while self.words.accept(","):
                gone.add(self.words.name().lower())
            kept = tuple(c for c in table.columns if c.lower() not in gone)
            return Table(kept, [{c: at(row, [c]) for c in kept} for row in table.rows])
        columns = self._columns(table)
        rows = [{name: value(row) for name, value in columns} for row in table.rows]
        return Table(tuple(name for name, _ in columns), rows)

    def _extend(self, table: Table) -> Table:
        columns = self._columns(table)
        rows = [{**row, **{name: value(row) for name, value in columns}} for row in table.rows]
        new = tuple(name for name, _ in columns if name not in table.columns)
        return Table((*table.columns, *new), rows)

    def _distinct(self, table: Table) -> Table:
        columns = self._columns(table)
        unique: dict[str, Document] = {}
        for row in table.rows:
            found = {name: value(row) for name, value in columns}
            unique.setdefault(_key(found), found)
        return Table(tuple(name for name, _ in columns), list(unique.values()))

    def _summarize(self, table: Table) -> Table:
        sums = [self._aggregate(table)]
        while self.words.accept(","):
            sums.append(self._aggregate(table))
        by = self._columns(table) if self.words.accept("by") else []
        groups: dict[str, tuple[Document, list[Document]]] = {}
        if not by:
            groups[_key({})] = ({}, [])
        for row in table.rows:
            head = {name: value(row) for name, value in by}
            groups.setdefault(_key(head), (head, []))[1].append(row)
        rows = [
            {**head, **{name: value(members) for name, value in sums}}
            for head, members in groups.values()
        ]
        return Table((*(name for name, _ in by), *(name for name, _ in sums)), rows)

    def _aggregate(self, table: Table) -> tuple[str, Callable[[list[Document]], Any]]:
        alias = None
        if self.words.follows("="):
            alias = self.words.name()
            self.words.expect("=")
        function = self.words.here
        name = self.words.name().lower()
        if name not in _AGGREGATES:
            raise QueryError(f"the aggregation '{function}' is not served", function)
        self.words.expect("(")
        if name == "count":
            self.words.expect(")")
            return alias or "count_", len
        start = self.words.here
        value = self._of(table)
        self.words.expect(")")
        work = _AGGREGATES[name]
        plain = "" if name == "countif" else str(start)
        return alias or f"{name}_{plain}", lambda rows: work([value(row) for row in rows])

    def _join(self, table: Table) -> Table:
        self._joins += 1
        if self._joins > MOST_JOINS:
            raise self.words.wrong(f"a query holds at most {MOST_JOINS} joins")
        kind = "innerunique"
        if self.words.accept("kind"):
            self.words.expect("=")
            kind = self.words.expect("inner", "innerunique", "leftouter").text.lower()
        self.words.expect("(")
        right = self.pipeline()
        self.words.expect(")")
        self.words.expect("on")
        keys = [self._key_pair()]
        while self.words.accept(","):
            keys.append(self._key_pair())
        return _joined(table, right, kind, keys)

    def _key_pair(self) -> tuple[str, str]:
        """Read ``name`` or ``$left.name == $right.name``."""
        path = name_path(self.words)
        if path[0] != "$left":
            return path[0], path[0]
        self.words.expect("==")
        other = name_path(self.words)
        return path[-1], other[-1]

    def _expand(self, table: Table) -> Table:
        """Make one row for each item of a list."""
        self.words.expect("-")
        self.words.expect("expand")
        ((name, value),) = [self._column(table)]
        rows: list[Document] = []
        for row in table.rows:
            held = value(row)
            items = held if isinstance(held, list) and held else [held]
            rows += [{**row, name: item} for item in items]
        return Table(tuple(dict.fromkeys((*table.columns, name))), rows)

    def _order(self, table: Table) -> Table:
        self.words.expect("by")
        return self._ordered(table)

    def _ordered(self, table: Table) -> Table:
        keys: list[tuple[Value, bool]] = []
        while not keys or self.words.accept(","):
            value = self._of(table)
            way = self.words.accept("asc", "desc")
            keys.append((value, way is None or way.text.lower() == "desc"))
        rows = list(table.rows)
        for value, falling in reversed(keys):
            ranks = {id(row): _rank(value(row)) for row in rows}
            rows.sort(key=lambda row: ranks[id(row)], reverse=falling)
        return Table(table.columns, rows)

    def _top(self, table: Table) -> Table:
        number = self._whole()
        self.words.expect("by")
        return Table(table.columns, self._ordered(table).rows[:number])

    def _limit(self, table: Table) -> Table:
        return Table(table.columns, table.rows[: self._whole()])

    def _whole(self) -> int:
        token = self.words.take()
        if not token.text.isdigit():
            raise QueryError(f"'{token}' is not a number of rows", token)
        return int(token.text)


def _key(values: Any) -> str:
    return msgspec.json.encode(values, order="sorted").decode()


def _rank(value: Any) -> tuple[int, Any]:
    """Return what sorts values of any type: what is missing first, numbers, texts."""
    if value is None:
        return (0, 0)
    if isinstance(value, int | float):
        return (1, value)
    return (2, text_of(value))


_AGGREGATES: dict[str, Callable[[list[Any]], Any]] = {
    "count": len,
    "countif": lambda values: sum(1 for value in values if value),
    "dcount": lambda values: len({_key(value) for value in values if value is not None}),
    "sum": lambda values: sum(value for value in values if isinstance(value, int | float)),
    "min": lambda values: min((v for v in values if v is not None), key=_rank, default=None),
    "max": lambda values: max((v for v in values if v is not None), key=_rank, default=None),
    "any": lambda values: next((v for v in values if v is not None), None),
    "take_any": lambda values: next((v for v in values if v is not None), None),
    "make_list": lambda values: [v for v in values if v is not None],
    "make_set": lambda values: list({_key(v): v for v in values if v is not None}.values()),
}


def _joined(left: Table, right: Table, kind: str, keys: list[tuple[str, str]]) -> Table:
    """Join two tables; columns of the right one that the left one has get a 1 behind them."""
    taken = {column.lower() for column in left.columns}
    names = {c: f"{c}1" if c.lower() in taken else c for c in right.columns}
    found: dict[str, list[Document]] = {}
    for row in right.rows:
        found.setdefault(_key([at(row, [b]) for _, b in keys]), []).append(row)
    rows: list[Document] = []
    seen: set[str] = set()
    for row in left.rows:
        key = _key([at(row, [a]) for a, _ in keys])
        if kind == "innerunique" and key in seen:
            continue
        seen.add(key)
        matches = found.get(key) or ([{}] if kind == "leftouter" else [])
        rows += [
            {**row, **{new: deepcopy(match.get(old)) for old, new in names.items()}}
            for match in matches
        ]
    return Table((*left.columns, *names.values()), rows)
