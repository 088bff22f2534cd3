"""Resource Graph: queries over all tracked resources, paged and throttled as Azure does.

Sources: https://learn.microsoft.com/azure/governance/resource-graph/concepts/guidance-for-throttled-requests ,
https://learn.microsoft.com/azure/governance/resource-graph/troubleshoot/general
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from starlette.responses import Response

from amlrunbook.simulator.answers import Refusal, json_answer
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_kinds import Kind
from amlrunbook.simulator.clock import stamp
from amlrunbook.simulator.graph_expression import QueryError
from amlrunbook.simulator.graph_query import Table, run
from amlrunbook.simulator.graph_tables import tables
from amlrunbook.simulator.world import Document, World

WINDOW_SECONDS = 5.0
"""World seconds over which queries are counted."""
MOST_QUERIES = 15
_MOST_ROWS = 1000
_FACET = "/providers/microsoft.resourcegraph"


def answerer(kinds: dict[str, Kind]) -> Any:
    """Return what answers ``POST .../resources``, over resources of the kinds that are tracked."""

    def answer(call: Call) -> Response:
        headers = _spend(call.world)
        sent = call.document()
        query = str(sent.get("query", ""))
        asked = sent.get("subscriptions") or list(call.world.subscriptions)
        try:
            found = run(query, tables(call.world, kinds, {str(name).lower() for name in asked}))
        except QueryError as error:
            raise _refusal(call, query, error) from error
        return _answer(found, sent.get("options") or {}, headers)

    return answer


def _refusal(call: Call, query: str, error: QueryError) -> Refusal:
    """Return Azure's refusal of a query: which word of it, in which line and at which character."""
    details: list[Document] = [
        {
            "code": "InvalidQuery",
            "message": "Query is invalid. Please refer to the documentation for the Azure "
            f"Resource Graph service and fix the error before retrying. {error}.",
        }
    ]
    if error.token is not None:
        before = query[: error.token.at]
        details.append(
            {
                "code": "ParserFailure",
                "message": "ParserFailure",
                "line": before.count("\n") + 1,
                "characterPositionInLine": len(before) - before.rfind("\n") - 1,
                "token": str(error.token),
            }
        )
    return Refusal(
        400,
        "BadRequest",
        f"Please provide below info when asking for support: timestamp = "
        f"{stamp(call.world.now())}, correlationId = {call.state.get('correlation_id', '')}.",
        details=details,
    )


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


def _answer(table: Table, options: Document, headers: dict[str, str]) -> Response:
    size = _size(options)
    start = _start(options)
    part = table.rows[start : start + size]
    more = start + size < len(table.rows)
    body: Document = {
        "totalRecords": len(table.rows),
        "count": len(part),
        "resultTruncated": "true" if more and not table.has_id else "false",
        "data": part,
        "facets": [],
    }
    if str(options.get("resultFormat", "")).lower() == "table":
        body["data"] = _table(table.columns, part)
    if more and table.has_id:
        body["$skipToken"] = base64.urlsafe_b64encode(str(start + size).encode()).decode()
    return json_answer(body, headers=headers)


def _size(options: Document) -> int:
    """Return how many rows a page holds.

    Raises:
        Refusal: ``$top`` is none of 1 to 1000.
    """
    size = options.get("$top", _MOST_ROWS)
    if not isinstance(size, int) or not 1 <= size <= _MOST_ROWS:
        raise Refusal(400, "BadRequest", f"The value of $top must be 1 to {_MOST_ROWS}.")
    return size


def _start(options: Document) -> int:
    token = options.get("$skipToken")
    if not token:
        return int(options.get("$skip") or 0)
    try:
        return int(base64.urlsafe_b64decode(str(token).encode()))
    except (ValueError, binascii.Error) as error:
        raise Refusal(400, "BadRequest", "The $skipToken is not valid.") from error


def _table(names: tuple[str, ...], rows: list[Document]) -> Document:
    types = {
        name: next((_type(row[name]) for row in rows if row[name] is not None), "string")
        for name in names
    }
    columns = [{"name": name, "type": types[name]} for name in names]
    return {"columns": columns, "rows": [[row[name] for name in names] for row in rows]}


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    return "object" if isinstance(value, dict | list) else "string"
