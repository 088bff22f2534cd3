"""The simulated Azure while it runs: its world, its bytes, its secrets, and writing it all down.

This is what every service is given. A service module has ``routes(azure) -> list[Route]``; what it
answers to is listed in :mod:`.server`. The gate in front of all services
(:mod:`.gate`) has then already checked the token, applied faults and will log the request and
write the world down before the answer leaves, so that a service only reads and changes
:attr:`SimulatedAzure.world`.
"""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path

import msgspec

from amlrunbook.errors import SimulatorError
from amlrunbook.simulator.blobs import Contents
from amlrunbook.simulator.endpoint import CA_FILE, ENDPOINT_FILE, WORLD_FILE, Endpoint, Secrets
from amlrunbook.simulator.faults import FaultKind
from amlrunbook.simulator.files import replace_file
from amlrunbook.simulator.request_log import RequestLog
from amlrunbook.simulator.world import World

CONTENTS_FOLDER = "contents"
KEPT_WORLDS = 100
"""How many earlier states of the world are remembered for stale reads."""


class SimulatedAzure:
    """One simulated Azure. Used by one event loop only; nothing in it waits."""

    def __init__(self, *, folder: Path, world: World, secrets: Secrets, log: RequestLog) -> None:
        self.folder = folder
        self.world = world
        self.secrets = secrets
        self.log = log
        self.contents = Contents(folder / CONTENTS_FOLDER)
        self.stopping = False
        """Set when the server shall end; :mod:`.server` watches it."""
        self.history: deque[tuple[float, bytes]] = deque(maxlen=KEPT_WORLDS)
        """The world as it was, with its time, while a fault makes reads stale."""
        self._written = -1
        self._dirty = True

    @property
    def base_url(self) -> str:
        """``https://127.0.0.1:PORT``, without a slash at the end."""
        return self.world.base_url

    def describe(self) -> Endpoint:
        """Return how to reach it, and what signs in there."""
        world = self.world
        return Endpoint(
            base_url=world.base_url,
            port=int(world.base_url.rpartition(":")[2]),
            ca_file=str(self.folder / CA_FILE),
            tenant_id=world.tenant_id,
            client_id=self.secrets.client_id,
            client_secret=self.secrets.client_secret,
            subscription_id=next(iter(world.subscriptions)),
            pid=os.getpid(),
            control_token=self.secrets.control_token,
            scenario=world.scenario,
            seed=world.seed,
        )

    def tell(self) -> None:
        """Write down how to reach it, for whoever finds the folder."""
        replace_file(self.folder / ENDPOINT_FILE, msgspec.json.encode(self.describe()))

    def dirty(self) -> None:
        """Note a change that raises no revision (faults, operations) and must be written down."""
        self._dirty = True

    def commit(self) -> None:
        """Write the world down if anything changed since the last time."""
        if self._dirty or self._written != self.world.revision:
            written = msgspec.json.encode(self.world)
            replace_file(self.folder / WORLD_FILE, written)
            if any(fault.kind is FaultKind.STALE for fault in self.world.faults.values()):
                self.history.append((self.world.now(), written))
            else:
                self.history.clear()
            self._written = self.world.revision
            self._dirty = False


class PastAzure(SimulatedAzure):
    """The simulated Azure as it was: to be read, and never written down."""

    def __init__(self, azure: SimulatedAzure, world: World) -> None:
        super().__init__(folder=azure.folder, world=world, secrets=azure.secrets, log=azure.log)

    def commit(self) -> None:
        """Write nothing: the past is not changed."""


def as_it_was(azure: SimulatedAzure, moment: float) -> PastAzure:
    """Return the simulated Azure as of a world time, or the earliest that is remembered."""
    earlier = [written for at, written in azure.history if at <= moment]
    if not earlier and azure.history:
        earlier = [azure.history[0][1]]
    world = msgspec.json.decode(earlier[-1], type=World) if earlier else azure.world
    return PastAzure(azure, world)


def read_world(folder: Path) -> World:
    """Return the world that was written down last.

    Raises:
        SimulatorError: it cannot be read.
    """
    path = folder / WORLD_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=World)
    except (OSError, msgspec.MsgspecError) as error:
        raise SimulatorError(
            f"The simulated world in {path} cannot be read: {error}",
            state="Nothing was started.",
            next_step="Start a new drill; this one's world is damaged.",
        ) from error
