"""What clients read before they sign in: which endpoints this cloud has, and who vouches for it.

The resource manager tells a cloud's endpoints, the identity service which authorities it knows.
Both are read without a token.

Sources: https://learn.microsoft.com/azure/azure-resource-manager/management/manage-resources-rest ,
https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud ,
https://github.com/Azure/azure-cli/blob/dev/src/azure-cli-core/azure/cli/core/cloud.py
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from amlrunbook.simulator.answers import json_answer
from amlrunbook.simulator.azure import SimulatedAzure
from amlrunbook.simulator.world import Document

CLOUD_NAME = "AmlRunbookSimulated"
_ONE_CLOUD = "2022-09-01"
"""From this api-version on, the endpoints of one cloud are an object; before, a list of clouds."""


def routes(azure: SimulatedAzure) -> list[Route]:
    """Return the routes of the discovery documents."""

    async def endpoints(request: Request) -> Response:
        found = _endpoints(azure)
        one = request.query_params.get("api-version", _ONE_CLOUD) >= _ONE_CLOUD
        return json_answer(found if one else [found])

    async def instance(request: Request) -> Response:
        return _instance(azure, request.query_params.get("authorization_endpoint", ""))

    async def keys(_request: Request) -> Response:
        # Tokens are signed with a key that only this simulated Azure has: none is published.
        return json_answer({"keys": []})

    return [
        Route("/metadata/endpoints", endpoints, methods=["GET"]),
        Route("/{tenant}/discovery/instance", instance, methods=["GET"]),
        Route("/{tenant}/discovery/v2.0/keys", keys, methods=["GET"]),
    ]


def _endpoints(azure: SimulatedAzure) -> Document:
    base, tenant = azure.base_url, azure.world.tenant_id
    return {
        "name": CLOUD_NAME,
        "portal": f"{base}/_portal",
        "authentication": {
            "loginEndpoint": f"{base}/",
            "audiences": [base],
            "tenant": tenant,
            "identityProvider": "AAD",
        },
        "resourceManager": f"{base}/",
        "graph": f"{base}/",
        "graphAudience": f"{base}/",
        "microsoftGraphResourceId": f"{base}/",
        "gallery": f"{base}/",
        "batch": f"{base}/",
        "media": f"{base}/",
        "sqlManagement": f"{base}/",
        "vmImageAliasDoc": f"{base}/",
        "activeDirectoryDataLake": f"{base}/",
        "logAnalyticsResourceId": f"{base}/",
        "suffixes": {
            "acrLoginServer": "azurecr.io",
            "keyVaultDns": "vault.azure.net",
            "sqlServerHostname": "database.windows.net",
            "storage": "core.windows.net",
        },
    }


def _instance(azure: SimulatedAzure, asked: str) -> Response:
    """Answer which hosts stand for the authority that is asked for: this one alone."""
    here = urlsplit(azure.base_url).netloc
    if urlsplit(asked).netloc.lower() != here:
        return json_answer(
            {
                "error": "invalid_instance",
                "error_description": "AADSTS50049: Unknown or invalid instance.",
                "error_codes": [50049],
            },
            400,
        )
    tenant = [part for part in urlsplit(asked).path.split("/") if part][:1] or ["common"]
    return json_answer(
        {
            "tenant_discovery_endpoint": f"{azure.base_url}/{tenant[0]}/v2.0/.well-known"
            "/openid-configuration",
            "api-version": "1.1",
            "metadata": [{"preferred_network": here, "preferred_cache": here, "aliases": [here]}],
        }
    )
