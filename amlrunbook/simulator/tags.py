"""Tags at a scope: of the subscription, of a group, of any resource.

Source: https://learn.microsoft.com/rest/api/resources/tags
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from starlette.responses import Response

from amlrunbook.simulator import arm_verbs, locks
from amlrunbook.simulator.answers import Refusal, json_answer
from amlrunbook.simulator.arm_call import Call
from amlrunbook.simulator.arm_lookup import require_scope
from amlrunbook.simulator.world import Document

TAGS = "Microsoft.Resources/tags"


class _Properties(msgspec.Struct):
    tags: dict[str, str] = {}


class _Asked(msgspec.Struct):
    properties: _Properties
    operation: str = "Merge"


def _held(call: Call) -> dict[str, str]:
    """Return the tags of the scope, to be changed in place.

    Raises:
        Refusal: there is nothing at that scope.
    """
    require_scope(call, call.path.scope)
    document = call.world.get(call.path.scope)
    if document is None:
        document = call.world.facet(call.path.scope)
    tags: dict[str, str] = document.setdefault("tags", {})
    return tags


def _asked(call: Call) -> _Asked:
    try:
        return msgspec.convert(call.document(), type=_Asked)
    except msgspec.ValidationError as error:
        raise Refusal(400, "InvalidRequestContent", f"The tags are not valid: {error}.") from error


def _answer(call: Call, tags: dict[str, str]) -> Response:
    scope = call.path.scope
    body: Document = {
        "id": f"{scope}/providers/{TAGS}/default",
        "name": "default",
        "type": TAGS,
        "properties": {"tags": dict(tags)},
    }
    return json_answer(body)


def _changed(call: Call, change: Callable[[dict[str, str]], None]) -> Response:
    tags = _held(call)
    locks.guard(call.world, "PUT", call.path.scope)
    change(tags)
    call.world.touch()
    arm_verbs.note(call, f"{TAGS}/write", call.path.scope, "Succeeded", 200)
    return _answer(call, tags)


def _get(call: Call) -> Response:
    return _answer(call, _held(call))


def _put(call: Call) -> Response:
    asked = _asked(call)

    def replace(tags: dict[str, str]) -> None:
        tags.clear()
        tags.update(asked.properties.tags)

    return _changed(call, replace)


def _patch(call: Call) -> Response:
    asked = _asked(call)
    wanted = asked.properties.tags

    def change(tags: dict[str, str]) -> None:
        match asked.operation.lower():
            case "merge":
                tags.update(wanted)
            case "replace":
                tags.clear()
                tags.update(wanted)
            case "delete":
                for key, value in wanted.items():
                    if tags.get(key) == value:
                        del tags[key]
            case _:
                raise Refusal(
                    400, "InvalidTagOperation", f"There is no operation '{asked.operation}'."
                )

    return _changed(call, change)


def _delete(call: Call) -> Response:
    _changed(call, lambda tags: tags.clear())
    return Response(status_code=200)


SPECIALS = {
    ("GET", "microsoft.resources/tags/*"): _get,
    ("PUT", "microsoft.resources/tags/*"): _put,
    ("PATCH", "microsoft.resources/tags/*"): _patch,
    ("DELETE", "microsoft.resources/tags/*"): _delete,
}
