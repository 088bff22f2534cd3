"""The healthy pair for the operations on inference and jobs: its secondary at half strength, three unfinished jobs."""

from __future__ import annotations

import uuid
from typing import Any

from amlrunbook.azure.inventory import take_snapshot
from amlrunbook.model.mode import Mode
from amlrunbook.model.operation import Intent, OperationContext, Outcome
from amlrunbook.model.snapshot import Snapshot
from tests.simulator.azure_here import AzureHere
from tests.simulator.test_soft_delete_action import Heard
from tests.simulator_fixtures import set_pace


class Inference:
    """The pair, and how a test sets it."""

    def __init__(self, here: AzureHere) -> None:
        self.here = here
        set_pace(here.endpoint, polls=1, seconds=0.05)
        self.primary = here.profile.primary.workspace
        assert here.profile.secondary
        self.secondary = here.profile.secondary.workspace
        self.endpoint = f"{self.secondary}/onlineEndpoints/fraud-score"
        self.blue = f"{self.endpoint}/deployments/blue"
        self.live = here.gateway(Mode.DRILL)
        self.reading = here.gateway(Mode.READ_ONLY)
        self.snapshot: Snapshot = self.taken()

    def taken(self) -> Snapshot:
        """Take a snapshot now."""
        return take_snapshot(self.live, self.here.profile).snapshot

    def context(self, resource: str, **params: str) -> OperationContext:
        """What a step about ``resource`` knows."""
        return OperationContext(
            profile=self.here.profile,
            snapshot=self.snapshot,
            step="s",
            resource=resource,
            params=params,
        )

    def get(self, path: str) -> dict[str, Any]:
        """Read a document."""
        return self.live.get(path)

    def put(self, path: str, body: dict[str, Any]) -> None:
        """Write a document, and wait until it is."""
        self._send("PUT", path, body)

    def delete(self, path: str) -> None:
        """Delete a document."""
        self._send("DELETE", path, None)

    def act(self, path: str, version: str) -> None:
        """Send an action, and wait for its end."""
        self._send("POST", path, None, version)

    def _send(self, method: str, path: str, body: dict[str, Any] | None, version: str = "") -> None:
        quiet = Heard()
        answer = self.live.change(
            method, path, body, request_id=str(uuid.uuid4()), on_sent=quiet.sent,
            on_accepted=quiet.accepted, version=version,
        )  # fmt: skip
        assert answer.outcome is Outcome.SUCCEEDED, answer.text

    def edited(self, path: str, *, sku: int | None = None, **properties: Any) -> None:
        """Write a document with other properties, or another capacity."""
        document = self.get(path)
        body = {key: document[key] for key in ("location", "kind", "tags") if key in document}
        body["properties"] = {**document["properties"], **properties}
        if sku is not None:
            body["sku"] = {"name": "Default", "capacity": sku}
        elif "sku" in document:
            body["sku"] = document["sku"]
        self.put(path, body)

    def half(self) -> None:
        """Bring the secondary to half its strength, without traffic."""
        endpoint = self.get(self.endpoint)["properties"]
        quiet = {"traffic": {}, "authMode": "AADToken", "publicNetworkAccess": "Enabled"}
        if not {**quiet, "provisioningState": "Succeeded"}.items() <= endpoint.items():
            self.edited(self.endpoint, **quiet)
        blue = self.get(self.blue)
        if (blue["sku"]["capacity"], blue["properties"]["provisioningState"]) != (2, "Succeeded"):
            self.edited(self.blue, sku=2)


def intent() -> Intent:
    """An intent of its own."""
    return Intent(step="s", operation="o", request_id=str(uuid.uuid4()))


def changing(here: AzureHere, since: int) -> list[tuple[str, str]]:
    """Method and path's tail of what changed something since; signing in and scoring change nothing."""
    quiet = ("/token", "/listKeys", "/exchange", "/score")
    return [
        (request["method"], request["path"].rsplit("/", 1)[-1])
        for request in here.requests(since)
        if request["method"] not in {"GET", "HEAD"} and not request["path"].endswith(quiet)
    ]
