"""The JSON schemas of what this program prints, generated from its types.

``python -m amlrunbook.report.schemas assessment`` (or ``differences``) prints the one that is kept under ``docs/``.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import msgspec

from amlrunbook.model.finding import Finding, Verdict
from amlrunbook.model.posture import Drift, PostureLine
from amlrunbook.report.differences import Differences
from amlrunbook.report.findings import Unread


class FactsOfReport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which facts were cited, and how old they are."""

    version: str
    checked: str
    """The day on which the fact base was last gone through, ``2026-11-22``."""
    note: str
    """A warning where that is long ago; empty where it is not."""


class AssessmentJson(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The JSON form of an assessment: keys are added, never renamed."""

    schema: int
    """The version of this form."""
    program: str
    profile: str
    """The profile's name, or empty."""
    taken_at: str
    """When the documents were read, RFC 3339; empty where nobody says."""
    facts: FactsOfReport
    posture: str
    """The findings in one sentence."""
    counts: dict[Verdict, int]
    findings: tuple[Finding, ...]
    unread: tuple[Unread, ...]
    earlier: str
    """What stands in for what could not be read, and how old it is; empty where nothing does."""
    targets: str
    posture_table: tuple[PostureLine, ...]
    drift: Drift | None


SCHEMAS: dict[str, type[msgspec.Struct]] = {
    "assessment": AssessmentJson,
    "differences": Differences,
}
"""The documented JSON forms by name."""


def schema(name: str) -> str:
    """Return one JSON schema, as it is kept under ``docs/``."""
    found: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **msgspec.json.schema(SCHEMAS[name]),
    }
    return json.dumps(found, indent=2, ensure_ascii=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema(sys.argv[1]))
