"""A runbook, a profile and a snapshot become a plan."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import msgspec
import pytest

from amlrunbook.errors import DocumentError
from amlrunbook.executor.difference import plan_difference
from amlrunbook.model.finding import Verdict
from amlrunbook.model.operation import (
    ActionResult,
    CheckReport,
    Confirmation,
    Observation,
    OperationContext,
    Outcome,
    Preview,
    Registry,
    Risk,
)
from amlrunbook.model.profile import DataAccount, Profile, Side, validated
from amlrunbook.model.snapshot import snapshot_of
from amlrunbook.planning.load import load_runbook, runbook_folder
from amlrunbook.planning.plan import Plan, plan_from_json
from amlrunbook.planning.resolve import resolve

SUB = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-a/providers"
WORKSPACE = f"{SUB}/Microsoft.MachineLearningServices/workspaces/aml-a"
OTHER = f"{SUB}/Microsoft.MachineLearningServices/workspaces/aml-b"
DEFAULT = f"{SUB}/Microsoft.Storage/storageAccounts/stdefault"
DATA = f"{SUB}/Microsoft.Storage/storageAccounts/stdata"


class SomeCheck:
    title = "check"

    def __init__(self, name: str) -> None:
        self.id = name

    def run(self, context: Any, reporter: Any) -> CheckReport:
        return CheckReport(verdict=Verdict.PASS, text="fine")


class SomeAction:
    title = "action"

    def __init__(
        self, name: str, risk: Risk = Risk.REVERSIBLE, least: Confirmation = Confirmation.ENTER
    ) -> None:
        self.id = name
        self.risk = risk
        self.confirmation = least

    def preview(self, context: Any) -> Preview:
        return Preview(summary="", requests=(), resources=())

    def apply(self, context: Any, preview: Any, intent: Any, reporter: Any) -> ActionResult:
        return ActionResult(outcome=Outcome.SUCCEEDED, text="")

    def observe(self, context: Any, preview: Any, intent: Any, poll_url: str) -> Observation:
        return Observation(reached=True, text="")

    def verify(self, context: Any, preview: Any) -> Observation:
        return Observation(reached=True, text="")


CHECKS = (
    "access",
    "network",
    "attached",
    "coverage",
    "workspace",
    "storage",
    "key-vault",
    "registry",
    "insights",
    "compute",
    "endpoints",
    "summary",
)


def registry(action: SomeAction | None = None) -> Registry:
    operations: dict[str, Any] = {f"assess.{name}": SomeCheck(f"assess.{name}") for name in CHECKS}
    act = action or SomeAction("hardening.blob-soft-delete")
    operations[act.id] = act
    return operations


def profile(**changes: Any) -> Profile:
    return validated(
        msgspec.structs.replace(
            Profile(
                format=1,
                name="a",
                subscription="00000000-0000-0000-0000-000000000001",
                primary=Side(workspace=WORKSPACE, region="eastus"),
                data_accounts=(DataAccount(id=DATA),),
            ),
            **changes,
        )
    )


def documents(*, soft_delete: bool) -> list[dict[str, Any]]:
    return [
        {
            "id": WORKSPACE,
            "name": "aml-a",
            "type": "Microsoft.MachineLearningServices/workspaces",
            "properties": {
                "storageAccount": DEFAULT.upper().replace("/SUBSCRIPTIONS", "/subscriptions")
            },
        },
        {
            "id": f"{DATA}/blobServices/default",
            "type": "Microsoft.Storage/storageAccounts/blobServices",
            "properties": {"deleteRetentionPolicy": {"enabled": soft_delete}},
        },
        {
            "id": f"{DEFAULT}/blobServices/default",
            "type": "Microsoft.Storage/storageAccounts/blobServices",
            "unread": "403",
        },
    ]


def plan(*, soft_delete: bool = False, who: Profile | None = None) -> Plan:
    loaded = load_runbook(runbook_folder() / "assessment.toml")
    return resolve(
        loaded, who or profile(), snapshot_of(documents(soft_delete=soft_delete)), registry()
    )


def test_a_step_for_each_account_whatever_the_case_of_its_id() -> None:
    ids = [step.id for step in plan().steps if step.base == "blob-soft-delete"]
    assert sorted(name.lower() for name in ids) == [
        "blob-soft-delete:stdata",
        "blob-soft-delete:stdefault",
    ]


def test_what_does_not_concern_the_pair_says_why_and_what_nobody_knows_stays() -> None:
    steps = {step.id.lower(): step for step in plan(soft_delete=True).steps}
    assert "blob soft delete is off" in steps["blob-soft-delete:stdata"].not_applicable
    assert steps["blob-soft-delete:stdefault"].not_applicable == ""


def test_commands_are_resolved_and_quoted() -> None:
    steps = {step.id.lower(): step for step in plan().steps}
    command = steps["blob-soft-delete:stdata"].commands[0]
    assert "--account-name stdata --resource-group rg-a" in command
    assert "{" not in command


def test_a_name_that_looks_like_a_placeholder_or_a_command_stays_a_word() -> None:
    account = f"{SUB}/Microsoft.Storage/storageAccounts/".replace("rg-a", "a;b") + "{group}"
    who = profile(data_accounts=(DataAccount(id=account),))
    (found,) = [step for step in plan(who=who).steps if step.resource == account]
    words = shlex.split(found.commands[0])
    assert words[words.index("--account-name") + 1] == "{group}"
    assert words[words.index("--resource-group") + 1] == "a;b"


@pytest.mark.parametrize("name", ["-x", "a\nb", "a\x1b[31m"])
def test_a_name_that_cannot_stand_in_a_command_gets_none(name: str) -> None:
    account = f"{SUB}/Microsoft.Storage/storageAccounts/{name}"
    who = profile(data_accounts=(DataAccount(id=account),))
    (found,) = [step for step in plan(who=who).steps if step.resource == account]
    assert found.commands == ()


def test_a_step_over_an_empty_list_names_no_other_resource() -> None:
    loaded = load_runbook(runbook_folder() / "assessment.toml")
    empty = resolve(loaded, profile(data_accounts=()), snapshot_of([]), registry())
    assert empty.step("blob-soft-delete").commands == ()


def test_a_plan_survives_its_own_json_and_its_digest_tells_plans_apart() -> None:
    first = plan()
    again = plan_from_json(first.to_json())
    assert again == first
    assert again.digest == first.digest
    assert plan(soft_delete=True).digest != first.digest


class KeysInOrder(SomeCheck):
    """Says by hand in which order a document's keys came."""

    def by_hand(self, context: OperationContext) -> tuple[str, ...]:
        return tuple(" ".join(["az", *document]) for document in context.snapshot.documents)


