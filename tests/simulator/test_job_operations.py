"""Unfinished jobs of the primary: listed, and submitted anew in the secondary, in the simulated Azure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from amlrunbook.errors import ReadOnlyError, RefusedError, UsageError
from amlrunbook.model.finding import Finding
from amlrunbook.model.operation import CheckReport, OperationContext, Outcome, Preview
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.operations.switchover.jobs_left import JobsLeft
from amlrunbook.operations.switchover.jobs_resubmit import ResubmitJob
from amlrunbook.operations.switchover.jobs_specification import new_name
from tests.simulator.azure_here import AzureHere, pair, pair_running
from tests.simulator.inference_world import Inference, changing, intent
from tests.simulator.test_soft_delete_action import Heard

__all__ = ["pair", "pair_running"]

COMMAND = {"jobType": "Command", "command": "python train.py", "experimentName": "fraud"}


def jobs(world: Inference) -> dict[str, dict[str, Any]]:
    """The jobs of the primary, by name, as they are submitted."""
    here = world.primary
    environment = f"{here}/environments/fraud-env/versions/3"
    compute = f"{here}/computes/cpu-cluster"
    usual = {**COMMAND, "environmentId": environment, "computeId": compute}
    data = {"jobInputType": "uri_folder", "uri": f"azureml:{here}/data/transactions/versions/12"}
    inside = "azureml://datastores/workspaceblobstore/paths/x/"
    step = {"type": "command", "componentId": f"{here}/components/train-fraud/versions/2"}
    return {
        "good": {
            **usual,
            "displayName": "Weekly training",
            "inputs": {"rows": data, "rate": {"jobInputType": "literal", "value": "0.1"}},
            "outputs": {"model": {"jobOutputType": "uri_folder", "uri": inside}},
            "properties": {"mlflow.rootRunId": "x", "ours": "1"},
            "tags": {"team": "fraud"},
        },
        "queued": {**usual, "computeId": None},
        "steps": {
            "jobType": "Pipeline",
            "jobs": {"train": {**step, "computeId": compute, "inputs": {"i": data}}},
        },
        "done": {**usual},
        "coded": {**usual, "codeId": f"{here}/codes/c0de/versions/1"},
        "inside": {**usual, "inputs": {"i": {**data, "uri": inside}}},
        "address": {
            **usual,
            "inputs": {"i": {**data, "uri": "https://stfraude.blob.core.windows.net/c/x"}},
        },
        "lacking": {
            **usual,
            "environmentId": f"{here}/environments/fraud-env/versions/4",
        },
        "secret": {
            **usual,
            "environmentVariables": {
                "C": "DefaultEndpointsProtocol=https;AccountKey=abcdefgh12345678"
            },
        },
        "empty": {"jobType": "Command", "environmentId": environment},
        "labels": {"jobType": "Labeling"},
    }


WHY_NOT = {
    "coded": "its code snapshot c0de:1 is not in aml-fraud-w: the bytes lie in the primary's default",
    "inside": "its input lies in workspaceblobstore, in the primary's default storage account",
    "address": "the primary's default storage account stfraude by its address",
    "lacking": "aml-fraud-w has no environment fraud-env:4",
    "secret": "looks like a secret",
    "empty": "its command is not known",
    "labels": "a job of type Labeling cannot be submitted",
}


@pytest.fixture(scope="module")
def standing(pair_running: AzureHere) -> Inference:
    world = Inference(pair_running)
    group = world.secondary.split("/providers/")[0]
    world.delete(f"{group}/providers/Microsoft.Authorization/locks/keep-group")
    world.put(f"{world.primary}/codes/c0de/versions/1", {"properties": {"codeUri": "x"}})
    version = {"properties": {"image": "crfraud.azurecr.io/fraud-env:3"}}
    world.put(f"{world.primary}/environments/fraud-env/versions/4", version)
    for name, properties in jobs(world).items():
        world.put(f"{world.primary}/jobs/{name}", {"properties": properties})
    world.act(f"{world.primary}/jobs/done/cancel", "2024-04-01")
    world.snapshot = world.taken()
    return world


@pytest.fixture
def world(standing: Inference, pair: AzureHere) -> Iterator[Inference]:
    """The pair with its jobs, none of them resubmitted."""
    assert standing.here is pair
    yield standing
    pair.clear()
    for name in jobs(standing):
        new = new_name(ResourceId.parse(f"{standing.primary}/jobs/{name}"))
        document = f"{standing.secondary}/jobs/{new}"
        if any(d["id"] == document for d in _jobs_there(standing)):
            standing.delete(document)


def _jobs_there(world: Inference) -> list[dict[str, Any]]:
    return world.reading.get_all(f"{world.secondary}/jobs")


def left(world: Inference) -> CheckReport:
    return JobsLeft(world.reading).run(world.context(world.secondary), Heard())


def one(report: CheckReport, name: str) -> Finding:
    (found,) = [f for f in report.findings if f.resource.endswith(f"/jobs/{name}")]
    return found


def anew(
    world: Inference, name: str = "good", **params: str
) -> tuple[ResubmitJob, OperationContext, Preview]:
    action = ResubmitJob(world.live, look_again=0.01, seconds=10)
    context = world.context(f"{world.primary}/jobs/{name}", **params)
    return action, context, action.preview(context)


# --- the list ----------------------------------------------------------------------------------


def test_each_unfinished_job_is_a_line(world: Inference) -> None:
    before = world.here.last
    report = left(world)
    names = {f.resource.rsplit("/", 1)[-1] for f in report.findings}
    assert names == set(jobs(world)) - {"done"}
    good = one(report, "good")
    assert good.title == "Job Weekly training (good)"
    assert good.verdict == "warn"
    assert re.search("Command, (Queued|Running), on cpu-cluster, by ", good.observed)
    assert "It can be resubmitted, as good-r" in good.observed
    assert good.remedy_operation == "switchover.resubmit-job"
    assert "3 can be resubmitted, 7 cannot" in report.text
    assert report.text.count("as the primary says now") == 1
    assert changing(world.here, before) == []


@pytest.mark.parametrize("name", sorted(WHY_NOT))
def test_why_a_job_cannot_go_is_told_in_list_and_preview(world: Inference, name: str) -> None:
    finding = one(left(world), name)
    assert finding.verdict == "fail"
    assert WHY_NOT[name] in finding.observed
    assert finding.remedy_operation == ""
    with pytest.raises(RefusedError) as refused:
        anew(world, name)
    assert WHY_NOT[name] in refused.value.what


def test_with_the_primary_dark_the_last_known_jobs_are_listed(world: Inference) -> None:
    world.here.fault(kind="dark", region="eastus", plane="control")
    report = left(world)
    assert len(report.findings) == len(jobs(world)) - 1
    assert "the primary does not answer" in report.text
    assert one(report, "good").verdict == "warn"


# --- one anew ----------------------------------------------------------------------------------


def test_the_body_is_the_old_jobs_for_the_other_workspace(world: Inference) -> None:
    before = world.here.last
    action, context, shown = anew(world)
    (request,) = shown.requests
    assert request.method == "PUT"
    assert request.path.startswith(f"{world.secondary}/jobs/good-r")
    west = world.secondary
    assert request.body["properties"] == {
        **COMMAND,
        "displayName": "Weekly training",
        "environmentId": f"{west}/environments/fraud-env/versions/3",
        "computeId": f"{west}/computes/cpu-cluster",
        "inputs": {
            "rows": {
                "jobInputType": "uri_folder",
                "uri": f"azureml:{west}/data/transactions/versions/12",
            },
            "rate": {"jobInputType": "literal", "value": "0.1"},
        },
        "outputs": {"model": {"jobOutputType": "uri_folder"}},
        "properties": {"ours": "1"},
        "tags": {"team": "fraud", "resubmitted-from": "good"},
    }
    assert "output model goes to the secondary's default datastore" in shown.summary
    assert shown.commands[0].startswith("az rest --method put --url ")
    assert shown.commands[1].startswith("az ml job create --file ")
    assert shown.commands == action.by_hand(context)[:2], "known by the snapshot as Azure has it"
    assert shown.undo.startswith("az ml job cancel --name good-r")
    assert anew(world)[2] == shown, "the same job gets the same name, whenever it is asked for"
    assert changing(world.here, before) == []


@pytest.mark.parametrize("name", ["good", "queued", "steps"])
def test_it_is_sent_once_and_never_twice(world: Inference, name: str) -> None:
    action, context, shown = anew(world, name)
    before = world.here.last
    assert not action.verify(context, shown).reached
    assert action.apply(context, shown, intent(), Heard()).outcome is Outcome.SUCCEEDED
    assert action.verify(context, shown).reached
    again = action.apply(context, shown, intent(), Heard())
    assert again.outcome is Outcome.FAILED
    new = shown.resources[0].rsplit("/", 1)[-1]
    assert again.text == f"The secondary has a job {new} by now. Nothing was sent."
    assert [m for m, _ in changing(world.here, before)] == ["PUT"]
    assert "submitted already" in action.preview(context).needless
    assert one(left(world), name).verdict == "pass"


def test_steps_of_a_pipeline_go_to_the_other_workspace(world: Inference) -> None:
    _, _, shown = anew(world, "steps")
    (step,) = shown.requests[0].body["properties"]["jobs"].values()
    assert step["componentId"] == f"{world.secondary}/components/train-fraud/versions/2"
    assert step["computeId"] == f"{world.secondary}/computes/cpu-cluster"


def test_compute_and_code_may_be_told(world: Inference) -> None:
    _, _, shown = anew(world, "good", compute="gpu-cluster")
    assert shown.requests[0].body["properties"]["computeId"].endswith("w/computes/gpu-cluster")
    with pytest.raises(RefusedError, match="has no compute nowhere"):
        anew(world, "good", compute="nowhere")
    code = f"{world.secondary}/codes/ours/versions/1"
    _, _, coded = anew(world, "coded", code_id=code)
    assert coded.requests[0].body["properties"]["codeId"] == code


def test_a_job_that_ended_by_itself_needs_nothing(world: Inference) -> None:
    assert "ended in the primary by itself: Canceled" in anew(world, "done")[2].needless


@pytest.mark.parametrize(
    ("fault", "outcome", "reached"),
    [
        ({"kind": "unanswered"}, Outcome.UNKNOWN, True),
        ({"kind": "dark"}, Outcome.UNKNOWN, False),
        ({"kind": "error", "status": 503}, Outcome.UNKNOWN, False),
        ({"kind": "throttle"}, Outcome.FAILED, False),
        ({"kind": "error", "status": 403, "code": "AuthorizationFailed"}, Outcome.FAILED, False),
    ],
)
def test_a_lost_answer_is_in_doubt_and_looked_for(
    world: Inference, fault: dict[str, Any], outcome: Outcome, reached: bool
) -> None:
    action, context, shown = anew(world)
    world.here.fault(methods=["PUT"], count=1, **fault)
    before = world.here.last
    result = action.apply(context, shown, intent(), Heard())
    assert result.outcome is outcome, result.text
    assert [m for m, _ in changing(world.here, before)] == ["PUT"]
    world.here.clear()
    seen = action.observe(context, shown, intent(), "")
    assert seen.reached is reached
    assert [e.source for e in seen.evidence] == ["resource", "activity log"]


def test_read_only_refuses_before_anything_leaves(world: Inference) -> None:
    _, context, shown = anew(world)
    before = world.here.last
    with pytest.raises(ReadOnlyError):
        ResubmitJob(world.reading).apply(context, shown, intent(), Heard())
    assert world.here.requests(before) == []


def test_a_job_that_came_meanwhile_is_not_overwritten(world: Inference) -> None:
    action, context, shown = anew(world)
    world.put(shown.resources[0], {"properties": COMMAND})
    before = world.here.last
    assert action.apply(context, shown, intent(), Heard()).outcome is Outcome.FAILED
    assert changing(world.here, before) == []


@pytest.mark.parametrize("resource", ["/computes/cpu-cluster", "/jobs/nobody"])
def test_a_step_about_something_else_is_refused(world: Inference, resource: str) -> None:
    action = ResubmitJob(world.live)
    with pytest.raises(UsageError):
        action.preview(world.context(world.primary + resource))
    with pytest.raises(UsageError):
        action.preview(world.context(f"{world.secondary}/jobs/x"))
