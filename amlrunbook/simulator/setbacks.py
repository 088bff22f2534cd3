"""Operations that end badly by a fault: wholly, or after a part of what they do.

An operation that does several things has done the first half of them; the deletion of a resource
with children has taken some of those away; what cannot be divided has not happened. The resource
says ``Failed`` in any case, and can be changed again.
"""

from __future__ import annotations

from typing import Any

from amlrunbook.simulator.effects import Effect, Merge, Operation, Put, Remove
from amlrunbook.simulator.faults import Fault, FaultKind
from amlrunbook.simulator.world import World

_CODES = {
    FaultKind.CAPACITY: (
        "OutOfCapacity",
        (
            "Due to a lack of Azure Machine Learning capacity in the region, the service has failed to "
            "provision the specified VM size. Retry later or try deploying to a different region."
        ),
    ),
}
_PLAIN = ("InternalServerError", "The operation failed: the simulated fault struck.")


def set_back(world: World, begun: list[Operation], fault: Fault) -> None:
    """Let operations that were just begun end badly: all of them, or halfway the later half."""
    halfway = fault.kind is FaultKind.HALFWAY
    spared = len(begun) // 2 if halfway else 0
    for operation in begun[spared:]:
        operation.error = error_of(fault)
        operation.effects = _half(world, operation.effects) if halfway and not spared else []
        operation.even_failed = True
        _tell_compute(operation)
        if halfway:
            operation.on_failure = [_only_state(effect) for effect in operation.on_failure]


def _tell_compute(operation: Operation) -> None:
    """Let a compute that could not be made say why in its own document, as Azure's do."""
    for effect in operation.on_failure:
        if not isinstance(effect, Merge) or "/computes/" not in effect.id.lower():
            continue
        properties = effect.values.get("properties", {})
        if "provisioningState" in properties:
            properties["provisioningErrors"] = [{"error": operation.error}]


def error_of(fault: Fault) -> dict[str, Any]:
    """Return the error with which an operation ends by a fault."""
    code, message = _CODES.get(fault.kind, _PLAIN)
    return {"code": fault.code or code, "message": fault.message or message}


def _half(world: World, effects: list[Effect]) -> list[Effect]:
    if len(effects) > 1:
        return effects[: len(effects) // 2]
    if effects and isinstance(effects[0], Remove):
        under = f"{effects[0].id.lower()}/"
        depth = under.count("/") + 1
        below = [key for key in sorted(world.resources) if key.startswith(under)]
        children = [key for key in below if key.count("/") == depth]
        return [Remove(id=key) for key in children[: (len(children) + 1) // 2]]
    return []


def _only_state(effect: Effect) -> Effect:
    """Return what is left of bringing a document back: that it failed; its new values stay."""
    if not isinstance(effect, Put):
        return effect
    state = effect.document["properties"]["provisioningState"]
    return Merge(id=effect.id, values={"properties": {"provisioningState": state}})
