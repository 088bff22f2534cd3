"""The wire: one connection pool, and one chain of our policies, for every client of the process.

Clients of the SDK share no connections, and some that azure-ai-ml builds ignore policies. All of them take a
transport. So ours is one: each request that a client hands over passes our policies (:mod:`amlrunbook.azure.policies`) on
its way to the connection pool, however the client built its own pipeline.
"""

from __future__ import annotations

from http.cookiejar import DefaultCookiePolicy
from typing import Any, Self

from amlrunbook.azure.call_log import CallLog
from amlrunbook.azure.guard import Guard
from amlrunbook.azure.policies import (
    CallLogPolicy,
    GuardPolicy,
    ReadRetryPolicy,
    RequestIdPolicy,
    ThrottlePolicy,
    TimeoutPolicy,
)
from amlrunbook.model.cloud import Cloud

_HOSTS = 16


def wire(cloud: Cloud, pool: int) -> Any:
    """Return the transport that holds the process's connections, ``pool`` of them a host.

    Redirects are not followed, nothing is retried here, no cookie is kept, and http is not spoken. The machine's proxy settings count,
    except for a simulated Azure: loopback needs none. A ``.netrc`` never counts: it would replace our token.
    """
    import requests
    from azure.core.pipeline.transport import RequestsTransport
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    session = requests.Session()
    never = Retry(total=False, redirect=False, raise_on_status=False)
    session.mount(
        "https://", HTTPAdapter(pool_connections=_HOSTS, pool_maxsize=pool, max_retries=never)
    )
    del session.adapters["http://"]
    session.trust_env = not cloud.ca_file
    session.auth = _token_only
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return RequestsTransport(
        session=session,
        session_owner=False,
        use_env_settings=not cloud.ca_file,
        connection_verify=cloud.ca_file or True,
    )


def _token_only(prepared: Any) -> Any:
    """Leave a request's own authorization as it is."""
    return prepared


class GuardedTransport:
    """A client's way to the wire, through the policies that hold for all clients."""

    def __init__(self, inner: Any, guard: Guard, log: CallLog, throttle: ThrottlePolicy) -> None:
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
