"""The wire: one connection pool, and one chain of our policies, for every client of the process.

Clients of the SDK share no connections, and some that azure-ai-ml builds ignore policies. All of them take a
transport. So ours is one: each request that a client hands over passes our policies (:mod:`amlrunbook.azure.policies`) on
its way to the connection pool, however the client built its own pipeline.
"""

from __future__ import annotations

import os
import ssl
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any, Self

from amlrunbook.azure.call_log import CallLog
from amlrunbook.azure.guard import CreateGuard, Guard
from amlrunbook.azure.policies import (
    CallLogPolicy,
    GuardPolicy,
    ReadRetryPolicy,
    RequestIdPolicy,
    ServerTimePolicy,
    ThrottlePolicy,
    TimeoutPolicy,
)
from amlrunbook.azure.server_time import ServerTime
from amlrunbook.errors import UsageError
from amlrunbook.model.cloud import Cloud

_HOSTS = 16


def wire(cloud: Cloud, pool: int) -> Any:
    """Return the transport that holds the process's connections, ``pool`` of them a host.

    Redirects are not followed, nothing is retried here, no cookie is kept, and http is not spoken. The machine's proxy
    settings count, except for a simulated Azure: loopback needs none. A ``.netrc`` never counts: it would replace our
    token.
    """
    import requests
    from azure.core.pipeline.transport import RequestsTransport

    session = requests.Session()
    session.mount("https://", _adapter(trust(cloud), pool))
    del session.adapters["http://"]
    session.trust_env = not cloud.ca_file
    session.auth = _token_only
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return RequestsTransport(
        session=session, session_owner=False, use_env_settings=not cloud.ca_file
    )


def trust(cloud: Cloud) -> ssl.SSLContext:
    """Return which certificates are trusted: the cloud's own CA alone, or the machine's.

    ``REQUESTS_CA_BUNDLE`` and ``CURL_CA_BUNDLE`` name the machine's, as everywhere in the SDKs.

    Raises:
        UsageError: the file of certificates cannot be read.
    """
    import certifi

    named = [os.environ.get(name, "") for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")]
    source = cloud.ca_file or next(filter(None, named), certifi.where())
    try:
        folder = Path(source).is_dir()
        return ssl.create_default_context(
            cafile=None if folder else source, capath=source if folder else None
        )
    except OSError as error:
        raise UsageError(
            f"The certificates in {source} cannot be read: {error.strerror or error}.",
            next_step="Mend REQUESTS_CA_BUNDLE, or start the drill again.",
        ) from error


def _adapter(context: ssl.SSLContext, pool: int) -> Any:
    """Return an adapter whose connections share one TLS context.

    Left to itself, requests reads the file of certificates anew for each connection, which costs more than the
    handshake; a fan-out opens dozens.
    """
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    class SharedContext(HTTPAdapter):
        """Connections that trust what the context trusts, and always check it."""

        def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
            super().init_poolmanager(*arguments, **options, ssl_context=context)

        def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
            return super().proxy_manager_for(proxy, **options, ssl_context=context)

        def build_connection_pool_key_attributes(
            self, request: Any, verify: Any, cert: Any = None
        ) -> Any:
            host, options = super().build_connection_pool_key_attributes(request, verify, cert)
            return host, {**options, "cert_reqs": "CERT_REQUIRED", "ca_certs": None}

        def cert_verify(self, conn: Any, *_told: Any) -> None:
            conn.cert_reqs = "CERT_REQUIRED"

    never = Retry(total=False, redirect=False, raise_on_status=False)
    return SharedContext(pool_connections=_HOSTS, pool_maxsize=pool, max_retries=never)


def _token_only(prepared: Any) -> Any:
    """Leave a request's own authorization as it is."""
    return prepared


class GuardedTransport:
    """A client's way to the wire, through the policies that hold for all clients."""

    def __init__(
        self,
        inner: Any,
        guard: Guard | CreateGuard,
        log: CallLog,
        throttle: ThrottlePolicy,
        clock: ServerTime | None = None,
    ) -> None:
        from azure.core.pipeline import Pipeline

        self._inner = inner
        self._pipeline = Pipeline(
            inner,
            [
                GuardPolicy(guard),
                RequestIdPolicy(),
                ReadRetryPolicy(),
                throttle.link(),
                TimeoutPolicy(),
                CallLogPolicy(log),
                ServerTimePolicy(clock or ServerTime()),
            ],
        )

    def send(self, request: Any, **options: Any) -> Any:
        """Send a request and return the transport's response."""
        return self._pipeline.run(request, **options).http_response

    def open(self) -> None:
        """Open the pool."""
        self._inner.open()

    def close(self) -> None:
        """Leave the pool open: other clients use it."""

    def sleep(self, seconds: float) -> None:
        """Wait; an SDK's own retry policy would ask for it."""
        self._inner.sleep(seconds)

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *details: object) -> None:
        self.close()
