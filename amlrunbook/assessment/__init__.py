"""Rules: snapshot in, findings out, pure."""

from __future__ import annotations

from amlrunbook.assessment.catalogue import CATALOGUE, SERVICES, assess
from amlrunbook.assessment.drift import drift_since
from amlrunbook.assessment.posture import posture, posture_table, posture_words
from amlrunbook.assessment.rule import Rule

__all__ = [
    "CATALOGUE",
    "SERVICES",
    "Rule",
    "assess",
    "drift_since",
    "posture",
    "posture_table",
    "posture_words",
]
