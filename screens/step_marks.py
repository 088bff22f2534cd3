"""What a step's state looks like: a glyph, a word and a tone."""

from __future__ import annotations

from amlrunbook.state.transitions import StepState
from screens.marks import Mark
from screens.widgets.tones import Tone

STEP_MARKS: dict[StepState, Mark] = {
    StepState.PENDING: Mark("·", "pending", Tone.DIM),
    StepState.BLOCKED: Mark("⊘", "blocked", Tone.WARNING),
    StepState.READY: Mark("·", "ready", Tone.PLAIN),
    StepState.RUNNING: Mark("◌", "running", Tone.ACCENT),
    StepState.PASSED: Mark("✓", "passed", Tone.SUCCESS),
    StepState.WARNED: Mark("!", "warned", Tone.WARNING),
    StepState.FAILED: Mark("✗", "failed", Tone.ERROR),
    StepState.UNKNOWN: Mark("?", "unknown", Tone.WARNING),
    StepState.PROPOSED: Mark("▷", "proposed", Tone.ACCENT),
    StepState.CONFIRMED: Mark("◌", "confirmed", Tone.ACCENT),
    StepState.SENT: Mark("◌", "sent", Tone.ACCENT),
    StepState.ACCEPTED: Mark("◌", "accepted", Tone.ACCENT),
    StepState.VERIFIED: Mark("✓", "verified", Tone.SUCCESS),
    StepState.IN_DOUBT: Mark("?", "in doubt", Tone.ERROR),
    StepState.SKIPPED: Mark("\N{EN DASH}", "skipped", Tone.DIM),
    StepState.DONE_OUTSIDE: Mark("↗", "outside", Tone.SUCCESS),
}
"""How a step's state is shown."""

WAITING = Mark("⊘", "blocked", Tone.DIM)
"""A step that is blocked only because its turn has not come."""

NEXT = Mark("▷", "next", Tone.STRONG)
"""The step that the run waits for."""
