"""Rules: snapshot in, findings out, pure."""

from __future__ import annotations

from amlrunbook.assessment.catalogue import CATALOGUE, SERVICES, assess, posture
from amlrunbook.assessment.rule import Rule

__all__ = ["CATALOGUE", "SERVICES", "Rule", "assess", "posture"]
