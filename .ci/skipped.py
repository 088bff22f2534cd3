"""Print the counts of a test run, and fail if a test was skipped that had to run here.

Usage: ``skipped.py JUNIT.xml``. A skip is accepted for two reasons only: the machine's system
("only on ...", "only where ...", "only in ..."), and the recorded data beside the project
(../shared), as long as it is not there.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).resolve().parents[1]


def accepted(reason: str, *, shared_is_there: bool) -> bool:
    """Tell whether a test may be skipped for ``reason``."""
    if "../shared" in reason:
        return not shared_is_there
    return reason.startswith(("only on ", "only where ", "only in "))


def main(report: str) -> int:
    """Read the report, print what it counts, return 0 if nothing that had to run was skipped."""
    shared = Path(os.environ.get("AMLRUNBOOK_SHARED") or ROOT.parent / "shared")
    suites = ET.parse(report).getroot().findall("testsuite")  # noqa: S314 - pytest wrote it just now
    count = {
        name: sum(int(suite.get(name, "0")) for suite in suites)
        for name in ("tests", "failures", "errors", "skipped")
    }
    print(", ".join(f"{name} {number}" for name, number in count.items()))
    bad = []
    for case in (case for suite in suites for case in suite.iter("testcase")):
        skip = case.find("skipped")
        if skip is None or skip.get("type") == "pytest.xfail":
            continue
        reason = (skip.get("message") or "").removeprefix("Skipped: ")
        if not accepted(reason, shared_is_there=shared.is_dir()):
            bad.append(f"{case.get('classname')}::{case.get('name')}: {reason}")
    for line in bad:
        print(f"had to run, and was skipped: {line}")
    return 1 if bad or not count["tests"] else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
