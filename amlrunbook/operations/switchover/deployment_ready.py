"""Whether a deployment of one workspace can take over from the one that it mirrors in the other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from amlrunbook.assessment.command import az
from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.errors import AmlRunbookError, NotFoundError
from amlrunbook.model.display import shown
from amlrunbook.model.finding import SEVERITY, Finding, Verdict, worst
from amlrunbook.model.operation import CheckReport, OperationContext, Reporter
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.model.snapshot import Document, Inventory
from amlrunbook.operations.switchover.deployment_image import IMAGE_SOURCE, Said, image_said
from amlrunbook.operations.switchover.deployment_quota import (
    QUOTA_SOURCE,
    Room,
    quota_words,
    room_for,
    suffices,
)
from amlrunbook.operations.switchover.pairing import (
    DEPLOYMENTS,
    Place,
    age_words,
    capacity_of,
    instances,
    last_known,
    place_of,
    text_at,
)

CHECK = "switchover.deployment-ready"
_DOCS = "https://learn.microsoft.com/azure/machine-learning/concept-endpoints-online"
_WORDS = {Verdict.FAIL: "amiss", Verdict.UNKNOWN: "not known", Verdict.WARN: "to look at"}
_ASSET = re.compile(r"/?models/(?P<name>[^/]+)/versions/(?P<version>[^/]+)\Z", re.IGNORECASE)
_SHORT = re.compile(r"(?:azureml:)?(?P<name>[^:/]+):(?P<version>[^:/]+)\Z")


class DeploymentReady:
    """One line a thing that must hold before traffic is sent to a deployment."""

    id = CHECK
    title = "Is the secondary's deployment ready"

    def __init__(self, gateway: AzureGateway) -> None:
        self._gateway = gateway

    def run(self, context: OperationContext, reporter: Reporter) -> CheckReport:
        """Read the deployment, its model, image and quota, and compare it with its mirror.

        Raises:
            UsageError: the step names no deployment of the pair.
            AzureError: the deployment cannot be read at all.
        """
        place = place_of(context, DEPLOYMENTS, "deployment")
        resource, known = place.resource, last_known(context.snapshot)
        name = shown("/".join(resource.names[1:]))
        mirror = known.by_id(place.mirror)
        if mirror is not None and mirror.unread is not None:
            mirror = None
        reporter.progressed(f"Reading {name}")
        try:
            deployment = Document(self._gateway.get(resource.text))
        except NotFoundError:
            finding = _missing(place, mirror)
            return CheckReport(verdict=Verdict.FAIL, text=finding.observed, findings=(finding,))
        looked = _Looked(place, deployment, mirror)
        findings = (
            _state(looked),
            _instances(looked),
            self._model(looked),
            self._image(looked, known),
            *self._room(looked),
        )
        return _report(name, findings)

    def _model(self, looked: _Looked) -> Finding:
        said = _same_model(looked)
        model = text_at(looked.deployment, "properties.model")
        if said.verdict is not Verdict.FAIL and model.startswith("/"):
            try:
                self._gateway.get(model)
            except NotFoundError:
                said = Said(Verdict.FAIL, f"{said.text} It is not there (any more).")
            except AmlRunbookError as error:
                said = Said(Verdict.UNKNOWN, f"{said.text} It could not be read: {error.what}")
        return looked.finding(
            f"The model is the {looked.place.other}'s", said, "same model name and version", _DOCS,
            why="Callers would get other answers than before.",
        )  # fmt: skip

    def _image(self, looked: _Looked, known: Inventory) -> Finding:
        environment = text_at(looked.deployment, "properties.environmentId")
        said = image_said(self._gateway, known, environment, looked.place.region)
        return looked.finding(
            "The image is in the region's replica", said, "held there, by digest", IMAGE_SOURCE,
            why="An instance that starts in the outage pulls its image; where it is missing, scaling fails.",
            remedy="Import the image into the registry, or pin one that its replica holds.",
        )  # fmt: skip

    def _room(self, looked: _Looked) -> tuple[Finding, ...]:
        if text_at(looked.deployment, "properties.endpointComputeType") == "Kubernetes":
            said = Said(Verdict.NOT_APPLICABLE, "It runs on Kubernetes: its cluster has the room.")
            return (_quota(looked, said),)
        size = text_at(looked.deployment, "properties.instanceType")
        if not size:
            return (_quota(looked, Said(Verdict.UNKNOWN, "Its size of machine is not told.")),)
        subscription = looked.resource.subscription
        try:
            room = room_for(self._gateway, subscription, looked.place.region, size)
        except AmlRunbookError as error:
            said = Said(Verdict.UNKNOWN, f"Sizes and quota could not be read: {error.what}")
            return (_quota(looked, said),)
        return (_offered(looked, room), _quota(looked, _quota_said(looked, room)))


class _Looked:
    """A deployment and its mirror, as they were read."""

    def __init__(self, place: Place, deployment: Document, mirror: Document | None) -> None:
        self.place = place
        self.resource = place.resource
        self.deployment = deployment
        self.mirror = mirror

    @property
    def now(self) -> int:
        """How many instances there are."""
        return capacity_of(self.deployment) or 0

    @property
    def wanted(self) -> int:
        """How many there should be: as many as the other's, and never fewer than now."""
        mirrored = capacity_of(self.mirror) if self.mirror is not None else None
        return max(self.now, mirrored or 0)

    def finding(
        self,
        title: str,
        said: Said,
        expected: str,
        source: str,
        *,
        why: str,
        remedy: str = "",
        command: str = "",
        operation: str = "",
    ) -> Finding:
        """Return one line of the report; a remedy only where something is amiss."""
        amiss = said.verdict in {Verdict.FAIL, Verdict.WARN, Verdict.UNKNOWN}
        return Finding(
            check=CHECK,
            resource=shown(self.resource.text),
            verdict=said.verdict,
            title=title,
            observed=shown(said.text),
            expected=expected,
            why=why,
            source=source,
            remedy=remedy if amiss else "",
            command=command if amiss else "",
            remedy_operation=operation if amiss else "",
        )


