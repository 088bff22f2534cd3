"""The pages of a registry's lists: what stands on one, and where the next begins.

A registry says ``Link: </acr/v1/_catalog?last=NAME&n=N&orderby=>; rel="next"``. Of that only ``last`` is taken: the address
of the next page is made here, so that no answer decides where a token goes.
Sources: https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md and
https://github.com/Azure/azure-sdk-for-python/tree/main/sdk/containerregistry/azure-containerregistry
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from amlrunbook.azure.guard import under
from amlrunbook.azure.translation import plain
from amlrunbook.errors import AzureError

PAGE = 100
"""How many are asked for at once."""
MOST_PAGES = 500
"""A list with more pages than this is taken for one without end."""
REPOSITORY = re.compile(r"[a-z0-9]+(?:[._/-]+[a-z0-9]+)*\Z")
REFERENCE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\Z|sha256:[0-9a-f]{64}\Z")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\Z")
_NEXT = re.compile(r'\s*<([^<>]*)>\s*;\s*rel="?next"?\s*\Z', re.IGNORECASE)


class HeldManifest(msgspec.Struct, frozen=True, kw_only=True):
    """One manifest of a repository."""

    digest: str
    tags: tuple[str, ...] = ()


def repositories_of(page: Mapping[str, Any], shown: str) -> list[str]:
    """Return the repositories on a page of the catalog.

    Raises:
        AzureError: it is no list of names.
    """
    names = page.get("repositories", ())
    if names is None:  # how an empty list is told
        return []
    if not isinstance(names, list) or not all(_fits(REPOSITORY, name) for name in names):
        raise AzureError(f"GET {shown} was answered without a list of repositories.")
    return names


def manifests_of(page: Mapping[str, Any], shown: str) -> list[HeldManifest]:
    """Return the manifests on a page of a repository's.

    Raises:
        AzureError: it is no list of digests with their tags.
    """
    found = page.get("manifests", ())
    if found is None:  # how an empty list is told
        return []
    if not isinstance(found, list):
        raise AzureError(f"GET {shown} was answered without a list of manifests.")
    return [_manifest(item, shown) for item in found]


def _manifest(item: Any, shown: str) -> HeldManifest:
    told = item if isinstance(item, dict) else {}
    digest, tags = told.get("digest"), told.get("tags") or []
    if not isinstance(tags, list) or not all(_fits(_TAG, tag) for tag in tags):
        raise AzureError(f"GET {shown} was answered with a tag that is none.")
    if not isinstance(digest, str) or not _DIGEST.match(digest):
        raise AzureError(f"GET {shown} was answered with a manifest that has no digest.")
    return HeldManifest(digest=digest, tags=tuple(sorted(set(tags))))


def next_last(link: str, base: str, path: str, shown: str) -> str:
    """Return after which entry the next page begins; empty after the last page.

    Args:
        link: the answer's ``Link`` header.
        base: the base URL that was asked.
        path: the list's path below it.
        shown: the list, as errors name it.

    Raises:
        AzureError: the link leads to another host or another list, or names no entry.
    """
    if not link.strip():
        return ""
    found = _NEXT.match(link)
    if found is None:
        raise AzureError(f"GET {shown} was answered with a next page that cannot be read.")
    target: str = found[1]
    if not _is_same_list(target, base, path):
        raise AzureError(
            f"The next page of GET {shown} lies elsewhere ({plain(target, 80)}); it was not asked.",
            state="No token left for there; the list is incomplete.",
            next_step="Find out who answers for this registry on this network.",
        )
    last: str = parse_qs(target.partition("?")[2]).get("last", [""])[0]
    if not last or not (REPOSITORY.match(last) or _DIGEST.match(last)):
        raise AzureError(f"The next page of GET {shown} begins nowhere: the list is incomplete.")
    return last


def _is_same_list(target: str, base: str, path: str) -> bool:
    """Return whether a link names the list that was asked, relative to the host or in full."""
    try:
        parts = urlsplit(target)
    except ValueError:
        return False
    if parts.scheme or parts.netloc:
        return under(base, target) and _same(parts.path, urlsplit(base).path + path)
    return _same(parts.path, path) or _same(parts.path, urlsplit(base).path + path)


def _same(one: str, other: str) -> bool:
    return unquote(one) == unquote(other)


def _fits(pattern: re.Pattern[str], text: Any) -> bool:
    return isinstance(text, str) and pattern.match(text) is not None
