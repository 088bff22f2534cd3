"""Deployments, scoring and traffic of the secondary, for real in the simulated Azure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from amlrunbook.errors import AzureError, ReadOnlyError, RefusedError, UsageError
from amlrunbook.model.finding import Finding
from amlrunbook.model.mode import Mode
from amlrunbook.model.operation import Action, CheckReport, OperationContext, Outcome, Preview
from amlrunbook.operations.switchover.deployment_image import image_said
from amlrunbook.operations.switchover.deployment_ready import DeploymentReady
from amlrunbook.operations.switchover.deployment_scale import ScaleDeployment
from amlrunbook.operations.switchover.endpoint_traffic import EndpointTraffic
from amlrunbook.operations.switchover.scoring_probe import ScoringProbe
from tests.simulator.azure_here import AzureHere, pair, pair_running
from tests.simulator.blob_world import advance
from tests.simulator.inference_world import Inference, changing, intent
from tests.simulator.test_soft_delete_action import Heard

__all__ = ["pair", "pair_running"]


@pytest.fixture(scope="module")
def standing(pair_running: AzureHere) -> Inference:
    return Inference(pair_running)


@pytest.fixture
def world(standing: Inference, pair: AzureHere) -> Iterator[Inference]:
    """The pair with its secondary at half strength, whatever the test before did."""
    assert standing.here is pair
    standing.half()
    yield standing
    pair.clear()


def ready(world: Inference, resource: str = "") -> CheckReport:
    check = DeploymentReady(world.reading)
    return check.run(world.context(resource or world.blue), Heard())


def line(report: CheckReport, words: str) -> Finding:
    (found,) = [finding for finding in report.findings if words in finding.title]
    return found


def scaling(world: Inference, **params: str) -> tuple[ScaleDeployment, OperationContext, Preview]:
    action = ScaleDeployment(world.live, look_again=0.01, seconds=20)
    context = world.context(world.blue, **params)
    return action, context, action.preview(context)


def moving(world: Inference, **params: str) -> tuple[EndpointTraffic, OperationContext, Preview]:
    action = EndpointTraffic(world.live, look_again=0.01, seconds=20)
    context = world.context(world.endpoint, **params)
    return action, context, action.preview(context)


# --- is it ready -------------------------------------------------------------------------------


def test_each_thing_that_must_hold_is_a_line(world: Inference) -> None:
    before = world.here.last
    report = ready(world)
    assert {f.title: f.verdict.value for f in report.findings} == {
        "Its last change succeeded": "pass",
        "It has as many instances as the primary's": "warn",
        "The model is the primary's": "pass",
        "The image is in the region's replica": "pass",
        "The region offers its size of machine": "pass",
        "The quota suffices": "pass",
    }
    instances = line(report, "instances")
    assert instances.observed == "It has 2 instances, the primary's 4."
    assert instances.command.endswith("--set instance_count=4")
    assert "sha256:" in line(report, "image").observed
    assert "5 * 4 = 20 cores" in line(report, "quota").observed
    assert changing(world.here, before) == []


def test_a_ready_one_is_said_to_be_ready(world: Inference) -> None:
    world.edited(world.blue, sku=4)
    assert ready(world).text == "fraud-score/blue is ready."


def test_one_that_is_not_there_fails_with_how_to_create_it(world: Inference) -> None:
    report = ready(world, world.blue.replace("/blue", "/green"))
    assert report.verdict == "fail"
    assert report.findings[0].command.startswith("az ml online-deployment create --file ")


@pytest.mark.parametrize(
    ("changes", "title", "verdict", "words"),
    [
        ({"model": "{west}/models/fraud-gbm/versions/8"}, "model", "fail", "It serves fraud-gbm:8, the primary fraud-gbm:7"),
        ({"environmentId": None}, "image", "unknown", "no environment"),
        ({"instanceType": "Standard_HB120rs_v3"}, "offers", "fail", "does not offer"),
        ({"endpointComputeType": "Kubernetes"}, "quota", "not-applicable", "Kubernetes"),
    ],
)  # fmt: skip
def test_what_differs_is_told(
    world: Inference, changes: dict[str, Any], title: str, verdict: str, words: str
) -> None:
    found: dict[str, Any] = world.get(world.blue)["properties"]
    model = world.get(f"{world.secondary}/models/fraud-gbm/versions/7")["properties"]
    world.put(f"{world.secondary}/models/fraud-gbm/versions/8", {"properties": model})
    told = {k: v.format(west=world.secondary) if v else v for k, v in changes.items()}
    try:
        world.edited(world.blue, **told)
        one = line(ready(world), title)
    finally:
        world.edited(world.blue, **{name: found[name] for name in changes})
    assert one.verdict == verdict
    assert words in one.observed


@pytest.mark.parametrize(
    ("image", "verdict", "words"),
    [
        ({"image": "mcr.microsoft.com/azureml/base:1"}, "warn", "not yours"),
        ({"image": "crfraud.azurecr.io/fraud-env:99"}, "fail", "does not have"),
        ({"image": "crfraud.azurecr.io/fraud-env@sha256:" + "0" * 64}, "fail", "does not have"),
        ({"image": "otherreg.azurecr.io/fraud-env:3"}, "unknown", "could not be asked"),
        ({"image": "x:1", "condaFile": "name: e"}, "unknown", "built by Azure Machine Learning"),
        ({"image": "crfraud.azurecr.io/UPPER:3"}, "unknown", "names no image"),
    ],
)
def test_the_image_decides_whether_it_can_grow(
    world: Inference, image: dict[str, str], verdict: str, words: str
) -> None:
    path = f"{world.secondary}/environments/{verdict}/versions/{abs(hash(str(image))) % 10**8}"
    world.put(path, {"properties": image})
    said = image_said(world.reading, world.snapshot.inventory.last_known(), path, "westus")
    assert said.verdict == verdict, said.text
    assert words in said.text


@pytest.mark.parametrize(
    ("environment", "verdict", "words"),
    [
        ("azureml://registries/azureml/environments/e/versions/1", "unknown", "shared registry"),
        ("{west}/environments/fraud-env/versions/77", "fail", "fraud-env:77 is not there"),
        ("{west}/environments/fraud-env/versions/3", "fail", "no replica in northeurope"),
    ],
)
def test_an_environment_elsewhere_is_told(
    world: Inference, environment: str, verdict: str, words: str
) -> None:
    known = world.snapshot.inventory.last_known()
    path = environment.format(west=world.secondary)
    said = image_said(world.reading, known, path, "northeurope")
    assert (said.verdict, words in said.text) == (verdict, True), said.text


def test_a_replica_that_does_not_answer_is_unknown(world: Inference) -> None:
    world.here.fault(kind="error", status=503, path="/registry/crfraud.westus/*")
    one = line(ready(world), "image")
    assert one.verdict == "unknown"
    assert "preview" in one.observed


@pytest.mark.parametrize("path", ["*/vmSizes", "*/usages"])
def test_a_quota_that_cannot_be_read_is_unknown(world: Inference, path: str) -> None:
    world.here.fault(kind="error", status=403, code="AuthorizationFailed", path=path)
    assert line(ready(world), "quota").verdict == "unknown"


def test_a_secondary_that_does_not_answer_is_no_verdict(world: Inference) -> None:
    world.here.fault(
        kind="error", status=403, code="AuthorizationFailed", path="*/deployments/blue"
    )
    with pytest.raises(AzureError):
        ready(world)


def test_with_the_primary_dark_the_last_snapshot_is_the_measure(world: Inference) -> None:
    world.here.fault(kind="dark", region="eastus")
    report = ready(world)
    assert line(report, "instances").observed.startswith("It has 2 instances, the primary's 4")
    assert line(report, "image").verdict == "pass"


@pytest.mark.parametrize("resource", ["elsewhere", "endpoint", "workspace"])
def test_a_step_about_something_else_is_refused(world: Inference, resource: str) -> None:
    wrong = {
        "elsewhere": world.blue.replace("aml-fraud-w", "aml-other"),
        "endpoint": world.endpoint,
        "workspace": world.secondary,
    }[resource]
    with pytest.raises(UsageError):
        ready(world, wrong)


# --- scaling -----------------------------------------------------------------------------------


def test_scaling_sends_one_patch_and_is_verified_by_another_request(world: Inference) -> None:
    action, context, shown = scaling(world)
    assert [(r.method, r.body) for r in shown.requests] == [
        ("PATCH", {"sku": {"name": "Default", "capacity": 4}})
    ]
    assert "12 more than run now" in shown.after
    assert shown.undo.endswith("--set instance_count=2")
    assert shown.commands[0].endswith("--set instance_count=4")
    assert shown.commands[0] == action.by_hand(context)[0]
    before = world.here.last
    assert not action.verify(context, shown).reached
    assert action.apply(context, shown, intent(), Heard()).outcome is Outcome.SUCCEEDED
    assert action.verify(context, shown).reached
    assert changing(world.here, before) == [("PATCH", "blue")]
    assert action.preview(context).needless


def test_another_size_takes_a_whole_put(world: Inference) -> None:
    action, context, shown = scaling(world, count="3", instance_type="Standard_DS2_v2")
    (request,) = shown.requests
    assert request.method == "PUT"
    assert request.body["properties"]["instanceType"] == "Standard_DS2_v2"
    assert request.body["properties"]["model"]
    assert "provisioningState" not in request.body["properties"]
    try:
        assert action.apply(context, shown, intent(), Heard()).outcome is Outcome.SUCCEEDED
        assert action.verify(context, shown).reached
    finally:
        world.edited(world.blue, instanceType="Standard_DS3_v2")


def test_it_is_never_scaled_down_by_itself(world: Inference) -> None:
    world.edited(world.blue, sku=6)
    _, _, shown = scaling(world)
    assert "6 instances" in shown.needless
    _, _, fewer = scaling(world, count="3")
    assert fewer.loses.startswith("3 instances of 6 stop.")


def test_a_quota_that_does_not_suffice_is_told_before(world: Inference) -> None:
    action, context, shown = scaling(world, count="100")
    assert "does not suffice" in shown.loses
    assert "100 instances of Standard_DS3_v2 need 120 * 4 = 480 cores" in shown.after
    refused = action.apply(context, shown, intent(), Heard())
    assert refused.outcome is Outcome.FAILED
    assert "uota" in refused.text


@pytest.mark.parametrize("count", ["0", "-1", "x", "501", "1.5", "٣"])
def test_a_count_that_is_none_is_refused(world: Inference, count: str) -> None:
    with pytest.raises(UsageError):
        scaling(world, count=count)


def test_where_the_primarys_count_is_not_known_nothing_is_guessed(world: Inference) -> None:
    action = ScaleDeployment(world.live)
    context = world.context(world.blue)
    blind = msgspec.structs.replace(context.snapshot, documents=())
    with pytest.raises(UsageError, match="not known"):
        action.preview(msgspec.structs.replace(context, snapshot=blind))


# --- a scoring request -------------------------------------------------------------------------


def probe(world: Inference, **params: str) -> CheckReport:
    check = ScoringProbe(world.reading)
    return check.run(world.context(world.blue, **params), Heard())


@pytest.mark.parametrize("mode", ["AADToken", "Key", "AMLToken"])
def test_a_deployment_without_traffic_scores_by_key_or_token(world: Inference, mode: str) -> None:
    world.edited(world.endpoint, authMode=mode)
    before = world.here.last
    report = probe(world, body='{"input_data": [[1, 2]]}')
    assert report.verdict == "pass", report.text
    assert "answered 200 by blue" in report.text
    assert changing(world.here, before) == []
    scores = [r for r in world.here.requests(before) if r["path"].endswith("/score")]
    assert [r["method"] for r in scores] == ["POST"]


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [
        ({"kind": "error", "status": 401}, "unknown"),
        ({"kind": "error", "status": 403}, "unknown"),
        ({"kind": "error", "status": 429}, "warn"),
        ({"kind": "error", "status": 500}, "fail"),
        ({"kind": "throttle"}, "warn"),
        ({"kind": "dark"}, "unknown"),
        ({"kind": "slow", "milliseconds": 50}, "pass"),
    ],
)
def test_every_answer_to_the_probe_is_told_for_what_it_is(
    world: Inference, fault: dict[str, Any], verdict: str
) -> None:
    world.here.fault(path="/inference/*", methods=["POST"], **fault)
    before = world.here.last
    assert probe(world).verdict == verdict
    sent = [r for r in world.here.requests(before) if r["path"].endswith("/score")]
    assert len(sent) <= 1, "a scoring request is sent once"


def test_a_key_that_may_not_be_listed_is_unknown(world: Inference) -> None:
    world.edited(world.endpoint, authMode="Key")
    world.here.fault(kind="error", status=403, code="AuthorizationFailed", path="*/listKeys")
    report = probe(world)
    assert report.verdict == "unknown"
    assert "403" in report.text


def test_a_sample_that_is_no_json_is_refused(world: Inference) -> None:
    with pytest.raises(UsageError):
        probe(world, body="{")


# --- traffic -----------------------------------------------------------------------------------


def test_traffic_is_a_whole_put_verified_by_get_and_by_a_request(world: Inference) -> None:
    action, context, shown = moving(world)
    (request,) = shown.requests
    assert shown.commands[0] == action.by_hand(context)[0]
    assert request.method == "PUT"
    assert request.body["properties"]["traffic"] == {"blue": 100}
    assert request.body["properties"]["authMode"] == "AADToken"
    assert not {"scoringUri", "swaggerUri", "provisioningState"} & set(request.body["properties"])
    assert request.body["identity"] == {"type": "SystemAssigned"}
    assert shown.before == "Traffic: none."
    assert shown.undo.endswith("--traffic blue=0")
    assert [(p.kind, p.region) for p in shown.effects.starts_serving] == [("inference", "westus")]
    before = world.here.last
    assert not action.verify(context, shown).reached
    result = action.apply(context, shown, intent(), Heard())
    assert result.outcome is Outcome.SUCCEEDED, result.text
    verified = action.verify(context, shown)
    assert verified.reached
    assert "answered 200 by blue" in verified.text
    assert changing(world.here, before) == [("PUT", "fraud-score")]
    assert "already" in action.preview(context).needless


def test_what_callers_must_change_is_told(world: Inference) -> None:
    world.edited(world.endpoint, authMode="Key")
    _, _, shown = moving(world)
    assert "by Key here, by AADToken at the primary" in shown.after
    assert "Callers must be sent to http" in shown.after
    assert shown.loses == "", "an instruction is no loss: it would stand among what was lost"


@pytest.mark.parametrize(
    ("traffic", "error"),
    [("green=100", RefusedError), ("blue=50", UsageError), ("blue", UsageError)],
)
def test_traffic_to_nowhere_is_refused(
    world: Inference, traffic: str, error: type[Exception]
) -> None:
    before = world.here.last
    with pytest.raises(error):
        moving(world, traffic=traffic)
    assert changing(world.here, before) == []


def test_traffic_that_scores_nowhere_is_not_verified(world: Inference) -> None:
    action, context, shown = moving(world)
    action.apply(context, shown, intent(), Heard())
    world.here.fault(kind="error", status=503, path="/inference/*")
    verified = action.verify(context, shown)
    assert not verified.reached
    assert verified.evidence[-1].speaks == "against"


def test_traffic_that_cannot_be_asked_for_is_verified_by_the_endpoint(world: Inference) -> None:
    action, context, shown = moving(world)
    action.apply(context, shown, intent(), Heard())
    world.here.fault(kind="error", status=401, path="/inference/*")
    verified = action.verify(context, shown)
    assert verified.reached
    assert verified.evidence[-1].speaks == "neither"


def test_the_primarys_own_traffic_can_be_mended(world: Inference) -> None:
    home = f"{world.primary}/onlineEndpoints/fraud-score"
    green = f"{home}/deployments/green"
    world.put(green, {"location": "eastus", "properties": {"endpointComputeType": "Managed"}})
    try:
        world.edited(home, traffic={"green": 100})
        action, _, _ = moving(world)
        context = world.context(home, traffic="blue=100")
        shown = action.preview(context)
        assert [place.region for place in shown.effects.starts_serving] == ["eastus"]
        assert shown.before == "Traffic: green=100."
        assert action.apply(context, shown, intent(), Heard()).outcome is Outcome.SUCCEEDED
        assert action.verify(context, shown).reached
    finally:
        world.edited(home, traffic={"blue": 100})


def test_all_traffic_can_be_taken_away(world: Inference) -> None:
    world.edited(world.endpoint, traffic={"blue": 100})
    action, context, shown = moving(world, traffic="blue=0")
    assert shown.effects.stops_serving
    action.apply(context, shown, intent(), Heard())
    assert action.verify(context, shown).reached


# --- what both actions do alike ------------------------------------------------------------------


def _action(world: Inference, which: int) -> tuple[Action, OperationContext, Preview]:
    return moving(world) if which else scaling(world)


@pytest.mark.parametrize(
    ("which", "fault", "outcome", "reached"),
    [
        (0, {"kind": "unanswered"}, Outcome.UNKNOWN, True),
        (1, {"kind": "unanswered", "status": 503}, Outcome.UNKNOWN, True),
        (0, {"kind": "dark"}, Outcome.UNKNOWN, False),
        (1, {"kind": "dark"}, Outcome.UNKNOWN, False),
        (0, {"kind": "error", "status": 503}, Outcome.UNKNOWN, False),
        (0, {"kind": "throttle"}, Outcome.FAILED, False),
        (1, {"kind": "error", "status": 409, "code": "ScopeLocked"}, Outcome.FAILED, False),
        (0, {"kind": "error", "status": 400, "code": "ClusterCoreQuotaReached"}, Outcome.FAILED, False),
        (0, {"kind": "lost"}, Outcome.SUCCEEDED, False),
        (0, {"kind": "capacity"}, Outcome.FAILED, False),
        (0, {"kind": "halfway"}, Outcome.FAILED, False),
        (1, {"kind": "fail"}, Outcome.FAILED, False),
        (1, {"kind": "lost", "outcome": "gone"}, Outcome.UNKNOWN, False),
    ],
)  # fmt: skip
def test_nothing_is_sent_twice_and_observation_tells(
    world: Inference, which: int, fault: dict[str, Any], outcome: Outcome, reached: bool
) -> None:
    action, context, shown = _action(world, which)
    world.here.fault(methods=["PUT", "PATCH"], count=1, **fault)
    before = world.here.last
    result = action.apply(context, shown, intent(), Heard())
    assert result.outcome is outcome, result.text
    method = shown.requests[0].method
    assert [m for m, _ in changing(world.here, before)] == [method]
    world.here.clear()
    advance(world.here.endpoint, 1)  # nobody asks whether it has ended: it ends by time
    seen = action.observe(context, shown, intent(), "")
    assert seen.readable
    assert [e.source for e in seen.evidence] == ["resource", "activity log"]
    assert action.verify(context, shown).reached is reached


@pytest.mark.parametrize("which", [0, 1])
def test_read_only_refuses_before_anything_leaves(world: Inference, which: int) -> None:
    action, context, shown = _action(world, which)
    before = world.here.last
    with pytest.raises(ReadOnlyError):
        type(action)(world.reading).apply(context, shown, intent(), Heard())
    assert world.here.requests(before) == []


@pytest.mark.parametrize("which", [0, 1])
def test_what_changed_since_the_preview_is_not_overwritten(world: Inference, which: int) -> None:
    action, context, shown = _action(world, which)
    if which:
        world.edited(world.endpoint, publicNetworkAccess="Disabled")
    else:
        world.edited(world.blue, sku=9)
    before = world.here.last
    result = action.apply(context, shown, intent(), Heard())
    assert result.outcome is Outcome.FAILED
    assert result.text == ("What is there changed since the preview: look again. Nothing was sent.")
    assert changing(world.here, before) == []


@pytest.mark.parametrize("which", [0, 1])
def test_an_unreadable_resource_is_no_evidence(world: Inference, which: int) -> None:
    action, context, shown = _action(world, which)
    world.here.fault(kind="error", status=403, methods=["GET"], path="*/onlineEndpoints/*")
    seen = action.observe(context, shown, intent(), f"{world.here.endpoint.base_url}/x")
    assert not seen.readable
    assert {e.speaks for e in seen.evidence} == {"neither"}


def test_no_key_and_no_token_is_anywhere(world: Inference) -> None:
    world.edited(world.endpoint, authMode="Key")
    gateway = world.here.gateway(Mode.DRILL)
    heard = Heard()
    context = world.context(world.blue)
    report = ScoringProbe(gateway).run(context, heard)
    ready_report = DeploymentReady(gateway).run(context, heard)
    action = EndpointTraffic(gateway, look_again=0.01, seconds=20)
    moved = world.context(world.endpoint)
    shown = action.preview(moved)
    result = action.apply(moved, shown, intent(), heard)
    verified = action.verify(moved, shown)
    said = [
        *map(msgspec.json.encode, (report, ready_report, shown, result, verified)),
        repr(heard.words).encode(),
        repr(gateway.call_log.calls).encode(),
    ]
    assert any("listKeys" in call.path for call in gateway.call_log.calls)
    secrets = _secrets(world)
    assert len(secrets) == 3
    for text in said:
        assert b"Bearer" not in text
        assert not any(secret.encode() in text for secret in secrets)


def _secrets(world: Inference) -> list[str]:
    """The endpoint's keys, and our own token's beginning, as someone else asks for them."""
    from tests.simulator_fixtures import Wire

    with Wire(world.here.endpoint) as wire:
        keys = wire.ask("POST", f"{world.endpoint}/listKeys").json()
        return [keys["primaryKey"], keys["secondaryKey"], wire.token.split(".")[0]]
