"""What faults answer, in the words of the service that they strike."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from amlrunbook.simulator import ml_quota
from amlrunbook.simulator.answers import arm_error, storage_error
from amlrunbook.simulator.faults import Fault, FaultKind, Plane
from amlrunbook.simulator.tokens import refused_by_identity

STRUCK = "The simulated fault struck."
_SPEAKING_JSON = frozenset({"azureml", "front", "inference", "keyvault", "registry"})
"""Data services whose errors are no XML."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request went to."""

    plane: Plane
    service: str
    path: str


def refusal(fault: Fault, asked: Asked) -> Response | None:
    """Return the answer of a fault that answers at once; ``None`` for any other."""
    match fault.kind:
        case FaultKind.READ_ONLY:
            status, code = 403, "Forbidden"
            message = "The service is read-only while it fails over to another region."
        case FaultKind.QUOTA:
            status = 400
            code, message = ml_quota.refused_code(asked.path)
        case FaultKind.ERROR | FaultKind.THROTTLE:
            status = fault.status or (429 if fault.kind is FaultKind.THROTTLE else 503)
            code, message = usual_code(asked.plane, status), STRUCK
        case _:
            return None
    return error(
        asked,
        fault.status or status,
        fault.code or code,
        fault.message or message,
        _retrying(fault),
    )


def _retrying(fault: Fault) -> dict[str, str]:
    usual = 1 if fault.kind is FaultKind.THROTTLE else None
    seconds = fault.retry_after if fault.retry_after is not None else usual
    return {} if seconds is None else {"Retry-After": str(seconds)}


def error(asked: Asked, status: int, code: str, message: str, headers: dict[str, str]) -> Response:
    """Return an error as the service words it."""
    if asked.plane is Plane.IDENTITY:
        return refused_by_identity(status, code, message, headers)
    if asked.plane is Plane.DATA and asked.service not in _SPEAKING_JSON:
        return storage_error(status, code, message, headers=headers)
    return arm_error(status, code, message, headers=headers)


def usual_code(plane: Plane, status: int) -> str:
    """Return the code that usually comes with a status on a plane."""
    codes = {
        Plane.CONTROL: {
            429: "TooManyRequests",
            500: "InternalServerError",
            502: "BadGateway",
            503: "ServiceUnavailable",
            504: "GatewayTimeout",
        },
        Plane.DATA: {
            429: "TooManyRequests",
            500: "InternalError",
            503: "ServerBusy",
            504: "OperationTimedOut",
        },
        Plane.IDENTITY: {},
    }
    return codes[plane].get(status, "temporarily_unavailable")
