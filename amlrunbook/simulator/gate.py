"""The gate in front of all services: request log, faults, tokens, standard headers, writing down.

A service behind it may rely on this: the caller's token was good, no fault stands in the way, and
what it changed in the world is on disk before the first byte of its answer leaves.
"""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections.abc import Callable, MutableMapping
from typing import Any

import msgspec
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from amlrunbook.simulator import fault_answers, fronts, judging, operations, setbacks, timeline
from amlrunbook.simulator.answers import arm_error, storage_error
from amlrunbook.simulator.azure import SimulatedAzure, as_it_was
from amlrunbook.simulator.faults import Fault, FaultKind, Plane, Striking, Target, strike
from amlrunbook.simulator.places import locate, plane_of, service_of
from amlrunbook.simulator.request_log import LoggedRequest
from amlrunbook.simulator.throttle import Throttle
from amlrunbook.simulator.tokens import (
    STORAGE_AUDIENCE,
    VAULT_AUDIENCE,
    TokenMint,
    TokenProblem,
    expired,
)
from amlrunbook.simulator.world import World

CONTROL_PREFIX = "/_simulator"
PORTAL_PREFIX = "/_portal"
_ANONYMOUS = re.compile(r"^/(azureml/[^/]+/discovery|metadata/endpoints)$")
"""What Azure Machine Learning and the resource manager tell without a token."""
_CHECKING_THEMSELVES = frozenset({"front", "inference", "registry"})
"""Services whose keys and tokens are their own."""


class Gate:
    """The ASGI application that wraps the router of all services."""

    def __init__(
        self,
        azure: SimulatedAzure,
        mint: TokenMint,
        services: Callable[[SimulatedAzure], ASGIApp],
    ) -> None:
        self.azure = azure
        self.mint = mint
        self.throttle = Throttle()
        self.services_of = services
        """Makes the router of all services; another one for an Azure as it was."""
        self._services = services(azure)
        self.last_request = time.monotonic()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._services(scope, receive, send)
            return
        self.last_request = time.monotonic()
        path: str = scope["path"]
        if path.startswith((CONTROL_PREFIX, PORTAL_PREFIX)):
            await self._services(scope, receive, send)
            return
        await _Passage(self, scope, receive, send).run(self._services)
        self.last_request = time.monotonic()


