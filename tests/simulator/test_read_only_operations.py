"""Every operation there is, through a read-only gateway: the simulated Azure sees no change of any."""

from __future__ import annotations

import pytest

from amlrunbook.azure.inventory import take_snapshot
from amlrunbook.errors import ReadOnlyError
from amlrunbook.model.mode import Mode
from amlrunbook.model.operation import Action, OperationContext
from amlrunbook.operations.hardening.settings import SETTINGS
from amlrunbook.operations.hardening.storage_services import BLOB_SOFT_DELETE
from amlrunbook.operations.registry import build_registry
from tests.simulator.azure_here import AzureHere
from tests.simulator.test_soft_delete_action import INTENT, Heard, account, changes

_ELSEWHERE = {setting.id for setting in SETTINGS} - {BLOB_SOFT_DELETE.id}
"""Driven the same way in test_hardening_actions, each on a resource that it is for."""
_PAIR = ("outage.", "switchover.")
"""What the operations begin with that are about a pair and its data accounts."""
_HERE = sorted(set(build_registry(None)) - _ELSEWHERE)


@pytest.mark.parametrize("name", [name for name in _HERE if not name.startswith(_PAIR)])
def test_no_operation_changes_anything_in_read_only(lonely: AzureHere, name: str) -> None:
    drive(lonely, name, account(lonely))


@pytest.mark.parametrize("name", [name for name in _HERE if name.startswith(_PAIR)])
def test_no_operation_on_a_pair_changes_anything_in_read_only(pair: AzureHere, name: str) -> None:
    drive(pair, name, pair.profile.data_accounts[0].id)


def drive(here: AzureHere, name: str, resource: str) -> None:
    """Do all that an operation can in read-only, and watch the wire."""
    snapshot = take_snapshot(here.gateway(Mode.READ_ONLY), here.profile).snapshot
    asked = OperationContext(profile=here.profile, snapshot=snapshot, step="s", resource=resource)
    operation = build_registry(here.gateway(Mode.READ_ONLY))[name]
    heard, before = Heard(), here.last
    if isinstance(operation, Action):
        shown = operation.preview(asked)
        assert shown.requests
        with pytest.raises(ReadOnlyError):
            operation.apply(asked, shown, INTENT, heard)
        operation.observe(asked, shown, INTENT, "")
        assert not operation.verify(asked, shown).reached
        assert here.requests(before), "it was looked at"
    else:
        operation.run(asked, heard)
    assert changes(here, before) == []
    assert [word for word in heard.words if word[0] == "sent"] == []
