"""Fronts: what callers use to reach a service, wherever it runs now.

A front stands for a name that the callers' own routing resolves (a DNS record, a gateway of
theirs): ``GET`` and ``POST {base}/front/{name}`` go to the online endpoint that it names now, with
that region's faults and that endpoint's keys, just as if the endpoint itself had been asked. ``GET``
is answered 200 exactly when callers would be served. The operator sets it by hand: on the portal's
page, or by ``POST /_simulator/fronts``.
"""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from amlrunbook.simulator.answers import Refusal, json_answer
from amlrunbook.simulator.azure import SimulatedAzure
from amlrunbook.simulator.places import region_name
from amlrunbook.simulator.world import Front, World

_ROOT = "front"
_PARTS = 2


class Routing(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Where the operator sends a front's callers."""

    name: str
    target: str
    """The id of an online endpoint."""


def resolved(world: World, path: str, method: str) -> str:
    """Return the path of the endpoint that a front's path stands for; any other path as it is."""
    parts = [part for part in path.split("/") if part]
    if len(parts) < _PARTS or parts[0].lower() != _ROOT:
        return path
    front = world.fronts.get(parts[1])
    if front is None:
        return path
    rest = "/".join(parts[_PARTS:]) or ("score" if method == "POST" else "")
    endpoint = world.get(front.chosen)
    name = front.chosen.rpartition("/")[2]
    region = region_name(str(endpoint["location"])) if endpoint else "nowhere"
    return f"/inference/{region}/{name}/{rest}"


def route(world: World, name: str, target: str) -> str:
    """Send a front's callers to one of its targets; return a sentence that says so.

    Raises:
        Refusal: there is no such front, or the target is none of its targets.
    """
    front = world.fronts.get(name)
    if front is None:
        raise Refusal(404, "NotFound", f"There is no front '{name}'.")
    known = next((held for held in front.targets if held.lower() == target.lower()), None)
    if known is None:
        raise Refusal(400, "BadRequest", f"'{target}' is no target of the front '{name}'.")
    front.chosen = known
    front.changed_at = world.now()
    world.touch()
    parts = known.split("/")
    return f"Callers of {name} now go to {parts[-1]} of {parts[-3]}."


def shown(world: World) -> list[Front]:
    """Return all fronts by name."""
    return [world.fronts[name] for name in sorted(world.fronts)]


def routes(_azure: SimulatedAzure) -> list[Route]:
    """Return the route of fronts that do not exist; the gate resolves those that do."""

    async def unknown(request: Request) -> Response:
        name = request.path_params["name"]
        error = {"code": "NotFound", "message": f"There is no front '{name}'."}
        return json_answer({"error": error}, 404)

    return [Route("/front/{name}", unknown, methods=["GET", "POST"])]
