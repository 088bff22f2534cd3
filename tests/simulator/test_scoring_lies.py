"""Scoring addresses, key listings and registries that answer what none should."""

from __future__ import annotations

from pathlib import Path

import pytest

from amlrunbook.azure.sdk_gateway import SdkGateway
from amlrunbook.errors import AmlRunbookError, AzureError, ReadOnlyError, RefusedError
from amlrunbook.model.mode import Mode
from amlrunbook.model.resource_id import ResourceId
from tests.simulator.lying_azure import Liar, Said, lying

ENDPOINT = ResourceId.parse(
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
    "/onlineEndpoints/fraud"
)
KEY = "k3y-that-must-not-be-told"
DIGEST = "sha256:" + "a" * 64


def scored(gateway: SdkGateway, base: str, mode: str = "Key") -> tuple[int, int, str]:
    score = gateway.scoring(ENDPOINT, f"{base}/inference/w/fraud/score", mode).send(b"{}")
    return score.status, score.model_status, score.reason


def answering(said: Said, keys: bytes = b'{"primaryKey": "%s"}' % KEY.encode()) -> Liar:
    def answer(method: str, path: str) -> Said:
        return Said(200, keys) if "listKeys" in path or "/token" in path else said

    return answer


@pytest.mark.parametrize(
    ("said", "score"),
    [
        (Said(200, b"x" * (5 << 20)), (200, 0, "")),
        (Said(200, b"<html>"), (200, 0, "")),
        (Said(302, headers={"Location": "https://evil.example/"}), (302, 0, "")),
        (Said(307, headers={"Location": "/elsewhere"}), (307, 0, "")),
        (
            Said(424, headers={"ms-azureml-model-error-statuscode": "400", "ms-azureml-model-error-reason": "no"}),
            (424, 400, "no"),
        ),
        (Said(424, headers={"ms-azureml-model-error-statuscode": "99999"}), (424, 0, "")),
        (Said(424, headers={"ms-azureml-model-error-statuscode": "4e2"}), (424, 0, "")),
        (
            Said(424, headers={"ms-azureml-model-error-reason": "Bearer abcdefgh123 " + "y" * 500}),
            (424, 0, "Bearer «masked» " + "y" * 143 + "…"),
        ),
    ],
)  # fmt: skip
def test_whatever_a_model_answers_is_one_short_word(
    tmp_path: Path, said: Said, score: tuple[int, int, str]
) -> None:
    with lying(tmp_path, answering(said)) as lies:
        gateway = lies.gateway(Mode.READ_ONLY)
        assert scored(gateway, lies.base_url) == score
        assert [method for method, path in lies.asked if path.endswith("/score")] == ["POST"]
        gateway.close()


@pytest.mark.parametrize(
    "keys",
    [
        b"", b"[]", b"<html>", b"{}", b'{"primaryKey": 7}', b'{"primaryKey": null}',
        b'{"primaryKey": "a\\r\\nX-Evil: 1"}', b'{"primaryKey": "\xc3\xa9"}', b"[" * 100_000,
    ],
)  # fmt: skip
def test_a_key_that_is_none_is_not_sent(tmp_path: Path, keys: bytes) -> None:
    with lying(tmp_path, answering(Said(), keys)) as lies:
        gateway = lies.gateway(Mode.READ_ONLY)
        with pytest.raises(AzureError):
            scored(gateway, lies.base_url)
        assert not [path for _, path in lies.asked if path.endswith("/score")]
        gateway.close()


def test_a_way_of_signing_in_that_is_not_known_asks_nobody(tmp_path: Path) -> None:
    with lying(tmp_path, answering(Said())) as lies:
        gateway = lies.gateway()
        with pytest.raises(AzureError, match="signs its callers in"):
            scored(gateway, lies.base_url, "Password\x1b")
        assert lies.asked == []
        gateway.close()


@pytest.mark.parametrize("uri", ["https://evil.example/score", "http://127.0.0.1/score", ""])
def test_no_key_is_fetched_for_another_host(tmp_path: Path, uri: str) -> None:
    with lying(tmp_path, answering(Said())) as lies:
        gateway = lies.gateway()
        with pytest.raises(RefusedError):
            gateway.scoring(ENDPOINT, uri, "Key")
        assert lies.asked == []
        gateway.close()


def test_a_refused_key_tells_no_secret(tmp_path: Path) -> None:
    told = b'{"error": {"code": "No", "message": "Bearer %s"}}' % KEY.encode()
    with lying(tmp_path, lambda _method, _path: Said(403, told)) as lies:
        gateway = lies.gateway()
        with pytest.raises(AmlRunbookError) as refused:
            scored(gateway, lies.base_url)
        assert KEY not in refused.value.diagnostics()
        assert KEY not in repr(gateway.call_log.calls)
        gateway.close()


def test_a_key_listing_never_passes_the_gateways_own_way(tmp_path: Path) -> None:
    with lying(tmp_path, answering(Said())) as lies:
        gateway = lies.gateway(Mode.READ_ONLY)
        with pytest.raises(ReadOnlyError):
            gateway.change(
                "POST", f"{ENDPOINT.text}/listKeys", request_id="x",
                on_sent=print, on_accepted=print, version="2024-04-01",
            )  # fmt: skip
        assert lies.asked == []
        gateway.close()


@pytest.mark.parametrize(
    ("tokens", "manifest", "found"),
    [
        (b'{"refresh_token": "r", "access_token": "a"}', {"Docker-Content-Digest": DIGEST}, DIGEST),
        (
            b'{"refresh_token": "r", "access_token": "a"}',
            {"Docker-Content-Digest": "sha256:x"},
            None,
        ),
        (b'{"refresh_token": "r", "access_token": "a"}', {}, None),
        (b'{"refresh_token": ""}', {}, None),
        (b"<html>", {}, None),
        (b"[" * 100_000, {}, None),
    ],
)
def test_a_registry_that_lies_is_not_believed(
    tmp_path: Path, tokens: bytes, manifest: dict[str, str], found: str | None
) -> None:
    def answer(method: str, _path: str) -> Said:
        return Said(200, tokens) if method == "POST" else Said(200, b"", headers=manifest)

    with lying(tmp_path, answer) as lies:
        gateway = lies.gateway(Mode.READ_ONLY)
        images = gateway.registry_images("regone.azurecr.io", "westus")
        if found is None:
            with pytest.raises(AzureError):
                images.digest("a/b", "3")
        else:
            assert images.digest("a/b", "3") == found
        assert all(path.startswith("/registry/regone.westus/") for _, path in lies.asked)
        gateway.close()
