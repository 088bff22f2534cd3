"""What a switchover's actions are by hand: the commands for a shell that has ``az`` and nothing of this program.

Made of profile and snapshot alone, so that they stand in a plan, on its paper and on the screen before anybody is asked; a
preview shows the same commands with what Azure said just now. What only the day tells stands as ``<a word>`` in them.

What a form loses, beside what the action itself sends:

- ``az ml online-deployment update`` and ``az ml online-endpoint update`` read the whole resource and send it back as the
  extension knows it, so what an old extension does not know is not sent back. An ``az rest --method put`` with part of a
  document loses all that is not in it; a PATCH takes a number of instances, and no traffic.
- ``az ml job create`` from what ``az ml job show`` printed needs the primary to answer, and submits what the file names: paths
  and ids of the primary have to be changed in it. ``az rest`` sends what the last snapshot knew, ids changed already. Neither
  carries outputs, logs, metrics or checkpoints over, nor code that lies in the primary's default account.

Sources: https://learn.microsoft.com/cli/azure/ml/online-deployment, https://learn.microsoft.com/cli/azure/ml/online-endpoint,
https://learn.microsoft.com/cli/azure/ml/job, https://learn.microsoft.com/cli/azure/storage/account,
https://learn.microsoft.com/cli/azure/reference-index#az-rest and
https://learn.microsoft.com/rest/api/azureml/online-endpoints/update
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import PurePath

import msgspec

from amlrunbook.assessment.command import az
from amlrunbook.azure.arm_path import with_version
from amlrunbook.errors import NotFoundError, RefusedError, UsageError
from amlrunbook.model.display import shown
from amlrunbook.model.operation import OperationContext
from amlrunbook.model.profile import Probe, duration_seconds
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.model.snapshot import Document, Inventory
from amlrunbook.operations.switchover.deployment_ready import command_values, scale_line
from amlrunbook.operations.switchover.endpoint_shares import shares_text, wanted_shares
from amlrunbook.operations.switchover.jobs_references import Reference
from amlrunbook.operations.switchover.jobs_specification import (
    new_name,
    specification,
    unfit_as_known,
)
from amlrunbook.operations.switchover.pairing import (
    DEPLOYMENTS,
    ENDPOINTS,
    Place,
    capacity_of,
    last_known,
    pair_of,
    place_of,
)

_WORKSPACE = "--workspace-name {workspace} --resource-group {group} --subscription {subscription}"
_ACCOUNT = "--name {name} --resource-group {group} --subscription {subscription}"
_SECRET_NAME = re.compile(r"(?i)pass|pwd|secret|token|credential|key|sas\b|_sas")
LONGEST_BODY = 6000
"""Characters of a job's specification that still go on a line; a longer one is submitted from a file."""


def _lines(*lines: str) -> tuple[str, ...]:
    return tuple(filter(None, lines))


def _workspace_values(workspace: ResourceId) -> dict[str, str]:
    return {
        "workspace": workspace.name,
        "group": workspace.resource_group,
        "subscription": workspace.subscription,
    }


# -- deployments ------------------------------------------------------------------------------


def scale_by_hand(context: OperationContext) -> tuple[str, ...]:
    """Return how a deployment gets as many instances as its mirror had when last seen, and is looked at.

    Raises:
        UsageError: the step names no deployment of the pair.
    """
    if context.resource:
        place = place_of(context, DEPLOYMENTS, "deployment")
        known = last_known(context.snapshot)
        values = {**command_values(place.resource), "instances": _instances(context, place, known)}
    else:
        values = _workspace_values(pair_of(context).secondary)
    look = az(
        f"az ml online-deployment show --name {{name}} --endpoint-name {{endpoint}} {_WORKSPACE} "
        "--query [instance_count,provisioning_state]",
        values,
    )
    return _lines(scale_line(values), _scale_rest_line(context.resource, values), look)


def _scale_rest_line(deployment: str, values: Mapping[str, str]) -> str:
    """Return the command that sends what the action sends: a part alone, and without the extension.

    Source: https://learn.microsoft.com/rest/api/azureml/online-deployments/update
    """
    if not deployment:
        return ""
    count = values.get("instances") or "<instances>"
    return az(
        "az rest --method patch --url {url} --body {body}",
        {
            "url": with_version(ResourceId.parse(deployment).text),
            "body": f'{{"sku":{{"name":"Default","capacity":{count}}}}}',
        },
    )


