"""Images that a workspace's registry alone holds: listed by digest, told where else they are, or told as a gap."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from amlrunbook.azure.registry_pages import PAGE
from amlrunbook.cli.export import export_to
from amlrunbook.errors import AzureError, ExitCode, NotFoundError, UsageError
from tests.simulator.azure_here import AzureHere, azure_running
from tests.simulator.lying_azure import Lies, Said, lying

WORKSPACES = "Microsoft.MachineLearningServices/workspaces"
REGISTRIES = "Microsoft.ContainerRegistry/registries"
BUILT = "azureml/azureml_0a"
IMAGES = frozenset({"images"})
MANY = PAGE + 20


def table(kind: str, group: str, name: str, *lines: str) -> list[str]:
    head = ["[[world.resources]]", f'type = "{kind}"', f'group = "{group}"', f'name = "{name}"']
    return [*head, *lines]


def image(registry: str, repository: str, tag: str, text: str) -> list[str]:
    told = {"registry": registry, "repository": repository, "tag": tag, "text": text}
    return ["[[world.images]]", *(f"{key} = '{value}'" for key, value in told.items())]


def scenario() -> str:
    """A pair with a registry each; the primary's holds what it built, some of it in the other one as well."""
    own = f"@/resourceGroups/rg-fraud-w/providers/{REGISTRIES}/crfraudw"
    environments = f"{WORKSPACES}/environments"
    lines = ["format = 1", 'title = "Built"', 'description = "A pair, a registry each."']
    lines += ['base = "healthy-pair"']
    lines += [
        "[[without]]",
        f'resource = "@/resourceGroups/rg-fraud-e/providers/{REGISTRIES}/crfraud/replications/westus"',
    ]
    lines += table(
        REGISTRIES, "rg-fraud-w", "crfraudw", 'location = "westus"', 'sku = { name = "Premium" }'
    )
    lines += table(REGISTRIES, "rg-fraud-w", "crmany", 'sku = { name = "Basic" }')
    lines += table(
        WORKSPACES, "rg-fraud-w", "aml-fraud-w", f'properties = {{ containerRegistry = "{own}" }}'
    )
    for name, how in (
        ("conda", 'condaFile = "dependencies: []", image = "mcr.microsoft.com/azureml/base:1"'),
        ("docker", 'build = { contextUri = "https://x/", dockerfilePath = "Dockerfile" }'),
    ):
        lines += table(environments, "rg-fraud-e", f"aml-fraud-e/{name}")
        lines += table(
            f"{environments}/versions", "rg-fraud-e", f"aml-fraud-e/{name}/1",
            f"properties = {{ {how} }}",
        )  # fmt: skip
    lines += image("crfraud", BUILT, "1", '{"built": 1}')
    lines += image("crfraud", BUILT, "latest", '{"built": 1}')
    lines += image("crfraudw", "copied", "x", '{"built": 1}')
    for number in range(MANY):
        lines += image("crfraud", "many", f"t{number}", f'{{"number": {number}}}')
        lines += image("crmany", f"r/r{number:03}", "1", '{"same": 1}')
    return "\n".join(lines)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureHere]:
    folder = tmp_path_factory.mktemp("built")
    path = folder / "built.toml"
    path.write_text(scenario())
    with azure_running(folder, str(path)) as here:
        yield here


@pytest.fixture
def built(running: AzureHere) -> Iterator[AzureHere]:
    yield running
    running.clear()


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AMLRUNBOOK_HOME", str(tmp_path / "home"))


def listed(to: Path, workspace: str = "aml-fraud-e") -> dict[str, Any]:
    document: dict[str, Any] = msgspec.json.decode(
        (to / workspace / "images" / "registry.json").read_bytes()
    )
    return document


def export(here: AzureHere, to: Path) -> ExitCode:
    return ExitCode(export_to(here.profile, here.gateway(), to=str(to), kinds=IMAGES))


def test_pages_are_followed_to_the_last(built: AzureHere) -> None:
    gateway, before = built.gateway(), built.last
    east = gateway.registry_images("crfraud.azurecr.io")
    assert east.repositories() == sorted([BUILT, "fraud-env", "many"])
    manifests = east.manifests("many")
    assert {tag for one in manifests for tag in one.tags} == {f"t{n}" for n in range(MANY)}
    (twice,) = east.manifests(BUILT)
    assert twice.tags == ("1", "latest")
    many = gateway.registry_images("crmany.azurecr.io").repositories()
    assert many == [f"r/r{number:03}" for number in range(MANY)]
    paths = [r["path"] for r in built.requests(before) if "/acr/v1/" in r["path"]]
    asked = [path.rpartition("/")[2] for path in paths]
    assert asked == ["_catalog", "_manifests", "_manifests", "_manifests", "_catalog", "_catalog"]
    with pytest.raises(NotFoundError):
        east.manifests("nothing")
    with pytest.raises(UsageError):
        east.manifests("../v2")


