"""The coverage matrix: for each service that a workspace stands on, what this program does in each of four cases.

The data lies beside this module; ``docs/coverage.md`` is generated from it (:mod:`amlrunbook.report.coverage`).
"""

from __future__ import annotations

import functools
from enum import StrEnum
from importlib import resources

import msgspec


class Kind(StrEnum):
    """Who does it."""

    AUTOMATIC = "automatic"
    """This program, by the checks and operations that the cell names."""
    MANUAL = "manual"
    """A person, by the text and the commands of the cell."""
    IMPOSSIBLE = "impossible"
    """Nobody, for the reason that the cell gives."""
    NOT_YET = "not-yet"


class Column(StrEnum):
    """The four cases."""

    ASSESS = "assess"
    VERIFY = "verify"
    RECOVER = "recover"
    SWITCH = "switch"


class Cell(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is done for one service in one case."""

    kind: Kind
    checks: tuple[str, ...] = ()
    """Ids of checks, or ``group.*`` for all of a group."""
    operations: tuple[str, ...] = ()
    """Ids of operations that runbooks name."""
    text: str = ""
    commands: tuple[str, ...] = ()
    """Commands of the ``az`` CLI (or of the service's own), placeholders in capitals."""
    source: str = ""
    """URL of what the cell says."""


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One service."""

    id: str
    title: str
    assess: Cell
    verify: Cell
    recover: Cell
    switch: Cell

    def cell(self, column: Column) -> Cell:
        """Return the cell of one column."""
        found: Cell = getattr(self, column.value)
        return found


class _Matrix(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    rows: tuple[Row, ...]


@functools.cache
def coverage() -> tuple[Row, ...]:
    """Return the matrix, read from the package's data at the first call."""
    data = resources.files("amlrunbook.facts").joinpath("coverage.toml").read_bytes()
    return msgspec.toml.decode(data, type=_Matrix).rows


def problems(
    rows: tuple[Row, ...], checks: frozenset[str], operations: frozenset[str]
) -> tuple[str, ...]:
    """Return what is wrong with the matrix, one sentence each: holes, and claims of what does not exist.

    Args:
        rows: the matrix.
        checks: ids of all checks.
        operations: ids of all operations.
    """
    found = []
    for row in rows:
        for column in Column:
            cell = row.cell(column)
            found += [f"{row.id}/{column.value}: {problem}" for problem in _of_cell(cell, column)]
            found += [
                f"{row.id}/{column.value}: there is no check {name}"
                for name in cell.checks
                if not expanded(name, checks)
            ]
            found += [
                f"{row.id}/{column.value}: there is no operation {name}"
                for name in cell.operations
                if name not in operations
            ]
    return tuple(found)


def expanded(name: str, checks: frozenset[str]) -> tuple[str, ...]:
    """Return the checks that a cell's word stands for, sorted: itself, or all of ``group.*``."""
    if not name.endswith(".*"):
        return (name,) if name in checks else ()
    return tuple(sorted(check for check in checks if check.startswith(name[:-1])))


def _of_cell(cell: Cell, column: Column) -> list[str]:
    """Return what a cell lacks for its kind."""
    named, cited = cell.checks or cell.operations, cell.source.startswith("https://")
    whole = {
        Kind.AUTOMATIC: bool(named),
        Kind.MANUAL: bool(cell.text and cell.commands and cited) and not named,
        Kind.IMPOSSIBLE: bool(cell.text and cited) and not named and not cell.commands,
        Kind.NOT_YET: column is not Column.ASSESS
        and not (named or cell.text or cell.commands or cell.source),
    }
    return [] if whole[cell.kind] else [f"a cell that is {cell.kind.value} does not look like this"]
