"""Runbooks that open runbooks, conditions over steps, and the formats of times."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlrunbook.errors import DocumentError, UsageError
from amlrunbook.model.snapshot import snapshot_of
from amlrunbook.planning.conditions import StepWord, step_and_word
from amlrunbook.planning.family import DEEPEST, family_problems
from amlrunbook.planning.load import load_runbook
from amlrunbook.planning.plan import plan_from_json
from amlrunbook.planning.resolve import resolve
from tests.unit.planning.test_resolve import DATA, DEFAULT, profile, registry

HEAD = """
id = "{id}"
version = "1"
title = "{id}"
{params}
[[phases]]
id = "only"
title = "Only"
"""
STEP = """
[[step]]
id = "{id}"
phase = "only"
kind = "{kind}"
title = "{id}"
why = "Because."
"""


def step(name: str, kind: str = "check", *lines: str) -> str:
    do = 'do = "assess.storage"' if kind == "check" else ""
    return STEP.format(id=name, kind=kind) + "\n".join((do, *lines)) + "\n"


def opens(name: str, runbook: str, *lines: str) -> str:
    return step(name, "runbook", f'do = "{runbook}"', *lines)


class Shelf:
    """Runbooks in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, name: str, *steps: str, params: str = "") -> None:
        text = HEAD.format(id=name, params=params) + "".join(steps)
        (self.folder / f"{name}.toml").write_text(text, encoding="utf-8")

    def __call__(self, name: str):
        path = self.folder / f"{name}.toml"
        if not path.is_file():
            raise UsageError(f"There is no runbook {name!r}.")
        return load_runbook(path)

    def resolved(self, name: str, documents=(), **changes):
        return resolve(
            self(name), profile(**changes), snapshot_of(list(documents)), registry(), self
        )

    def problems(self, name: str) -> tuple[str, ...]:
        return family_problems(self(name), registry(), self)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def test_the_steps_of_a_child_follow_the_step_that_opens_it(shelf: Shelf) -> None:
    shelf.add("inner", step("look"), step("then", "manual", 'needs = ["look"]'))
    shelf.add(
        "outer",
        step("first"),
        opens("inside", "inner", 'needs = ["first"]'),
        step("last", "manual", 'needs = ["inside"]'),
    )
    plan = shelf.resolved("outer")
    assert [found.id for found in plan.steps] == [
        "first",
        "inside",
        "inside/look",
        "inside/then",
        "last",
    ]
    then = plan.step("inside/then")
    assert (then.parent, then.base, then.needs) == ("inside", "inside/then", ("inside/look",))
    assert plan.step("inside/look").phase == "only"
    child = plan.child("inside")
    assert [found.id for found in child.steps] == ["inside/look", "inside/then"]
    assert child.runbook_digest == shelf("inner").digest
    assert plan_from_json(plan.to_json()) == plan
    assert plan.digest == shelf.resolved("outer").digest


def test_branches_inside_a_child_lead_to_its_own_steps(shelf: Shelf) -> None:
    shelf.add("inner", step("look", "check", 'on_fail = "end"'), step("end", "manual"))
    shelf.add("outer", opens("inside", "inner"), step("end", "manual"))
    assert shelf.resolved("outer").step("inside/look").on_fail == "inside/end"


def test_a_child_of_every_resource_is_about_that_resource(shelf: Shelf) -> None:
    shelf.add("inner", step("look"))
    shelf.add("outer", opens("inside", "inner", 'for_each = "storage_accounts"'))
    documents = [
        {"id": account, "name": account.rsplit("/", 1)[-1], "properties": {}}
        | {"type": "Microsoft.Storage/storageAccounts"}
        for account in (DEFAULT, DATA)
    ]
    plan = shelf.resolved("outer", documents)
    inside = {found.id: found.resource for found in plan.steps if found.parent}
    assert inside == {"inside:stdefault/look": DEFAULT, "inside:stdata/look": DATA}
    assert {child.step for child in plan.children} == {"inside:stdefault", "inside:stdata"}


