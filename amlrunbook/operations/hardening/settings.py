"""All settings that can be mended in place."""

from __future__ import annotations

from amlrunbook.operations.hardening import (
    container_registry,
    cosmos_db,
    key_vault,
    log_analytics,
    storage_services,
    traffic_manager,
)
from amlrunbook.operations.hardening.locks import DELETE_LOCK
from amlrunbook.operations.hardening.point_in_time import POINT_IN_TIME_RESTORE
from amlrunbook.operations.hardening.setting import Setting
from amlrunbook.operations.hardening.storage_account import GEO_REDUNDANCY

SETTINGS: tuple[Setting, ...] = (
    *storage_services.SETTINGS,
    POINT_IN_TIME_RESTORE,
    log_analytics.LOG_RETENTION,
    GEO_REDUNDANCY,
    *key_vault.SETTINGS,
    *container_registry.SETTINGS,
    DELETE_LOCK,
    cosmos_db.AUTOMATIC_FAILOVER,
    traffic_manager.TRAFFIC_TTL,
)
"""Every setting, each of which becomes an action."""