def _missing(place: Place, mirror: Document | None) -> Finding:
    resource = place.resource
    capacity = capacity_of(mirror) if mirror is not None else None
    other = f" The {place.other}'s has {instances(capacity)}." if capacity else ""
    return Finding(
        check=CHECK,
        resource=shown(resource.text),
        verdict=Verdict.FAIL,
        title="The deployment exists",
        observed=shown(
            f"{'/'.join(resource.names[1:])} does not exist in {place.here.name}.{other}"
        ),
        expected="a deployment of the same endpoint and name",
        why="Endpoints belong to one workspace: without it nobody can be served from there.",
        source=_DOCS,
        remedy="Create it from its specification.",
        command=az(
            "az ml online-deployment create --file {the_deployment_yaml} --name {name} --endpoint-name {endpoint} "
            "--workspace-name {workspace} --resource-group {group} --subscription {subscription}",
            command_values(resource),
        ),
    )


def command_values(deployment: ResourceId) -> dict[str, str]:
    """Return what the ``az ml`` commands of a deployment are filled with."""
    return {
        "workspace": deployment.names[0],
        "endpoint": deployment.names[1],
        "name": deployment.names[-1],
        "group": deployment.resource_group,
        "subscription": deployment.subscription,
    }


def _state(looked: _Looked) -> Finding:
    state = text_at(looked.deployment, "properties.provisioningState") or "not told"
    busy = state.lower() in {"creating", "updating", "scaling"}
    verdict = Verdict.PASS if state == "Succeeded" else Verdict.WARN if busy else Verdict.FAIL
    return looked.finding(
        "Its last change succeeded", Said(verdict, f"Its state is {state}."), "Succeeded", _DOCS,
        why="Azure refuses traffic to a deployment that is not Succeeded.",
        remedy="Wait until it has ended." if busy else "Read its logs, and mend or create it anew.",
        command=az(
            "az ml online-deployment get-logs --name {name} --endpoint-name {endpoint} --workspace-name {workspace} "
            "--resource-group {group} --subscription {subscription}",
            command_values(looked.resource),
        ),
    )  # fmt: skip


def _instances(looked: _Looked) -> Finding:
    now = looked.now
    mirrored = capacity_of(looked.mirror) if looked.mirror is not None else None
    if mirrored is None or looked.mirror is None:
        said = Said(
            Verdict.UNKNOWN if now else Verdict.FAIL,
            f"It has {instances(now)}; how many the {looked.place.other}'s has is not known.",
        )
    else:
        age = age_words(looked.mirror)
        verdict = Verdict.FAIL if not now else Verdict.WARN if now < mirrored else Verdict.PASS
        said = Said(
            verdict, f"It has {instances(now)}, the {looked.place.other}'s {mirrored}{age}."
        )
    return looked.finding(
        f"It has as many instances as the {looked.place.other}'s", said, instances(looked.wanted or 1), _DOCS,
        why="The same load on fewer instances is answered slowly, or refused with 429.",
        remedy="Scale it before traffic comes.",
        command=scale_command(looked.resource, max(looked.wanted, 1)),
        operation="switchover.scale-deployment",
    )  # fmt: skip


