"""The token endpoint: Entra's client-credentials flow, as azure-identity speaks it.

Source: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
import uuid
from datetime import UTC, datetime
from urllib.parse import parse_qs

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from amlrunbook.simulator.azure import SimulatedAzure

LIFETIME = 3599
"""Seconds a token lives, unless the control endpoint says otherwise."""

VAULT_AUDIENCE = "https://vault.azure.net"
"""The audience of the vaults' own endpoints."""
STORAGE_AUDIENCE = "https://storage.azure.com"
"""The audience of storage's own endpoints, in every cloud."""


class Claims(msgspec.Struct, kw_only=True, frozen=True):
    """What a token says."""

    aud: str
    iss: str
    iat: int
    nbf: int
    exp: int
    appid: str
    oid: str
    tid: str
    uti: str
    ver: str = "1.0"


class TokenProblem(Exception):  # noqa: N818 - an answer, not an error of the program
    """Why a token is refused: Azure's code and sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def expired(at: float) -> TokenProblem:
    """Return the problem of a token that expired at a real time in Unix seconds."""
    return TokenProblem(
        "ExpiredAuthenticationToken",
        f"The access token expiry UTC time "
        f"'{datetime.fromtimestamp(at, UTC).strftime('%m/%d/%Y %H:%M:%S')}' is earlier than "
        f"current UTC time '{datetime.now(UTC).strftime('%m/%d/%Y %H:%M:%S')}'.",
    )


class TokenMint:
    """Makes and checks tokens: JWTs signed with a key that only this simulator has."""

    def __init__(self, azure: SimulatedAzure) -> None:
        self._azure = azure
        self._key = azure.secrets.token_key.encode()
        self._known: dict[str, Claims] = {}
        self.lifetime = LIFETIME

    def mint(self, scope: str) -> str:
        """Return a token for a scope such as ``https://storage.azure.com/.default``."""
        now = int(time.time())
        world = self._azure.world
        claims = Claims(
            aud=scope.removesuffix(".default").rstrip("/"),
            iss=f"{world.base_url}/{world.tenant_id}/",
            iat=now,
            nbf=now,
            exp=now + self.lifetime,
            appid=self._azure.secrets.client_id,
            oid=world.principal_id,
            tid=world.tenant_id,
            uti=uuid.uuid4().hex,
        )
        header = _b64(b'{"typ":"JWT","alg":"HS256"}')
        body = f"{header}.{_b64(msgspec.json.encode(claims))}"
        return f"{body}.{_b64(self._sign(body))}"

    def check(self, authorization: str | None) -> Claims:
        """Return what the ``Authorization`` header's token says.

        Raises:
            TokenProblem: there is none, or it is not ours, or it has expired.
        """
        if not authorization:
            raise TokenProblem(
                "AuthenticationFailed",
                "Authentication failed. The 'Authorization' header is missing.",
            )
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise TokenProblem(
                "AuthenticationFailedInvalidHeader",
                "Authentication failed. The 'Authorization' header is provided in an invalid "
                "format.",
            )
        claims = self._known.get(token) or self._read(token)
        if claims.exp <= time.time():
            self._known.pop(token, None)
            raise expired(claims.exp)
        self._known[token] = claims
        return claims

    def _read(self, token: str) -> Claims:
        body, _, signature = token.rpartition(".")
        try:
            if hmac.compare_digest(_unb64(signature), self._sign(body)):
                return msgspec.json.decode(_unb64(body.partition(".")[2]), type=Claims)
        except (ValueError, msgspec.MsgspecError):
            pass
        raise TokenProblem("InvalidAuthenticationToken", "The access token is invalid.")

    def _sign(self, body: str) -> bytes:
        return hmac.digest(self._key, body.encode(), hashlib.sha256)


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


_ANY_TENANT = {"common", "organizations"}
"""Authorities that are described, as a client may ask, and give no token to an application."""
_HEADER = _b64(b'{"typ":"JWT","alg":"HS256"}')


