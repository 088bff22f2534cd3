"""Resource Graph: queries over all tracked resources, paged and throttled as Azure does.

Source: https://learn.microsoft.com/azure/governance/resource-graph/concepts/guidance-for-throttled-requests
"""

from __future__ import annotations

import base64
import binascii
from copy import deepcopy
from typing import Any

from starlette.responses import Response

from amlrunbook.simulator import graph_query
from amlrunbook.simulator.answers import Refusal, json_answer
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Kind
from amlrunbook.simulator.arm_path import parse
from amlrunbook.simulator.world import Document, World

WINDOW_SECONDS = 5.0
"""World seconds over which queries are counted."""
MOST_QUERIES = 15
_MOST_ROWS = 1000
_KEYS = ("id", "name", "kind", "location", "managedBy", "sku", "plan", "properties", "tags",
         "identity", "zones")  # fmt: skip
_FACET = "/providers/microsoft.resourcegraph"


def answerer(kinds: dict[str, Kind]) -> Any:
    """Return what answers ``POST .../resources``, over resources of the kinds that are tracked."""

    def answer(call: Call) -> Response:
        headers = _spend(call.world)
        sent = call.document()
        try:
            rows, has_id = graph_query.run(str(sent.get("query", "")), _rows(call, sent, kinds))
        except graph_query.QueryError as error:
            raise Refusal(
                400,
                "BadRequest",
                "Please provide below info when asking for support: query is invalid.",
                details=[{"code": "InvalidQuery", "message": f"Query is invalid: {error}."}],
            ) from error
        return _answer(rows, has_id, sent.get("options") or {}, headers)

    return answer


def _spend(world: World) -> dict[str, str]:
    """Count a query against the caller's quota.

    Raises:
        Refusal: 429, the quota of the window is used up.
    """
    now = world.now()
    facts = world.facet(_FACET)
    sent = [at for at in facts.get("queries", []) if at > now - WINDOW_SECONDS]
    resets = int(min(sent, default=now) + WINDOW_SECONDS - now) + 1
    if len(sent) >= MOST_QUERIES:
        raise Refusal(
            429,
            "RateLimiting",
            "Please provide below info when asking for support: the rate limit is exceeded.",
            headers={"Retry-After": str(resets), **_quota(0, resets)},
        )
    facts["queries"] = [*sent, now]
    world.touch()
    return _quota(MOST_QUERIES - len(sent) - 1, resets)


def _quota(left: int, resets: int) -> dict[str, str]:
    return {
        "x-ms-user-quota-remaining": str(left),
        "x-ms-user-quota-resets-after": f"00:00:{resets:02d}",
    }


def _rows(call: Call, sent: Document, kinds: dict[str, Kind]) -> list[Document]:
    """Return the tracked resources of the subscriptions that are asked for, by id."""
    asked = {str(name).lower() for name in sent.get("subscriptions") or call.world.subscriptions}
    found = []
    for _, document in sorted(call.world.resources.items()):
        kind = kinds.get(str(document["type"]).lower())
        path = parse(str(document["id"]))
        if kind is None or not kind.tracked or str(path.subscription).lower() not in asked:
            continue
        row: Document = {key: deepcopy(document.get(key)) for key in _KEYS}
        row |= {
            "type": str(document["type"]).lower(),
            "tenantId": call.world.tenant_id,
            "resourceGroup": str(path.group).lower(),
            "subscriptionId": str(path.subscription),
        }
        found.append(row)
    return found


def _answer(
    rows: list[Document], has_id: bool, options: Document, headers: dict[str, str]
) -> Response:
    size = min(int(options.get("$top") or _MOST_ROWS), _MOST_ROWS)
    start = _start(options)
    part = rows[start : start + size]
    more = start + size < len(rows)
    body: Document = {
        "totalRecords": len(rows),
        "count": len(part),
        "resultTruncated": "true" if more and not has_id else "false",
        "data": part,
        "facets": [],
    }
    if options.get("resultFormat") == "table":
        body["data"] = _table(part)
    if more and has_id:
        body["$skipToken"] = base64.urlsafe_b64encode(str(start + size).encode()).decode()
    return json_answer(body, headers=headers)


def _start(options: Document) -> int:
    token = options.get("$skipToken")
    if not token:
        return int(options.get("$skip") or 0)
    try:
        return int(base64.urlsafe_b64decode(str(token).encode()))
    except (ValueError, binascii.Error) as error:
        raise Refusal(400, "BadRequest", "The $skipToken is not valid.") from error


def _table(rows: list[Document]) -> Document:
    names = list(rows[0]) if rows else []
    columns = [{"name": name, "type": _type(rows[0][name])} for name in names]
    return {"columns": columns, "rows": [[row[name] for name in names] for row in rows]}


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    return "object" if isinstance(value, dict | list) else "string"
