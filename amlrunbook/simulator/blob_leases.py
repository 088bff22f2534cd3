"""Leases: who holds one on a blob or a container decides who may change or delete it.

Source: https://learn.microsoft.com/rest/api/storageservices/lease-blob
"""

from __future__ import annotations

from http import HTTPStatus

from starlette.responses import Response

from amlrunbook.simulator.answers import Refusal
from amlrunbook.simulator.blob_call import BlobCall, invalid_header, stamped
from amlrunbook.simulator.blobs import Blob, Container, Lease

_FOREVER = -1
_SHORTEST, _LONGEST = 15, 60
"""Seconds that a lease runs, unless for ever."""


def lease_container(call: BlobCall) -> Response:
    """Acquire, renew, change, release or break the lease on a container."""
    call.need("write")
    container = call.container()
    call.check_conditions(container)
    return _act(call, container)


def lease_blob(call: BlobCall) -> Response:
    """Acquire, renew, change, release or break the lease on a blob."""
    call.need("blobs/write")
    blob = call.blob(call.container())
    call.check_conditions(blob)
    return _act(call, blob)


def _act(call: BlobCall, thing: Blob | Container) -> Response:
    action = call.headers.get("x-ms-lease-action", "").lower()
    call.world.touch()
    match action:
        case "acquire":
            return _acquire(call, thing)
        case "break":
            return _break(call, thing)
        case "renew":
            held = _held(call, thing)
            if state(held, call.now) in {"breaking", "broken"}:
                raise _conflict("LeaseIsBrokenAndCannotBeRenewed", "the lease is broken")
            held.until = None if held.seconds == _FOREVER else call.now + held.seconds
            return stamped(thing, HTTPStatus.OK, {"x-ms-lease-id": held.id})
        case "change":
            return _change(call, thing)
        case "release":
            _held(call, thing)
            thing.lease = None
            return stamped(thing)
        case _:
            raise invalid_header("x-ms-lease-action")


def _acquire(call: BlobCall, thing: Blob | Container) -> Response:
    seconds = _seconds(call, "x-ms-lease-duration", _FOREVER)
    if seconds != _FOREVER and not _SHORTEST <= seconds <= _LONGEST:
        raise invalid_header("x-ms-lease-duration")
    wanted = call.headers.get("x-ms-proposed-lease-id", "").lower()
    held = thing.lease
    now = state(held, call.now)
    if held is not None and now in {"leased", "breaking"} and wanted != held.id:
        raise _conflict("LeaseAlreadyPresent", "there is already a lease present")
    if now == "breaking":
        raise _conflict("LeaseIsBreakingAndCannotBeAcquired", "the lease is being broken")
    until = None if seconds == _FOREVER else call.now + seconds
    thing.lease = Lease(id=wanted or call.world.guid(), seconds=seconds, until=until)
    return stamped(thing, HTTPStatus.CREATED, {"x-ms-lease-id": thing.lease.id})


def _change(call: BlobCall, thing: Blob | Container) -> Response:
    held = thing.lease
    proposed = call.headers.get("x-ms-proposed-lease-id", "").lower()
    if held is None or state(held, call.now) in {"expired", "broken"}:
        raise _conflict("LeaseNotPresentWithLeaseOperation", "there is currently no lease")
    if state(held, call.now) == "breaking":
        raise _conflict("LeaseIsBreakingAndCannotBeChanged", "the lease is being broken")
    if call.headers.get("x-ms-lease-id", "").lower() not in {held.id, proposed}:
        raise _conflict("LeaseIdMismatchWithLeaseOperation", "the lease ID is another")
    held.id = proposed
    return stamped(thing, HTTPStatus.OK, {"x-ms-lease-id": held.id})


def _break(call: BlobCall, thing: Blob | Container) -> Response:
    held = thing.lease
    if held is None:
        raise _conflict("LeaseNotPresentWithLeaseOperation", "there is currently no lease")
    left = 0.0 if held.until is None else max(0.0, held.until - call.now)
    asked = _seconds(call, "x-ms-lease-break-period", _FOREVER)
    wait = left if asked == _FOREVER else float(asked)
    wait = wait if held.until is None else min(wait, left)
    if state(held, call.now) != "broken":
        held.breaks_at = call.now + wait
    return stamped(thing, HTTPStatus.ACCEPTED, {"x-ms-lease-time": str(int(wait))})


def _held(call: BlobCall, thing: Blob | Container) -> Lease:
    """Return the lease that the request says it holds."""
    given = call.headers.get("x-ms-lease-id", "").lower()
    if thing.lease is None or thing.lease.id != given:
        raise _conflict("LeaseIdMismatchWithLeaseOperation", "the lease ID is another")
    return thing.lease


def _seconds(call: BlobCall, header: str, otherwise: int) -> int:
    try:
        return int(call.headers.get(header, otherwise))
    except ValueError as error:
        raise invalid_header(header) from error


def _conflict(code: str, sentence: str) -> Refusal:
    return Refusal(409, code, f"The operation is not possible: {sentence}.")


def state(lease: Lease | None, now: float) -> str:
    """Return a lease's state as Azure names it."""
    if lease is None:
        return "available"
    if lease.breaks_at is not None:
        return "breaking" if now < lease.breaks_at else "broken"
    return "leased" if lease.until is None or now < lease.until else "expired"


def described(lease: Lease | None, now: float) -> dict[str, str]:
    """Return what is told of a lease: status, state, and the kind of its duration."""
    found = state(lease, now)
    locked = found in {"leased", "breaking"}
    told = {"status": "locked" if locked else "unlocked", "state": found}
    if lease is not None and found == "leased":
        told["duration"] = "infinite" if lease.until is None else "fixed"
    return told


def headers(lease: Lease | None, now: float) -> dict[str, str]:
    """Return the headers that tell of a lease."""
    return {f"x-ms-lease-{name}": value for name, value in described(lease, now).items()}


def guard(call: BlobCall, thing: Blob | Container | None, *, changing: bool = True) -> None:
    """Refuse a request that does not hold the lease that there is, or holds one that is not.

    Raises:
        Refusal: 412, with the code for a blob or for a container.
    """
    if thing is None:
        return
    given = call.headers.get("x-ms-lease-id", "").lower()
    what = "Blob" if isinstance(thing, Blob) else "Container"
    held = thing.lease
    if held is None or state(held, call.now) in {"expired", "broken"}:
        if given:
            code = f"LeaseNotPresentWith{what}Operation"
            raise Refusal(412, code, f"There is currently no lease on the {what.lower()}.")
        if changing:
            thing.lease = None  # what has run out or was broken is forgotten by a change
        return
    if not given and changing:
        raise Refusal(
            412,
            "LeaseIdMissing",
            f"There is currently a lease on the {what.lower()} and no lease ID was specified in "
            "the request.",
        )
    if given and given != held.id:
        raise Refusal(
            412,
            f"LeaseIdMismatchWith{what}Operation",
            f"The lease ID specified did not match the lease ID for the {what.lower()}.",
        )
