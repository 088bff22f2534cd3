"""The simulator's own endpoint: faults, world, clock, pace, drill and judgement, request log, shutdown.

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

from amlrunbook.errors import AmlRunbookError
from amlrunbook.simulator import fronts, judging, operations, studio, timeline
from amlrunbook.simulator.answers import Refusal, arm_error, json_answer
from amlrunbook.simulator.azure import SimulatedAzure
from amlrunbook.simulator.faults import Fault
from amlrunbook.simulator.genesis import build_world
from amlrunbook.simulator.scenario import load_scenario
from amlrunbook.simulator.tokens import LIFETIME, TokenMint
from amlrunbook.simulator.world import Pace

Handler = Callable[[Request], Awaitable[Response]]


class TokenSettings(msgspec.Struct, forbid_unknown_fields=True):
    """What can be told to the token endpoint."""

    lifetime: int
    """Seconds that tokens minted from now on live; 0 or less mints expired ones."""


class ClockSettings(msgspec.Struct, forbid_unknown_fields=True):
    """What can be told to the world's clock."""

    advance: float = 0.0
    """World seconds to let pass at once."""
    rate: float | None = None
    """World seconds a real second from now on; 0 stands still until advanced."""


class BeginSettings(msgspec.Struct, forbid_unknown_fields=True):
    """Which world to begin anew with."""

    scenario: str
    seed: int = 0


class _Control:
    """The handlers; each is reached only with the control token."""

    def __init__(self, azure: SimulatedAzure, mint: TokenMint) -> None:
        self._azure = azure
        self._mint = mint

    def guarded(self, handler: Handler) -> Handler:
        """Return the handler behind the control token."""

        async def answer(request: Request) -> Response:
            given = request.headers.get("authorization", "").removeprefix("Bearer ")
            token = self._azure.secrets.control_token
            if not hmac.compare_digest(given.encode(), token.encode()):
                return arm_error(401, "ControlTokenRefused", "The control token is wrong.")
            try:
                return await handler(request)
            except msgspec.MsgspecError as error:
                return arm_error(400, "BadRequest", str(error))
            except Refusal as refusal:
                return refusal.response()
            finally:
                self._azure.commit()

        return answer

    async def ping(self, _request: Request) -> Response:
        world = self._azure.world
        return json_answer(
            {
                "folder": str(self._azure.folder),
                "scenario": world.scenario,
                "revision": world.revision,
            }
        )

    async def world(self, _request: Request) -> Response:
        return json_answer(self._azure.world)

    async def profile(self, _request: Request) -> Response:
        return json_answer(self._azure.world.profile)

    async def list_faults(self, _request: Request) -> Response:
        return json_answer(list(self._azure.world.faults.values()))

    async def add_fault(self, request: Request) -> Response:
        fault = msgspec.json.decode(await request.body(), type=Fault)
        return json_answer(add(self._azure, fault), 201)

    async def clear_faults(self, request: Request) -> Response:
        wanted = request.path_params.get("fault")
        if wanted is None:
            self._azure.world.faults.clear()
        elif self._azure.world.faults.pop(wanted, None) is None:
            return arm_error(404, "NotFound", f"There is no fault '{wanted}'.")
        self._azure.dirty()
        return Response(status_code=204)

    async def requests(self, request: Request) -> Response:
        since = request.query_params.get("since", "0")
        if not since.isdigit():
            return arm_error(400, "BadRequest", "'since' must be a number.")
        return json_answer(self._azure.log.since(int(since)))

    async def tokens(self, request: Request) -> Response:
        settings = msgspec.json.decode(await request.body(), type=TokenSettings)
        self._mint.lifetime = settings.lifetime
        return json_answer({"lifetime": settings.lifetime})

    async def pace(self, request: Request) -> Response:
        self._azure.world.pace = msgspec.json.decode(await request.body(), type=Pace)
        self._azure.dirty()
        return json_answer(self._azure.world.pace)

    async def clock(self, request: Request) -> Response:
        settings = msgspec.json.decode(await request.body(), type=ClockSettings)
        if settings.rate is not None:
            self._azure.world.clock.run_at(settings.rate)
        self._azure.world.clock.advance(settings.advance)
        operations.settle(self._azure)
        judging.judge(self._azure)
        self._azure.dirty()
        return json_answer({"now": self._azure.world.now()})

    async def list_fronts(self, _request: Request) -> Response:
        return json_answer(fronts.shown(self._azure.world))

    async def route_front(self, request: Request) -> Response:
        asked = msgspec.json.decode(await request.body(), type=fronts.Routing)
        before = self._azure.world.revision
        said = fronts.route(self._azure.world, asked.name, asked.target)
        judging.witness(self._azure, "POST", f"/_portal/route{asked.target}", 200, before)
        return json_answer({"said": said})

    async def traffic(self, _request: Request) -> Response:
        return json_answer(studio.ways(self._azure.world))

    async def begin(self, request: Request) -> Response:
        """Put another world in the place of this one, as if newly started; who signs in stays the same."""
        asked = msgspec.json.decode(await request.body(), type=BeginSettings)
        before = self._azure.world.revision
        try:
            self._azure.world = build_world(
                load_scenario(asked.scenario),
                seed=asked.seed,
                base_url=self._azure.base_url,
                contents=self._azure.contents,
            )
        except AmlRunbookError as error:
            return arm_error(400, "BadRequest", error.what)
        self._azure.world.revision += before
        self._azure.history.clear()
        self._azure.log.forget()
        self._mint.lifetime = LIFETIME
        self._azure.dirty()
        self._azure.tell()
        return json_answer(self._azure.describe())

    async def alarm(self, _request: Request) -> Response:
        """Sound the alarm: the timeline begins."""
        timeline.ring(self._azure)
        drill = self._azure.world.drill
        return json_answer({"alarm": drill.alarm, "alarm_at": drill.alarm_at})

    async def judgement(self, _request: Request) -> Response:
        operations.settle(self._azure)
        return json_answer(judging.judge(self._azure))

    async def hint(self, _request: Request) -> Response:
        text = judging.hint(self._azure.world)
        drill = self._azure.world.drill
        left = len(drill.hints) - drill.hints_given
        return json_answer({"hint": text, "given": drill.hints_given, "left": left})

    async def shutdown(self, _request: Request) -> Response:
        self._azure.stopping = True
        return Response(status_code=202)


