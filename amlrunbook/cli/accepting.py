"""``run --resume JOURNAL --accept-handover``: verify, read the summary, read one key fact back, countersign."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amlrunbook.cli import talk
from amlrunbook.errors import RefusedError
from amlrunbook.executor.handover import Accepted, read_back, refuse_another_hand
from amlrunbook.journal import Trust, verify
from amlrunbook.model.display import shown

if TYPE_CHECKING:
    from amlrunbook.cli.parts import LeftRun

_TRIES = 3


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A hand-over that its receiver has read, checked and taken."""

    accepted: Accepted
    verdict: str
    """What the receiver found when they verified the journal."""

    @property
    def statement(self) -> dict[str, str]:
        """What the receiver's key signs."""
        return {"verdict": self.verdict, "remarks": self.accepted.remarks}


def acceptance(
    found: LeftRun, principal: str, trust: Trust | None, *, accept: bool
) -> Acceptance | None:
    """Return what the receiver states of a run that was handed over; ``None`` where none was and none is meant.

    Raises:
        RefusedError: it was handed over and is not accepted, or the key fact was not read back.
    """
    state = found.left.state
    if not accept:
        refuse_another_hand(state, None)
        return None
    refuse_another_hand(state, Accepted(principal))
    offered = state.handed_over
    report = verify(found.folder, trust=trust)
    talk.say(f"{report.label}: {report.sentence()}")
    if offered is not None:
        talk.say(f"Handed over to {offered.principal}:")
        for line in offered.text.split("\n"):
            talk.say(f"  {shown(line)}")
    remarks = _read_back(found)
    accepted = Accepted(principal=principal, remarks=remarks)
    return Acceptance(accepted, verdict=f"{report.label}, {report.entries} entries")


def _read_back(found: LeftRun) -> str:
    """Ask for the key fact until it is right, three times at most."""
    fact = read_back(found.left.plan, found.left.state)
    for _ in range(_TRIES):
        sys.stderr.write(f"Before you take over: {fact.question} ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            break
        if fact.fits(line):
            return f"Asked: {fact.question} Read back: {line.strip()}"
        talk.say("That is not what the journal says. Read the summary above once more.")
    raise RefusedError(
        "The key fact was not read back, so the hand-over is not accepted.",
        state="Nothing was written; the run stays handed over.",
        next_step="Look at the run (amlrunbook journal show), talk to who handed it over, and accept again.",
    )
