"""Images of a container registry: which digest a tag or a manifest has, by the registry's own token exchange.

A token of Azure's is exchanged for one of the registry that may pull one repository. A replica is asked by itself through
its regional endpoint, which a registry has only where it was turned on; without it nobody can say what that replica holds.
Sources: https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md and
https://learn.microsoft.com/azure/container-registry/container-registry-endpoint-reference
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlencode

from amlrunbook.azure.access import Access
from amlrunbook.azure.answer import Answer
from amlrunbook.azure.direct import ask, bearer, told
from amlrunbook.azure.translation import plain, refusal
from amlrunbook.errors import AzureError, RefusedError, UsageError
from amlrunbook.model.cloud import Cloud

_SUFFIXES = {"public": ".azurecr.io", "us-government": ".azurecr.us", "china": ".azurecr.cn"}
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{3,62}\Z")
_REGION = re.compile(r"[a-z0-9]{2,40}\Z")
_REPOSITORY = re.compile(r"[a-z0-9]+(?:[._/-]+[a-z0-9]+)*\Z")
_REFERENCE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\Z|sha256:[0-9a-f]{64}\Z")
_ACCEPT = (
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
)
_ERRORS_FROM = 400


def is_registry(cloud: Cloud, host: str) -> bool:
    """Return whether ``host`` is the login server of a registry of this cloud."""
    return _name_of(cloud, host) is not None


def _name_of(cloud: Cloud, host: str) -> str | None:
    suffix = _SUFFIXES.get(cloud.name, _SUFFIXES["public"])
    lower = host.lower()
    name = lower.removesuffix(suffix)
    return name if lower.endswith(suffix) and _NAME.match(name) else None


def registry_base(cloud: Cloud, login_server: str, region: str = "") -> str:
    """Return the base URL of a registry, or of its replica in ``region``.

    Raises:
        RefusedError: it is no registry of this cloud.
    """
    name = _name_of(cloud, login_server)
    if name is None or (region and not _REGION.match(region)):
        raise RefusedError(
            f"{plain(login_server, 80)!r} is no container registry of this cloud.",
            state="No token was sent there.",
            next_step="Look at the registry by your own means.",
        )
    if cloud.ca_file:
        return f"{cloud.resource_manager}/registry/{name}{f'.{region}' if region else ''}"
    suffix = _SUFFIXES.get(cloud.name, _SUFFIXES["public"])
    return f"https://{name}{f'.{region}.geo' if region else ''}{suffix}"


class RegistryImages:
    """Reads of one registry's manifests, or of one replica's."""

    def __init__(self, access: Access, base: str, login_server: str) -> None:
        self._access = access
        self._base = base
        self._login_server = login_server.lower()

    def digest(self, repository: str, reference: str) -> str:
        """Return the digest of the manifest that a tag or digest names.

        Raises:
            UsageError: it names no repository or no manifest.
            NotFoundError: the registry (this replica) does not have it.
            AzureError: it cannot be reached, or this person may not pull from it.
        """
        if not _REPOSITORY.match(repository) or not _REFERENCE.match(reference):
            raise UsageError(f"{plain(f'{repository}:{reference}', 120)!r} names no image.")
        path = f"/v2/{repository}/manifests/{quote(reference, safe=':')}"

        def read() -> Answer:
            headers = {"Authorization": f"Bearer {self._token(repository)}", "Accept": _ACCEPT}
            return ask(self._access, "HEAD", self._base + path, headers)

        shown = f"{self._login_server}{path}"
        answer: Answer = self._access.run("HEAD", shown, read)
        if answer.status >= _ERRORS_FROM:
            raise refusal("HEAD", shown, answer)
        digest = answer.headers.get("Docker-Content-Digest", "")
        if not digest.startswith("sha256:") or not _REFERENCE.match(digest):
            raise AzureError(f"HEAD {shown} was answered without a digest.")
        return digest

    def _token(self, repository: str) -> str:
        cloud = self._access.cloud
        own = bearer(self._access, cloud.arm_scope).removeprefix("Bearer ")
        refresh = self._posted(
            "exchange", {"grant_type": "access_token", "access_token": own}, "refresh_token"
        )
        return self._posted(
            "token",
            {
                "grant_type": "refresh_token",
                "refresh_token": refresh,
                "scope": f"repository:{repository}:pull",
            },
            "access_token",
        )

    def _posted(self, what: str, fields: dict[str, str], wanted: str) -> str:
        form = urlencode({**fields, "service": self._login_server}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = ask(self._access, "POST", f"{self._base}/oauth2/{what}", headers, form)
        shown = f"{self._login_server}/oauth2/{what}"
        token = told(answer, shown, wanted)
        if not token:
            raise AzureError(f"POST {shown} was answered without a token.")
        return token
