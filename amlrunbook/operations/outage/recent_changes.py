"""What somebody changed lately on the pair: a deletion looks like an outage from afar.

Source: https://learn.microsoft.com/azure/azure-monitor/platform/activity-log
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from amlrunbook.assessment.command import az
from amlrunbook.azure.deadline import Deadline
from amlrunbook.azure.fanout import in_order
from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.azure.translation import plain
from amlrunbook.azure.unread import why
from amlrunbook.errors import AmlRunbookError
from amlrunbook.model.api_versions import api_version
from amlrunbook.model.display import shown
from amlrunbook.model.finding import Finding, Verdict
from amlrunbook.model.moments import moment
from amlrunbook.model.operation import CheckReport, OperationContext, Reporter
from amlrunbook.model.snapshot import Document
from amlrunbook.operations.outage.scope import Scope, scope_of

BACK = timedelta(hours=1)
"""How far back is looked."""
SECONDS = 20.0
MOST = 500
"""Events read of one resource group, the last ones first."""
_AROUND = timedelta(days=1)
"""What is asked for lies around this machine's time: its clock may be off, and Azure's is heard with the answer."""
_EVENTS = "Microsoft.Insights/eventtypes/management/values"
_SOURCE = "https://learn.microsoft.com/azure/azure-monitor/platform/activity-log"
_WHY = (
    "What somebody deleted or changed an hour ago looks like an outage, and a switchover mends "
    "none of it. The log itself lags by minutes."
)
_READS = (
    "/listkeys/action",
    "/listaccountsas/action",
    "/listservicesas/action",
    "/diagnose/action",
    "/validate/action",
    "/whatif/action",
)
"""Actions that change nothing, which the log holds all the same."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change that the activity log tells of."""

    at: str
    who: str
    what: str
    """The operation, such as ``Microsoft.Storage/storageAccounts/write``."""
    resource: str
    states: tuple[str, ...]
    """What its events say, the first of them first."""
    correlation_id: str

    @property
    def deletes(self) -> bool:
        """Whether it deletes something."""
        return self.what.lower().endswith("/delete")

    @property
    def sentence(self) -> str:
        """Who did what, when, and how it ended."""
        name = self.resource.rstrip("/").rsplit("/", 1)[-1]
        return shown(
            f"{self.at} {self.who}: {self.what} on {name} ({', '.join(self.states)}), "
            f"correlation id {self.correlation_id or 'none'}."
        )


class RecentChanges:
    """Reads the activity log of the pair's resource groups, all at once."""

    id = "outage.recent-changes"
    title = "What was changed in the last hour"

    def __init__(self, gateway: AzureGateway, *, seconds: float = SECONDS) -> None:
        self._gateway = gateway
        self._seconds = seconds

    def run(self, context: OperationContext, reporter: Reporter) -> CheckReport:
        """Read, and name each change of the pair's own resources; deletions fail, other changes warn."""
        del reporter
        scope = scope_of(context)
        groups = _groups(scope)
        now = self._gateway.now()
        answers = in_order(
            [lambda group=group: self._ask(group, now) for group in groups],  # type: ignore[misc]
            width=self._gateway.parallel,
            deadline=Deadline(self._seconds),
        )
        unread = [
            _unread(group, answer.error)
            for group, answer in zip(groups, answers, strict=True)
            if answer.error is not None
        ]
        events = [event for answer in answers for event in answer.value or ()]
        return judged(changes(events, scope, self._gateway.now() - BACK), unread, groups)

    def _ask(self, group: tuple[str, str], now: datetime) -> list[dict[str, Any]]:
        subscription, name = group
        window = (
            f"eventTimestamp ge '{now - _AROUND:%Y-%m-%dT%H:%M:%SZ}' and "
            f"eventTimestamp le '{now + _AROUND:%Y-%m-%dT%H:%M:%SZ}' and "
            f"resourceGroupName eq '{name}'"
        )
        path = f"/subscriptions/{subscription}/providers/{_EVENTS}"
        return self._gateway.get_all(
            path, version=api_version(_EVENTS), seconds=self._seconds, most=MOST, filter=window
        )


def _groups(scope: Scope) -> tuple[tuple[str, str], ...]:
    """Return subscription and name of each resource group of the pair, once."""
    found = {
        (str(known.resource.subscription).lower(), known.resource.resource_group.lower()): (
            str(known.resource.subscription),
            known.resource.resource_group,
        )
        for known in scope.resources
    }
    return tuple(found.values())


