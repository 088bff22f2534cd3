"""A registry's own endpoint on ``/registry/{host}``: tokens, tags, manifests by digest.

Sources: https://distribution.github.io/distribution/spec/api/ ,
https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from amlrunbook.simulator.answers import json_answer, no_answer
from amlrunbook.simulator.azure import SimulatedAzure
from amlrunbook.simulator.registry_data import MEDIA_TYPE, Manifest, RegistryData
from amlrunbook.simulator.registry_replicas import has, registry_of, serving_region
from amlrunbook.simulator.tokens import TokenMint, TokenProblem

_METHODS = ["GET", "HEAD", "PUT", "POST", "DELETE"]
_ENTRA = ("https://management.", "https://containerregistry.azure.net")


class _RefusedError(Exception):
    """A refusal as registries word it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass(frozen=True, kw_only=True)
class _Call:
    """One request to a registry."""

    azure: SimulatedAzure
    mint: TokenMint
    registry: RegistryData
    host: str
    region: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def form(self) -> dict[str, str]:
        """Return the fields of a form."""
        fields = parse_qs(self.body.decode("utf-8", "replace"))
        return {key: values[0] for key, values in fields.items()}

    def audience(self, kind: str) -> str:
        """Return whom a token of this registry is for."""
        return f"{kind}.{self.registry.name}.azurecr.io"


def routes(azure: SimulatedAzure, mint: TokenMint) -> list[Route]:
    """Return the routes of the registries' own endpoints."""

    async def answer(request: Request) -> Response:
        host = str(request.path_params["host"]).lower()
        registry, region = registry_of(azure.world, host), serving_region(azure.world, host)
        if registry is None or region is None:
            return no_answer(request)
        call = _Call(
            azure=azure,
            mint=mint,
            registry=registry,
            host=host,
            region=region,
            method=request.method,
            path=str(request.path_params["rest"]),
            headers=request.headers,
            body=await request.body(),
        )
        try:
            return _dispatch(call)
        except _RefusedError as refusal:
            return _refused(call, refusal)

    return [Route("/registry/{host}/{rest:path}", answer, methods=_METHODS)]


def _refused(call: _Call, refusal: _RefusedError) -> Response:
    headers = {"Docker-Distribution-Api-Version": "registry/2.0"}
    if refusal.status == 401:  # noqa: PLR2004
        realm = f"{call.azure.base_url}/registry/{call.host}/oauth2/token"
        service = f"{call.registry.name}.azurecr.io"
        headers["WWW-Authenticate"] = f'Bearer realm="{realm}",service="{service}"'
    error = {"code": refusal.code, "message": refusal.message}
    return json_answer({"errors": [error]}, refusal.status, headers)


def _dispatch(call: _Call) -> Response:
    match call.method, call.path.strip("/").split("/"):
        case "POST", ["oauth2", "exchange"]:
            return _exchange(call)
        case "POST", ["oauth2", "token"]:
            return _token(call)
        case "GET", ["v2"]:
            _authorize(call)
            return json_answer({})
        case "GET", ["v2" | "acr", *_, "_catalog"]:
            _authorize(call)
            return json_answer({"repositories": sorted(call.registry.repositories)})
        case "GET", ["v2", *repository, "tags", "list"]:
            _authorize(call)
            return _tags(call, "/".join(repository))
        case "GET", ["acr", "v1", *repository, "_manifests"]:
            _authorize(call)
            return _manifests(call, "/".join(repository))
        case method, ["v2", *repository, "manifests", reference] if repository:
            _authorize(call)
            return _manifest(call, method, "/".join(repository), reference)
        case _:
            raise _RefusedError(404, "NOT_FOUND", f"There is no {call.method} /{call.path}.")


def _exchange(call: _Call) -> Response:
    """Exchange a token of Entra's for a refresh token of the registry."""
    fields = call.form()
    if fields.get("grant_type") != "access_token":
        raise _RefusedError(400, "UNSUPPORTED", "The grant_type must be access_token.")
    audience = _claims(call, fields.get("access_token", ""))
    if audience != call.azure.base_url and not audience.startswith(_ENTRA):
        raise _RefusedError(401, "UNAUTHORIZED", "The access token is for another audience.")
    return json_answer({"refresh_token": call.mint.mint(call.audience("refresh"))})


