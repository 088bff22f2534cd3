"""Rules of safety over the steps of a run: what no single action may bring about. Pure.

A rule sees the plan, what the run has done, and what a proposal declares to do. What was sent and
not verified counts on the dangerous side: it may have happened, and may not have.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from amlrunbook.model.operation import DataPlace, Effects, ServingPlace
from amlrunbook.model.profile import Profile, Strategy
from amlrunbook.planning.plan import Plan
from amlrunbook.state.events import Ruling, SafetyViolated
from amlrunbook.state.fold import RunState, StepRecord
from amlrunbook.state.transitions import StepState

_DONE = frozenset({StepState.VERIFIED, StepState.DONE_OUTSIDE})
_PERHAPS = frozenset({StepState.CONFIRMED, StepState.SENT, StepState.ACCEPTED, StepState.IN_DOUBT})
"""Where an action may have had its effect. One that failed may have, too, whatever became of its step since."""
_CLASSES = ("inference", "data", "experiments")


@dataclass(frozen=True, slots=True)
class Standing:
    """Where data may be written and requests are answered, as far as the run knows."""

    writable: frozenset[DataPlace]
    """Copies that are or may be writable."""
    serving: frozenset[ServingPlace]
    """Regions that surely serve a class."""


class SafetyRule(Protocol):
    """One rule."""

    @property
    def id(self) -> str:
        """Its name in the journal."""

    def broken(self, profile: Profile, standing: Standing, effects: Effects) -> str:
        """Return how ``effects`` would break it, in one sentence; empty where they do not."""


class OneWritableCopy:
    """Never two writable copies of the same data: what diverges is never merged again."""

    id = "one-writable-copy"

    def broken(self, profile: Profile, standing: Standing, effects: Effects) -> str:
        """Return which data would have two writable copies."""
        del profile
        left = standing.writable - frozenset(map(_data, effects.makes_unwritable))
        after = left | frozenset(map(_data, effects.makes_writable))
        for place in map(_data, effects.makes_writable):
            others = sorted(each.region for each in after if each.data == place.data)
            if len(others) > 1:
                return f"{place.data} would be writable in {' and '.join(others)} at once."
        return ""


class SomebodyServes:
    """No planned change leaves a class that the strategy keeps serving without a serving region."""

    id = "somebody-serves"

    def broken(self, profile: Profile, standing: Standing, effects: Effects) -> str:
        """Return which class nobody would serve."""
        if not effects.planned:
            return ""
        starts = frozenset(map(_serving, effects.starts_serving))
        after = (standing.serving - frozenset(map(_serving, effects.stops_serving))) | starts
        for kind in sorted({place.kind for place in effects.stops_serving}):
            was = any(place.kind == kind for place in standing.serving)
            if kept_serving(profile, kind) and was and not any(p.kind == kind for p in after):
                return f"Neither region would serve {kind}, which the strategy keeps serving."
        return ""


RULES: tuple[SafetyRule, ...] = (OneWritableCopy(), SomebodyServes())
"""Every rule, in the order in which they are told."""


def kept_serving(profile: Profile, kind: str) -> bool:
    """Return whether the profile's strategy keeps a class serving through a planned change."""
    strategy = getattr(profile.strategy, kind, None)
    return strategy in {Strategy.HOT_HOT, Strategy.HOT_WARM}


def violations(plan: Plan, state: RunState, step: str) -> tuple[SafetyViolated, ...]:
    """Return the rules that the present proposal of ``step`` breaks and nobody has overruled for it."""
    record = state.step(step)
    if record.proposal is None:
        return ()
    standing = standing_of(plan, state, without=step)
    found = (
        (rule.id, rule.broken(plan.profile, standing, record.proposal.effects)) for rule in RULES
    )
    return tuple(
        SafetyViolated(
            rule=rule, text=text, step=step, preview_sha256=record.proposal.preview_sha256
        )
        for rule, text in found
        if text and rule not in record.overruled_rules
    )


def standing_of(plan: Plan, state: RunState, *, without: str = "") -> Standing:
    """Return where data may be written and who serves, by the profile and what the run has done."""
    source, target = plan.profile.regions
    writable = {_data_place(account.id, source) for account in plan.profile.data_accounts}
    serving = {ServingPlace(kind=kind, region=str(source)) for kind in _CLASSES}
    if target is not None:
        serving |= {
            ServingPlace(kind=kind, region=str(target))
            for kind in _CLASSES
            if getattr(plan.profile.strategy, kind) is Strategy.HOT_HOT
        }
    for _, effects, surely in _in_order(state, without):
        if surely:
            writable -= set(map(_data, effects.makes_unwritable))
            serving |= set(map(_serving, effects.starts_serving))
        writable |= set(map(_data, effects.makes_writable))
        serving -= set(map(_serving, effects.stops_serving))
    return Standing(frozenset(writable), frozenset(serving))


def _in_order(state: RunState, without: str) -> list[tuple[str, Effects, bool]]:
    """Return when effects were seen or tried, which, and whether they are sure; oldest first."""
    found = []
    for record in state.steps.values():
        if record.step == without:
            continue
        found += [(each.at, each.effects, False) for each in record.tried]
        if record.proposal is not None and _had_effect(record):
            found.append((_when(record), record.proposal.effects, record.state in _DONE))
    return sorted(found, key=lambda each: each[0])


def _when(record: StepRecord) -> str:
    """Return when an effect was seen; of one that somebody ruled on, when it was sent: a ruling comes late."""
    ruled = record.doubt is not None and record.doubt.ruling is Ruling.HAPPENED
    return record.acted if ruled and record.state in _DONE else record.since


def _had_effect(record: StepRecord) -> bool:
    if record.state is StepState.DONE_OUTSIDE:
        return True
    return record.intent is not None and record.state in _DONE | _PERHAPS


def _data_place(name: str, region: str) -> DataPlace:
    return DataPlace(data=name.lower(), region=region)


def _data(place: DataPlace) -> DataPlace:
    return _data_place(place.data, place.region.lower())


def _serving(place: ServingPlace) -> ServingPlace:
    return ServingPlace(kind=place.kind, region=place.region.lower())
