"""Paths of the resource manager, taken apart. Case never matters in them, and is kept.

Source: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class ArmPath:
    """One path: ``[scope]/providers/{namespace}/{type}/{name}...[/{tail}]``, or without provider.

    ``tail`` is the last segment where no name follows it: a collection, or an action of a POST.
    """

    text: str
    subscription: str | None
    group: str | None
    scope: str
    """What stands before the last ``/providers/``; the whole path where there is none."""
    namespace: str | None
    types: tuple[str, ...]
    names: tuple[str, ...]
    tail: str | None

    @property
    def resource_type(self) -> str | None:
        """``namespace/type/childtype`` of the named resource, without the tail."""
        return "/".join((self.namespace, *self.types)) if self.namespace else None

    @property
    def collection_type(self) -> str | None:
        """The resource type with the tail taken as a collection."""
        if self.namespace is None or self.tail is None:
            return None
        return "/".join((self.namespace, *self.types, self.tail))

    @property
    def resource_id(self) -> str:
        """The path of the named resource, without the tail."""
        return self.text[: -len(self.tail) - 1] if self.tail is not None else self.text

    @property
    def name(self) -> str:
        """The last name of the resource."""
        return self.names[-1] if self.names else ""


@lru_cache(maxsize=4096)
def parse(path: str) -> ArmPath:
    """Take a path apart. It never fails: what makes no sense simply names nothing that exists."""
    text = "/" + "/".join(part for part in path.split("/") if part)
    parts = text[1:].split("/")
    lower = [part.lower() for part in parts]
    subscription = parts[1] if lower[0] == "subscriptions" and len(parts) > 1 else None
    group = None
    if subscription and len(parts) > 3 and lower[2] == "resourcegroups":  # noqa: PLR2004
        group = parts[3]
    cut = max((i for i, part in enumerate(lower) if part == "providers"), default=-1)
    if cut < 0 or cut + 1 >= len(parts):
        return ArmPath(text, subscription, group, text, None, (), (), None)
    chain = parts[cut + 2 :]
    odd = len(chain) % 2 == 1
    pairs = chain[:-1] if odd else chain
    return ArmPath(
        text=text,
        subscription=subscription,
        group=group,
        scope="/" + "/".join(parts[:cut]) if cut else "",
        namespace=parts[cut + 1],
        types=tuple(pairs[0::2]),
        names=tuple(pairs[1::2]),
        tail=chain[-1] if odd else None,
    )


def parents(resource_id: str) -> list[str]:
    """Return a resource's id and those above it: parents, group, subscription; in lower case."""
    found: list[str] = []
    path: ArmPath | None = parse(resource_id.lower())
    while path is not None:
        found.append(path.text)
        path = _above(path)
    return found


def _above(path: ArmPath) -> ArmPath | None:
    if path.namespace is None:
        if path.group is not None:
            return parse(f"/subscriptions/{path.subscription}")
        return None
    if len(path.types) > 1:
        return parse("/".join(path.text.split("/")[:-2]))
    return parse(path.scope) if path.scope else None
