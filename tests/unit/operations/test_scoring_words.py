"""What the answer to a scoring request says of a deployment."""

from __future__ import annotations

import pytest

from amlrunbook.azure.scoring import Score, scoring_address
from amlrunbook.errors import RefusedError, UsageError
from amlrunbook.model.cloud import CHINA, PUBLIC, US_GOVERNMENT, loopback_cloud
from amlrunbook.operations.switchover.scoring_words import sample_body, score_said


def score(status: int, model: int = 0, reason: str = "") -> Score:
    return Score(status, model, "blue", reason, 12)


@pytest.mark.parametrize(
    ("status", "model", "verdict", "words"),
    [
        (200, 0, "pass", "by blue in 12 ms"),
        (400, 0, "warn", "is alive"),
        (401, 0, "unknown", "refused"),
        (403, 0, "unknown", "score/action"),
        (404, 0, "fail", "no such deployment"),
        (408, 0, "fail", "longer"),
        (424, 400, "warn", "the model itself answered 400"),
        (424, 422, "warn", "alive"),
        (424, 500, "fail", "the model itself answered 500"),
        (424, 0, "fail", "the model failed"),
        (429, 0, "warn", "alive"),
        (302, 0, "unknown", "answered 302"),
        (500, 0, "fail", "answered 500"),
        (503, 0, "fail", "answered 503"),
    ],
)
def test_each_answer_means_one_thing(status: int, model: int, verdict: str, words: str) -> None:
    found, text = score_said(score(status, model))
    assert found == verdict
    assert words in text


def test_why_the_model_refuses_is_told() -> None:
    assert "(columns are missing)" in score_said(score(424, 400, "columns are missing"))[1]


@pytest.mark.parametrize(("text", "body"), [("", b"{}"), ('{"a": [1]}', b'{"a": [1]}')])
def test_a_sample_is_json(text: str, body: bytes) -> None:
    assert sample_body(text) == body


@pytest.mark.parametrize("text", ["x", "{", "[" * 100_000, '"' + "x" * (1 << 20) + '"'])
def test_another_sample_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        sample_body(text)


@pytest.mark.parametrize(
    ("cloud", "uri"),
    [
        (PUBLIC, "https://fraud.westus.inference.ml.azure.com/score"),
        (PUBLIC, "https://fraud.westus.inference.ml.azure.com:443/predict"),
        (US_GOVERNMENT, "https://f.usgovvirginia.inference.ml.azure.us/score"),
        (CHINA, "https://f.chinanorth3.inference.ml.azure.cn/score"),
        (loopback_cloud("https://127.0.0.1:7", "/ca"), "https://127.0.0.1:7/inference/w/f/score"),
    ],
)
def test_a_key_may_go_to_managed_endpoints(cloud: object, uri: str) -> None:
    assert scoring_address(cloud, uri) == uri  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "x",
        "http://fraud.westus.inference.ml.azure.com/score",
        "https://fraud.westus.inference.ml.azure.com.evil.example/score",
        "https://evil.example/.inference.ml.azure.com",
        "https://evil.example#.inference.ml.azure.com",
        "https://evil.example?.inference.ml.azure.com",
        "https://me@fraud.westus.inference.ml.azure.com/score",
        "https://fraud.westus.inference.ml.azure.com:8443/score",
        "https://fraud.westus.inference.ml.azure.com:x/score",
        "https://10.0.0.7/api/v1/endpoint/fraud/score",
        "https://127.0.0.1:7/inference/w/f/score",
    ],
)
def test_and_nowhere_else(uri: str) -> None:
    with pytest.raises(RefusedError):
        scoring_address(PUBLIC, uri)
