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


@pytest.mark.parametrize("name", sorted(set(build_registry(None)) - _ELSEWHERE))
def test_no_operation_changes_anything_in_read_only(lonely: AzureHere, name: str) -> None:
    snapshot = take_snapshot(lonely.gateway(Mode.READ_ONLY), lonely.profile).snapshot
    asked = OperationContext(
        profile=lonely.profile, snapshot=snapshot, step="s", resource=account(lonely)
    )
    operation = build_registry(lonely.gateway(Mode.READ_ONLY))[name]
    heard, before = Heard(), lonely.last
    if isinstance(operation, Action):
        shown = operation.preview(asked)
        assert shown.requests
        with pytest.raises(ReadOnlyError):
            operation.apply(asked, shown, INTENT, heard)
        operation.observe(asked, shown, INTENT, "")
        assert not operation.verify(asked, shown).reached
        assert lonely.requests(before), "it was looked at"
    else:
        operation.run(asked, heard)
    assert changes(lonely, before) == []
    assert [word for word in heard.words if word[0] == "sent"] == []
