"""The score of a drill: pure arithmetic over what the world judged and when the run said what.

Detecting and deciding are the run's own acts, so their times come from it; everything else comes from
the world. A part's points fall evenly from all of them at its time to none at four times as long.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

import msgspec

from amlrunbook.model.profile import duration_seconds
from amlrunbook.simulator.judgement import Judgement

_TOO_LONG = 4
"""Times the wanted time that earn nothing."""
_NAMED = 3
"""Names of what is lost that are written out."""
_EACH_LOSS = 5
"""Losses that could have been avoided, of which so many cost all points for data."""
_EACH_HINT = 3
"""Hints of which so many cost all points for hints."""
_MINUTE = 60


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a score."""

    name: str
    points: int
    out_of: int
    text: str


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """A drill's score."""

    solved: bool
    points: int
    out_of: int
    parts: tuple[Part, ...]
    text: str
    """One sentence."""


class Acts(msgspec.Struct, frozen=True, kw_only=True):
    """When the run said what; real time in Unix seconds, ``None`` where it never did."""

    detected_at: float | None = None
    """The incident was declared, or the first decision made."""
    decided_at: float | None = None
    """The first decision was made."""


def scored(judgement: Judgement, acts: Acts) -> Score:
    """Return the score of a drill as it stands."""
    table = judgement.score
    parts = (
        _timed("detect", table.detect, table.detect_by, _since(judgement, acts.detected_at)),
        _timed("decide", table.decide, table.decide_by, _since(judgement, acts.decided_at)),
        _timed("recover", table.recover, table.recover_by, _recovered(judgement)),
        _actions(judgement, table.actions),
        _data(judgement, table.data),
        _hints(judgement, table.hints),
    )
    reached = sum(goal.reached for goal in judgement.goals)
    word = "Solved" if judgement.solved else "Not solved"
    return Score(
        solved=judgement.solved,
        points=sum(part.points for part in parts),
        out_of=sum(part.out_of for part in parts),
        parts=parts,
        text=f"{word}: {reached} of {len(judgement.goals)} goals are reached.",
    )


def _since(judgement: Judgement, moment: float | None) -> float | None:
    """Return the world seconds from the alarm to a moment of real time."""
    if moment is None or judgement.alarm_real is None:
        return None
    return max(0.0, moment - judgement.alarm_real) * judgement.rate


def _recovered(judgement: Judgement) -> float | None:
    if judgement.recovered_at is None or judgement.alarm_at is None:
        return None
    return max(0.0, judgement.recovered_at - judgement.alarm_at)


def _timed(name: str, weight: int, wanted: str, seconds: float | None) -> Part:
    target = duration_seconds(wanted)
    if seconds is None:
        return Part(name=name, points=0, out_of=weight, text="never")
    over = (seconds - target) / (target * (_TOO_LONG - 1)) if target else 1.0
    earned = round(weight * min(1.0, max(0.0, 1.0 - over)))
    text = f"after {_span(seconds)}; wanted within {_span(target)}"
    return Part(name=name, points=earned, out_of=weight, text=text)


def _span(seconds: float) -> str:
    """Return a time in minutes, or in seconds where it is short."""
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / _MINUTE:.0f} min"


def _actions(judgement: Judgement, weight: int) -> Part:
    """Return the points for acting: none were to be earned by not acting at all."""
    if judgement.first_change_at is None:
        return Part(name="actions", points=0, out_of=weight, text="nothing was changed")
    cost = sum(harm.points for harm in judgement.harms)
    said = "; ".join(f"{harm.count} x {harm.text}" for harm in judgement.harms)
    text = said or f"{judgement.changes} changes, none of them harmful"
    return Part(name="actions", points=max(0, weight - cost), out_of=weight, text=text)


def _data(judgement: Judgement, weight: int) -> Part:
    spared = judgement.score.unavoidable
    avoidable = [
        name
        for name in judgement.lost
        if not any(fnmatchcase(name.lower(), pattern.lower()) for pattern in spared)
    ]
    if avoidable:
        more = len(avoidable) - _NAMED
        names = ", ".join(avoidable[:_NAMED]) + (f" and {more} more" if more > 0 else "")
        text = f"lost without need: {names}"
    else:
        text = (
            f"{len(judgement.lost)} lost, all of it unavoidable"
            if judgement.lost
            else "nothing lost"
        )
    kept = max(0.0, 1.0 - len(avoidable) / _EACH_LOSS)
    untouched = not judgement.solved and judgement.first_change_at is None
    earned = 0 if untouched else round(weight * kept)
    return Part(name="data", points=earned, out_of=weight, text=text)


def _hints(judgement: Judgement, weight: int) -> Part:
    used = judgement.hints_given
    earned = round(weight * max(0.0, 1.0 - used / _EACH_HINT))
    text = f"{used} used" if used else "none used"
    return Part(name="hints", points=earned, out_of=weight, text=text)