class _Passage:
    """One request on its way through the gate."""

    def __init__(self, gate: Gate, scope: Scope, receive: Receive, send: Send) -> None:
        self.azure = gate.azure
        self.mint = gate.mint
        self.throttle = gate.throttle
        self.services_of = gate.services_of
        self.scope = scope
        self.receive = receive
        self._send = send
        self.headers = Headers(scope=scope)
        self.path = scope["path"]
        """As it was asked for: a front's stands for an endpoint's."""
        scope["path"] = fronts.resolved(self.azure.world, self.path, scope["method"])
        self.plane = plane_of(scope["path"])
        self.service = service_of(scope["path"])
        if self.plane is Plane.CONTROL:
            scope["path"] = _with_lower_root(scope["path"])
        self.request_id = str(uuid.uuid4())
        self.correlation_id = self.headers.get("x-ms-correlation-request-id", self.request_id)
        self.client_request_id = self.headers.get("x-ms-client-request-id")
        self.status: int | None = None
        scope["state"].update(
            request_id=self.request_id,
            correlation_id=self.correlation_id,
            client_request_id=self.client_request_id,
        )

    async def run(self, services: ASGIApp) -> None:
        """Answer, or do not, and log it."""
        azure = self.azure
        number, started, at = azure.log.next_number(), time.perf_counter(), time.time()
        striking = self._strike()
        revision = azure.world.revision
        try:
            await self._answer(services, striking)
        finally:
            judging.witness(azure, self.scope["method"], self.scope["path"], self.status, revision)
            azure.commit()
            azure.log.add(
                LoggedRequest(
                    number=number,
                    time=at,
                    method=self.scope["method"],
                    path=self.path if self.path.startswith("/front/") else self.scope["path"],
                    query=_without_signature(self.scope["query_string"].decode("latin-1")),
                    status=self.status,
                    milliseconds=round((time.perf_counter() - started) * 1000, 3),
                    client_request_id=self.client_request_id,
                    request_id=self.request_id,
                    fault=striking.fault.id if striking.fault else None,
                )
            )

    def _strike(self) -> Striking:
        azure = self.azure
        operations.settle(azure)
        timeline.unfold(azure)
        if not azure.world.faults:
            return Striking()
        if any(fault.counts for fault in azure.world.faults.values()):
            azure.dirty()
        target = Target(
            plane=self.plane,
            method=self.scope["method"],
            path=self.scope["path"],
            **locate(azure.world, self.plane, self.scope["path"]),
        )
        return strike(
            azure.world.faults.values(), target, now=azure.world.now(), seed=azure.world.seed
        )

    async def _answer(self, services: ASGIApp, striking: Striking) -> None:
        if striking.delay:
            await asyncio.sleep(striking.delay)
        fault = striking.fault
        match fault.kind if fault else None:
            case FaultKind.DARK:
                await self._drop()
                return
            case FaultKind.HANG:
                await self._await_disconnect()
                return
            case _:
                pass
        response = self._refused_by_fault(fault) or self._refused_by_token()
        if response is not None:
            await response(self.scope, self.receive, self.send)
        else:
            await self._served(services, fault)

    async def _served(self, services: ASGIApp, fault: Fault | None) -> None:
        """Let the services answer, and a fault have its part in it."""
        match fault.kind if fault else None:
            case FaultKind.UNANSWERED if fault:
                await self._unanswered(services, fault)
            case FaultKind.LOST if fault:
                await self._lost(services, fault)
            case FaultKind.FAIL | FaultKind.HALFWAY | FaultKind.CAPACITY if fault:
                await self._set_back(services, fault)
            case FaultKind.STALE if fault:
                past = as_it_was(self.azure, self.azure.world.now() - fault.lag)
                await self.services_of(past)(self.scope, self.receive, self.send)
            case _:
                await services(self.scope, self.receive, self.send)

    async def send(self, message: Message) -> None:
        """Send a part of the answer; the world is written down before the first."""
        if message["type"] == "http.response.start":
            self.azure.commit()
            self.status = message["status"]
            self._dress(message)
        await self._send(message)

    def _dress(self, message: MutableMapping[str, Any]) -> None:
        headers = MutableHeaders(scope=message)
        headers.setdefault("x-ms-request-id", self.request_id)
        now = time.gmtime(self.azure.world.now())
        headers.setdefault("Date", time.strftime("%a, %d %b %Y %H:%M:%S GMT", now))
        if self.client_request_id is not None:
            headers.setdefault("x-ms-client-request-id", self.client_request_id)
        if self.plane is not Plane.CONTROL:
            return
        headers.setdefault("x-ms-correlation-request-id", self.correlation_id)
        headers.setdefault("x-ms-routing-request-id", f"SIMULATED:{self.request_id}")
        headers.setdefault("Cache-Control", "no-cache")
        name, left = self.throttle.spend(self.scope["method"], self.scope["path"])
        headers.setdefault(name, str(left))

    async def _drop(self) -> None:
        """Close the connection without an answer."""
        self.scope["state"]["transport"].abort()
        await self._await_disconnect()

    async def _await_disconnect(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass

    def _refused_by_fault(self, fault: Fault | None) -> Response | None:
        if fault is not None and fault.kind is FaultKind.EXPIRED:
            return self._challenge(expired(time.time() - 1))
        asked = fault_answers.Asked(self.plane, self.service, self.scope["path"])
        return None if fault is None else fault_answers.refusal(fault, asked)

    def _error(self, status: int, code: str, message: str) -> Response:
        asked = fault_answers.Asked(self.plane, self.service, self.scope["path"])
        return fault_answers.error(asked, status, code, message, {})

    def _refused_by_token(self) -> Response | None:
        own = self.service in _CHECKING_THEMSELVES
        if self.plane is Plane.IDENTITY or own or _ANONYMOUS.match(self.scope["path"]):
            return None
        try:
            claims = self.mint.check(self.headers.get("authorization"))
        except TokenProblem as problem:
            return self._challenge(problem)
        if not self._audience_fits(claims.aud):
            return self._challenge(
                TokenProblem(
                    "InvalidAuthenticationTokenAudience",
                    f"The access token has been obtained for wrong audience or resource "
                    f"'{claims.aud}'.",
                )
            )
        self.scope["state"]["caller"] = claims.appid
        return None

    def _audience_fits(self, audience: str) -> bool:
        if self.service == "keyvault":
            return audience == VAULT_AUDIENCE
        if self.plane is Plane.DATA:
            return audience == STORAGE_AUDIENCE or audience.endswith(".blob.core.windows.net")
        return audience == self.azure.base_url or audience.startswith("https://management.")

    def _challenge(self, problem: TokenProblem) -> Response:
        where = f"{self.azure.base_url}/{self.azure.world.tenant_id}"
        if self.service == "keyvault":
            challenge = f'Bearer authorization="{where}", resource="{VAULT_AUDIENCE}"'
            return arm_error(
                401,
                "Unauthorized",
                "AKV10000: Request is missing a Bearer or PoP token."
                if problem.code == "AuthenticationFailed"
                else f"AKV10022: {problem.message}",
                headers={"WWW-Authenticate": challenge},
            )
        if self.plane is Plane.DATA:
            known = problem.code != "AuthenticationFailed"
            code = "InvalidAuthenticationInfo" if known else "NoAuthenticationInformation"
            challenge = (
                f"Bearer authorization_uri={where}/oauth2/authorize resource_id={STORAGE_AUDIENCE}"
            )
            return storage_error(
                401,
                code,
                "Server failed to authenticate the request. Please refer to the information in "
                "the www-authenticate header.",
                headers={"WWW-Authenticate": challenge},
            )
        challenge = (
            f'Bearer authorization_uri="{where}", error="invalid_token", '
            f'error_description="{problem.message}"'
        )
        return arm_error(
            401, problem.code, problem.message, headers={"WWW-Authenticate": challenge}
        )

    async def _unanswered(self, services: ASGIApp, fault: Fault) -> None:
        """Let the change happen, and answer nothing or an error."""
        await services(self.scope, self.receive, _nowhere)
        self.azure.commit()
        if fault.status is None:
            await self._drop()
            return
        code = fault.code or fault_answers.usual_code(self.plane, fault.status)
        response = self._error(fault.status, code, fault.message or fault_answers.STRUCK)
        await response(self.scope, self.receive, self.send)

    async def _set_back(self, services: ASGIApp, fault: Fault) -> None:
        """Accept a change, and let it end badly.

        What would have been refused is refused all the same. A change that ends at once answers
        the error at once: halfway it has happened, else it has not.
        """
        kept, known = msgspec.json.encode(self.azure.world), set(self.azure.world.operations)
        heard = await self._heard(services)
        world = self.azure.world
        begun = [held for key, held in world.operations.items() if key not in known]
        setbacks.set_back(world, begun, fault)
        self.azure.dirty()
        if begun or heard[0]["status"] >= 400:  # noqa: PLR2004
            for message in heard:
                await self.send(message)
            return
        if fault.kind is not FaultKind.HALFWAY:
            self.azure.world = msgspec.json.decode(kept, type=World)
        error = setbacks.error_of(fault)
        response = self._error(fault.status or 500, error["code"], error["message"])
        await response(self.scope, self.receive, self.send)

    async def _heard(self, services: ASGIApp) -> list[Message]:
        """Return what the services answer, unsent."""
        heard: list[Message] = []

        async def hear(message: Message) -> None:
            heard.append(message)

        await services(self.scope, self.receive, hear)
        return heard

    async def _lost(self, services: ASGIApp, fault: Fault) -> None:
        """Answer as if the change was accepted, and undo it.

        What would have been refused is refused all the same.
        """
        before = msgspec.json.encode(self.azure.world)
        heard = await self._heard(services)
        status: int = heard[0]["status"]
        if status < 400:  # noqa: PLR2004
            self.azure.world = msgspec.json.decode(before, type=World)
            self.azure.dirty()
            if self.plane is Plane.CONTROL:
                response = operations.accept_lost(self.azure, self.scope, fault)
                await response(self.scope, self.receive, self.send)
                return
        for message in heard:
            await self.send(message)


async def _nowhere(message: Message) -> None:
    """Swallow an answer."""


def _with_lower_root(path: str) -> str:
    """Return a path with its first segment in lower case, by which routes are found."""
    root, slash, rest = path[1:].partition("/")
    return f"/{root.lower()}{slash}{rest}"


def _without_signature(query: str) -> str:
    """Return a query without the signature of a shared access signature."""
    return "&".join("sig=..." if p.startswith("sig=") else p for p in query.split("&"))
