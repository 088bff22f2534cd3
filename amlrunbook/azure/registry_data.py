"""Images of a container registry: what it holds, and which digest a tag has, by the registry's own token exchange.

A token of Azure's is exchanged for one of the registry that may do one thing: pull one repository, list its manifests, or
list the repositories. A replica is asked by itself through its regional endpoint, which a registry has only where it was
turned on; without it nobody can say what that replica holds.
Sources: https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md (scopes ``registry:catalog:*`` and
``repository:NAME:metadata_read``, pages by ``last`` and ``n``) and
https://learn.microsoft.com/azure/container-registry/container-registry-endpoint-reference
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Any
from urllib.parse import quote, urlencode

from amlrunbook.azure.access import Access
from amlrunbook.azure.answer import Answer
from amlrunbook.azure.deadline import current_deadline
from amlrunbook.azure.direct import ask, bearer, told
from amlrunbook.azure.policies import BACKOFF_SECONDS, DEFAULT_DEADLINE, RETRIED, TRIES
from amlrunbook.azure.registry_pages import (
    MOST_PAGES,
    PAGE,
    REFERENCE,
    REPOSITORY,
    HeldManifest,
    manifests_of,
    next_last,
    repositories_of,
)
from amlrunbook.azure.throttling import retry_after
from amlrunbook.azure.translation import document_of, plain, refusal
from amlrunbook.errors import AzureError, RefusedError, UsageError
from amlrunbook.model.cloud import Cloud

_SUFFIXES = {"public": ".azurecr.io", "us-government": ".azurecr.us", "china": ".azurecr.cn"}
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{3,62}\Z")
_REGION = re.compile(r"[a-z0-9]{2,40}\Z")
_ACCEPT = (
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
)
_ERRORS_FROM = 400
_FINE = 200


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
    """Reads of one registry, or of one replica of it. Made for one list or one look: its sign-in lasts as long."""

    def __init__(self, access: Access, base: str, login_server: str) -> None:
        self._access = access
        self._base = base
        self._login_server = login_server.lower()
        self._refresh = ""

    def repositories(self) -> list[str]:
        """Return the names of the registry's repositories, sorted.

        Raises:
            AzureError: it cannot be reached, this person may not list it, or its pages lie or do not end.
        """
        path = "/acr/v1/_catalog"
        shown = f"{self._login_server}{path}"
        found: set[str] = set()
        for page in self._pages(path, "registry:catalog:*"):
            names = set(repositories_of(page, shown))
            _goes_on(found, names, shown)
            found |= names
        return sorted(found)

    def manifests(self, repository: str) -> list[HeldManifest]:
        """Return the manifests of a repository with their tags, sorted by digest.

        Raises:
            UsageError: it names no repository.
            NotFoundError: the registry has no such repository.
            AzureError: as :meth:`repositories`.
        """
        if not REPOSITORY.match(repository):
            raise UsageError(f"{plain(repository, 120)!r} names no repository.")
        path = f"/acr/v1/{repository}/_manifests"
        shown = f"{self._login_server}{path}"
        found: dict[str, HeldManifest] = {}
        for page in self._pages(path, f"repository:{repository}:metadata_read"):
            held = {one.digest: one for one in manifests_of(page, shown)}
            _goes_on(found.keys(), held.keys(), shown)
            found |= held
        return [found[digest] for digest in sorted(found)]

    def _pages(self, path: str, scope: str) -> Iterator[dict[str, Any]]:
        """Yield the pages of a list, each asked at this registry and nowhere else."""
        shown = f"{self._login_server}{path}"
        token: str = self._access.run("GET", shown, lambda: self._token(scope))
        last, seen = "", {""}
        for _ in range(MOST_PAGES):
            url = f"{self._base}{path}?{urlencode({'last': last, 'n': PAGE} if last else {'n': PAGE})}"
            answer = self._page(url, shown, token)
            yield document_of("GET", shown, answer)
            last = next_last(answer.headers.get("Link", ""), self._base, path, shown)
            if not last:
                return
            if last in seen:
                break
            seen.add(last)
        raise _endless(shown)

    def _page(self, url: str, shown: str, token: str) -> Answer:
        def read() -> Answer:
            return ask(self._access, "GET", url, {"Authorization": f"Bearer {token}"})

        answer: Answer = self._access.run("GET", shown, read)
        if answer.status != _FINE:
            raise refusal("GET", shown, answer)
        return answer

    def digest(self, repository: str, reference: str) -> str:
        """Return the digest of the manifest that a tag or digest names.

        Raises:
            UsageError: it names no repository or no manifest.
            NotFoundError: the registry (this replica) does not have it.
            AzureError: it cannot be reached, or this person may not pull from it.
        """
        if not REPOSITORY.match(repository) or not REFERENCE.match(reference):
            raise UsageError(f"{plain(f'{repository}:{reference}', 120)!r} names no image.")
        path = f"/v2/{repository}/manifests/{quote(reference, safe=':')}"

        def read() -> Answer:
            headers = {
                "Authorization": f"Bearer {self._token(f'repository:{repository}:pull')}",
                "Accept": _ACCEPT,
            }
            return ask(self._access, "HEAD", self._base + path, headers)

        shown = f"{self._login_server}{path}"
        answer: Answer = self._access.run("HEAD", shown, read)
        if answer.status >= _ERRORS_FROM:
            raise refusal("HEAD", shown, answer)
        digest = answer.headers.get("Docker-Content-Digest", "")
        if not digest.startswith("sha256:") or not REFERENCE.match(digest):
            raise AzureError(f"HEAD {shown} was answered without a digest.")
        return digest

    def _token(self, scope: str) -> str:
        """Return a token of the registry's that may do what ``scope`` says."""
        if not self._refresh:
            own = bearer(self._access, self._access.cloud.arm_scope).removeprefix("Bearer ")
            self._refresh = self._posted(
                "exchange", {"grant_type": "access_token", "access_token": own}, "refresh_token"
            )
        return self._posted(
            "token",
            {"grant_type": "refresh_token", "refresh_token": self._refresh, "scope": scope},
            "access_token",
        )

    def _posted(self, what: str, fields: dict[str, str], wanted: str) -> str:
        form = urlencode({**fields, "service": self._login_server}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        url = f"{self._base}/oauth2/{what}"
        answer = ask(self._access, "POST", url, headers, form)
        for tried in range(1, TRIES):
            # A POST is sent once by the wire, but asking for a token changes nothing.
            if answer.status not in RETRIED:
                break
            wait = retry_after(answer.headers)
            wait = BACKOFF_SECONDS * 2 ** (tried - 1) if wait is None else wait
            if not current_deadline(DEFAULT_DEADLINE).wait(wait):
                break
            answer = ask(self._access, "POST", url, headers, form)
        shown = f"{self._login_server}/oauth2/{what}"
        token = told(answer, shown, wanted)
        if not token:
            raise AzureError(f"POST {shown} was answered without a token.")
        return token


def _goes_on(found: AbstractSet[str], page: AbstractSet[str], shown: str) -> None:
    """Refuse a page that brings nothing but what was there: such pages go round.

    Raises:
        AzureError: it is one.
    """
    if page and page <= found:
        raise _endless(shown)


def _endless(shown: str) -> AzureError:
    return AzureError(f"The pages of GET {shown} do not end: the list is incomplete.")