def _token(call: _Call) -> Response:
    """Answer an access token of the registry for its refresh token."""
    fields = call.form()
    if fields.get("grant_type") != "refresh_token" or not fields.get("scope"):
        raise _RefusedError(400, "UNSUPPORTED", "A refresh_token grant with a scope is needed.")
    if _claims(call, fields.get("refresh_token", "")) != call.audience("refresh"):
        raise _RefusedError(401, "UNAUTHORIZED", "The refresh token is not of this registry.")
    return json_answer({"access_token": call.mint.mint(call.audience("access"))})


def _claims(call: _Call, token: str) -> str:
    try:
        return call.mint.check(f"Bearer {token}").aud
    except TokenProblem as problem:
        raise _RefusedError(401, "UNAUTHORIZED", problem.message) from problem


def _authorize(call: _Call) -> None:
    token = call.headers.get("authorization", "").removeprefix("Bearer ")
    if not token or _claims(call, token) != call.audience("access"):
        raise _RefusedError(
            401,
            "UNAUTHORIZED",
            "authentication required, visit https://aka.ms/acr/authorization for more information.",
        )


def _shown(call: _Call, repository: str) -> list[Manifest]:
    held = call.registry.repositories.get(repository)
    if held is None:
        raise _RefusedError(404, "NAME_UNKNOWN", f"repository name not known: {repository}")
    world = call.azure.world
    return [m for m in held.manifests.values() if has(world, call.registry, call.region, m)]


def _tags(call: _Call, repository: str) -> Response:
    digests = {manifest.digest for manifest in _shown(call, repository)}
    tags = call.registry.repositories[repository].tags
    found = sorted(tag for tag, digest in tags.items() if digest in digests)
    return json_answer({"name": repository, "tags": found})


def _manifests(call: _Call, repository: str) -> Response:
    tags = call.registry.repositories.get(repository)
    found = [
        {
            "digest": manifest.digest,
            "imageSize": manifest.size,
            "mediaType": manifest.media_type,
            "tags": sorted(t for t, d in tags.tags.items() if d == manifest.digest) if tags else [],
        }
        for manifest in _shown(call, repository)
    ]
    service = f"{call.registry.name}.azurecr.io"
    return json_answer({"registry": service, "imageName": repository, "manifests": found})


def _manifest(call: _Call, method: str, repository: str, reference: str) -> Response:
    if method == "PUT":
        return _push(call, repository, reference)
    manifest = call.registry.find(repository, reference)
    if manifest is None or not has(call.azure.world, call.registry, call.region, manifest):
        raise _RefusedError(
            404, "MANIFEST_UNKNOWN", f"manifest tagged by {reference!r} is not found"
        )
    headers = {"Docker-Content-Digest": manifest.digest}
    if method == "DELETE":
        _drop(call, repository, manifest)
        return Response(status_code=202, headers=headers)
    data = call.azure.contents.get(manifest.digest.removeprefix("sha256:"))
    headers["Content-Length"] = str(manifest.size)
    body = b"" if method == "HEAD" else data
    return Response(body, 200, media_type=manifest.media_type, headers=headers)


def _push(call: _Call, repository: str, reference: str) -> Response:
    digest = f"sha256:{hashlib.sha256(call.body).hexdigest()}"
    by_digest = reference.startswith("sha256:")
    if not call.body or (by_digest and reference != digest):
        raise _RefusedError(400, "DIGEST_INVALID", "The manifest is not what its digest says.")
    call.azure.contents.put(call.body)
    manifest = Manifest(
        digest=digest,
        media_type=call.headers.get("content-type", MEDIA_TYPE),
        size=len(call.body),
        pushed_at=call.azure.world.now(),
        region=call.region,
    )
    call.registry.keep(repository, manifest, None if by_digest else reference)
    call.azure.world.touch()
    return Response(status_code=201, headers={"Docker-Content-Digest": digest})


def _drop(call: _Call, repository: str, manifest: Manifest) -> None:
    held = call.registry.repositories[repository]
    del held.manifests[manifest.digest]
    held.tags = {tag: digest for tag, digest in held.tags.items() if digest != manifest.digest}
    call.azure.world.touch()
