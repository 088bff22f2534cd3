"""What the switchover's actions send, held to Microsoft's documents of the requests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from amlrunbook.model.operation import Preview, Request
from amlrunbook.operations.switchover.deployment_scale import ScaleDeployment
from amlrunbook.operations.switchover.endpoint_traffic import EndpointTraffic
from amlrunbook.operations.switchover.jobs_resubmit import ResubmitJob
from tests.shared_data import needs_shared
from tests.simulator.azure_here import AzureHere, pair_running
from tests.simulator.contract.openapi import contract
from tests.simulator.contract.schema import Node, Violation
from tests.simulator.inference_world import Inference

__all__ = ["pair_running"]
pytestmark = needs_shared

READ_ONLY = {"provisioningState", "scoringUri", "swaggerUri", "status", "principalId", "systemData"}


@pytest.fixture(scope="module")
def world(pair_running: AzureHere) -> Inference:
    """The pair at half strength, with a command, a sweep and a pipeline that run in the primary."""
    world = Inference(pair_running)
    world.half()
    here = world.primary
    trial = {
        "command": "python train.py ${{search_space.lr}}",
        "environmentId": f"{here}/environments/fraud-env/versions/3",
    }
    lr = {"type": "choice", "values": [0.1]}
    jobs = {
        "command": {"jobType": "Command", **trial, "computeId": f"{here}/computes/cpu-cluster"},
        "sweep": {
            "jobType": "Sweep",
            "trial": trial,
            "searchSpace": {"lr": lr},
            "objective": {"goal": "Maximize", "primaryMetric": "auc"},
            "samplingAlgorithm": {"samplingAlgorithmType": "Random"},
        },
        "pipeline": {
            "jobType": "Pipeline",
            "jobs": {"a": {"componentId": f"{here}/components/train-fraud/versions/2"}},
        },
    }
    for name, properties in jobs.items():
        world.put(f"{here}/jobs/{name}", {"properties": properties})
    world.snapshot = world.taken()
    return world


def violations(request: Request) -> list[Violation]:
    """Where a request's body leaves the document of its operation."""
    operation = contract().operation(request.method, request.path.partition("?")[0])
    assert operation is not None
    assert operation.version in request.path
    (body,) = [one for one in operation.json["parameters"] if one.get("in") == "body"]
    return contract().check(Node(operation.file, body["schema"]), request.body)


def keys(value: object) -> Iterator[str]:
    """Every key of a JSON value."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from keys(item)


def previewed(world: Inference, what: str) -> Preview:
    if what == "traffic":
        return EndpointTraffic(world.live).preview(world.context(world.endpoint))
    if what in {"capacity", "size"}:
        params = {"instance_type": "Standard_DS2_v2"} if what == "size" else {}
        return ScaleDeployment(world.live).preview(world.context(world.blue, **params))
    return ResubmitJob(world.live).preview(world.context(f"{world.primary}/jobs/{what}"))


@pytest.mark.parametrize("what", ["traffic", "capacity", "size", "command", "sweep", "pipeline"])
def test_a_body_is_what_the_document_takes(world: Inference, what: str) -> None:
    (request,) = previewed(world, what).requests
    assert [str(violation) for violation in violations(request)] == []
    assert not READ_ONLY & set(keys(request.body))


def test_a_spoilt_body_is_noticed(world: Inference) -> None:
    (request,) = previewed(world, "capacity").requests
    spoilt = Request(method="PATCH", path=request.path, body={"sku": {"capacity": "4"}, "x": 1})
    assert len(violations(spoilt)) == 2
