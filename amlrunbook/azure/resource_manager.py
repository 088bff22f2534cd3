"""The client of Azure Resource Manager: azure-mgmt-resource with a pipeline of our own.

Without the provider registration that its default pipeline carries (it would register a provider behind the
operator's back and wait for it), without redirects, without the SDK's retries.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from amlrunbook import __version__
from amlrunbook.azure.credentials import SharedCredential
from amlrunbook.azure.guard import Guard
from amlrunbook.azure.policies import GuardPolicy, _Policy, reads
from amlrunbook.model.cloud import Cloud

_UNAUTHORIZED = 401
_CLAIMS = re.compile(r'claims="([^"]+)"')


class SignaturePolicy(_Policy):
    """Puts the bearer token on a request.

    A read that is answered 401 is asked once more with a fresh token (and with the claims that a continuous access
    evaluation asks for). A changing call is never sent twice: its 401 is its answer, and the next call has a fresh token.
    Source: https://learn.microsoft.com/entra/identity-platform/claims-challenge
    """

    def __init__(self, credential: SharedCredential, scope: str) -> None:
        self._credential = credential
        self._scope = scope

    def send(self, request: Any) -> Any:
        """Sign, then send on."""
        self._sign(request, None)
        response = self.next.send(request)
        if response.http_response.status_code != _UNAUTHORIZED:
            return response
        self._credential.forget(self._scope)
        if not reads(request):
            return response
        self._sign(request, _claims(response.http_response.headers.get("WWW-Authenticate", "")))
        return self.next.send(request)

    def _sign(self, request: Any, claims: str | None) -> None:
        token = self._credential.get_token(self._scope, claims=claims)
        request.http_request.headers["Authorization"] = f"Bearer {token.token}"


def _claims(challenge: str) -> str | None:
    found = _CLAIMS.search(challenge)
    if found is None:
        return None
    padded = found.group(1) + "=" * (-len(found.group(1)) % 4)
    try:
        return base64.urlsafe_b64decode(padded).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def resource_manager(
    cloud: Cloud, subscription: str, credential: SharedCredential, guard: Guard, transport: Any
) -> Any:
    """Return a ``ResourceManagementClient`` that sends through ``transport``."""
    from azure.core.pipeline.policies import UserAgentPolicy
    from azure.mgmt.resource.resources import ResourceManagementClient

    return ResourceManagementClient(
        credential,
        subscription,
        base_url=cloud.resource_manager,
        credential_scopes=[cloud.arm_scope],
        policies=[
            GuardPolicy(guard),
            UserAgentPolicy(base_user_agent=f"amlrunbook/{__version__}"),
            SignaturePolicy(credential, cloud.arm_scope),
        ],
        transport=transport,
    )
