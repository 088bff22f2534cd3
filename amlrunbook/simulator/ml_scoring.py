"""Online endpoints' own addresses: scoring, what is offered there, and whether it is alive.

``/inference/{region}/{endpoint}/score`` stands for ``https://{endpoint}.{region}.inference.ml.azure.com``.
An answer names the deployment that gave it in ``azureml-model-deployment``; the same header of a
request asks for one. What is "predicted" follows from the input and from the model's name and
version, so that two regions with the same model answer the same.

``GET`` of the endpoint's root is the liveness route of Azure's inference server, answered here
without a key, as health monitors ask: 200 exactly when callers' requests would be scored.

Sources: https://learn.microsoft.com/azure/machine-learning/how-to-troubleshoot-online-endpoints ,
https://learn.microsoft.com/azure/machine-learning/how-to-authenticate-online-endpoint ,
https://learn.microsoft.com/azure/machine-learning/how-to-inference-server-http
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections import Counter
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from amlrunbook.simulator import data_actions, ml_serving
from amlrunbook.simulator.answers import json_answer, no_answer
from amlrunbook.simulator.azure import SimulatedAzure
from amlrunbook.simulator.ml_serving import Trouble
from amlrunbook.simulator.places import region_name
from amlrunbook.simulator.tokens import TokenMint, TokenProblem
from amlrunbook.simulator.world import Document, World

AUDIENCES = ("https://ml.azure.com", "https://ml.azure.us", "https://ml.azure.cn")
"""What Entra tokens of callers are for, by cloud."""
_SCORE = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/score/action"
_NAMED = "azureml-model-deployment"
_METHODS = ["GET", "POST"]


def addresses(world: World, endpoint: Document) -> tuple[str, str]:
    """Return an endpoint's ``scoringUri`` and ``swaggerUri``."""
    region = region_name(str(endpoint["location"]))
    base = f"{world.base_url}/inference/{region}/{endpoint['name']}"
    return f"{base}/score", f"{base}/swagger.json"


def key_of(azure: SimulatedAzure, endpoint: Document, which: str) -> str:
    """Return an endpoint's ``primary`` or ``secondary`` key."""
    key = str(endpoint["id"]).lower()
    renewed = azure.world.facets.get(key, {}).get(f"{which}_key", 0)
    purpose = f"{key}/{which}/{renewed}" if renewed else f"{key}/{which}"
    return base64.b64encode(azure.secrets.derive(purpose)[:24]).decode()


def renew_key(world: World, endpoint: Document, which: str) -> None:
    """Let an endpoint's ``primary`` or ``secondary`` key be another one."""
    facts = world.facet(str(endpoint["id"]))
    facts[f"{which}_key"] = int(facts.get(f"{which}_key", 0)) + 1
    world.touch()


def audience_of(endpoint: Document) -> str:
    """Return whom the endpoint's own tokens are for."""
    return f"{AUDIENCES[0]}{str(endpoint['id']).lower()}"