def test_parameters_are_handed_down_and_may_be_said_otherwise(shelf: Shelf) -> None:
    shelf.add(
        "inner",
        step("a"),
        step("b", "check", 'params = { days = "3" }'),
        params='params = { days = "14", depth = "1" }',
    )
    shelf.add("outer", opens("inside", "inner", 'params = { days = "30" }'))
    plan = shelf.resolved("outer")
    assert plan.step("inside/a").params == {"days": "30", "depth": "1"}
    assert plan.step("inside/b").params == {"days": "3", "depth": "1"}
    shelf.add("wrong", opens("inside", "inner", 'params = { day = "30" }'))
    assert shelf.problems("wrong") == (
        "step 'inside': runbook 'inner' has no parameter 'day'; did you mean 'days'?",
    )


def test_a_runbook_within_itself_is_refused_with_the_chain(shelf: Shelf) -> None:
    shelf.add("a", opens("x", "b"))
    shelf.add("b", opens("y", "c"))
    shelf.add("c", step("look"), opens("z", "a"))
    assert shelf.problems("a") == (
        "a → b → c: step 'z': a runbook cannot open itself: a → b → c → a.",
    )
    shelf.add("self", opens("x", "self"))
    with pytest.raises(DocumentError, match="self → self"):
        shelf.resolved("self")


def test_runbooks_lie_only_so_deep_in_one_another(shelf: Shelf) -> None:
    for depth in range(DEEPEST):
        shelf.add(f"r{depth}", opens("down", f"r{depth + 1}"))
    shelf.add(f"r{DEEPEST}", step("look"))
    assert "deep in one another" in shelf.problems("r0")[0]
    assert shelf.problems("r1") == ()
    assert [found.id for found in shelf.resolved("r1").steps][-1] == "down/down/down/look"


def test_what_is_wrong_in_a_child_is_told_with_the_way_to_it(shelf: Shelf) -> None:
    shelf.add("inner", step("look", "check").replace("assess.storage", "assess.storag"))
    shelf.add("outer", opens("inside", "inner"), opens("gone", "nowhere"))
    assert shelf.problems("outer") == (
        "outer → inner: step 'look': unknown operation 'assess.storag'; did you mean 'assess.storage'?",
        "step 'gone': There is no runbook 'nowhere'.",
    )
    shelf.add("path", opens("x", "../inner"))
    with pytest.raises(DocumentError, match="a path is not taken"):
        shelf("path")


def test_conditions_over_steps_stay_in_the_plan(shelf: Shelf) -> None:
    shelf.add(
        "r",
        step("a", "check", 'for_each = "workspaces"'),
        step("b"),
        step("x", "manual", 'when = "step:b.failed"'),
        step("y", "manual", 'when = { any = ["step:a.passed", "snapshot.complete"] }'),
        step("z", "manual", 'when = { any = ["step:a.passed", "data_accounts.exist"] }'),
        step("w", "manual", 'when = { all = ["step:a.passed"], none = ["snapshot.complete"] }'),
    )
    plan = shelf.resolved("r", secondary=None, data_accounts=())
    assert plan.step("x").when.all[0].steps == ("b",)
    assert plan.step("y").when.asks == ()
    assert plan.step("z").when.any[0].word is StepWord.PASSED
    assert plan.step("z").when.any[0].text == "step a passed"
    assert plan.step("w").not_applicable == "It holds that everything could be read."
    assert plan.step("w").when.asks == ()


