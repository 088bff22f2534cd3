"""A scoring request straight to one deployment, before any traffic is sent there."""

from __future__ import annotations

from amlrunbook.assessment.command import az
from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.azure.scoring import Score
from amlrunbook.errors import AmlRunbookError, RefusedError, UsageError
from amlrunbook.model.display import shown
from amlrunbook.model.finding import Finding, Verdict
from amlrunbook.model.operation import CheckReport, OperationContext, Reporter
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.model.snapshot import Document
from amlrunbook.operations.switchover.deployment_ready import command_values
from amlrunbook.operations.switchover.pairing import DEPLOYMENTS, place_of, text_at
from amlrunbook.operations.switchover.scoring_words import (
    SCORING_SOURCE,
    sample_body,
    score_said,
)

CHECK = "switchover.scoring-probe"


class ScoringProbe:
    """Asks one deployment, whatever the traffic says."""

    id = CHECK
    title = "Does the deployment score"

    def __init__(self, gateway: AzureGateway) -> None:
        self._gateway = gateway

    def run(self, context: OperationContext, reporter: Reporter) -> CheckReport:
        """Send one request with the step's sample body (param ``body``), and judge the answer.

        The endpoint's key or token is fetched for it, by a POST that changes nothing, and kept nowhere.

        Raises:
            UsageError: the step names no deployment of the pair, or a body that is no JSON.
            AzureError: the endpoint cannot be read.
        """
        resource = place_of(context, DEPLOYMENTS, "deployment").resource
        body = sample_body(context.params.get("body", ""))
        endpoint = ResourceId.parse(resource.text.rsplit("/", 2)[0])
        reporter.progressed(f"Asking {shown(resource.name)} to score")
        try:
            score = score_once(self._gateway, endpoint, body, deployment=resource.name)
        except UsageError:
            raise
        except AmlRunbookError as error:
            verdict, words = Verdict.UNKNOWN, _silent(error)
        else:
            verdict, words = score_said(score)
        text = shown(f"{'/'.join(resource.names[1:])} {words}.".replace("..", "."))
        return CheckReport(
            verdict=verdict, text=text, findings=(_finding(resource, verdict, text),)
        )


def score_once(
    gateway: AzureGateway, endpoint: ResourceId, body: bytes, *, deployment: str = ""
) -> Score:
    """Read an endpoint and send it one scoring request, to ``deployment`` or wherever the traffic leads.

    Raises:
        AzureError: the endpoint cannot be read, its key cannot be had, or its address does not answer.
        RefusedError: its address is none that a key may be sent to.
    """
    document = Document(gateway.get(endpoint.text))
    uri = text_at(document, "properties.scoringUri")
    scoring = gateway.scoring(endpoint, uri, text_at(document, "properties.authMode"))
    return scoring.send(body, deployment=deployment)


def _silent(error: AmlRunbookError) -> str:
    """Say why nobody knows: whether it is the deployment or the way to it cannot be told from here."""
    if isinstance(error, RefusedError):
        return f"was not asked: {error.what}"
    return f"could not be asked, or did not answer: {error.what}"


def _finding(resource: ResourceId, verdict: Verdict, text: str) -> Finding:
    good = verdict is Verdict.PASS
    return Finding(
        check=CHECK,
        resource=shown(resource.text),
        verdict=verdict,
        title="It answers a scoring request",
        observed=text,
        expected="200 to a sample body",
        why="Traffic that is sent to a deployment that does not score is an outage of its own.",
        source=SCORING_SOURCE,
        remedy="" if good else "Look at its logs; give a sample body that the model takes.",
        command=az(
            "az ml online-endpoint invoke --name {endpoint} --deployment-name {name} --request-file {sample_json} "
            "--workspace-name {workspace} --resource-group {group} --subscription {subscription}",
            command_values(resource),
        ),
    )
