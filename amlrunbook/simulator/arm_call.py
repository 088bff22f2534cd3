"""One request to the resource manager, as the services see it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from starlette.responses import Response

from amlrunbook.simulator.answers import Refusal, json_answer
from amlrunbook.simulator.arm_path import ArmPath
from amlrunbook.simulator.azure import SimulatedAzure
from amlrunbook.simulator.world import Document, World


@dataclass(slots=True, kw_only=True)
class Call:
    """A request: its path taken apart, its query with lower-cased keys, its body unread."""

    azure: SimulatedAzure
    method: str
    path: ArmPath
    query: dict[str, str]
    body: bytes
    state: dict[str, Any]
    """What the gate knows: request id, correlation id, the caller."""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def world(self) -> World:
        """The world, as it is now."""
        return self.azure.world

    def document(self) -> Document:
        """Return the body as a JSON object.

        Raises:
            Refusal: it is none.
        """
        try:
            return msgspec.json.decode(self.body, type=dict[str, Any])
        except msgspec.MsgspecError as error:
            raise Refusal(
                400,
                "InvalidRequestContent",
                f"The request content was invalid and could not be deserialized: '{error}'.",
            ) from error

    def optional_document(self) -> Document:
        """Return the body as a JSON object; an empty one where there is no body."""
        return self.document() if self.body.strip() else {}

    def page(self, items: list[Document]) -> Response:
        """Answer a list: a page of it, and where the next one is.

        Raises:
            Refusal: ``$top`` or ``$skiptoken`` make no sense.
        """
        size = self._top()
        start = self._start()
        body: Document = {"value": items[start : start + size]}
        if start + size < len(items):
            body["nextLink"] = self._next(start + size)
        return json_answer(body)

    def _top(self) -> int:
        limit = self.world.page_size
        text = self.query.get("$top") or self.query.get("count")
        if text is None:
            return limit
        if not text.isdigit() or int(text) == 0:
            raise Refusal(400, "InvalidTopQuery", f"The value '{text}' of $top is not valid.")
        return min(int(text), limit)

    def _start(self) -> int:
        token = self.query.get("$skiptoken") or self.query.get("$skip")
        if not token:
            return 0
        try:
            return int(base64.urlsafe_b64decode(token.encode()))
        except (ValueError, binascii.Error) as error:
            raise Refusal(
                400, "InvalidSkipToken", f"The skip token '{token}' is not valid."
            ) from error

    def _next(self, start: int) -> str:
        learning = (self.path.namespace or "").lower() == "microsoft.machinelearningservices"
        name = "$skip" if learning else "$skiptoken"
        kept = {k: v for k, v in self.query.items() if k not in {"$skip", "$skiptoken"}}
        kept[name] = base64.urlsafe_b64encode(str(start).encode()).decode()
        return f"{self.azure.base_url}{quote(self.path.text)}?{urlencode(kept, safe='$')}"