def test_a_condition_is_on_the_same_resource_where_there_is_one(shelf: Shelf) -> None:
    shelf.add(
        "r",
        step("a", "check", 'for_each = "workspaces"'),
        step("b", "check", 'for_each = "workspaces"', 'when = "step:a.failed"'),
    )
    plan = shelf.resolved("r")
    assert plan.step("b:aml-a").when.all[0].steps == ("a:aml-a",)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ('when = "step:lok.passed"', "unknown step in when 'lok'; did you mean 'look'?"),
        ('when = "step:end.passed"', "'end', which does not come before it"),
        ('when = "step:late.passed"', "'late', which does not come before it"),
        ('when = "step:look.pased"', "did you mean 'passed'?"),
        ('when = "step:look"', "unknown word on a step in when ''"),
        ('when = { none = ["step:look.faild"] }', "did you mean 'failed'?"),
        ('on_timeout = "late"', "a manual step cannot have 'on_timeout'"),
        ('budget = "PT0S"', "'PT0S' is no time at all"),
        ("parallel = 2", "'parallel' is for the instances of 'for_each'"),
        ('parallel = 2\nfor_each = "workspaces"', "a manual step cannot have 'parallel'"),
    ],
)
def test_a_wrong_condition_or_time_is_told(shelf: Shelf, lines: str, says: str) -> None:
    shelf.add("r", step("look"), step("end", "manual", lines), step("late", "manual"))
    with pytest.raises(DocumentError) as refused:
        shelf("r")
    assert says in refused.value.diagnostics()


def wait(until: str, every: str = "PT30S") -> str:
    return step("w", "wait", 'check = "assess.storage"', f'every = "{every}"', f'until = "{until}"')


@pytest.mark.parametrize(
    "until", ["PT30M", "P1D", "2026-01-31T06:00:00Z", "2026-01-31T06:00:00.5+02:00"]
)
def test_a_wait_ends_after_a_time_or_at_a_moment(shelf: Shelf, until: str) -> None:
    shelf.add("r", wait(until))
    assert shelf.problems("r") == ()


@pytest.mark.parametrize(
    ("until", "says"),
    [
        ("tomorrow", "A moment is written like"),
        ("2026-01-31", "A moment is written like"),
        ("2026-01-31T06:00:00", "A moment is written like"),
        ("2026-02-31T06:00:00Z", "no moment of the calendar"),
        ("2026-01-31T06:00:00+99:00", "no moment of the calendar"),
        ("PT0S", "no time at all"),
        ("PT", "is not a duration"),
    ],
)
def test_an_end_that_is_none_is_told(shelf: Shelf, until: str, says: str) -> None:
    shelf.add("r", wait(until))
    with pytest.raises(DocumentError) as refused:
        shelf("r")
    assert says in refused.value.diagnostics()


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ('on_timeout = "fail"\nbudget = "PT1M"', "an action cannot have on_timeout = 'fail'"),
        ('on_timeout = "end"', "on_timeout needs a 'budget'"),
        ('on_fail = "look"', "on_fail leads to 'look', which does not follow"),
        ('on_fail = "act"', "on_fail leads to 'act', which does not follow"),
    ],
)
def test_branches_of_an_action(shelf: Shelf, lines: str, says: str) -> None:
    act = step("act", "action", 'do = "hardening.blob-soft-delete"', lines)
    shelf.add("r", step("look"), act, step("end", "manual"))
    with pytest.raises(DocumentError) as refused:
        shelf("r")
    assert says in refused.value.diagnostics()


@pytest.mark.parametrize(
    ("verify", "says"),
    [
        (
            "assess.storag",
            "unknown check in verify 'assess.storag'; did you mean 'assess.storage'?",
        ),
        ("hardening.blob-soft-delete", "unknown check in verify"),
    ],
)
def test_what_verifies_an_action_is_a_check_that_there_is(
    shelf: Shelf, verify: str, says: str
) -> None:
    shelf.add(
        "r", step("act", "action", 'do = "hardening.blob-soft-delete"', f'verify = "{verify}"')
    )
    assert says in shelf.problems("r")[0]


@given(st.text(max_size=40))
def test_any_name_of_a_predicate_is_taken_apart(text: str) -> None:
    assert ".".join(step_and_word(f"step:{text}")).rstrip(".") == text.rstrip(".")
