"""The coverage matrix has no hole and claims nothing that is not there; its page is the one in the docs."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from amlrunbook.assessment import CATALOGUE
from amlrunbook.cli.checks_document import document as checks_page
from amlrunbook.facts.coverage import Cell, Column, Kind, coverage, problems
from amlrunbook.operations.registry import build_registry
from amlrunbook.report.coverage import document

ROOT = Path(__file__).resolve().parents[3]
CHECKS = frozenset(rule.id for rule in CATALOGUE)
OPERATIONS = frozenset(build_registry(None))
SERVICES = {
    "workspace", "storage", "data-lake", "key-vault", "container-registry", "insights", "compute-instance",
    "compute-cluster", "aks", "arc", "databricks", "container-instances", "hdinsight", "synapse-spark",
    "sql-database", "postgresql", "mysql", "cosmos", "api-management", "private-dns", "ml-registry",
    "traffic-manager", "front-door",
}  # fmt: skip


def test_every_service_has_its_row_and_no_cell_is_a_hole() -> None:
    assert {row.id for row in coverage()} >= SERVICES
    assert problems(coverage(), CHECKS, OPERATIONS) == ()


def test_every_check_serves_a_row() -> None:
    named = {name for row in coverage() for column in Column for name in row.cell(column).checks}
    groups = {name[:-1] for name in named if name.endswith(".*")}
    left = {c for c in CHECKS if c not in named and not any(c.startswith(g) for g in groups)}
    assert left <= {"compute.legacy-aks", "compute.retired-kind"}


@pytest.mark.parametrize(
    ("column", "cell", "words"),
    [
        (Column.ASSESS, Cell(kind=Kind.NOT_YET), "does not look like this"),
        (Column.SWITCH, Cell(kind=Kind.AUTOMATIC), "does not look like this"),
        (Column.SWITCH, Cell(kind=Kind.MANUAL, text="do it"), "does not look like this"),
        (Column.SWITCH, Cell(kind=Kind.IMPOSSIBLE, text="no"), "does not look like this"),
        (Column.SWITCH, Cell(kind=Kind.NOT_YET, text="soon"), "does not look like this"),
        (Column.ASSESS, Cell(kind=Kind.AUTOMATIC, checks=("storage.cats",)), "no check storage.cats"),
        (Column.ASSESS, Cell(kind=Kind.AUTOMATIC, checks=("cats.*",)), "no check cats.*"),
        (Column.SWITCH, Cell(kind=Kind.AUTOMATIC, operations=("cats.herd",)), "no operation cats.herd"),
    ],
)  # fmt: skip
def test_a_hole_and_a_false_claim_are_found(column: Column, cell: Cell, words: str) -> None:
    (row, *_) = coverage()
    spoilt = msgspec.structs.replace(row, **{column.value: cell})
    (problem,) = problems((spoilt,), CHECKS, OPERATIONS)
    assert problem.startswith(f"{row.id}/{column.value}: ")
    assert words in problem


def test_the_page_in_the_docs_is_the_matrix() -> None:
    page = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
    assert page == document(), "python -m amlrunbook.report.coverage > docs/coverage.md"


def test_an_operation_that_mends_a_finding_exists() -> None:
    named = {rule.remedy_operation for rule in CATALOGUE} - {""}
    assert len(named) >= 10
    assert named <= OPERATIONS


def test_the_page_of_all_checks_is_the_catalogue() -> None:
    page = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")
    assert page == checks_page(), "python -m amlrunbook.cli.checks_document > docs/checks.md"