def _instances(context: OperationContext, place: Place, known: Inventory) -> str:
    """Return the number that the step says, else what was last known of both sides, the larger; empty where nothing is."""
    if context.params.get("count"):
        return context.params["count"]
    mirror, own = known.by_id(place.mirror), known.by_id(place.resource.text)
    mirrored = (mirror and mirror.unread is None and capacity_of(mirror)) or 0
    present = (own and own.unread is None and capacity_of(own)) or 0
    return str(max(mirrored, present)) if mirrored else ""


# -- endpoints --------------------------------------------------------------------------------


def traffic_line(endpoint: ResourceId, shares: Mapping[str, int]) -> str:
    """Return the ``az`` command that sets an endpoint's shares.

    Source: https://learn.microsoft.com/cli/azure/ml/online-endpoint#az-ml-online-endpoint-update
    """
    return _traffic_line({**_endpoint_values(endpoint), "traffic": shares_text(shares)})


def _traffic_line(values: Mapping[str, str]) -> str:
    return az(
        f"az ml online-endpoint update --name {{name}} {_WORKSPACE} --traffic {{traffic}}", values
    )


def _endpoint_values(endpoint: ResourceId) -> dict[str, str]:
    return {
        "name": endpoint.name,
        "workspace": endpoint.names[0],
        "group": endpoint.resource_group,
        "subscription": endpoint.subscription,
    }


def traffic_by_hand(context: OperationContext) -> tuple[str, ...]:
    """Return how an endpoint gets the shares that its mirror had when last seen, is looked at, and asked once.

    Raises:
        UsageError: the step names no endpoint of the pair.
    """
    if context.resource:
        place = place_of(context, ENDPOINTS, "online endpoint")
        values = {**_endpoint_values(place.resource), "traffic": _shares(context, place)}
    else:
        values = {
            **_workspace_values(pair_of(context).secondary),
            "traffic": "<deployment>=100",
        }
    look = az(
        f"az ml online-endpoint show --name {{name}} {_WORKSPACE} --query [traffic,provisioning_state]",
        values,
    )
    ask = az(
        f"az ml online-endpoint invoke --name {{name}} {_WORKSPACE} --request-file {{request_json}}",
        values,
    )
    return _lines(_traffic_line(values), look, ask)


def _shares(context: OperationContext, place: Place) -> str:
    known = last_known(context.snapshot)
    endpoint, mirror = Document({"id": place.resource.text}), known.by_id(place.mirror)
    deployments = {
        document.name: document
        for document in known.children(endpoint, DEPLOYMENTS)
        if document.unread is None
    }
    given = context.params.get("traffic", "")
    try:
        return shares_text(wanted_shares(given, mirror, deployments, place.other).shares)
    except UsageError:
        return "<deployment>=100"


# -- data accounts ----------------------------------------------------------------------------


def failover_lines(account: ResourceId, *, planned: bool) -> tuple[str, ...]:
    """Return the command that fails an account over, which asks before it sends and does not wait, and the one that looks.

    An unplanned one is asked for by leaving its type out: ``az`` sends the word on as it is, and the service's
    interface knows ``Planned`` alone.
    Sources: https://learn.microsoft.com/cli/azure/storage/account#az-storage-account-failover and
    https://learn.microsoft.com/rest/api/storagerp/storage-accounts/failover
    """
    values = {
        "name": account.name,
        "group": account.resource_group,
        "subscription": account.subscription,
    }
    kind = "--failover-type Planned " if planned else ""
    return _lines(
        az(f"az storage account failover {_ACCOUNT} {kind}--no-wait", values),
        az(
            f"az storage account show {_ACCOUNT} --expand geoReplicationStats "
            "--query [primaryLocation,secondaryLocation,sku.name,failoverInProgress,geoReplicationStats]",
            values,
        ),
    )


def failover_by_hand(
    context: OperationContext, account: ResourceId, *, planned: bool
) -> tuple[str, ...]:
    """Return how an account is failed over.

    Raises:
        RefusedError: it is a workspace's default account, as far as the snapshot knows.
    """
    for workspace in last_known(context.snapshot).of_type(ENDPOINTS.rpartition("/")[0]):
        named = str(workspace.field("properties.storageAccount") or "")
        if named.rstrip("/").rsplit("/", 1)[-1].lower() == account.name.lower():
            raise RefusedError(f"{account.name} is the default account of {shown(workspace.name)}.")
    return failover_lines(account, planned=planned)


# -- jobs -------------------------------------------------------------------------------------


class _AsKnown:
    """What the secondary had when it was last seen: asks nobody."""

    def __init__(self, known: Inventory, workspace: ResourceId) -> None:
        self._known = known
        self._workspace = workspace

    def find(self, reference: Reference) -> Document | NotFoundError:
        """Return what a reference means there."""
        found = self._known.by_id(self._workspace.text + reference.path)
        if found is not None:
            return found
        return NotFoundError(f"{reference} is not known there.", status=404, code="NotKnown")


