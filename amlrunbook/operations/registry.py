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
from amlrunbook.operations.switchover.config_file import ConfigFile
from amlrunbook.operations.switchover.default_account import DefaultAccount
from amlrunbook.operations.switchover.deployment_ready import DeploymentReady
from amlrunbook.operations.switchover.deployment_scale import ScaleDeployment
from amlrunbook.operations.switchover.endpoint_traffic import EndpointTraffic
from amlrunbook.operations.switchover.jobs_left import JobsLeft
from amlrunbook.operations.switchover.jobs_resubmit import ResubmitJob
from amlrunbook.operations.switchover.probes_green import ProbesGreen
from amlrunbook.operations.switchover.scoring_probe import ScoringProbe
from amlrunbook.operations.switchover.storage_failover import StorageFailover
from amlrunbook.operations.switchover.storage_provider import StorageProvider
from amlrunbook.operations.switchover.storage_readable import DataAccountReadable
from amlrunbook.operations.switchover.storage_replication import DataAccountReplication

_CHECKS: tuple[Callable[[AzureGateway], Check], ...] = (
    ResourceHealth,
    ServiceHealth,
    Planes,
    RecentChanges,
    DataAccountReplication,
    StorageProvider,
    DataAccountReadable,
    DeploymentReady,
    ScoringProbe,
    JobsLeft,
    ProbesGreen,
)
_ACTIONS: tuple[Callable[[AzureGateway], Action], ...] = (
    *(partial(SettingAction, setting=setting) for setting in SETTINGS),
    StorageFailover,
    ScaleDeployment,
    EndpointTraffic,
    ConfigFile,
    ResubmitJob,
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
    operations: tuple[Operation, ...] = (*checks(), DefaultAccount(), *read, *change)  # type: ignore[arg-type]
    return {operation.id: operation for operation in operations}


class _Nowhere:
    """Stands where no gateway is: whatever is asked of it is refused."""

    def __getattr__(self, name: str) -> object:
        raise UsageError(
            f"There is no Azure here to ask ({name}).",
            state="Nothing was sent.",
            next_step="Run the runbook with `amlrunbook run`, or as a drill.",
        )
