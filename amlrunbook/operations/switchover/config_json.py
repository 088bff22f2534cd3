"""A workspace config file's text: which workspace it names, and the same text naming another.

``MLClient.from_config`` reads ``subscription_id``, ``resource_group`` and ``workspace_name``, or an older ``Scope`` that is an
ARM id. Only those values are replaced: every other byte stays as it is.
Source: https://learn.microsoft.com/python/api/azure-ai-ml/azure.ai.ml.mlclient
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from json.decoder import JSONDecoder
from typing import Any

from amlrunbook.errors import DocumentError
from amlrunbook.model.resource_id import ResourceId

_KEYS = ("subscription_id", "resource_group", "workspace_name")
_SCOPE = "Scope"
_SPACE = re.compile(r"[ \t\r\n]*")
_SCOPE_PARTS = 9
_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class Named:
    """The workspace that a file names."""

    subscription: str
    group: str
    workspace: str

    def is_(self, workspace: ResourceId) -> bool:
        """Return whether it is ``workspace``, in whatever letter case."""
        return (self.subscription.lower(), self.group.lower(), self.workspace.lower()) == (
            workspace.subscription.lower(),
            workspace.resource_group.lower(),
            workspace.name.lower(),
        )

    def __str__(self) -> str:
        return f"{self.workspace} (group {self.group}, subscription {self.subscription})"


@dataclass(frozen=True, slots=True)
class _Member:
    """One member of the outermost object, and where its value stands in the text."""

    key: str
    value: Any
    start: int
    end: int


def named_by(text: str) -> Named:
    """Return the workspace that a config file's text names.

    Raises:
        DocumentError: it is no such file.
    """
    members = _by_key(text)
    scope = members.get(_SCOPE)
    if scope is not None and scope.value:
        parts = str(scope.value).split("/")
        if len(parts) < _SCOPE_PARTS:
            raise DocumentError("its Scope is no id of a workspace")
        return Named(parts[2], parts[4], parts[8])
    values = [members[key].value if key in members else None for key in _KEYS]
    if not all(isinstance(value, str) and value for value in values):
        missing = [key for key, value in zip(_KEYS, values, strict=True) if not value]
        raise DocumentError(f"it does not say {', '.join(missing) or 'them in text'}")
    return Named(*(str(value) for value in values))


def renamed(text: str, workspace: ResourceId) -> str:
    """Return ``text`` naming ``workspace``, every other byte as it is.

    Raises:
        DocumentError: it is no config file.
    """
    named_by(text)
    members = _by_key(text)
    new = dict(
        zip(_KEYS, (workspace.subscription, workspace.resource_group, workspace.name), strict=True)
    )
    if _SCOPE in members and members[_SCOPE].value:
        new[_SCOPE] = workspace.text
    places = sorted(
        ((members[key], value) for key, value in new.items() if key in members),
        key=lambda place: place[0].start,
        reverse=True,
    )
    for member, value in places:
        text = text[: member.start] + json.dumps(value, ensure_ascii=False) + text[member.end :]
    return text


def _by_key(text: str) -> dict[str, _Member]:
    members: dict[str, _Member] = {}
    for member in _members(text):
        if member.key in members and member.key in {*_KEYS, _SCOPE}:
            raise DocumentError(f"it says {member.key} twice")
        members[member.key] = member
    return members


def _members(text: str) -> list[_Member]:
    try:
        return _walk(text)
    except (ValueError, RecursionError) as error:
        raise DocumentError("it is no JSON object") from error


def _walk(text: str) -> list[_Member]:
    """Return the members of the object that ``text`` is.

    Raises:
        ValueError: it is none.
    """
    decoder = JSONDecoder()
    at = _skip(text, 1 if text.startswith(_MARK) else 0)
    if text[at : at + 1] != "{":
        raise ValueError(at)
    members: list[_Member] = []
    at = _skip(text, at + 1)
    while text[at : at + 1] != "}":
        if members:
            at = _skip(text, _after(text, at, ","))
        key, at = decoder.raw_decode(text, at)
        start = _skip(text, _after(text, _skip(text, at), ":"))
        value, end = decoder.raw_decode(text, start)
        if not isinstance(key, str):
            raise ValueError(start)  # noqa: TRY004 - bad text, as for every other fault of it
        members.append(_Member(key, value, start, end))
        at = _skip(text, end)
    if _skip(text, at + 1) != len(text):
        raise ValueError(at)
    return members


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _after(text: str, at: int, wanted: str) -> int:
    if text[at : at + 1] != wanted:
        raise ValueError(at)
    return at + 1