def job_line(what: str, job: ResourceId) -> str:
    """Return an ``az ml job`` command on a job. Source: https://learn.microsoft.com/cli/azure/ml/job."""
    return _job_line(what, {**_workspace_values(_workspace_of(job)), "name": job.name})


def _job_line(what: str, values: Mapping[str, str]) -> str:
    return az(f"az ml job {what} --name {{name}} {_WORKSPACE}", values)


def _workspace_of(resource: ResourceId) -> ResourceId:
    while resource.parent is not None:
        resource = resource.parent
    return resource


def job_rest_line(job: ResourceId, body: Mapping[str, object]) -> str:
    """Return the command that sends the very same request as the action does.

    Source: https://learn.microsoft.com/rest/api/azureml/jobs/create-or-update
    """
    return az(
        "az rest --method put --url {url} --body {body}",
        {"url": with_version(job.text), "body": msgspec.json.encode(body).decode()},
    )


def job_by_hand(context: OperationContext) -> tuple[str, ...]:
    """Return how a job is submitted anew: as the last snapshot knew it, or from a file; and how it is looked at.

    Raises:
        UsageError: the profile names no secondary workspace, or the step no job.
    """
    pair = pair_of(context)
    if not context.resource:
        values = {**_workspace_values(pair.secondary), "name": "<new_name>"}
        return _lines(
            _job_line("create --file {job_yml}", values),
            _job_line("show --query [name,status]", values),
        )
    old, known = ResourceId.parse(context.resource), last_known(context.snapshot)
    target = pair.secondary.child("jobs", new_name(old, context.params.get("attempt", "")))
    rest, job = "", known.by_id(old.text)
    if job is not None and job.unread is None:
        shelf = _AsKnown(known, pair.secondary)
        made = specification(job, pair, known, shelf, dict(context.params))
        if not unfit_as_known(job, made) and not _may_tell_a_secret(made.body):
            rest = job_rest_line(target, made.body)
    return _lines(
        rest if len(rest) <= LONGEST_BODY else "",
        job_line("create --file {job_yml}", target),
        job_line("show --query [name,status]", target),
    )


def _may_tell_a_secret(value: object) -> bool:
    """Return whether an environment variable's name says that a secret stands in it: no paper shows that."""
    if isinstance(value, Mapping):
        variables = value.get("environmentVariables")
        names = variables if isinstance(variables, Mapping) else ()
        return any(_SECRET_NAME.search(name) for name in names) or any(
            _may_tell_a_secret(each) for each in value.values()
        )
    return isinstance(value, list) and any(_may_tell_a_secret(each) for each in value)


# -- files and probes -------------------------------------------------------------------------


def config_by_hand(path: str, workspace: ResourceId) -> tuple[str, ...]:
    """Return how a config file is kept beside itself, made to name ``workspace`` and looked at.

    Whatever else was in the file is in the copy alone.
    Source: https://learn.microsoft.com/azure/machine-learning/how-to-configure-environment
    """
    if not path or shown(path) != path:
        return ()
    text = msgspec.json.encode(
        {
            "subscription_id": workspace.subscription,
            "resource_group": workspace.resource_group,
            "workspace_name": workspace.name,
        }
    ).decode()
    if shown(text) != text:
        return ()
    file = _as_word(path)
    kept = _as_word(f"{PurePath(path)}.before-switchover")
    return (
        f"cp -p -- {file} {kept}",
        f"printf '%s\\n' {shlex.quote(text)} > {file}",
        f"cat -- {file}",
    )


def _as_word(path: str) -> str:
    """Return a path as one word of a shell; a ``~/`` at its head still means one's home."""
    return f"~/{shlex.quote(path[2:])}" if path.startswith("~/") else shlex.quote(path)


def probe_lines(probes: tuple[Probe, ...]) -> tuple[str, ...]:
    """Return the command that asks each probe and prints the status of its answer."""
    return tuple(
        shlex.join(
            (
                "curl",
                "--silent",
                "--show-error",
                "--max-time",
                str(max(1, duration_seconds(probe.timeout))),
                "--output",
                "/dev/null",
                "--write-out",
                f"{probe.name}: %{{http_code}}, wanted {probe.expect_status}\\n",
                "--url",
                probe.url,
            )
        )
        for probe in probes
        if shown(probe.name + probe.url) == probe.name + probe.url
    )
