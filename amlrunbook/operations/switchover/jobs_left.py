"""The jobs that the primary leaves unfinished, one by one, and whether each can be submitted anew."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.errors import AmlRunbookError
from amlrunbook.model.display import shown
from amlrunbook.model.finding import Finding, Verdict
from amlrunbook.model.operation import CheckReport, OperationContext, Reporter
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.model.snapshot import Document, Inventory
from amlrunbook.operations.switchover.jobs_specification import (
    JOB_SOURCE,
    Shelves,
    is_unfinished,
    new_name,
    specification,
)
from amlrunbook.operations.switchover.pairing import (
    JOBS,
    Pair,
    age_words,
    last_known,
    pair_of,
    text_at,
)

CHECK = "switchover.jobs-left"
MOST_JOBS = 200
"""How many jobs are asked for: history has no end, and the newest come first."""
_LIVE_SECONDS = 15.0


class JobsLeft:
    """Names each job that had not ended."""

    id = CHECK
    title = "Which jobs does the primary leave unfinished"

    def __init__(self, gateway: AzureGateway) -> None:
        self._gateway = gateway

    def run(self, context: OperationContext, reporter: Reporter) -> CheckReport:
        """List them from the primary where it answers, else from what is last known.

        Raises:
            UsageError: the profile names no secondary workspace.
        """
        pair, known = pair_of(context), last_known(context.snapshot)
        jobs, whence, live = self._jobs(pair, known, context.snapshot.taken_at)
        unfinished = [job for job in jobs if is_unfinished(job)]
        shelves = Shelves(self._gateway, pair.secondary)
        findings = []
        for number, job in enumerate(unfinished, start=1):
            reporter.progressed(f"Job {shown(job.name)}", number, len(unfinished))
            findings.append(self._finding(job, pair, known, shelves))
        return _report(tuple(findings), whence, live=live)

    def _jobs(
        self, pair: Pair, known: Inventory, taken_at: str
    ) -> tuple[Iterable[Document], str, bool]:
        """Return the primary's jobs, where they were read, and whether that was just now."""
        try:
            found = self._gateway.get_all(
                f"{pair.primary.text}/jobs", seconds=_LIVE_SECONDS, most=MOST_JOBS
            )
        except AmlRunbookError:
            kept = [
                job
                for job in known.of_type(JOBS)
                if job.key.startswith(pair.primary.key + "/") and job.unread is None
            ]
            aged = next((age_words(job) for job in kept if age_words(job)), "")
            return (
                kept,
                f"as last known{aged or f' ({taken_at})'}; the primary does not answer",
                False,
            )
        return [Document(raw) for raw in found], "as the primary says now", True

    def _finding(self, job: Document, pair: Pair, known: Inventory, shelves: Shelves) -> Finding:
        old = ResourceId.parse(job.id)
        made = specification(job, pair, known, shelves, {})
        done = None
        with contextlib.suppress(AmlRunbookError):
            done = Document(self._gateway.get(f"{pair.secondary.text}/jobs/{new_name(old)}"))
        verdict, can = _can(made.obstacles, made.name, done)
        return Finding(
            check=CHECK,
            resource=shown(job.id),
            verdict=verdict,
            title=f"Job {shown(job_words(job))}",
            observed=shown(f"{_facts(job)}{age_words(job)}. {can}"),
            expected="resubmitted in the secondary, or left on purpose",
            why="Running jobs do not move, and are unlikely to finish after the outage.",
            source=JOB_SOURCE,
            remedy="" if done else "Resubmit it, or tell its owner why not.",
            remedy_operation="" if done or made.obstacles else "switchover.resubmit-job",
        )


def job_words(job: Document) -> str:
    """Name a job as people do: by its display name, and its own where that differs."""
    display = text_at(job, "properties.displayName")
    return f"{display} ({job.name})" if display and display != job.name else job.name


def _facts(job: Document) -> str:
    compute = text_at(job, "properties.computeId").rsplit("/", 1)[-1] or "serverless compute"
    by = text_at(job, "systemData.createdBy") or "somebody not told"
    kind = text_at(job, "properties.jobType") or "Job"
    return f"{kind}, {text_at(job, 'properties.status') or 'state not told'}, on {compute}, by {by}"


def _can(obstacles: tuple[str, ...], name: str, done: Document | None) -> tuple[Verdict, str]:
    if done is not None:
        state = text_at(done, "properties.status") or "not told"
        return Verdict.PASS, f"It was resubmitted as {name}, state {state}."
    if obstacles:
        return Verdict.FAIL, f"It cannot be resubmitted from here: {'; '.join(obstacles)}."
    return Verdict.WARN, f"It can be resubmitted, as {name}."


def _report(findings: tuple[Finding, ...], whence: str, *, live: bool) -> CheckReport:
    if not findings:
        return CheckReport(
            verdict=Verdict.PASS if live else Verdict.UNKNOWN,
            text=f"No unfinished job is known, {whence}.",
        )
    stuck = sum(finding.verdict is Verdict.FAIL for finding in findings)
    done = sum(finding.verdict is Verdict.PASS for finding in findings)
    can = len(findings) - stuck - done
    text = (
        f"{len(findings)} unfinished job{'' if len(findings) == 1 else 's'}, {whence}: {can} can be resubmitted, {stuck} cannot, "
        f"{done} resubmitted already."
    )
    # a job that cannot move is told, and is no reason to hold the switchover up
    verdict = Verdict.WARN if can or stuck else Verdict.PASS
    return CheckReport(verdict=verdict, text=text, findings=findings)
