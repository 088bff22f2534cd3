"""Hand-over: what the giver leaves, what the receiver must read back, and the world's mark in a drill."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from amlrunbook.errors import RefusedError
from amlrunbook.executor.clock import clock_view, span
from amlrunbook.executor.commands import OfferHandover
from amlrunbook.executor.readiness import focus
from amlrunbook.executor.stage import Stage, said
from amlrunbook.planning.plan import Plan
from amlrunbook.state import events as e
from amlrunbook.state.fold import RunState

_NEXT = 3


def offer(stage: Stage, command: OfferHandover) -> None:
    """Write the hand-over as this writer's last word: a summary from the state, and the giver's own words.

    Raises:
        JournalError: the journal cannot be written.
    """
    stage.record.write_calls()
    text = summary(stage.plan, stage.state, stage.people.now())
    if command.text.strip():
        text = f"{text}\nIn their own words: {command.text.strip()}"
    stage.record.hand_over(said(command.principal.strip(), 200), said(text))


def summary(plan: Plan, state: RunState, now: datetime) -> str:
    """Return what the next person must know: state, doubts, next three steps, clocks; a line each."""
    settled = sum(state.step(p.id).state.settled for p in plan.steps)
    lines = [f"{plan.title} for {plan.profile.name}: {settled} of {len(plan.steps)} steps settled."]
    doubts = [f"{r.step} ({r.doubt.why if r.doubt else 'no answer'})" for r in state.in_doubt]
    lines.append("In doubt: " + ("; ".join(doubts) if doubts else "nothing") + ".")
    proposed = [r.step for r in state.steps.values() if r.state.value == "proposed"]
    if proposed:
        lines.append(f"Proposed, and not confirmed: {', '.join(proposed)}.")
    following = next_steps(plan, state)
    titles = [f"{name} ({plan.step(name).title})" for name in following]
    lines.append("Next: " + (", then ".join(titles) if titles else "close the run") + ".")
    lines.append(_clock_line(plan, state, now))
    return "\n".join(lines)


def _clock_line(plan: Plan, state: RunState, now: datetime) -> str:
    view = clock_view(plan, state, now)
    if not view.declared:
        return f"No incident was declared; the run is {span(view.elapsed)} old."
    word = "stopped at" if view.stopped else "at"
    return f"Clock {word} {span(view.elapsed)} of {span(view.target)}."


def next_steps(plan: Plan, state: RunState) -> tuple[str, ...]:
    """Return the next steps that want somebody, three at most, the one in focus first."""
    first = focus(plan, state)
    rest = [p.id for p in plan.steps if not state.step(p.id).state.settled and p.id != first]
    return (first, *rest)[:_NEXT] if first else ()


@dataclass(frozen=True, slots=True)
class ReadBack:
    """A question that only who has read the run's state can answer."""

    question: str
    answer: str

    def fits(self, given: str) -> bool:
        """Return whether an answer is the right one; case and outer space do not matter."""
        return given.strip().casefold() == self.answer.casefold()


def read_back(plan: Plan, state: RunState) -> ReadBack:
    """Return the key fact that the receiver reads back: what is in doubt, else what comes next."""
    doubts = len(state.in_doubt)
    if doubts:
        return ReadBack("How many actions are in doubt?", str(doubts))
    first = focus(plan, state)
    if first:
        return ReadBack("Which step wants somebody next? (its id)", first)
    settled = sum(state.step(p.id).state.settled for p in plan.steps)
    return ReadBack("How many steps are settled?", str(settled))


@dataclass(frozen=True, slots=True)
class Accepted:
    """The receiver's side of a hand-over."""

    principal: str
    """Who takes over."""
    remarks: str = ""
    """What they read back, and what they have to say."""


def refuse_another_hand(state: RunState, accepted: Accepted | None) -> None:
    """Return if a run that was left may be gone on with.

    Raises:
        RefusedError: it was handed over and not accepted, or accepted without having been handed over.
    """
    offered = state.handed_over
    if offered is None and accepted is not None:
        raise RefusedError(
            "This run was not handed over to anybody.",
            state="Nothing was written.",
            next_step="Resume it without --accept-handover.",
        )
    if offered is not None and accepted is None:
        raise RefusedError(
            f"HANDED OVER: this run is {offered.principal}'s now.",
            state="Nothing was written.",
            next_step="They go on with --accept-handover. If they cannot come, somebody else can with --by-force added: "
            "every check of the journal says so.",
        )


def accepting(state: RunState, operator: str, accepted: Accepted | None) -> tuple[e.Event, ...]:
    """Return the events of a hand-over that is accepted; none where nothing was handed over."""
    offered = state.handed_over
    if offered is None or accepted is None:
        return ()
    taken = e.HandoverAccepted(principal=accepted.principal, text=said(accepted.remarks))
    names = {accepted.principal.strip().casefold(), operator.strip().casefold()}
    if offered.principal.strip().casefold() in names:
        return (taken,)
    text = f"The run was handed over to {offered.principal}; {accepted.principal} took it instead."
    return (taken, e.WarningRaised(text=said(text)))


def tell_world(stage: Stage) -> None:
    """Journal the simulated Azure's revision, in a drill; nothing anywhere else.

    Raises:
        JournalError: the journal cannot be written.
    """
    if stage.people.world_revision is None:
        return
    revision = stage.people.world_revision()
    if revision > 0 and revision != stage.state.world_revision:
        stage.record.append(e.DrillWorld(revision=revision))
