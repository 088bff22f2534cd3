"""The pages of an ARM collection: followed to the last one, and never to another host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from amlrunbook.azure.guard import under
from amlrunbook.errors import AzureError

MOST_PAGES = 500
"""A list with more pages than this is taken for one without end."""


def all_pages(
    read: Callable[[str], dict[str, Any]], base: str, target: str, most: int
) -> list[dict[str, Any]]:
    """Return the documents of a collection, or its first ``most`` of them where that is not 0.

    Args:
        read: reads one page by its target.
        base: the base URL of Azure Resource Manager, below which all pages must lie.
        target: path and query of the first page.
        most: how many documents are wanted; 0 for all.

    Raises:
        AzureError: a page is no list, lies elsewhere, or the pages do not end; also what ``read`` raises.
    """
    documents: list[dict[str, Any]] = []
    seen: set[str] = set()
    shown = urlsplit(target).path
    while target and (not most or len(documents) < most):
        seen.add(target)
        page = read(target)
        value = page.get("value")
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise AzureError(f"GET {shown} was answered without a list of documents.")
        documents.extend(value)
        target = _next(base, shown, page.get("nextLink"), seen)
    return documents[:most] if most else documents


def _next(base: str, shown: str, link: Any, seen: set[str]) -> str:
    """Return the next page's URL, or an empty string after the last.

    Raises:
        AzureError: the link leads elsewhere, or round in a circle.
    """
    if not link:
        return ""
    if not isinstance(link, str) or not under(base, link):
        raise AzureError(
            f"The next page of GET {shown} lies on another host; it was not asked.",
            state="No token left for there; the list is incomplete.",
            next_step="Find out who answers for Azure on this network.",
        )
    if link in seen or len(seen) >= MOST_PAGES:
        raise AzureError(f"The pages of GET {shown} do not end: the list is incomplete.")
    return link
