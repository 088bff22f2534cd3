"""Clouds: the endpoints a process talks to. One process talks to one cloud.

Source of the public values:
https://learn.microsoft.com/azure/azure-resource-manager/management/control-plane-and-data-plane
and the SDKs' own tables (azure-core ``AzureClouds``, azure-mgmt-core ``get_arm_endpoints``).
"""

from __future__ import annotations

import msgspec


class Cloud(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The endpoints of one cloud."""

    name: str
    resource_manager: str
    """Base URL of ARM, without a slash at the end."""
    arm_scope: str
    """The token scope of ARM, ending in ``/.default``."""
    authority: str
    """Base URL of the identity service, without a slash at the end."""
    blob_endpoint: str
    """Template of an account's blob endpoint, with ``{account}`` in it."""
    blob_secondary_endpoint: str
    """Template of the read-only secondary blob endpoint, with ``{account}`` in it."""
    file_endpoint: str
    """Template of an account's file endpoint, with ``{account}`` in it."""
    portal: str
    """Base URL of the portal, for texts that send an operator there."""
    ca_file: str = ""
    """Path of a private CA's certificate; empty for the machine's own trust."""
    verify_authority: bool = True
    """Whether the identity SDK may look the authority up in Entra's public metadata."""


PUBLIC = Cloud(
    name="public",
    resource_manager="https://management.azure.com",
    arm_scope="https://management.azure.com/.default",
    authority="https://login.microsoftonline.com",
    blob_endpoint="https://{account}.blob.core.windows.net",
    blob_secondary_endpoint="https://{account}-secondary.blob.core.windows.net",
    file_endpoint="https://{account}.file.core.windows.net",
    portal="https://portal.azure.com",
)
US_GOVERNMENT = Cloud(
    name="us-government",
    resource_manager="https://management.usgovcloudapi.net",
    arm_scope="https://management.core.usgovcloudapi.net/.default",
    authority="https://login.microsoftonline.us",
    blob_endpoint="https://{account}.blob.core.usgovcloudapi.net",
    blob_secondary_endpoint="https://{account}-secondary.blob.core.usgovcloudapi.net",
    file_endpoint="https://{account}.file.core.usgovcloudapi.net",
    portal="https://portal.azure.us",
)
CHINA = Cloud(
    name="china",
    resource_manager="https://management.chinacloudapi.cn",
    arm_scope="https://management.chinacloudapi.cn/.default",
    authority="https://login.chinacloudapi.cn",
    blob_endpoint="https://{account}.blob.core.chinacloudapi.cn",
    blob_secondary_endpoint="https://{account}-secondary.blob.core.chinacloudapi.cn",
    file_endpoint="https://{account}.file.core.chinacloudapi.cn",
    portal="https://portal.azure.cn",
)

CLOUDS: dict[str, Cloud] = {cloud.name: cloud for cloud in (PUBLIC, US_GOVERNMENT, CHINA)}
"""The clouds that a profile may name; any other cloud is given by its endpoints."""


def loopback_cloud(base_url: str, ca_file: str) -> Cloud:
    """Return the cloud of a simulated Azure that listens at ``base_url``."""
    base = base_url.rstrip("/")
    return Cloud(
        name="simulated",
        resource_manager=base,
        arm_scope=f"{base}/.default",
        authority=base,
        blob_endpoint=base + "/blob/{account}",
        blob_secondary_endpoint=base + "/blob/{account}-secondary",
        file_endpoint=base + "/file/{account}",
        portal=base,
        ca_file=ca_file,
        verify_authority=False,
    )
