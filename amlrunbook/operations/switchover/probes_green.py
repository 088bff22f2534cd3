"""Whether the profile's health probes are green: what says that the service is well again."""

from __future__ import annotations

from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.azure.probes import HttpsProbes
from amlrunbook.model.display import shown
from amlrunbook.model.finding import Finding, Verdict
from amlrunbook.model.operation import CheckReport, OperationContext, Reporter
from amlrunbook.operations.switchover.by_hand import probe_lines

CHECK = "switchover.probes-green"
_TOLD = 3
"""How many red probes the sentence names; each is a line of its own below it."""
_SOURCE = "https://learn.microsoft.com/azure/well-architected/design-guides/health-modeling"


class ProbesGreen:
    """Asks all probes at once; passes only when each is green."""

    id = CHECK
    title = "Are the profile's probes green"

    def __init__(self, gateway: AzureGateway) -> None:
        self._gateway = gateway

    def by_hand(self, context: OperationContext) -> tuple[str, ...]:
        """Return how each probe is asked with a shell."""
        return probe_lines(context.profile.probes)

    def run(self, context: OperationContext, reporter: Reporter) -> CheckReport:
        """Send one GET a probe, without any token, and name each that is red."""
        probes = context.profile.probes
        if not probes:
            return CheckReport(
                verdict=Verdict.UNKNOWN,
                text="The profile names no probes, so whether callers are served cannot be seen from here.",
            )
        reporter.progressed(f"Asking {len(probes)} probes")
        found = HttpsProbes(self._gateway.cloud).ask(probes)
        findings = tuple(
            Finding(
                check=CHECK,
                resource=shown(probe.name),
                verdict=Verdict.PASS if one.green else Verdict.FAIL,
                title="The probe is green",
                observed=shown(one.text),
                expected=f"{probe.expect_status} within {probe.timeout}",
                why="The clock of an incident stops when callers are served, not when the last step ends.",
                source=_SOURCE,
            )
            for probe, one in zip(probes, found, strict=True)
        )
        red = [f"{shown(one.probe)} ({shown(one.text)})" for one in found if not one.green]
        if not red:
            number = len(found)
            all_green = (
                f"All {number} probes are green." if number > 1 else "The one probe is green."
            )
            return CheckReport(verdict=Verdict.PASS, text=all_green, findings=findings)
        more = f" and {len(red) - _TOLD} more" if len(red) > _TOLD else ""
        return CheckReport(
            verdict=Verdict.FAIL,
            text=f"{len(red)} of {len(found)} probes red: {', '.join(red[:_TOLD])}{more}.",
            findings=findings,
        )
