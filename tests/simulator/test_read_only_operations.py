"""Every operation there is, through a read-only gateway: the simulated Azure sees no change of any."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from amlrunbook.azure.deadline import Deadline
from amlrunbook.azure.inventory import take_snapshot
from amlrunbook.errors import ReadOnlyError
from amlrunbook.model.mode import Mode
from amlrunbook.model.operation import Action, Operation, OperationContext
from amlrunbook.model.snapshot import Snapshot
from amlrunbook.operations.hardening.settings import SETTINGS
from amlrunbook.operations.hardening.storage_services import BLOB_SOFT_DELETE
from amlrunbook.operations.registry import build_registry
from tests.simulator.azure_here import AzureHere, azure_running
from tests.simulator.inference_world import Inference, changing
from tests.simulator.test_soft_delete_action import INTENT, Heard, account, changes

_ELSEWHERE = {setting.id for setting in SETTINGS} - {BLOB_SOFT_DELETE.id}
"""Driven the same way in test_hardening_actions, each on a resource that it is for."""


_OF_A_PAIR = {
    "outage.planes": "",
    "outage.recent-changes": "",
    "outage.resource-health": "",
    "outage.service-health": "",
    "switchover.config-file": "{folder}/config.json",
    "switchover.data-account-readable": "{data}",
    "switchover.data-account-replication": "{data}",
    "switchover.deployment-ready": "{blue}",
    "switchover.endpoint-traffic": "{endpoint}",
    "switchover.jobs-left": "",
    "switchover.probes-green": "",
    "switchover.resubmit-job": "{primary}/jobs/left",
    "switchover.scale-deployment": "{blue}",
    "switchover.scoring-probe": "{blue}",
    "switchover.storage-failover": "{data}",
    "switchover.storage-provider": "{data}",
}
"""What needs a secondary, and what each is about."""


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[AzureHere, Snapshot]]:
    """A lonely workspace and what is there; shared, since nothing here may change it."""
    with azure_running(tmp_path_factory.mktemp("alone"), "lonely-workspace") as here:
        yield here, take_snapshot(here.gateway(Mode.READ_ONLY), here.profile).snapshot


@pytest.mark.parametrize("name", sorted(set(build_registry(None)) - _ELSEWHERE - set(_OF_A_PAIR)))
def test_no_operation_changes_anything_in_read_only(
    alone: tuple[AzureHere, Snapshot], name: str
) -> None:
    here, snapshot = alone
    asked = OperationContext(
        profile=here.profile, snapshot=snapshot, step="s", resource=account(here)
    )
    operation = build_registry(here.gateway(Mode.READ_ONLY))[name]
    heard, before = Heard(), here.last
    _drive(operation, asked, heard)
    assert here.requests(before) or not isinstance(operation, Action), "it was looked at"
    assert changes(here, before) == []
    assert [word for word in heard.words if word[0] == "sent"] == []


def _drive(operation: Operation, asked: OperationContext, heard: Heard) -> None:
    """Let an operation do all that it can do."""
    if isinstance(operation, Action):
        shown = operation.preview(asked)
        assert shown.requests
        with pytest.raises(ReadOnlyError):
            operation.apply(asked, shown, INTENT, heard)
        operation.observe(asked, shown, INTENT, "")
        with Deadline(2.0).scope():  # nobody waits for what was never sent
            assert not operation.verify(asked, shown).reached
    else:
        operation.run(asked, heard)


@pytest.fixture(scope="module")
def standing(pair_running: AzureHere) -> Inference:
    world = Inference(pair_running)
    world.half()
    job = {"jobType": "Command", "command": "c"}
    environment = f"{world.primary}/environments/fraud-env/versions/3"
    world.put(f"{world.primary}/jobs/left", {"properties": {**job, "environmentId": environment}})
    world.snapshot = world.taken()
    return world


@pytest.mark.parametrize("name", sorted(_OF_A_PAIR))
def test_no_operation_of_a_pair_changes_anything_in_read_only(
    standing: Inference, pair: AzureHere, tmp_path: Path, name: str
) -> None:
    group, workspace = standing.primary.split("/")[4], standing.primary.split("/")[8]
    text = (
        f'{{"subscription_id": "{pair.profile.subscription}", "resource_group": "{group}", '
        f'"workspace_name": "{workspace}"}}'
    )
    (tmp_path / "config.json").write_text(text)
    resource = _OF_A_PAIR[name].format(
        folder=tmp_path,
        blue=standing.blue,
        data=pair.profile.data_accounts[0].id,
        endpoint=standing.endpoint,
        primary=standing.primary,
    )
    heard, before = Heard(), pair.last
    _drive(build_registry(standing.reading)[name], standing.context(resource), heard)
    assert changing(pair, before) == []
    assert [word for word in heard.words if word[0] == "sent"] == []
    assert [path.name for path in tmp_path.iterdir()] == ["config.json"]
    assert (tmp_path / "config.json").read_text() == text
