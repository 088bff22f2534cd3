"""All operations by id, made with what they need."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.errors import UsageError
from amlrunbook.model.operation import Action, Check, Operation, Registry
from amlrunbook.operations.checks import checks
from amlrunbook.operations.hardening.setting import SettingAction
from amlrunbook.operations.hardening.settings import SETTINGS
from amlrunbook.operations.outage.planes import Planes
from amlrunbook.operations.outage.recent_changes import RecentChanges
from amlrunbook.operations.outage.resource_health import ResourceHealth
from amlrunbook.operations.outage.service_health import ServiceHealth

_CHECKS: tuple[Callable[[AzureGateway], Check], ...] = (
    ResourceHealth,
    ServiceHealth,
    Planes,
    RecentChanges,
)
_ACTIONS: tuple[Callable[[AzureGateway], Action], ...] = tuple(
    partial(SettingAction, setting=setting) for setting in SETTINGS
)


def build_registry(gateway: AzureGateway | None) -> Registry:
    """Return all operations.

    Args:
        gateway: what actions reach Azure by. Without one (checking or planning a runbook, replay) they tell
            their id, title, risk and confirmation, and refuse everything else.
    """
    reach = gateway or _Nowhere()
    read = tuple(make(reach) for make in _CHECKS)  # type: ignore[arg-type]
    change = tuple(make(reach) for make in _ACTIONS)  # type: ignore[arg-type]
    operations: tuple[Operation, ...] = (*checks(), *read, *change)  # type: ignore[arg-type]
    return {operation.id: operation for operation in operations}


class _Nowhere:
    """Stands where no gateway is: whatever is asked of it is refused."""

    def __getattr__(self, name: str) -> object:
        raise UsageError(
            f"There is no Azure here to ask ({name}).",
            state="Nothing was sent.",
            next_step="Run the runbook with `amlrunbook run`, or as a drill.",
        )
