"""Who we are to Azure: the credential chain of a real cloud, or the secret of a simulated one.

Sources: https://learn.microsoft.com/python/api/overview/azure/identity-readme and azure-identity's own code.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

from amlrunbook.azure.translation import sign_in_error
from amlrunbook.errors import SignInError, UsageError
from amlrunbook.model.cloud import Cloud

_FRESH_SECONDS = 300
"""A token with less time left than this is renewed."""
_REMEMBER_FAILURE = 5.0
"""Seconds for which a failed sign-in is not tried again: dozens of requests may ask at once."""
_SIGN_IN_SECONDS = 10


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """The sign-in of a simulated Azure. The secret opens nothing but that."""

    tenant_id: str
    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        return f"ClientSecret(client_id={self.client_id!r})"


class SharedCredential:
    """One credential for all clients: one sign-in at a time, tokens kept until they are nearly over.

    Has what the SDK's clients ask of a credential (``TokenCredential``).
    """

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._lock = threading.Lock()
        self._tokens: dict[tuple[str, ...], Any] = {}
        self._failure: tuple[float, SignInError] | None = None

    def get_token(self, *scopes: str, claims: str | None = None, **options: Any) -> Any:
        """Return a token for ``scopes``.

        Raises:
            SignInError: nobody is signed in, the identity service refuses, or it cannot be reached.
        """
        with self._lock:
            kept = self._tokens.get(scopes)
            if (
                kept is not None
                and claims is None
                and kept.expires_on - time.time() > _FRESH_SECONDS
            ):
                return kept
            self._raise_recent_failure()
            token = self._sign_in(scopes, claims, options)
            self._tokens[scopes] = token
            return token

    def forget(self, *scopes: str) -> None:
        """Drop the token of ``scopes``: Azure would not take it."""
        with self._lock:
            self._tokens.pop(scopes, None)

    def _raise_recent_failure(self) -> None:
        if self._failure is not None and time.monotonic() - self._failure[0] < _REMEMBER_FAILURE:
            error = self._failure[1]
            raise type(error)(error.what, state=error.state, next_step=error.next_step)

    def _sign_in(self, scopes: tuple[str, ...], claims: str | None, options: dict[str, Any]) -> Any:
        from azure.core.exceptions import AzureError

        if claims is not None:
            options = {**options, "claims": claims}
        try:
            return self._inner.get_token(*scopes, **options)
        except AzureError as error:
            failed = sign_in_error(error)
            self._failure = (time.monotonic(), failed)
            raise failed from error


def credential_for(
    cloud: Cloud, *, tenant: str = "", secret: ClientSecret | None = None
) -> SharedCredential:
    """Return the credential for ``cloud``.

    A real cloud uses azure-identity's default chain (environment, workload, managed identity, Azure CLI and so on) in
    ``tenant``; a simulated one the client secret that its endpoint published.

    Raises:
        UsageError: a simulated cloud without a secret, or a real one with it.
    """
    simulated = bool(cloud.ca_file)
    if simulated and secret is not None:
        return SharedCredential(_client_secret(cloud, secret))
    if simulated or secret is not None:
        raise UsageError(
            "A simulated Azure is signed in to with the secret of its run; a real one never is.",
            next_step="Start the drill again, so that its endpoint is read from its folder.",
        )
    return SharedCredential(_chain(cloud, tenant))


def _client_secret(cloud: Cloud, secret: ClientSecret) -> Any:
    from azure.identity import ClientSecretCredential

    from amlrunbook.azure.transport import wire

    return ClientSecretCredential(
        secret.tenant_id,
        secret.client_id,
        secret.client_secret,
        authority=cloud.authority,
        disable_instance_discovery=not cloud.verify_authority,
        transport=wire(cloud, 2),
        connection_timeout=_SIGN_IN_SECONDS,
        read_timeout=_SIGN_IN_SECONDS,
        retry_total=1,
    )


def _chain(cloud: Cloud, tenant: str) -> Any:
    from azure.identity import DefaultAzureCredential

    options: dict[str, Any] = {"authority": cloud.authority, "process_timeout": _SIGN_IN_SECONDS}
    if tenant:
        options["additionally_allowed_tenants"] = [tenant]
    return _InTenant(DefaultAzureCredential(**options), tenant)


class _InTenant:
    """A credential that asks for tokens of one tenant: the chain itself takes no tenant."""

    def __init__(self, inner: Any, tenant: str) -> None:
        self._inner = inner
        self._tenant = tenant

    def get_token(self, *scopes: str, **options: Any) -> Any:
        """Return a token of the tenant."""
        if self._tenant:
            options.setdefault("tenant_id", self._tenant)
        return self._inner.get_token(*scopes, **options)
