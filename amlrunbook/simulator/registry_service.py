"""A registry's own endpoint on ``/registry/{host}``: tokens for one thing each, repositories, tags, manifests by digest.

Lists come in pages, as ``Link`` says. A caller whose rights the scenario narrowed gets a token all the same, which may do
less; a registry without public access refuses everybody.

Sources: https://learn.microsoft.com/azure/container-registry/container-registry-access-selected-networks ,
https://learn.microsoft.com/azure/container-registry/container-registry-rbac-built-in-roles-directory-reference , https://distribution.github.io/distribution/spec/api/ ,
https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from amlrunbook.simulator.answers import json_answer, no_answer
from amlrunbook.simulator.azure import SimulatedAzure
from amlrunbook.simulator.clock import stamp
from amlrunbook.simulator.data_actions import may
from amlrunbook.simulator.registry_data import MEDIA_TYPE, Manifest, RegistryData
from amlrunbook.simulator.registry_replicas import has, registry_of, serving_region
from amlrunbook.simulator.tokens import TokenMint, TokenProblem

_METHODS = ["GET", "HEAD", "PUT", "POST", "DELETE"]
_PAGE = 100
"""Entries of a page, unless ``n`` says otherwise."""
_RIGHTS = {
    "pull": "pull/read",
    "metadata_read": "pull/read",
    "*": "pull/read",
    "push": "push/write",
    "delete": "artifacts/delete",
}
"""What a token may do, by the right that it needs: ``Microsoft.ContainerRegistry/registries/…``."""
_ENTRA = ("https://management.", "https://containerregistry.azure.net")


class _RefusedError(Exception):
    """A refusal as registries word it."""

    def __init__(self, status: int, code: str, message: str, needs: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.needs = needs
        """Type, name and action that a token lacks."""


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
    query: Mapping[str, str]
    body: bytes

    def form(self) -> dict[str, str]:
        """Return the fields of a form."""
        fields = parse_qs(self.body.decode("utf-8", "replace"))
        return {key: " ".join(values) for key, values in fields.items()}

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
            query=request.query_params,
            body=await request.body(),
        )
        try:
            _admit(call)
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
        if refusal.needs:
            headers["WWW-Authenticate"] += f',scope="{":".join(refusal.needs)}"'
    error: dict[str, object] = {"code": refusal.code, "message": refusal.message}
    if refusal.needs:
        error["detail"] = [dict(zip(("Type", "Name", "Action"), refusal.needs, strict=True))]
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
        case "GET", ["v2", "_catalog"] | ["acr", "v1", "_catalog"]:
            _authorize(call, "registry", "catalog", "*")
            return _catalog(call)
        case "GET", ["v2", *repository, "tags", "list"]:
            _authorize(call, "repository", "/".join(repository), "pull", "metadata_read")
            return _tags(call, "/".join(repository))
        case "GET", ["acr", "v1", *repository, "_manifests"]:
            _authorize(call, "repository", "/".join(repository), "metadata_read")
            return _manifests(call, "/".join(repository))
        case method, ["v2", *repository, "manifests", reference] if repository:
            needed = {"PUT": "push", "DELETE": "delete"}.get(method, "pull")
            _authorize(call, "repository", "/".join(repository), needed)
            return _manifest(call, method, "/".join(repository), reference)
        case _:
            raise _RefusedError(404, "NOT_FOUND", f"There is no {call.method} /{call.path}.")


def _admit(call: _Call) -> None:
    """Refuse everybody where the registry has no public access: nobody comes from a private network here."""
    document = call.azure.world.get(call.registry.resource_id) or {}
    if document.get("properties", {}).get("publicNetworkAccess") == "Disabled":
        raise _RefusedError(
            403,
            "DENIED",
            "client with IP '203.0.113.7' is not allowed access. Refer https://aka.ms/acr/firewall "
            "to grant access.",
        )


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
    granted = _granted(call, fields["scope"].split())
    audience = call.audience("access")
    return json_answer({"access_token": call.mint.mint(" ".join((audience, *granted)))})


def _granted(call: _Call, scopes: list[str]) -> list[str]:
    """Return what of the scopes the caller may have; a token is given in any case, as Azure does."""
    world, registry = call.azure.world, call.registry.resource_id
    found = []
    for scope in scopes:
        what, _, actions = scope.rpartition(":")
        held = [
            action
            for action in actions.split(",")
            if action in _RIGHTS
            and may(world, registry, f"Microsoft.ContainerRegistry/registries/{_RIGHTS[action]}")
        ]
        if held:
            found.append(f"{what}:{','.join(held)}")
    return found


def _claims(call: _Call, token: str) -> str:
    try:
        return call.mint.check(f"Bearer {token}").aud
    except TokenProblem as problem:
        raise _RefusedError(401, "UNAUTHORIZED", problem.message) from problem


def _authorize(call: _Call, kind: str = "", name: str = "", *actions: str) -> None:
    """Refuse a token that may do none of the actions on what is named; any token will do where nothing is."""
    token = call.headers.get("authorization", "").removeprefix("Bearer ")
    audience, *held = _claims(call, token).split(" ") if token else [""]
    allowed = {
        action
        for scope in held
        if scope.rpartition(":")[0] == f"{kind}:{name}"
        for action in scope.rpartition(":")[2].split(",")
    }
    if audience != call.audience("access") or (actions and not allowed & set(actions)):
        raise _RefusedError(
            401,
            "UNAUTHORIZED",
            "authentication required, visit https://aka.ms/acr/authorization for more information.",
            (kind, name, actions[0]) if actions else (),
        )


def _page(call: _Call, keys: list[str]) -> tuple[list[str], dict[str, str]]:
    """Return the keys of the page that is asked for, and the headers that lead to the next one."""
    asked = call.query.get("n", "")
    size = int(asked) if asked.isdecimal() and int(asked) else _PAGE
    left = [key for key in sorted(keys) if key > call.query.get("last", "")]
    page = left[:size]
    if len(left) == len(page):
        return page, {}
    target = f"/registry/{call.host}/{quote(call.path)}?last={quote(page[-1], safe='')}&n={size}&orderby="
    return page, {"Link": f'<{target}>; rel="next"'}


def _catalog(call: _Call) -> Response:
    page, headers = _page(call, list(call.registry.repositories))
    return json_answer({"repositories": page}, 200, headers)


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
    held = {manifest.digest: manifest for manifest in _shown(call, repository)}
    page, headers = _page(call, list(held))
    named = call.registry.repositories[repository].tags
    found: list[dict[str, object]] = []
    for digest in page:
        at = stamp(held[digest].pushed_at)
        tags = sorted(tag for tag, of in named.items() if of == digest)
        told = {"digest": digest, "imageSize": held[digest].size, "createdTime": at}
        told |= {"lastUpdateTime": at, "mediaType": held[digest].media_type}
        found.append(told | ({"tags": tags} if tags else {}))
    service = f"{call.registry.name}.azurecr.io"
    return json_answer(
        {"registry": service, "imageName": repository, "manifests": found}, 200, headers
    )


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
