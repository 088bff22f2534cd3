"""The documented grammar is the grammar: the example is valid, and no key, list or predicate is left out."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from amlrunbook.model.snapshot import snapshot_of
from amlrunbook.operations.registry import build_registry
from amlrunbook.planning.conditions import StepWord
from amlrunbook.planning.family import DEEPEST, family_problems
from amlrunbook.planning.grammar import Choice, Phase, Runbook, Step, StepKind
from amlrunbook.planning.lists import PREDICATES, RESOURCE_LISTS
from amlrunbook.planning.load import load_runbook
from amlrunbook.planning.resolve import resolve
from tests.unit.planning.test_resolve import profile

PAGE = Path(__file__).resolve().parents[3] / "docs" / "runbooks.md"


def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def example() -> str:
    found = re.search(r"```toml\n(id = .*?)```", page(), flags=re.DOTALL)
    assert found
    return found[1]


def test_the_example_is_a_valid_runbook(tmp_path: Path) -> None:
    path = tmp_path / "example.toml"
    path.write_text(example(), encoding="utf-8")
    loaded = load_runbook(path)
    assert family_problems(loaded, build_registry(None)) == ()
    plan = resolve(loaded, profile(), snapshot_of([]), build_registry(None))
    assert plan.step("whole/storage").parent == "whole"
    assert {step.kind for step in plan.steps} == set(StepKind)


def test_the_example_shows_every_key() -> None:
    keys = {
        field.name
        for struct in (Runbook, Phase, Step, Choice)
        for field in msgspec.structs.fields(struct)
    }
    shown = set(re.findall(r"^(\w+) =", example(), flags=re.MULTILINE)) | {
        name.split(".")[-1] for name in re.findall(r"^\[\[([\w.]+)\]\]", example(), re.MULTILINE)
    }
    assert keys <= shown


def test_the_page_names_every_word_there_is() -> None:
    text = page()
    words = [
        *PREDICATES,
        *RESOURCE_LISTS,
        *(f".{word.value}" for word in StepWord),
        *(f"**{kind.value}**" for kind in StepKind),
    ]
    assert [word for word in words if word not in text] == []
    assert {2: "two", 3: "three", 4: "four"}[DEEPEST] + " deep" in text