def scale_command(deployment: ResourceId, count: int) -> str:
    """Return the ``az`` command that sets a deployment's number of instances."""
    return scale_line({**command_values(deployment), "instances": str(count)})


def scale_line(values: Mapping[str, str]) -> str:
    """Return the ``az`` command that sets a number of instances, with what of it is known.

    It reads the deployment and sends it back whole. Sources:
    https://learn.microsoft.com/cli/azure/ml/online-deployment#az-ml-online-deployment-update and
    https://learn.microsoft.com/azure/machine-learning/how-to-safely-rollout-online-endpoints#scale-your-existing-deployment-to-handle-more-traffic
    """
    return az(
        "az ml online-deployment update --name {name} --endpoint-name {endpoint} --workspace-name {workspace} "
        "--resource-group {group} --subscription {subscription} --set instance_count={instances}",
        values,
    )


def _same_model(looked: _Looked) -> Said:
    mine = text_at(looked.deployment, "properties.model")
    label = model_label(mine) or "no model (it is in the image)"
    if looked.mirror is None:
        return Said(
            Verdict.UNKNOWN,
            f"It serves {label}; what the {looked.place.other} serves is not known.",
        )
    theirs = text_at(looked.mirror, "properties.model")
    age = age_words(looked.mirror)
    other = model_label(theirs) or "no model (it is in the image)"
    if label == other:
        return Said(Verdict.PASS, f"Both serve {label}{age}.")
    return Said(Verdict.FAIL, f"It serves {label}, the {looked.place.other} {other}{age}.")


def model_label(model: str) -> str:
    """Return ``name:version`` of a model's id or short name; the text itself where it is neither."""
    found = _ASSET.search(model) or _SHORT.match(model)
    return shown(f"{found['name']}:{found['version']}" if found else model)


def _offered(looked: _Looked, room: Room) -> Finding:
    said = (
        Said(Verdict.PASS, f"{room.region} offers {room.size} ({room.family}, {room.cores} cores).")
        if room.offered
        else Said(Verdict.FAIL, f"{room.region} does not offer {room.size}.")
    )
    return looked.finding(
        "The region offers its size of machine", said, f"{room.size} in {room.region}", QUOTA_SOURCE,
        why="Instances of a size that the region lacks cannot start.",
        remedy="Choose another size of machine.",
    )  # fmt: skip


def _quota_said(looked: _Looked, room: Room) -> Said:
    if not room.offered:
        return Said(Verdict.FAIL, f"There is no quota of {room.size} in {room.region}.")
    enough = suffices(room, looked.now, looked.wanted)
    verdict = {True: Verdict.PASS, False: Verdict.FAIL, None: Verdict.UNKNOWN}[enough]
    return Said(verdict, quota_words(room, looked.now, looked.wanted))


def _quota(looked: _Looked, said: Said) -> Finding:
    return looked.finding(
        "The quota suffices", said, "room for as many instances, and 20 % more", QUOTA_SOURCE,
        why="Azure refuses to scale beyond the quota; even within it, capacity is not promised.",
        remedy="Ask for more quota of this family in that region, in Azure Machine Learning studio.",
    )  # fmt: skip


def _report(name: str, findings: tuple[Finding, ...]) -> CheckReport:
    verdict = worst(tuple(finding.verdict for finding in findings))
    amiss = sorted(
        (f for f in findings if f.verdict not in {Verdict.PASS, Verdict.NOT_APPLICABLE}),
        key=lambda finding: SEVERITY.index(finding.verdict),
    )
    if not amiss:
        return CheckReport(verdict=verdict, text=f"{name} is ready.", findings=findings)
    counted = Counter(finding.verdict for finding in amiss)
    numbers = ", ".join(f"{count} {_WORDS[one]}" for one, count in counted.items())
    return CheckReport(
        verdict=verdict, text=f"{name}: {numbers}. {amiss[0].observed}", findings=findings
    )