def routes(azure: SimulatedAzure, mint: TokenMint) -> list[Route]:
    """Return the routes of the token endpoint and its discovery document."""

    async def token(request: Request) -> Response:
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        fields = {key: values[0] for key, values in form.items()}
        return _answer(azure, mint, request.path_params["tenant"], fields)

    async def discovery(request: Request) -> Response:
        tenant = request.path_params["tenant"]
        if tenant.lower() not in _tenants(azure) | _ANY_TENANT:
            return _refusal(
                400, 90002, "invalid_request", f"Tenant '{tenant}' not found. Check the tenant ID."
            )
        base = f"{azure.base_url}/{tenant}"
        issuer = "{tenantid}" if tenant.lower() in _ANY_TENANT else tenant
        return JSONResponse(
            {
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
                "jwks_uri": f"{base}/discovery/v2.0/keys",
                "issuer": f"{azure.base_url}/{issuer}/v2.0",
                "response_types_supported": ["code", "id_token", "token"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": ["openid", "profile", "email", "offline_access"],
                "tenant_region_scope": None,
            }
        )

    return [
        Route("/{tenant}/oauth2/v2.0/token", token, methods=["POST"]),
        Route("/{tenant}/v2.0/.well-known/openid-configuration", discovery, methods=["GET"]),
    ]


def _tenants(azure: SimulatedAzure) -> set[str]:
    return {azure.world.tenant_id.lower()}


def _answer(
    azure: SimulatedAzure, mint: TokenMint, tenant: str, fields: dict[str, str]
) -> Response:
    if tenant.lower() not in _tenants(azure):
        return _refusal(
            400, 90002, "invalid_request", f"Tenant '{tenant}' not found. Check the tenant ID."
        )
    if fields.get("grant_type") != "client_credentials":
        return _refusal(
            400,
            70003,
            "unsupported_grant_type",
            "The app requested an unsupported grant type.",
        )
    client = fields.get("client_id", "")
    if client != azure.secrets.client_id:
        return _refusal(
            400,
            700016,
            "unauthorized_client",
            f"Application with identifier '{client}' was not found in the directory "
            f"'{azure.world.tenant_name}'.",
        )
    given = fields.get("client_secret", "").encode()
    if not hmac.compare_digest(given, azure.secrets.client_secret.encode()):
        return _refusal(
            401,
            7000215,
            "invalid_client",
            "Invalid client secret provided. Ensure the secret being sent in the request is the "
            "client secret value, not the client secret ID, for a secret added to app "
            f"'{client}'.",
        )
    scope = fields.get("scope", "").split(" ")[0]
    if not scope.endswith(".default"):
        return _refusal(
            400,
            1002012,
            "invalid_scope",
            f"The provided value for scope {scope} is not valid. Client credential flows must "
            "have a scope value with /.default suffixed to the resource identifier.",
        )
    return JSONResponse(
        {
            "token_type": "Bearer",
            "expires_in": mint.lifetime,
            "ext_expires_in": mint.lifetime,
            "access_token": mint.mint(scope),
        },
        headers={"Cache-Control": "no-store, no-cache"},
    )


_OVERLOADED = 90033
"""``A transient error has occurred. Please try again.``

Source: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
"""


def refused_by_identity(status: int, code: str, message: str, headers: dict[str, str]) -> Response:
    """Return a fault's error as Entra writes it; ``code`` may be ``AADSTS`` and a number."""
    digits = code.upper().removeprefix("AADSTS")
    own = digits.isdigit()
    passing = status >= 500 or status == 429  # noqa: PLR2004
    kind = ("temporarily_unavailable" if passing else "invalid_grant") if own else code
    response = _refusal(status, int(digits) if own else _OVERLOADED, kind, message)
    response.headers.update(headers)
    return response


def _refusal(status: int, number: int, error: str, sentence: str) -> Response:
    """Return an error as Entra writes it."""
    trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
    at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    return JSONResponse(
        {
            "error": error,
            "error_description": f"AADSTS{number}: {sentence} Trace ID: {trace} "
            f"Correlation ID: {correlation} Timestamp: {at}",
            "error_codes": [number],
            "timestamp": at,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={number}",
        },
        status,
    )