def test_the_plan_is_the_same_in_whatever_order_the_keys_of_a_document_came() -> None:
    told = documents(soft_delete=True)
    turned = [dict(reversed(document.items())) for document in told]
    operations = {**registry(), "assess.storage": KeysInOrder("assess.storage")}
    loaded = load_runbook(runbook_folder() / "assessment.toml")
    first, second = (
        resolve(loaded, profile(), snapshot_of(each), operations) for each in (told, turned)
    )
    assert any("az id name" in line for step in first.steps for line in step.by_hand)
    assert plan_difference(first, second) == ()
    assert first.digest == second.digest


def test_a_runbook_may_ask_for_more_confirmation_but_never_for_less(tmp_path: Path) -> None:
    text = (runbook_folder() / "assessment.toml").read_text(encoding="utf-8")
    path = tmp_path / "r.toml"
    path.write_text(
        text.replace(
            'do = "hardening.blob-soft-delete"',
            'do = "hardening.blob-soft-delete"\nconfirm = "type-name"',
        ),
        encoding="utf-8",
    )
    snapshot = snapshot_of(documents(soft_delete=False))
    resolved = resolve(load_runbook(path), profile(), snapshot, registry())
    steps = [step for step in resolved.steps if step.base == "blob-soft-delete"]
    assert {step.confirmation for step in steps} == {Confirmation.TYPE_NAME}
    strict = SomeAction("hardening.blob-soft-delete", least=Confirmation.TWO_PERSONS)
    with pytest.raises(DocumentError, match="weaker than"):
        resolve(load_runbook(path), profile(), snapshot, registry(strict))


def test_losing_data_always_takes_a_typed_name() -> None:
    loaded = load_runbook(runbook_folder() / "assessment.toml")
    losing = SomeAction("hardening.blob-soft-delete", risk=Risk.DATA_LOSS)
    resolved = resolve(
        loaded, profile(), snapshot_of(documents(soft_delete=False)), registry(losing)
    )
    step = next(step for step in resolved.steps if step.base == "blob-soft-delete")
    assert (step.risk, step.confirmation) == (Risk.DATA_LOSS, Confirmation.TYPE_NAME)


def test_an_unknown_operation_is_named_with_the_nearest_one() -> None:
    loaded = load_runbook(runbook_folder() / "assessment.toml")
    known = {key: value for key, value in registry().items() if key != "assess.storage"}
    with pytest.raises(DocumentError, match="step 'storage': unknown operation"):
        resolve(loaded, profile(), snapshot_of([]), known)


def test_two_accounts_of_one_name_stay_apart() -> None:
    twin = DATA.replace("rg-a", "rg-b")
    who = profile(data_accounts=(DataAccount(id=DATA), DataAccount(id=twin)))
    ids = [step.id for step in plan(who=who).steps if step.base == "blob-soft-delete"]
    assert {"blob-soft-delete:rg-a/stdata", "blob-soft-delete:rg-b/stdata"} <= set(ids)
