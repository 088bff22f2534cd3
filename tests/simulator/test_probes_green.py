"""The profile's probes as a check: green only when every one of them is."""

from __future__ import annotations

from pathlib import Path

import pytest

from amlrunbook.model.operation import CheckReport, OperationContext
from amlrunbook.model.profile import Probe, Profile, Side
from amlrunbook.model.snapshot import snapshot_of
from amlrunbook.operations.switchover.probes_green import ProbesGreen
from tests.simulator.lying_azure import Lies, Said, lying
from tests.simulator.test_soft_delete_action import Heard

EAST = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"


def asked(lies: Lies, *paths: str) -> CheckReport:
    probes = tuple(
        Probe(name=f"p{number}", url=f"{lies.base_url}{path}")
        for number, path in enumerate(paths, start=1)
    )
    profile = Profile(
        format=1,
        name="p",
        subscription="s",
        primary=Side(workspace=EAST, region="eastus"),
        probes=probes,
    )
    gateway = lies.gateway()
    context = OperationContext(profile=profile, snapshot=snapshot_of([]), step="s")
    report = ProbesGreen(gateway).run(context, Heard())
    gateway.close()
    return report


def answer(_method: str, path: str) -> Said:
    return Said(int(path.strip("/")), b"\x1b[31m")


@pytest.mark.parametrize(
    ("paths", "verdict", "words"),
    [
        ((), "unknown", "names no probes"),
        (("/200",), "pass", "The one probe is green."),
        (("/200", "/200"), "pass", "All 2 probes are green."),
        (("/200", "/503"), "fail", "1 of 2 probes red: p2 (503, not 200"),
        (("/302",), "fail", "p1 (302, not 200"),
        (("/500",) * 5, "fail", "p3 (500, not 200"),
    ],
)
def test_it_passes_only_when_each_is_green(
    tmp_path: Path, paths: tuple[str, ...], verdict: str, words: str
) -> None:
    with lying(tmp_path, answer) as lies:
        report = asked(lies, *paths)
        assert report.verdict == verdict
        assert words in report.text
        assert [finding.verdict == "pass" for finding in report.findings] == [
            path == "/200" for path in paths
        ]
        assert "p4" not in report.text
        assert set(lies.tokens) <= {""}, "no token goes to a probe"
