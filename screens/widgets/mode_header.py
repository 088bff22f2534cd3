"""The header: the safety device. Which mode, which workspace, which regions, how long, how old the data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from rich.cells import cell_len

from amlrunbook.model.mode import Mode
from screens.marks import mode_look
from screens.moments import age_words, clock_words, seconds_between
from screens.widgets.lines import Line, LineBlock, Span, fewer, shortened
from screens.widgets.tones import Tone

_LEAST_PROFILE = 10


@dataclass(frozen=True, slots=True)
class HeaderFacts:
    """What the header tells, beside the time."""

    mode: Mode
    profile: str
    source: str = ""
    target: str = ""
    subscription: str = ""
    operator: str = ""
    opened_at: str = ""
    """When the run was opened or the incident declared, RFC 3339; empty where no clock runs."""
    target_seconds: int = 0
    stopped_at: str = ""
    snapshot_taken: str = ""
    """RFC 3339; empty where it is not known."""
    snapshot_earlier: str = ""
    """RFC 3339: how old is what could not be read again; empty where everything was."""
    knows_data: bool = True
    """Whether the age of data means anything here."""
    more: tuple[str, ...] = ()
    """What else the second line says, first: the incident's clock in words."""
    handed_over: bool = False
    """Whether nothing can be changed from here any more: the rule stands out."""


class ModeHeader(LineBlock):
    """Two lines: the mode's word, the pair and the clock; below, a rule in the mode's hand."""

    def __init__(self, facts: Callable[[], HeaderFacts], now: Callable[[], datetime]) -> None:
        super().__init__()
        self._facts = facts
        self._now = now

    def lines(self, width: int, height: int) -> list[Line]:
        """Return both lines."""
        del height
        facts = self._facts()
        return [self._first(facts, width), self._second(facts, width)]

    def _first(self, facts: HeaderFacts, width: int) -> Line:
        word = f"▌{facts.mode.word}▐"
        regions = f"{facts.source} → {facts.target or '(none)'}" if facts.source else ""
        clock = self._clock(facts)
        room = width - len(word) - cell_len(regions) - len(clock) - 5
        profile = shortened(facts.profile, max(room, _LEAST_PROFILE))
        left = f" {profile}  {regions}"
        gap = max(width - len(word) - cell_len(left) - len(clock) - 1, 1)
        return (
            Span(word, Tone.BADGE),
            Span(left, Tone.STRONG),
            Span(" " * gap),
            Span(clock, Tone.STRONG),
        )

    def _clock(self, facts: HeaderFacts) -> str:
        now = self._now()
        if not facts.opened_at:
            return f"{now:%H:%M} UTC"
        end = facts.stopped_at or now
        elapsed = clock_words(seconds_between(facts.opened_at, end))
        if facts.target_seconds:
            return f"{elapsed} of {clock_words(facts.target_seconds)}"
        return f"run {elapsed}"

    def _second(self, facts: HeaderFacts, width: int) -> Line:
        rule = mode_look(facts.mode).rule
        parts = [
            *facts.more,
            f"sub {short_subscription(facts.subscription)}" if facts.subscription else "",
            facts.operator,
        ]
        if facts.knows_data:
            age = age_words(seconds_between(facts.snapshot_taken, self._now()))
            parts.append(f"data {age} old" if facts.snapshot_taken else "data age unknown")
            if facts.snapshot_earlier:
                older = age_words(seconds_between(facts.snapshot_earlier, self._now()))
                parts.append(f"what is dark: {older} old")
        text = fewer(" · ".join(part for part in parts if part), width - 6)
        text = f" {text} " if text else ""
        tone = Tone.ERROR if facts.handed_over else Tone.STRONG if facts.more else Tone.DIM
        return (
            Span(rule * 2, Tone.MODE),
            Span(text, tone),
            Span(rule * max(width - 2 - cell_len(text), 0), Tone.MODE),
        )


def short_subscription(text: str) -> str:
    """Return a subscription's id, short: both of its ends."""
    return shortened(text, 9)