def routes(azure: SimulatedAzure, mint: TokenMint) -> list[Route]:
    """Return the control routes."""
    control = _Control(azure, mint)
    table: list[tuple[str, str, Handler]] = [
        ("GET", "/ping", control.ping),
        ("GET", "/world", control.world),
        ("GET", "/profile", control.profile),
        ("GET", "/faults", control.list_faults),
        ("POST", "/faults", control.add_fault),
        ("DELETE", "/faults", control.clear_faults),
        ("DELETE", "/faults/{fault}", control.clear_faults),
        ("GET", "/requests", control.requests),
        ("POST", "/tokens", control.tokens),
        ("POST", "/pace", control.pace),
        ("POST", "/clock", control.clock),
        ("GET", "/fronts", control.list_fronts),
        ("GET", "/traffic", control.traffic),
        ("POST", "/fronts", control.route_front),
        ("POST", "/begin", control.begin),
        ("POST", "/alarm", control.alarm),
        ("GET", "/judgement", control.judgement),
        ("POST", "/hint", control.hint),
        ("POST", "/shutdown", control.shutdown),
    ]
    return [
        Route(f"/_simulator{path}", control.guarded(handler), methods=[method])
        for method, path, handler in table
    ]


def add(azure: SimulatedAzure, fault: Fault) -> Fault:
    """Add a fault to the world, with an id if it has none, and return it."""
    if not fault.id:
        number = 1
        while f"fault-{number}" in azure.world.faults:
            number += 1
        fault.id = f"fault-{number}"
    fault.begin(azure.world.now())
    azure.world.faults[fault.id] = fault
    azure.dirty()
    return fault