def test_every_manifest_is_listed_with_where_else_it_is(built: AzureHere, tmp_path: Path) -> None:
    to = tmp_path / "out"
    assert export(built, to) == ExitCode.INCOMPLETE, "the image of mcr.microsoft.com is not known"
    own = listed(to)
    assert (own["login_server"], own["region"], own["replicas"]) == (
        "crfraud.azurecr.io",
        "eastus",
        [],
    )
    assert own["built_environments"] == ["conda:1", "docker:1"]
    assert len(own["images"]) == MANY + 2
    by_place = {one["image"].partition("@")[0]: one for one in own["images"]}
    copied = by_place[f"crfraud.azurecr.io/{BUILT}"]
    assert copied["tags"] == ["1", "latest"]
    assert copied["elsewhere"] == ["crfraudw.azurecr.io/copied in westus"]
    assert copied["needs_import"] is False
    named = by_place["crfraud.azurecr.io/fraud-env"]
    assert named["environments"] == ["fraud-env:3"]
    assert (named["needs_import"], named["elsewhere"]) == (True, [])
    assert named["import_command"] == (
        f"az acr import --name REGISTRY --source {named['image']} --image fraud-env:3"
    )
    other = listed(to, "aml-fraud-w")
    assert "Compared with crfraud.azurecr.io of aml-fraud-e in eastus." in other["said"]
    before = (to / "aml-fraud-e/images/registry.json").stat().st_mtime_ns
    export(built, to)
    assert (to / "aml-fraud-e/images/registry.json").stat().st_mtime_ns == before


def test_a_replica_that_is_ready_needs_no_import(pair_running: AzureHere, tmp_path: Path) -> None:
    assert export(pair_running, tmp_path / "out") == ExitCode.FINE
    for workspace in ("aml-fraud-e", "aml-fraud-w"):
        own = listed(tmp_path / "out", workspace)
        assert own["replicas"] == [{"region": "westus", "status": "Ready"}]
        (one,) = own["images"]
        assert one["elsewhere"] == ["replica of crfraud.azurecr.io in westus"]
        assert one["needs_import"] is False


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"path": "*/registry/crfraud/acr/v1/_catalog", "status": 403}, "needs AcrPull"),
        ({"path": "*/registry/crfraud/acr/v1/_catalog", "status": 401}, "needs AcrPull"),
        ({"path": "*/registry/crfraud/oauth2/exchange", "status": 403}, "needs AcrPull"),
        ({"path": "*/registry/crfraud/acr/v1/many/_manifests", "status": 400}, "400"),
        ({"path": "*/registries/crfraud", "status": 403}, "403"),
    ],
)
def test_a_registry_that_cannot_be_listed_is_a_gap_and_the_earlier_list_stays(
    built: AzureHere, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    fault: dict[str, Any], told: str,
) -> None:  # fmt: skip
    to = tmp_path / "out"
    export(built, to)
    before = (to / "aml-fraud-e/images/registry.json").read_bytes()
    capsys.readouterr()
    built.fault(kind="error", code="Denied", **fault)
    assert export(built, to) == ExitCode.INCOMPLETE
    said = capsys.readouterr().out
    (line,) = [one for one in said.splitlines() if "images of the registry of aml-fraud-e" in one]
    assert told in line
    assert (to / "aml-fraud-e/images/registry.json").read_bytes() == before
    assert listed(to, "aml-fraud-w")["said"] == [
        "What is not known: images of the registry of aml-fraud-e."
    ]


