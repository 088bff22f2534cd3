"""The people and the world around a run, put together: who signs, whom they trust, what can be asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from amlrunbook.errors import SimulatorError, UsageError
from amlrunbook.executor.people import People, Seen
from amlrunbook.journal import Identity, ThrowAwayIdentity, Trust, drill_approvers, sshsig

if TYPE_CHECKING:
    from amlrunbook.azure.gateway import AzureGateway
    from amlrunbook.executor.ledger import JournalLedger
    from amlrunbook.executor.run import Executor
    from amlrunbook.model.cloud import Cloud
    from amlrunbook.model.profile import Probe
    from amlrunbook.simulator.endpoint import Endpoint


class ProfileProbes:
    """The profile's probes, asked by HTTPS; the certificates are read when the first is asked."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def ask(self, probes: tuple[Probe, ...]) -> tuple[Seen, ...]:
        """Return what each probe saw, in their order."""
        from amlrunbook.azure.probes import HttpsProbes

        try:
            asked = HttpsProbes(self._cloud).ask(probes)
        except UsageError as error:
            return tuple(Seen(probe.name, green=False, text=error.what) for probe in probes)
        return tuple(Seen(one.probe, green=one.green, text=one.text) for one in asked)


def people_of_drill(
    folder: Path, ledger: JournalLedger, identity: Identity, endpoint: Endpoint, cloud: Cloud
) -> People:
    """Return the people of a drill: its own key, its own approvers, and a world to hear of and be judged by."""
    from amlrunbook.cli.drill_world import DrillWorld

    return People(
        principal=identity.principal,
        key=sshsig.fingerprint(identity.public_key),
        journal=ledger.journal_id,
        trust=lambda: drill_approvers(folder),
        probing=ProfileProbes(cloud),
        world_revision=lambda: _revision(endpoint),
        drilling=DrillWorld(endpoint, folder),
    )


def people_of_run(ledger: JournalLedger, identity: Identity, cloud: Cloud) -> People:
    """Return the people of a real run; a key that is thrown away is nobody's, and nobody approves for it."""
    nobody = isinstance(identity, ThrowAwayIdentity)
    return People(
        principal="" if nobody else identity.principal,
        key="" if nobody else sshsig.fingerprint(identity.public_key),
        journal=ledger.journal_id,
        trust=_pinned,
        probing=ProfileProbes(cloud),
    )


def operator_of(identity: Identity) -> str:
    """Return the operator's name: their key's, or the machine's where the key is nobody's."""
    from amlrunbook.cli.parts import operator_name

    return operator_name() if isinstance(identity, ThrowAwayIdentity) else identity.principal


def _pinned() -> Trust:
    """Return the pinned list as it is now; an empty one where nothing is pinned.

    Raises:
        DocumentError: it cannot be read.
    """
    from amlrunbook.cli import signing

    return signing.pinned_trust() or Trust(
        signers=(), source="the list of pinned signers, which is empty,"
    )


def _revision(endpoint: Endpoint) -> int:
    """Return the simulated Azure's revision; 0 where it does not answer."""
    from amlrunbook.simulator import process

    try:
        answer = process.control(endpoint, "GET", "/ping")
    except SimulatorError:
        return 0
    revision = answer.get("revision") if isinstance(answer, dict) else None
    return revision if isinstance(revision, int) else 0


def with_calls(executor: Executor, gateway: AzureGateway) -> Executor:
    """Have every call that ``gateway`` makes from now on journaled; return the run."""
    gateway.call_log.subscribe(executor.call_made)
    return executor