class _Scoring:
    """The handlers of all endpoints' addresses."""

    def __init__(self, azure: SimulatedAzure, mint: TokenMint) -> None:
        self._azure = azure
        self._mint = mint
        self._asked: Counter[str] = Counter()

    async def answer(self, request: Request) -> Response:
        region, name = str(request.path_params["region"]), str(request.path_params["endpoint"])
        endpoint = ml_serving.endpoint_at(self._azure.world, region.lower(), name)
        if endpoint is None:
            return no_answer(request)
        rest = str(request.path_params.get("rest", "")).strip("/")
        if request.method in {"GET", "HEAD"} and not rest:
            return self._alive(endpoint)
        if (wrong := self._refused(endpoint, request.headers.get("authorization", ""))) is not None:
            return wrong
        match request.method, rest:
            case "POST", "score":
                named = request.headers.get(_NAMED)
                return self._score(endpoint, named, await request.body())
            case "GET", "swagger.json":
                return self._swagger(endpoint)
            case _:
                return json_answer(_error("NotFound", f"There is no /{rest} here."), 404)

    def _alive(self, endpoint: Document) -> Response:
        wrong = ml_serving.ailment(self._azure.world, endpoint)
        return PlainTextResponse("Healthy") if wrong is None else _troubled(wrong)

    def _refused(self, endpoint: Document, authorization: str) -> Response | None:
        """Return the refusal of a caller who may not score; ``None`` for one who may."""
        mode = endpoint["properties"].get("authMode", "Key")
        if mode == "Key":
            given = authorization.removeprefix("Bearer ").encode()
            keys = [key_of(self._azure, endpoint, which) for which in ("primary", "secondary")]
            known = any(hmac.compare_digest(given, key.encode()) for key in keys)
            return None if known else _unauthorized("key_auth_access_denied")
        try:
            audience = self._mint.check(authorization).aud
        except TokenProblem as problem:
            return _unauthorized(problem.message)
        if mode == "AMLToken":
            known = audience == audience_of(endpoint)
            return None if known else _unauthorized("The token is of another endpoint.")
        if audience != self._azure.base_url and audience not in AUDIENCES:
            return _unauthorized("The token is for another audience.")
        if not data_actions.may(self._azure.world, str(endpoint["id"]), _SCORE):
            return json_answer(_error("Forbidden", f"The caller may not do {_SCORE}."), 403)
        return None

    def _score(self, endpoint: Document, named: str | None, body: bytes) -> Response:
        world, key = self._azure.world, str(endpoint["id"]).lower()
        self._asked[key] += 1
        deployment = ml_serving.chosen(world, endpoint, named, self._asked[key])
        if isinstance(deployment, Trouble):
            return _troubled(deployment)
        answered_by = {_NAMED: str(deployment["name"])}
        try:
            rows = _rows(msgspec.json.decode(body) if body.strip() else [])
        except msgspec.MsgspecError as error:
            said = {"ms-azureml-model-error-statuscode": "400"} | answered_by
            return json_answer(_error("ModelError", f"The input is no JSON: {error}"), 424, said)
        model = ml_serving.model_of(deployment)
        return json_answer([_predicted(model, row) for row in rows], 200, answered_by)

    def _swagger(self, endpoint: Document) -> Response:
        operation = {"operationId": "RunMLService", "responses": {"200": {"description": "Scored"}}}
        return json_answer(
            {
                "openapi": "3.0.3",
                "info": {"title": endpoint["name"], "version": "1.0.0"},
                "paths": {"/score": {"post": operation}},
            }
        )


def _rows(body: Any) -> list[Any]:
    """Return the rows of an input: of a list, or of what ``data`` or ``input_data`` holds."""
    while isinstance(body, dict):
        held = next((body[key] for key in ("input_data", "data", "inputs") if key in body), None)
        if held is None:
            return [body]
        body = held
    return body if isinstance(body, list) else [body]


def _predicted(model: str, row: Any) -> float:
    digest = hashlib.sha256(f"{model}/".encode() + msgspec.json.encode(row, order="sorted"))
    return int.from_bytes(digest.digest()[:4]) / 2**32


def _error(code: str, message: str) -> Document:
    return {"error": {"code": code, "message": message}}


def _unauthorized(message: str) -> Response:
    return json_answer(_error("Unauthorized", message), 401, {"WWW-Authenticate": "Bearer"})


def _troubled(trouble: Trouble) -> Response:
    return json_answer(_error(trouble.code, trouble.message), trouble.status, trouble.headers)


def routes(azure: SimulatedAzure, mint: TokenMint) -> list[Route]:
    """Return the routes of the online endpoints' own addresses."""
    scoring = _Scoring(azure, mint)
    return [
        Route(path, scoring.answer, methods=_METHODS)
        for path in (
            "/inference/{region}/{endpoint}",
            "/inference/{region}/{endpoint}/{rest:path}",
        )
    ]
