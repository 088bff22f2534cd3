"""Scoring requests to an online endpoint, with its key or a token; neither ever leaves this module.

Sources: https://learn.microsoft.com/azure/machine-learning/how-to-authenticate-online-endpoint (keys, tokens, scopes) and
https://learn.microsoft.com/azure/machine-learning/how-to-troubleshoot-online-endpoints (what the answers mean).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from amlrunbook.azure.access import Access
from amlrunbook.azure.answer import Answer
from amlrunbook.azure.arm_path import with_version
from amlrunbook.azure.direct import ask, bearer, told
from amlrunbook.azure.guard import under
from amlrunbook.azure.translation import plain
from amlrunbook.errors import AzureError, RefusedError
from amlrunbook.model.api_versions import api_version
from amlrunbook.model.cloud import Cloud
from amlrunbook.model.resource_id import ResourceId

DEPLOYMENT_HEADER = "azureml-model-deployment"
"""Names the deployment that a request goes to, whatever the traffic says; answers carry it too."""
_HOSTS = {
    "public": ".inference.ml.azure.com",
    "us-government": ".inference.ml.azure.us",
    "china": ".inference.ml.azure.cn",
}
_SCOPES = {
    "public": "https://ml.azure.com/.default",
    "us-government": "https://ml.azure.us/.default",
    "china": "https://ml.azure.cn/.default",
}
_ENDPOINTS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"


@dataclass(frozen=True, slots=True)
class Score:
    """What came back for one scoring request; never the model's words."""

    status: int
    """The HTTP status."""
    model_status: int
    """The status that the model's own container answered, where Azure tells it (with 424); else 0."""
    deployment: str
    """The deployment that answered, where the answer says so."""
    reason: str
    """Why the model refused, in its own first words; empty where none are told."""
    milliseconds: int


def scoring_address(cloud: Cloud, uri: str) -> str:
    """Return ``uri`` if a secret may be sent there.

    Raises:
        RefusedError: it is no https address, or one outside the cloud's managed endpoints.
    """
    try:
        parts = urlsplit(uri)
        host = (parts.hostname or "").lower()
        plain_port = parts.port in {None, 443}
    except ValueError:
        parts, host, plain_port = urlsplit(""), "", False
    simulated = bool(cloud.ca_file) and under(cloud.resource_manager, uri)
    suffix = _HOSTS.get(cloud.name)
    managed = bool(suffix and host.endswith(suffix) and plain_port and parts.username is None)
    if parts.scheme != "https" or parts.query or parts.fragment or not (simulated or managed):
        raise RefusedError(
            f"The scoring address {plain(uri, 120)!r} is none of Azure's managed online endpoints.",
            state="No key and no token was sent there.",
            next_step="Send a scoring request by your own means, and say what came back.",
        )
    return uri.rstrip("/")


class Scoring:
    """Scoring requests to one endpoint. Each fetches its key or token anew and drops it afterwards."""

    def __init__(
        self, keys: Access, wire: Access, endpoint: ResourceId, address: str, auth_mode: str
    ) -> None:
        self._keys = keys
        self._wire = wire
        self._endpoint = endpoint
        self._address = address
        self._auth_mode = auth_mode.lower()

    def __repr__(self) -> str:
        return f"Scoring({self._endpoint.name!r})"

    def send(self, body: bytes, *, deployment: str = "") -> Score:
        """Send ``body`` (JSON) once, to one deployment or wherever the traffic leads.

        Raises:
            AzureError: key or token cannot be had, or the address does not answer in time.
        """
        secret: str = self._keys.run("POST", f"sign-in to {self._endpoint.name}", self._secret)
        headers = {
            "Authorization": secret,
            "Content-Type": "application/json",
            "Accept": "application/json",
            **({DEPLOYMENT_HEADER: deployment} if deployment else {}),
        }
        began = time.monotonic()
        shown = urlsplit(self._address).path
        answer: Answer = self._wire.run(
            "POST", shown, lambda: ask(self._wire, "POST", self._address, headers, body)
        )
        took = round((time.monotonic() - began) * 1000)
        told = answer.headers.get("ms-azureml-model-error-statuscode", "")
        return Score(
            status=answer.status,
            model_status=int(told) if told.isascii() and told.isdigit() and len(told) == 3 else 0,  # noqa: PLR2004 - a status has three digits
            deployment=plain(answer.headers.get(DEPLOYMENT_HEADER, ""), 80),
            reason=plain(answer.headers.get("ms-azureml-model-error-reason", ""), 160),
            milliseconds=took,
        )

    def _secret(self) -> str:
        if self._auth_mode == "aadtoken":
            cloud = self._wire.cloud
            return bearer(self._wire, _SCOPES.get(cloud.name, _SCOPES["public"]))
        if self._auth_mode == "key":
            return f"Bearer {self._told('listKeys', 'primaryKey')}"
        if self._auth_mode == "amltoken":
            return f"Bearer {self._told('token', 'accessToken')}"
        raise AzureError(
            f"How {self._endpoint.name} signs its callers in is not known: {plain(self._auth_mode, 40)!r}.",
            state="No scoring request was sent.",
        )

    def _told(self, action: str, field: str) -> str:
        cloud = self._keys.cloud
        path = f"{self._endpoint.text}/{action}"
        target = with_version(path, api_version(_ENDPOINTS))
        headers = {"Authorization": bearer(self._keys, cloud.arm_scope), "Content-Length": "0"}
        answer = ask(self._keys, "POST", cloud.resource_manager + target, headers, b"")
        secret = told(answer, path, field)
        if secret is None or not secret.isascii() or not secret.isprintable():
            raise AzureError(f"POST {path} was answered without a usable {field}.")
        return secret
