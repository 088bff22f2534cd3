"""The simulator's own endpoint: faults, world, clock, request log, shutdown.

It is guarded by a token of its own and stands outside faults, so that a drill can always be told
what to do. All paths start with ``/_simulator``.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from amlrunbook.simulator.answers import arm_error, json_answer
from amlrunbook.simulator.azure import SimulatedAzure
from amlrunbook.simulator.faults import Fault
from amlrunbook.simulator.tokens import TokenMint

Handler = Callable[[Request], Awaitable[Response]]


class TokenSettings(msgspec.Struct, forbid_unknown_fields=True):
    """What can be told to the token endpoint."""

    lifetime: int
    """Seconds that tokens minted from now on live; 0 or less mints expired ones."""


class ClockSettings(msgspec.Struct, forbid_unknown_fields=True):
    """What can be told to the world's clock."""

    advance: float
    """World seconds to let pass at once."""


def routes(azure: SimulatedAzure, mint: TokenMint) -> list[Route]:
    """Return the control routes."""

    def guarded(handler: Handler) -> Handler:
        async def answer(request: Request) -> Response:
            given = request.headers.get("authorization", "").removeprefix("Bearer ")
            if not hmac.compare_digest(given.encode(), azure.secrets.control_token.encode()):
                return arm_error(401, "ControlTokenRefused", "The control token is wrong.")
            try:
                return await handler(request)
            except msgspec.MsgspecError as error:
                return arm_error(400, "BadRequest", str(error))
            finally:
                azure.commit()

        return answer

    async def ping(request: Request) -> Response:
        world = azure.world
        return json_answer(
            {"folder": str(azure.folder), "scenario": world.scenario, "revision": world.revision}
        )

    async def read_world(request: Request) -> Response:
        return json_answer(azure.world)

    async def revision(request: Request) -> Response:
        return json_answer({"revision": azure.world.revision})

    async def list_faults(request: Request) -> Response:
        return json_answer(list(azure.world.faults.values()))

    async def add_fault(request: Request) -> Response:
        fault = msgspec.json.decode(await request.body(), type=Fault)
        return json_answer(add(azure, fault), 201)

    async def clear_faults(request: Request) -> Response:
        wanted = request.path_params.get("fault")
        if wanted is None:
            azure.world.faults.clear()
        elif azure.world.faults.pop(wanted, None) is None:
            return arm_error(404, "NotFound", f"There is no fault '{wanted}'.")
        azure.dirty()
        return Response(status_code=204)

    async def requests(request: Request) -> Response:
        try:
            since = int(request.query_params.get("since", "0"))
        except ValueError:
            return arm_error(400, "BadRequest", "'since' must be a number.")
        return json_answer(azure.log.since(since))

    async def tokens(request: Request) -> Response:
        mint.lifetime = msgspec.json.decode(await request.body(), type=TokenSettings).lifetime
        return json_answer({"lifetime": mint.lifetime})

    async def clock(request: Request) -> Response:
        settings = msgspec.json.decode(await request.body(), type=ClockSettings)
        azure.world.clock.advance(settings.advance)
        azure.dirty()
        return json_answer({"now": azure.world.now()})

    async def shutdown(request: Request) -> Response:
        azure.stopping = True
        return Response(status_code=202)

    table: list[tuple[str, str, Handler]] = [
        ("GET", "/ping", ping),
        ("GET", "/world", read_world),
        ("GET", "/revision", revision),
        ("GET", "/faults", list_faults),
        ("POST", "/faults", add_fault),
        ("DELETE", "/faults", clear_faults),
        ("DELETE", "/faults/{fault}", clear_faults),
        ("GET", "/requests", requests),
        ("POST", "/tokens", tokens),
        ("POST", "/clock", clock),
        ("POST", "/shutdown", shutdown),
    ]
    return [
        Route(f"/_simulator{path}", guarded(handler), methods=[method])
        for method, path, handler in table
    ]


def add(azure: SimulatedAzure, fault: Fault) -> Fault:
    """Add a fault to the world, with an id if it has none, and return it."""
    if not fault.id:
        number = 1
        while f"fault-{number}" in azure.world.faults:
            number += 1
        fault.id = f"fault-{number}"
    azure.world.faults[fault.id] = fault
    azure.dirty()
    return fault
