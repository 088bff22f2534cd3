"""Cores, quotas and images of a deployment, without anybody to ask."""

from __future__ import annotations

import pytest

from amlrunbook.azure.registry_data import registry_base
from amlrunbook.errors import RefusedError
from amlrunbook.model.cloud import PUBLIC, loopback_cloud
from amlrunbook.operations.switchover.deployment_image import Image, parse_image
from amlrunbook.operations.switchover.deployment_quota import (
    Room,
    Row,
    cores_needed,
    quota_words,
    reserved,
    suffices,
)
from amlrunbook.operations.switchover.deployment_ready import model_label


def room(*rows: Row, cores: int = 4) -> Room:
    return Room("DS3", "westus", offered=True, cores=cores, family="f", rows=rows, price="")


@pytest.mark.parametrize(
    ("instances", "with_reserve"), [(0, 0), (1, 2), (3, 4), (5, 6), (10, 12), (100, 120)]
)
def test_the_reserve_is_rounded_up(instances: int, with_reserve: int) -> None:
    assert reserved(instances) == with_reserve


def test_ten_instances_of_four_cores_need_forty_eight() -> None:
    assert cores_needed(room(), 0, 10) == 48
    assert cores_needed(room(), 10, 10) == 8
    assert cores_needed(room(), 10, 2) == 0


@pytest.mark.parametrize(
    ("rows", "enough"),
    [
        ((Row("a", 0, 48),), True),
        ((Row("a", 1, 48),), False),
        ((Row("a", 0, 100), Row("total", 60, 100)), False),
        ((Row("a", 0, -1),), True),
        ((), None),
    ],
)
def test_the_tightest_quota_decides(rows: tuple[Row, ...], enough: bool | None) -> None:
    assert suffices(room(*rows), 0, 10) is enough
    assert "10 instances of DS3 need 12 * 4 = 48 cores" in quota_words(room(*rows), 0, 10)


@pytest.mark.parametrize(
    ("text", "image"),
    [
        ("cr.azurecr.io/a/b:3", Image("cr.azurecr.io", "a/b", "3")),
        ("CR.azurecr.io/a", Image("cr.azurecr.io", "a", "latest")),
        ("cr.azurecr.io/a:3@sha256:ab", Image("cr.azurecr.io", "a", "sha256:ab")),
        ("cr.azurecr.io/a@sha256:ab", Image("cr.azurecr.io", "a", "sha256:ab")),
        ("library/python:3", Image("docker.io", "library/python", "3")),
        ("python", Image("docker.io", "python", "latest")),
        ("localhost:5000/a:1", Image("localhost:5000", "a", "1")),
    ],
)
def test_an_images_name_has_parts(text: str, image: Image) -> None:
    assert parse_image(text) == image


def test_a_replica_has_a_host_of_its_own() -> None:
    assert registry_base(PUBLIC, "cr01x.azurecr.io") == "https://cr01x.azurecr.io"
    assert (
        registry_base(PUBLIC, "CR01x.azurecr.io", "westus") == "https://cr01x.westus.geo.azurecr.io"
    )
    drill = loopback_cloud("https://127.0.0.1:7", "/ca")
    assert (
        registry_base(drill, "cr01x.azurecr.io", "westus")
        == "https://127.0.0.1:7/registry/cr01x.westus"
    )


@pytest.mark.parametrize(
    ("host", "region"),
    [("evil.example", ""), ("a.b.azurecr.io", ""), ("cr01x.azurecr.io", "west/us"), ("", ""),
     ("cr01x.azurecr.io.evil.example", "")],
)  # fmt: skip
def test_no_token_goes_to_another_host(host: str, region: str) -> None:
    with pytest.raises(RefusedError):
        registry_base(PUBLIC, host, region)


@pytest.mark.parametrize(
    ("model", "label"),
    [
        ("/subscriptions/s/x/workspaces/w/models/fraud/versions/7", "fraud:7"),
        ("azureml://registries/r/models/fraud/versions/7", "fraud:7"),
        ("azureml:fraud:7", "fraud:7"),
        ("", ""),
        ("strange\x1b", "strange\\x1b"),
    ],
)
def test_a_model_has_a_name_and_a_version(model: str, label: str) -> None:
    assert model_label(model) == label
