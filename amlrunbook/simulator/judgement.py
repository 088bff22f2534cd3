"""A judgement as the control endpoint tells it; apart from :mod:`.judging`, so that reading one loads no Azure."""

from __future__ import annotations

import msgspec

from amlrunbook.simulator.drill_data import ScoreTable


class JudgedGoal(msgspec.Struct, frozen=True, kw_only=True):
    """A goal, and since when it has held."""

    text: str
    reached: bool
    at: float | None = None
    """World time."""


class JudgedHarm(msgspec.Struct, frozen=True, kw_only=True):
    """A harm that was done, and what that costs."""

    text: str
    count: int
    points: int


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """Something of the timeline that the operator was to hear."""

    at: float
    """World time."""
    text: str


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """How a drill stands in the world. Times are world time in Unix seconds."""

    solved: bool
    goals: list[JudgedGoal] = []
    harms: list[JudgedHarm] = []
    """Those that were done at all."""
    alarm_at: float | None = None
    """``None`` while all is well."""
    recovered_at: float | None = None
    """Since when all goals have held."""
    first_change_at: float | None = None
    """When the first request since the alarm changed something."""
    lost: list[str] = []
    """By name, what is gone for good."""
    now: float = 0.0
    alarm_real: float | None = None
    """The alarm in real time, by which a journal's times can be compared."""
    rate: float = 1.0
    """World seconds a real second."""
    changes: int = 0
    """Requests since the alarm that changed something."""
    hints_given: int = 0
    hints_left: int = 0
    heard: list[Heard] = []
    score: ScoreTable = msgspec.field(default_factory=ScoreTable)
