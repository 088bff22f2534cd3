"""Answering a request by a long-running operation that does more than write one document."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from amlrunbook.simulator import operations
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.effects import Effect
from amlrunbook.simulator.operations import Style


def accept(
    call: Call,
    target: str,
    effects: list[Effect],
    *,
    style: Style = Style.LOCATION,
    action: str = "",
    answers_target: bool = False,
    result: Any = None,
    error: dict[str, Any] | None = None,
) -> Response:
    """Answer 202, and let ``effects`` come when the operation ends.

    ``result`` is what the operation answers in the end, where that is no resource's document.
    With an ``error`` the operation ends with that, and nothing comes.
    """
    operation = operations.begin(
        call.azure,
        target=target,
        action=action or f"{call.path.resource_type}/{call.path.tail}/action",
        effects=effects,
        result=result,
        answers_target=answers_target,
        state=call.state,
    )
    operation.error = error
    return Response(status_code=202, headers=operations.headers(call.azure, operation, style))