def test_a_repository_that_is_closed_is_a_gap_and_the_rest_is_listed(
    built: AzureHere, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    built.fault(kind="error", status=403, path="*/registry/crfraud/acr/v1/many/_manifests")
    assert export(built, tmp_path / "out") == ExitCode.INCOMPLETE
    assert "images of crfraud.azurecr.io/many" in capsys.readouterr().out
    places = {one["image"].partition("@")[0] for one in listed(tmp_path / "out")["images"]}
    assert places == {f"crfraud.azurecr.io/{BUILT}", "crfraud.azurecr.io/fraud-env"}


def test_a_dark_registry_is_a_gap(
    built: AzureHere, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    built.fault(kind="dark", plane="data", region="eastus", resource_type=REGISTRIES)
    assert export(built, tmp_path / "out") == ExitCode.INCOMPLETE
    assert "images of the registry of aml-fraud-e" in capsys.readouterr().out
    assert not (tmp_path / "out/aml-fraud-e/images/registry.json").exists()
    assert (tmp_path / "out/aml-fraud-e/images.json").is_file()


BARE = f"""
format = 1
title = "Bare"
description = "A pair without a registry in the primary, and little that its operator may do."
base = "healthy-pair"

[[world.permissions]]
actions = ["Microsoft.MachineLearningServices/*", "Microsoft.ContainerRegistry/registries/read"]

[[world.resources]]
type = "{WORKSPACES}"
group = "rg-fraud-e"
name = "aml-fraud-e"
properties = {{ containerRegistry = "" }}

[[world.resources]]
type = "{WORKSPACES}/environments"
group = "rg-fraud-e"
name = "aml-fraud-e/conda"

[[world.resources]]
type = "{WORKSPACES}/environments/versions"
group = "rg-fraud-e"
name = "aml-fraud-e/conda/1"
properties = {{ condaFile = "dependencies: []", image = "mcr.microsoft.com/azureml/base:1" }}
"""


def test_no_registry_yet_is_no_gap_and_no_right_to_list_is_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bare.toml"
    path.write_text(BARE)
    with azure_running(tmp_path, str(path)) as here:
        assert export(here, tmp_path / "out") == ExitCode.INCOMPLETE
    own = listed(tmp_path / "out")
    assert own["said"][0].startswith("The workspace has no registry yet")
    assert (own["registry"], own["images"], own["built_environments"]) == ("", [], ["conda:1"])
    told = capsys.readouterr().out
    assert "registry of aml-fraud-e" not in told
    (line,) = [one for one in told.splitlines() if "images of the registry of aml-fraud-w" in one]
    assert "UNAUTHORIZED: authentication required" in line
    assert "needs AcrPull" in line


@pytest.mark.parametrize(
    "path", ["*/acr/v1/_catalog", "*/oauth2/exchange", "*/crfraud/oauth2/token"]
)
def test_a_throttled_registry_is_listed_all_the_same(built: AzureHere, path: str) -> None:
    built.fault(kind="throttle", retry_after=0, count=1, path=path)
    assert len(built.gateway().registry_images("crfraud.azurecr.io").repositories()) == 3


@pytest.fixture
def liar(tmp_path: Path) -> Callable[..., Any]:
    def serve(page: Callable[[int], Said]) -> Any:
        count = iter(range(10_000))

        def answer(method: str, _path: str) -> Said:
            if method == "POST":
                return Said(200, b'{"refresh_token": "r", "access_token": "a-token"}')
            return page(next(count))

        return lying(tmp_path, answer)

    return serve


def page(names: list[str], link: str = "") -> Said:
    headers = {"Link": f'<{link}>; rel="next"'} if link else {}
    return Said(200, msgspec.json.encode({"repositories": names}), headers=headers)


def gets(lies: Lies) -> list[str]:
    return [path for method, path in lies.asked if method == "GET"]


@pytest.mark.parametrize(
    ("pages", "asked", "said"),
    [
        (lambda n: page(["a"], "/acr/v1/_catalog?last=a"), 2, "do not end"),
        (lambda n: page(["a"], f"/acr/v1/_catalog?last=a{n}"), 2, "do not end"),
        (lambda n: page([f"a{n}"], "/acr/v1/_catalog?last=a"), 2, "do not end"),
        pytest.param(
            lambda n: page([], f"/acr/v1/_catalog?last=a{n}"), 500, "do not end",
            marks=pytest.mark.campaign,
        ),
        (lambda n: page(["a"], "https://127.0.0.1:1/acr/v1/_catalog?last=a"), 1, "lies elsewhere"),
        (lambda n: page(["a"], "//127.0.0.1:1/acr/v1/_catalog?last=a"), 1, "lies elsewhere"),
        (lambda n: page(["a"], "/acr/v1/x/_manifests?last=a"), 1, "lies elsewhere"),
        (lambda n: page(["A\x1b[2J"]), 1, "list of repositories"),
        (lambda n: Said(200, b"<html>"), 1, "no JSON"),
        (lambda n: Said(200, b'{"repositories": ["' + b"a" * (2 << 20) + b'"]}'), 1, "no JSON"),
        (lambda n: Said(302, headers={"Location": "https://127.0.0.1:1/"}), 1, "302"),
        (lambda n: Said(200, b"{}"), 1, "list of repositories"),
    ],
)  # fmt: skip
def test_a_registry_that_lies_ends_the_list_and_gets_no_token_elsewhere(
    liar: Callable[..., Any], pages: Callable[[int], Said], asked: int, said: str
) -> None:
    with liar(pages) as lies:
        gateway = lies.gateway()
        with pytest.raises(AzureError, match=said):
            gateway.registry_images("crliar.azurecr.io").repositories()
        assert len(gets(lies)) == asked
        assert all(path.startswith("/registry/crliar/acr/v1/_catalog?") for path in gets(lies))
        assert {call.host for call in gateway.call_log.calls} == {lies.base_url.partition("//")[2]}
        gateway.close()
