"""Rules of Application Insights and Log Analytics."""

from __future__ import annotations

from amlrunbook.assessment import types
from amlrunbook.assessment.documents import is_gone
from amlrunbook.assessment.landscape import Landscape
from amlrunbook.assessment.reading import (
    flag,
    needed,
    number,
    place_of,
    read_properties,
    shown,
    text,
)
from amlrunbook.assessment.rule import Rule, Ruling, failed, passed, unconcerned, warned
from amlrunbook.errors import IncompleteError
from amlrunbook.facts import fact_base
from amlrunbook.model.snapshot import Document


def _workspace_based(_: Landscape, component: Document) -> Ruling:
    read_properties(component)
    logs = text(component, "properties.WorkspaceResourceId")
    mode = text(component, "properties.IngestionMode")
    if not logs:
        return failed("no WorkspaceResourceId: a classic component")
    if mode.lower() not in ("", "loganalytics"):
        return failed(f"IngestionMode is {shown(mode)}")
    return passed(f"telemetry lies in {shown(logs.rsplit('/', 1)[-1])}")


def _one_per_workspace(landscape: Landscape, component: Document) -> Ruling:
    users = landscape.all_users(component)
    if not users:
        return unconcerned("no workspace among the documents uses it")
    names = ", ".join(shown(user.name) for user in users)
    return passed(f"used by {names} alone") if len(users) == 1 else warned(f"shared by {names}")


def _logs_there(landscape: Landscape, component: Document) -> Ruling:
    read_properties(component)
    logs = text(component, "properties.WorkspaceResourceId")
    if not logs:
        return unconcerned("a classic component has no Log Analytics workspace")
    document = landscape.find(logs)
    name = shown(logs.rsplit("/", 1)[-1])
    if document is not None and is_gone(document):
        return failed(f"Log Analytics workspace {name} is not there")
    if document is None:
        return warned(f"Log Analytics workspace {name} is not among the documents")
    if document.unread is not None:
        raise IncompleteError(f"Log Analytics workspace {name}: {document.unread}")
    state = needed(document, "properties.provisioningState")
    observed = f"Log Analytics workspace {name} is {shown(state)}"
    return passed(observed) if state.lower() == "succeeded" else warned(observed)


def _log_replication(_: Landscape, logs: Document) -> Ruling:
    read_properties(logs)
    if flag(logs, "properties.replication.enabled", default=False):
        where = text(logs, "properties.replication.location")
        return passed(f"replicated to {shown(where) or 'another region'}")
    return warned("replication is not enabled")


def _retention(_: Landscape, logs: Document) -> Ruling:
    read_properties(logs)
    days = number(logs, "properties.retentionInDays")
    if days is None:
        raise IncompleteError("the document holds no retentionInDays")
    least = fact_base().limits.log_retention_days.value
    observed = f"retentionInDays is {days}"
    return passed(observed) if days >= least else warned(observed)


def _apart(landscape: Landscape, component: Document) -> Ruling:
    read_properties(component)
    logs = text(component, "properties.WorkspaceResourceId")
    document = landscape.find(logs) if logs else None
    if document is None or is_gone(document):
        return unconcerned("its Log Analytics workspace is not there")
    if document.unread is not None:
        raise IncompleteError(f"Log Analytics workspace {document.name}: {document.unread}")
    if place_of(document) == place_of(component):
        return passed(f"both in {shown(component.location)}")
    return warned(f"its logs lie in {shown(document.location)}, it in {shown(component.location)}")


RULES: tuple[Rule, ...] = (
    Rule(
        id="insights.workspace-based",
        title="Telemetry in Log Analytics",
        types=(types.INSIGHTS,),
        expected="WorkspaceResourceId is set and IngestionMode is LogAnalytics",
        why="A deleted component comes back only over its Log Analytics workspace; a classic one leaves nothing.",
        fact="insights.recovery",
        remedy="Move the component to a Log Analytics workspace.",
        command="az monitor app-insights component update --app {name} --resource-group {group} --subscription {subscription} --workspace LOG_ANALYTICS_WORKSPACE_ID",
        judge=_workspace_based,
    ),
    Rule(
        id="insights.one-per-workspace",
        title="One component a workspace",
        types=(types.INSIGHTS,),
        expected="used by one workspace only",
        why="A shared component takes the telemetry of both workspaces down with its region.",
        fact="insights.one-per-workspace",
        remedy="Create a component in the secondary's region and give it to the secondary workspace.",
        command="az monitor app-insights component create --app NEW_COMPONENT --resource-group {other_group} --location {secondary_region} --workspace LOG_ANALYTICS_WORKSPACE_ID",
        judge=_one_per_workspace,
    ),
    Rule(
        id="insights.logs-there",
        title="Log Analytics workspace behind the component",
        types=(types.INSIGHTS,),
        expected="its Log Analytics workspace is there and provisioned",
        why="Without it there is no telemetry to look at during the outage, and none to recover.",
        fact="logs.recovery",
        remedy="Recover the Log Analytics workspace by creating it again under its name (14 days), then the component.",
        command="az monitor log-analytics workspace list-deleted-workspaces --subscription {subscription}",
        judge=_logs_there,
    ),
    Rule(
        id="insights.logs-in-region",
        title="Telemetry in the component's own region",
        types=(types.INSIGHTS,),
        expected="its Log Analytics workspace in the same region",
        why="The outage of the other region blinds this one.",
        fact="insights.one-per-workspace",
        remedy="Give the component a Log Analytics workspace of its own region.",
        command="az monitor app-insights component update --app {name} --resource-group {group} --subscription {subscription} --workspace LOG_ANALYTICS_WORKSPACE_ID",
        judge=_apart,
    ),
    Rule(
        id="logs.retention",
        title="Logs kept for as long as activity is looked back on",
        types=(types.LOGS,),
        expected="retentionInDays is 90 or more",
        why="What led to the incident is looked for weeks later.",
        fact="logs.retention",
        remedy="Keep logs for 90 days.",
        command="az monitor log-analytics workspace update --ids {id} --retention-time 90",
        remedy_operation="hardening.log-retention",
        judge=_retention,
    ),
    Rule(
        id="logs.replication",
        title="Logs in another region",
        types=(types.LOGS,),
        expected="replication.enabled is true",
        why="History does not move: with the region dark, so is what happened before.",
        fact="insights.one-per-workspace",
        remedy="Enable replication of the Log Analytics workspace, or keep one a region.",
        command="az monitor log-analytics workspace show --ids {id}",
        judge=_log_replication,
    ),
)
"""The rules of Application Insights and Log Analytics."""
