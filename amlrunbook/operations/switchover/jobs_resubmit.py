"""Submitting a job of the primary anew in the secondary: once, under a name of its own.

Source: https://learn.microsoft.com/rest/api/azureml/jobs/create-or-update
"""

from __future__ import annotations

from amlrunbook.azure.arm_path import with_version
from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.errors import AmlRunbookError, NotFoundError, RefusedError, UsageError
from amlrunbook.model.display import shown
from amlrunbook.model.operation import (
    ActionResult,
    Confirmation,
    Intent,
    Observation,
    OperationContext,
    Preview,
    Reporter,
    Request,
    Risk,
)
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.model.snapshot import Document
from amlrunbook.operations.changing import Changing, seen, unseen
from amlrunbook.operations.switchover.by_hand import job_by_hand, job_line, job_rest_line
from amlrunbook.operations.switchover.jobs_left import job_words
from amlrunbook.operations.switchover.jobs_specification import (
    Shelves,
    Specification,
    is_unfinished,
    specification,
)
from amlrunbook.operations.switchover.pairing import (
    JOBS,
    age_words,
    last_known,
    pair_of,
    text_at,
)

_ENDED_BADLY = frozenset({"failed", "canceled", "notresponding"})
_LIVE_SECONDS = 8.0


class ResubmitJob:
    """Submits one unfinished job of the primary in the secondary."""

    id = "switchover.resubmit-job"
    title = "Resubmit a job in the secondary"
    risk = Risk.REVERSIBLE
    confirmation = Confirmation.ENTER

    def __init__(
        self,
        gateway: AzureGateway,
        *,
        seconds: float = 120.0,
        looks: int = 4,
        look_again: float = 5.0,
    ) -> None:
        self._gateway = gateway
        self._changing = Changing(
            gateway=gateway, title=self.title, seconds=seconds, looks=looks, look_again=look_again
        )

    def preview(self, context: OperationContext) -> Preview:
        """Show exactly what would be sent.

        Raises:
            UsageError: the step names no job of the primary, or nothing is known of it.
            RefusedError: it cannot be submitted; the sentence says why.
            AzureError: whether it was submitted already cannot be read.
        """
        old = _old(context)
        job = self._job(context, old)
        made = self._made(context, job)
        target = _target(context, made.name)
        there = self._there(target)
        notes = f" Otherwise than before: {'; '.join(made.notes)}." if made.notes else ""
        compute = text_at(Document(made.body), "properties.computeId").rsplit("/", 1)[-1]
        again = (
            f"It was submitted already, as {made.name}, state {text_at(there, 'properties.status') or 'not told'}."
            if there is not None
            else ""
        )
        return Preview(
            summary=f"Submit {shown(job_words(job))} anew in {shown(target.names[0])}, as {shown(made.name)}.{notes}",
            requests=(_request(target, made),),
            resources=(target.text,),
            before=f"The primary's job was {shown(text_at(job, 'properties.status')) or 'in a state not told'}"
            f"{age_words(job)}; the secondary has none in its place.",
            after=f"{shown(made.name)} is queued or runs.",
            loses="What the old job had computed, unless it resumes from a checkpoint of its own. Where the old job still "
            "runs, both may write to the same place.",
            undo=job_line("cancel", target),
            cost=f"The time of {shown(compute) or 'serverless compute'} while it runs.",
            takes="Seconds to submit; its own time to run.",
            commands=tuple(
                filter(
                    None,
                    (job_rest_line(target, made.body), job_line("create --file {job_yml}", target)),
                )
            ),
            needless=shown(again) or self._ended(old),
        )

    def by_hand(self, context: OperationContext) -> tuple[str, ...]:
        """Return how it is done with ``az``.

        Raises:
            UsageError: the step names no job, or there is no secondary.
        """
        if context.resource:
            _old(context)
        return job_by_hand(context)

    def apply(
        self, context: OperationContext, preview: Preview, intent: Intent, reporter: Reporter
    ) -> ActionResult:
        """Send the previewed job once, if the secondary still has none of its name.

        Raises:
            ReadOnlyError: the gateway is read-only; nothing was sent.
        """
        target = ResourceId.parse(preview.resources[0])
        return self._changing.apply(preview, intent, reporter, lambda: self._again(context, target))

    def observe(
        self, context: OperationContext, preview: Preview, intent: Intent, poll_url: str
    ) -> Observation:
        """Look whether the job is there: the job, the activity log, the poll URL."""
        del context
        look = self._look(ResourceId.parse(preview.resources[0]))
        return self._changing.observe(look, preview, intent, poll_url)

    def verify(self, context: OperationContext, preview: Preview) -> Observation:
        """Read the new job, a few times where it is not there yet."""
        del context
        target = ResourceId.parse(preview.resources[0])
        return self._changing.verify(lambda: self._look(target))

    def _again(self, context: OperationContext, target: ResourceId) -> Request | str:
        """Return what a preview would show now, or why nothing is to be submitted any more."""
        try:
            there = self._there(target)
        except AmlRunbookError as error:
            return f"Whether it was submitted already could not be read. {error.what}"
        if there is not None:
            return f"The secondary has a job {target.name} by now."
        return _request(target, self._made(context, self._job(context, _old(context))))

    def _look(self, target: ResourceId) -> Observation:
        try:
            there = self._there(target)
        except AmlRunbookError as error:
            return unseen(f"The job {shown(target.name)}", error)
        if there is None:
            return seen(f"The secondary has no job {shown(target.name)}.", reached=False)
        state = text_at(there, "properties.status") or "not told"
        return seen(
            f"{shown(target.name)} is there, state {shown(state)}.",
            reached=state.lower() not in _ENDED_BADLY,
        )

    def _there(self, target: ResourceId) -> Document | None:
        try:
            return Document(self._gateway.get(target.text))
        except NotFoundError:
            return None

    def _job(self, context: OperationContext, old: ResourceId) -> Document:
        """Return the old job as it is last known, so that its preview stays the same; else as the primary tells it.

        Raises:
            UsageError: nothing is known of it.
        """
        known = last_known(context.snapshot).by_id(old.text)
        if known is not None and known.unread is None:
            return known
        try:
            return Document(self._gateway.get(old.text, seconds=_LIVE_SECONDS))
        except AmlRunbookError as error:
            raise UsageError(
                f"Nothing is known of the job {shown(old.name)}, and the primary does not tell: {error.what}",
                state="Nothing was sent.",
                next_step="Submit it from its source repository, and say so.",
            ) from error

    def _ended(self, old: ResourceId) -> str:
        """Say that the old job ended by itself; empty where it did not, or the primary does not tell."""
        try:
            job = Document(self._gateway.get(old.text, seconds=_LIVE_SECONDS))
        except AmlRunbookError:
            return ""
        if is_unfinished(job):
            return ""
        return f"It has ended in the primary by itself: {shown(text_at(job, 'properties.status'))}."

    def _made(self, context: OperationContext, job: Document) -> Specification:
        """Return the job for the secondary.

        Raises:
            RefusedError: something stands in its way.
        """
        pair = pair_of(context)
        shelves = Shelves(self._gateway, pair.secondary)
        made = specification(job, pair, last_known(context.snapshot), shelves, dict(context.params))
        if made.obstacles:
            raise RefusedError(
                f"The job {shown(job_words(job))} cannot be submitted from here: {'; '.join(made.obstacles)}.",
                state="Nothing was sent.",
                next_step="Bring what is missing to the secondary, or submit it from its source repository.",
            )
        return made


def _old(context: OperationContext) -> ResourceId:
    old = ResourceId.parse(context.resource)
    pair = pair_of(context)
    if old.type.lower() != JOBS.lower() or not old.key.startswith(pair.primary.key + "/"):
        raise UsageError(
            f"{old} is no job of the primary workspace {pair.primary.name}.",
            state="Nothing was sent.",
        )
    return old


def _target(context: OperationContext, name: str) -> ResourceId:
    return pair_of(context).secondary.child("jobs", name)


def _request(target: ResourceId, made: Specification) -> Request:
    return Request(method="PUT", path=with_version(target.text), body=made.body)
