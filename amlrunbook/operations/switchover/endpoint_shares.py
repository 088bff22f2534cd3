"""How the requests of an endpoint are shared among its deployments: read, wanted, and judged.

Shares are whole percentages that add up to 100, or all 0.
Source: https://learn.microsoft.com/azure/machine-learning/how-to-safely-rollout-online-endpoints
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from amlrunbook.errors import RefusedError, UsageError
from amlrunbook.model.display import shown
from amlrunbook.model.snapshot import Document
from amlrunbook.operations.switchover.pairing import age_words, capacity_of, text_at

WHOLE = 100
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,31}\Z")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The shares that are wanted, and why."""

    shares: dict[str, int]
    whence: str
    """Who says so, in words."""


def shares_of(endpoint: Document) -> dict[str, int]:
    """Return an endpoint's shares, those of 0 left out."""
    traffic = endpoint.field("properties.traffic")
    if not isinstance(traffic, Mapping):
        return {}
    return {
        str(name): share
        for name, share in traffic.items()
        if isinstance(share, int) and not isinstance(share, bool) and share > 0
    }


def shares_text(shares: Mapping[str, int]) -> str:
    """Return shares as ``az`` takes them: ``blue=90 green=10``."""
    return " ".join(f"{shown(name)}={share}" for name, share in sorted(shares.items())) or "none"


def parsed_shares(text: str) -> dict[str, int]:
    """Return the shares of a step's param, such as ``blue=90 green=10``.

    Raises:
        UsageError: they are none, or do not add up.
    """
    shares: dict[str, int] = {}
    for part in text.replace(",", " ").split():
        name, equals, number = part.partition("=")
        number = number.removesuffix("%")
        if (
            not equals
            or not _NAME.match(name)
            or name in shares
            or not (number.isascii() and number.isdigit() and len(number) <= 3)  # noqa: PLR2004
        ):
            raise _no(f"{part!r} is no share of the traffic.")
        shares[name] = int(number)
    if sum(shares.values()) not in {0, WHOLE} or not shares:
        raise _no(f"The shares in {text!r} add up to {sum(shares.values())}, not to 100.")
    return shares


def _no(what: str) -> UsageError:
    return UsageError(
        what, state="Nothing was sent.", next_step="Write it like: blue=100, or: blue=90 green=10."
    )


def wanted_shares(
    given: str, mirror: Document | None, deployments: Mapping[str, Document], other: str = "primary"
) -> Wanted:
    """Return the shares that the endpoint shall have: the step's, else those last known of its mirror.

    What the mirror gave to a deployment that is not here goes to the one with the largest share. Where the mirror
    does not help, the only deployment that can take traffic gets it all.

    Raises:
        UsageError: the step's are none, or none are given and nothing says which.
    """
    if given:
        return Wanted(parsed_shares(given), "as the step says")
    known = shares_of(mirror) if mirror is not None and mirror.unread is None else {}
    here = {name: share for name, share in known.items() if name in deployments}
    if mirror is not None and here:
        return _as_in(mirror, known, here, other)
    fit = [name for name, deployment in deployments.items() if not _unfit(deployment)]
    if len(fit) == 1:
        return Wanted(
            {fit[0]: WHOLE},
            f"the only deployment that can take it; the {other}'s shares are not known, or do not fit",
        )
    raise UsageError(
        f"How the traffic should be shared cannot be told from the {other}.",
        state="Nothing was sent.",
        next_step='Give the step its shares: params = { traffic = "blue=100" }.',
    )


def _as_in(mirror: Document, known: dict[str, int], here: dict[str, int], other: str) -> Wanted:
    lost = WHOLE - sum(here.values())
    largest = max(sorted(here), key=lambda name: here[name])
    whence = f"as in the {other}{age_words(mirror)}"
    absent = sorted(shown(name) for name in known if name not in here)
    if absent:
        whence += f", with the share of {', '.join(absent)}, which is not here"
    return Wanted({**here, largest: here[largest] + lost}, whence)


def refuse_unfit(shares: Mapping[str, int], deployments: Mapping[str, Document]) -> None:
    """Refuse traffic to a deployment that cannot take it.

    Raises:
        RefusedError: one that is to get traffic is not there, not Succeeded, or without instances.
    """
    for name, share in sorted(shares.items()):
        deployment = deployments.get(name)
        if share and (why := _unfit(deployment)):
            raise RefusedError(
                f"No traffic may be sent to {shown(name)}: {why}.",
                state="Nothing was sent; the traffic is as it was.",
                next_step="Mend or scale it first, or give the traffic to another deployment.",
            )


def _unfit(deployment: Document | None) -> str:
    if deployment is None:
        return "the endpoint has no such deployment"
    state = text_at(deployment, "properties.provisioningState") or "not told"
    if state != "Succeeded":
        return f"its state is {shown(state)}, not Succeeded"
    if not capacity_of(deployment):
        return "it has no instances"
    return ""
