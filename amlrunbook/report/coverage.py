"""docs/coverage.md, generated from the matrix: ``python -m amlrunbook.report.coverage`` prints it."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from typing import assert_never

from amlrunbook.facts.coverage import Cell, Column, Kind, Row, coverage


def document(rows: tuple[Row, ...] | None = None) -> str:
    """Return the whole page."""
    return "\n".join(_lines(coverage() if rows is None else rows))


def _lines(rows: tuple[Row, ...]) -> Iterator[str]:
    kinds = Counter(row.cell(column).kind for row in rows for column in Column)
    yield "# Coverage"
    yield ""
    yield "Generated from `amlrunbook/facts/coverage.toml`. For each service that a workspace stands on: what this"
    yield "program does by itself, what a person does with which commands, and what nobody can do."
    yield ""
    counted = ", ".join(f"{kinds[kind]} {_word(kind)}" for kind in Kind)
    yield f"{len(rows)} services, {len(rows) * len(Column)} cells: {counted}."
    yield ""
    yield f"| service | {' | '.join(column.value for column in Column)} |"
    yield "|---|---|---|---|---|"
    for row in rows:
        words = " | ".join(_word(row.cell(column).kind) for column in Column)
        yield f"| [{row.title}](#{_anchor(row.title)}) | {words} |"
    for row in rows:
        yield from ("", f"## {row.title}", "")
        for column in Column:
            yield from _cell(column, row.cell(column))
    yield ""


def _word(kind: Kind) -> str:
    match kind:
        case Kind.AUTOMATIC:
            return "automatic"
        case Kind.MANUAL:
            return "by hand"
        case Kind.IMPOSSIBLE:
            return "impossible"
        case Kind.NOT_YET:
            return "not yet"
        case _:
            assert_never(kind)


def _cell(column: Column, cell: Cell) -> Iterator[str]:
    said = [cell.text] if cell.text else []
    if cell.checks:
        said.append("Checks: " + ", ".join(f"`{name}`" for name in cell.checks) + ".")
    if cell.operations:
        said.append("Operations: " + ", ".join(f"`{name}`" for name in cell.operations) + ".")
    if cell.source:
        said.append(f"[Source]({cell.source}).")
    yield f"- **{column.value}**, {_word(cell.kind)}{': ' if said else ''}{' '.join(said)}".rstrip()
    if cell.commands:
        yield from ("", "  ```sh", *(f"  {command}" for command in cell.commands), "  ```", "")


def _anchor(title: str) -> str:
    kept = "".join(c for c in title.lower() if c.isalnum() or c in " -")
    return kept.replace(" ", "-")


if __name__ == "__main__":
    sys.stdout.write(document())
