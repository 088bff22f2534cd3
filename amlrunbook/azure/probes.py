"""Health probes: one plain GET a probe, with a deadline; no token of ours leaves, nothing is followed.

A probe asks whether the service is well from where the operator sits. It stands apart from the gateway, whose
every request carries the operator's token: a probe's address may be anybody's.
"""

from __future__ import annotations

import ssl
import time
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING

from amlrunbook.azure.reach import plain_get
from amlrunbook.azure.transport import trust
from amlrunbook.errors import DocumentError
from amlrunbook.model.cloud import Cloud
from amlrunbook.model.profile import duration_seconds

if TYPE_CHECKING:
    from amlrunbook.model.profile import Probe

LONGEST_SECONDS = 30
"""A probe's deadline is never longer, whatever the profile says."""


@dataclass(frozen=True, slots=True)
class ProbeSeen:
    """What one probe saw."""

    probe: str
    green: bool
    text: str


class HttpsProbes:
    """Asks probes by HTTPS, all at once, each on a daemon thread: a hanging one holds nobody up."""

    def __init__(self, cloud: Cloud) -> None:
        self._context = trust(cloud)
        self._proxied = not cloud.ca_file

    def ask(self, probes: tuple[Probe, ...]) -> tuple[ProbeSeen, ...]:
        """Return what each probe saw, in their order; what does not answer in time is red."""
        seen: dict[int, ProbeSeen] = {}
        threads = [
            Thread(target=self._into, args=(seen, place, probe), name="probe", daemon=True)
            for place, probe in enumerate(probes)
        ]
        for thread in threads:
            thread.start()
        ends = time.monotonic() + max((_deadline(probe) for probe in probes), default=0) + 1
        for thread in threads:
            thread.join(max(0.0, ends - time.monotonic()))
        return tuple(
            seen.get(place) or ProbeSeen(probe.name, green=False, text="no answer in time")
            for place, probe in enumerate(probes)
        )

    def _into(self, seen: dict[int, ProbeSeen], place: int, probe: Probe) -> None:
        seen[place] = ask_once(probe, self._context, proxied=self._proxied)


def _deadline(probe: Probe) -> int:
    try:
        wanted = duration_seconds(probe.timeout)
    except DocumentError:
        wanted = LONGEST_SECONDS
    return min(max(1, wanted), LONGEST_SECONDS)


def ask_once(probe: Probe, context: ssl.SSLContext, *, proxied: bool = False) -> ProbeSeen:
    """Send one GET and return what came back; never raises for what a service does."""
    seen = plain_get(probe.url, context, _deadline(probe), "amlrunbook-probe", proxied=proxied)
    wanted = probe.expect_status
    if not seen.status or seen.status == wanted:
        return ProbeSeen(probe.name, green=seen.status == wanted, text=seen.text)
    text = f"{seen.status}, not {wanted}, in {seen.milliseconds} ms"
    return ProbeSeen(probe.name, green=False, text=text)
