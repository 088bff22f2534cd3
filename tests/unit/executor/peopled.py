"""People for the ground: an asker, their second key, two approvers, a list that pins them, and a clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from amlrunbook.executor.people import People, Seen
from amlrunbook.journal import KeyIdentity, Trust, answer, parse_challenge, sshsig
from amlrunbook.model.mode import Mode
from amlrunbook.model.operation import Confirmation, Risk
from tests.unit.executor.ground import ground_of, switch_step


def key(principal: str, seed: int) -> KeyIdentity:
    return KeyIdentity(principal, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


OLGA = key("olga", 1)
OLGAS_SECOND = key("olga", 2)
SAM = key("sam", 3)
TINA = key("tina", 4)
STRANGER = key("stranger", 5)


def trust_of(*identities: KeyIdentity) -> Trust:
    lines = [f"{one.principal} {sshsig.public_line(one.public_key, 'x')}" for one in identities]
    return Trust.parse("\n".join(lines), source="the team's list")


class Wall:
    """A wall clock that a test turns."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)


class Lamps:
    """Probes that show what a test sets."""

    def __init__(self, **green: bool) -> None:
        self.green = green
        self.asked = 0

    def ask(self, probes):
        self.asked += 1
        return tuple(
            Seen(p.name, self.green[p.name], "200 in 8 ms" if self.green[p.name] else "503")
            for p in probes
        )


def people(**fields) -> People:
    nonces = iter(range(1, 1000))
    base = People(
        principal="olga",
        key=sshsig.fingerprint(OLGA.public_key),
        journal="0" * 32,
        trust=lambda: trust_of(OLGA, OLGAS_SECOND, SAM, TINA),
        now=Wall(),
        nonce=lambda: f"{next(nonces):032x}",
    )
    return replace(base, **fields)


def two_persons_ground(**fields):
    """A ground whose switch loses data and takes two persons."""
    mode = fields.pop("mode", Mode.LIVE)
    ground = ground_of(switch_step(), mode=mode, confirmation=Confirmation.TWO_PERSONS)
    ground.operations["switch.on"].risk = Risk.DATA_LOSS
    ground.people = people(**fields)
    return ground


def answered(run, identity, *, granted=True, comment=""):
    """What an approver pastes back to what is asked now."""
    asked = run.state.step("switch").asked
    return answer(parse_challenge(asked.challenge), identity, granted=granted, comment=comment)
