"""What a finding's verdict looks like: a glyph, a word and a tone."""

from __future__ import annotations

from amlrunbook.model.finding import Verdict
from screens.marks import Mark
from screens.widgets.tones import Tone

VERDICT_MARKS: dict[Verdict, Mark] = {
    Verdict.PASS: Mark("✓", "pass", Tone.SUCCESS),
    Verdict.WARN: Mark("!", "warn", Tone.WARNING),
    Verdict.FAIL: Mark("✗", "fail", Tone.ERROR),
    Verdict.UNKNOWN: Mark("?", "unknown", Tone.WARNING),
    Verdict.NOT_APPLICABLE: Mark("\N{EN DASH}", "n/a", Tone.DIM),
}
"""How a finding's verdict is shown."""