def changes(events: list[dict[str, Any]], scope: Scope, since: datetime) -> tuple[Change, ...]:
    """Return the changes of the pair's resources, what holds them and what is below them, the last first.

    The events of one request (started, accepted, succeeded) are one change.
    """
    own = [known.resource.key for known in scope.resources]
    found: dict[tuple[str, str, str], list[Document]] = {}
    for event in map(Document, events):
        what, where = _value(event, "operationName"), _where(event)
        at = moment(_string(event, "eventTimestamp"))
        if at is None or at < since or not _changes(what) or not _concerns(where, own):
            continue
        key = (_string(event, "correlationId"), what.lower(), where.lower().rstrip("/"))
        found.setdefault(key, []).append(event)
    made = [_change(*key, grouped) for key, grouped in found.items()]
    return tuple(sorted(made, key=lambda change: change.at, reverse=True))


def _changes(what: str) -> bool:
    folded = what.lower()
    return folded.endswith(("/write", "/delete", "/action")) and not folded.endswith(_READS)


def _concerns(where: str, own: list[str]) -> bool:
    """Return whether a resource is one of ours, below one, or a group that holds one."""
    key = where.lower().rstrip("/")
    return bool(key) and any(
        key == mine or key.startswith(f"{mine}/") or mine.startswith(f"{key}/") for mine in own
    )


def _change(correlation_id: str, what: str, where: str, events: list[Document]) -> Change:
    in_time = sorted(events, key=lambda event: _string(event, "eventTimestamp"))
    first = in_time[0]
    states = [plain(_value(event, "status") or "no state", 40) for event in in_time]
    return Change(
        at=_second(_string(first, "eventTimestamp")),
        who=plain(_string(first, "caller") or "nobody named", 80),
        what=plain(_value(first, "operationName") or what, 120),
        resource=plain(_where(first) or where, 400),
        states=tuple(dict.fromkeys(states)),
        correlation_id=plain(correlation_id, 60),
    )


def judged(
    found: tuple[Change, ...], unread: list[Finding], groups: tuple[tuple[str, str], ...]
) -> CheckReport:
    """Return what changes say: deletions fail, other changes warn, an unread log is unknown."""
    findings = (*(_finding(change) for change in found), *unread)
    deleted = [change for change in found if change.deletes]
    tail = f" {len(unread)} of {len(groups)} logs could not be read." if unread else ""
    if deleted:
        text = f"{len(deleted)} deletions in the last hour; the latest: {deleted[0].sentence}"
        return CheckReport(verdict=Verdict.FAIL, text=text + tail, findings=findings)
    if found:
        text = f"{len(found)} changes in the last hour; the latest: {found[0].sentence}"
        return CheckReport(verdict=Verdict.WARN, text=text + tail, findings=findings)
    if unread:
        text = f"The activity log could not be read in {len(unread)} of {len(groups)} groups."
        return CheckReport(verdict=Verdict.UNKNOWN, text=text, findings=findings)
    text = "Nobody changed anything of the pair in the last hour, as far as the log tells (it lags by minutes)."
    return CheckReport(verdict=Verdict.PASS, text=text)


def _finding(change: Change) -> Finding:
    return Finding(
        check=RecentChanges.id,
        resource=shown(change.resource),
        verdict=Verdict.FAIL if change.deletes else Verdict.WARN,
        title="Deleted lately" if change.deletes else "Changed lately",
        observed=change.sentence,
        expected="no change before the trouble began",
        why=_WHY,
        source=_SOURCE,
        remedy="Ask whoever did it. What was deleted is recovered, not switched over.",
        command=az(
            "az monitor activity-log list --resource-id {id} --offset 1h", {"id": change.resource}
        ),
    )


def _unread(group: tuple[str, str], error: AmlRunbookError) -> Finding:
    subscription, name = group
    return Finding(
        check=RecentChanges.id,
        resource=f"/subscriptions/{subscription}/resourceGroups/{name}",
        verdict=Verdict.UNKNOWN,
        title="Changes of the last hour",
        observed=why(error),
        expected="an answer of the activity log",
        why=_WHY,
        source=_SOURCE,
        remedy="Ask in the channel who changed what in the last hour.",
        command=az(
            "az monitor activity-log list --resource-group {group} --subscription {subscription} --offset 1h",
            {"group": name, "subscription": subscription},
        ),
    )


def _where(event: Document) -> str:
    """Return the resource that an event is about; older events name it only as the scope of what was allowed."""
    named = event.field("resourceId") or event.field("authorization.scope")
    return named if isinstance(named, str) else ""


def _second(text: str) -> str:
    at = moment(text)
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if at is not None else "at an unknown time"


def _string(event: Document, name: str) -> str:
    value = event.field(name)
    return value if isinstance(value, str) else ""


def _value(event: Document, name: str) -> str:
    """Return a text that the log gives as ``{value, localizedValue}``, or plainly."""
    value = event.field(f"{name}.value") or event.field(name)
    return value if isinstance(value, str) else ""
