"""Saving before the day, against the simulated Azure: whole, incremental, resumable, and only reading."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from amlrunbook.cli.export import export_to
from amlrunbook.errors import ExitCode, RefusedError, UsageError
from amlrunbook.model.profile import Profile
from amlrunbook.store.exports import LEDGER_FILE, Kept, read_ledger
from tests.simulator.azure_here import AzureHere, azure_running

NOTEBOOKS = 150
JOBS = 12
SHARE = "notebooks"
WORKSPACE = "aml-fraud-e"


def notebook(number: int) -> str:
    return f'{{"cells": [{{"source": "print({number})"}}], "nbformat": 4}}'


def scenario(notebooks: int = NOTEBOOKS, jobs: int = JOBS) -> str:
    """A healthy pair whose primary holds notebooks, jobs, and a model's bytes under a name that is awkward."""
    lines = [
        "format = 1",
        'title = "Much to save"',
        'description = "A pair with notebooks and jobs."',
        'base = "healthy-pair"',
        "[[world.resources]]",
        'type = "Microsoft.MachineLearningServices/workspaces/datastores"',
        'group = "rg-fraud-e"',
        f'name = "{WORKSPACE}/notebookstore"',
        f'properties = {{ datastoreType = "AzureFile", accountName = "stfraude", fileShareName = "{SHARE}" }}',
    ]
    for number in range(notebooks):
        path = f"users/ada/{number % 7}/n {number}.ipynb"
        text = notebook(number)
        lines += [
            "[[world.files]]",
            'account = "stfraude"',
            f'share = "{SHARE}"',
            f'path = "{path}"',
            f"text = '{text}'",
        ]
    for number in range(jobs):
        lines += [
            "[[world.resources]]",
            'type = "Microsoft.MachineLearningServices/workspaces/jobs"',
            'group = "rg-fraud-e"',
            f'name = "{WORKSPACE}/saved_job_{number}"',
            (
                'properties = { jobType = "Command", status = "Completed", command = "python train.py", '
                f'computeId = "@/resourceGroups/rg-fraud-e/providers/Microsoft.MachineLearningServices/workspaces/{WORKSPACE}/computes/cpu-cluster", '
                f'environmentId = "@/resourceGroups/rg-fraud-e/providers/Microsoft.MachineLearningServices/workspaces/{WORKSPACE}/environments/fraud-env/versions/3" }}'
            ),
        ]
    for name, text in (("models/fraud #1 ü.bin", "weights"), ("logs/std_log.txt", "epoch 1")):
        lines += [
            "[[world.blobs]]",
            'account = "stfraude"',
            'container = "azureml-saved"',
            f'name = "{name}"',
            f'text = "{text}"',
        ]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureHere]:
    folder = tmp_path_factory.mktemp("full")
    path = folder / "much.toml"
    path.write_text(scenario())
    with azure_running(folder, str(path)) as here:
        yield here


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AMLRUNBOOK_HOME", str(tmp_path / "home"))


@pytest.fixture(autouse=True)
def well(full: AzureHere) -> Iterator[None]:
    yield
    full.clear()


def saved(folder: Path, here: AzureHere) -> dict[str, Kept]:
    return read_ledger(folder / LEDGER_FILE, here.profile.name)


def assert_whole(folder: Path, here: AzureHere, notebooks: int, jobs: int) -> None:
    """Compare what is saved with its source, byte for byte, and with the ledger."""
    at = folder / WORKSPACE / "notebooks" / SHARE / "users" / "ada"
    for number in range(notebooks):
        assert (at / str(number % 7) / f"n {number}.ipynb").read_text() == notebook(number)
    for number in range(jobs):
        document = msgspec.json.decode(
            (folder / WORKSPACE / "specifications/jobs" / f"saved_job_{number}.json").read_bytes()
        )
        assert document["properties"]["command"] == "python train.py"
        assert (folder / WORKSPACE / "specifications/jobs" / f"saved_job_{number}.yml").is_file()
    kept = saved(folder, here)
    for path, line in kept.items():
        content = (folder / path).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (line.sha256, line.size)
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {
        LEDGER_FILE
    }
    assert files == set(kept)


def test_everything_is_saved_once_and_then_nothing(full: AzureHere, tmp_path: Path) -> None:
    to, before = tmp_path / "out", full.last
    assert export_to(full.profile, full.gateway(), to=str(to)) == ExitCode.FINE
    assert_whole(to, full, NOTEBOOKS, JOBS)
    blobs = to / WORKSPACE / "artifacts" / "azureml-saved"
    assert {path.read_text() for path in blobs.rglob("*") if path.is_file()} == {
        "weights",
        "epoch 1",
    }
    (image,) = msgspec.json.decode((to / WORKSPACE / "images.json").read_bytes())
    assert image["digest"].startswith("sha256:")
    assert image["import_command"].startswith("az acr import")
    changing = [
        (r["method"], r["path"])
        for r in full.requests(before)
        if r["method"] != "GET" and "/oauth2/" not in r["path"] and r["method"] != "HEAD"
    ]
    assert changing == [], "an export only reads"
    again = full.last
    assert export_to(full.profile, full.gateway(), to=str(to)) == ExitCode.FINE
    fetched = [r["path"] for r in full.requests(again) if r["path"].endswith(".ipynb")]
    assert fetched == [], "what did not change is not fetched again"


def test_drift_since_the_last_export_is_shown(
    full: AzureHere, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to = str(tmp_path / "out")
    kinds = frozenset({"artifacts"})
    export_to(full.profile, full.gateway(), to=to, kinds=kinds)
    put_blob(full, "azureml-saved", "logs/std_log.txt", b"epoch 2")
    put_blob(full, "azureml-saved", "logs/new.txt", b"new")
    capsys.readouterr()
    assert export_to(full.profile, full.gateway(), to=to, kinds=kinds, status=True) == 0
    told = capsys.readouterr().out
    assert "new 1, changed 1, gone 0, same" in told
    assert "logs/new.txt" in told
    before = full.last
    export_to(full.profile, full.gateway(), to=to, kinds=kinds)
    read = {r["path"] for r in full.requests(before) if ".txt" in r["path"]}
    assert {path.rsplit("/", 1)[-1] for path in read} == {"std_log.txt", "new.txt"}
    at = Path(to) / WORKSPACE / "artifacts/azureml-saved/logs"
    assert (at / "std_log.txt").read_text() == "epoch 2"
    delete_blob(full, "azureml-saved", "logs/new.txt")
    capsys.readouterr()
    export_to(full.profile, full.gateway(), to=to, kinds=kinds, status=True, form="json")
    drift = msgspec.json.decode(capsys.readouterr().out)["drift"]
    assert [path.rsplit("/", 1)[-1] for path in drift["gone"]] == ["new.txt"]
    assert (at / "new.txt").read_text() == "new", "what is gone in Azure stays saved"
    put_blob(full, "azureml-saved", "logs/std_log.txt", b"epoch 1")


def test_a_file_that_is_missing_here_is_fetched_again(full: AzureHere, tmp_path: Path) -> None:
    to, kinds = tmp_path / "out", frozenset({"artifacts"})
    export_to(full.profile, full.gateway(), to=str(to), kinds=kinds)
    lost = to / WORKSPACE / "artifacts/azureml-saved/logs/std_log.txt"
    lost.unlink()
    export_to(full.profile, full.gateway(), to=str(to), kinds=kinds)
    assert lost.read_text() == "epoch 1"


def killed_and_resumed(here: AzureHere, folder: Path, to: Path) -> int:
    """Kill an export after its first word of progress, and export again; return what was saved at the kill."""
    profile = folder / "profile.json"
    profile.write_bytes(msgspec.json.encode(here.profile))
    words = [sys.executable, "-m", "tests.simulator.export_once"]
    words += [str(Path(here.endpoint.ca_file).parent), str(profile), str(to)]
    first = subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert first.stderr is not None
    with first:
        for line in first.stderr:
            if " saved, " in line:
                first.kill()
                break
        first.stderr.read()
    assert first.wait() == -9
    done = len(saved(to, here))
    assert export_to(here.profile, here.gateway(), to=str(to)) == ExitCode.FINE
    return done


def test_killed_it_goes_on_where_it_was(full: AzureHere, tmp_path: Path) -> None:
    to, before = tmp_path / "out", full.last
    done = killed_and_resumed(full, tmp_path, to)
    assert 0 < done < NOTEBOOKS
    assert_whole(to, full, NOTEBOOKS, JOBS)
    fetched = [r["path"] for r in full.requests(before) if r["path"].endswith(".ipynb")]
    assert len(fetched) < NOTEBOOKS + done, "what was saved before is not fetched again"


@pytest.mark.campaign
@pytest.mark.timeout(900)
def test_two_thousand_notebooks_and_five_hundred_jobs(tmp_path: Path) -> None:
    path = tmp_path / "huge.toml"
    path.write_text(scenario(2_000, 500))
    with azure_running(tmp_path, str(path)) as here:
        to = tmp_path / "out"
        done = killed_and_resumed(here, tmp_path, to)
        assert 0 < done < 2_500
        assert_whole(to, here, 2_000, 500)


def test_a_dark_primary_is_told_and_the_rest_is_saved(
    full: AzureHere, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    full.fault(kind="dark", region="eastus")
    code = export_to(
        full.profile,
        full.gateway(),
        to=str(tmp_path / "out"),
        kinds=frozenset({"settings", "notebooks"}),
    )
    assert code == ExitCode.INCOMPLETE
    told = capsys.readouterr().out
    assert "not saved  default account of aml-fraud-e" in told
    assert (tmp_path / "out/aml-fraud-w/specifications/workspace/aml-fraud-w.json").is_file()


def test_where_nothing_answers_nothing_is_written_over(full: AzureHere, tmp_path: Path) -> None:
    to = tmp_path / "out"
    kinds = frozenset({"artifacts"})
    export_to(full.profile, full.gateway(), to=str(to), kinds=kinds)
    before = {path: path.read_bytes() for path in to.rglob("*") if path.is_file()}
    full.fault(kind="dark")
    code = export_to(full.profile, full.gateway(), to=str(to), kinds=kinds)
    assert code == ExitCode.UNREACHABLE
    assert {path: path.read_bytes() for path in to.rglob("*") if path.is_file()} == before


def test_what_changes_while_it_is_read_is_a_gap_and_not_half_saved(
    full: AzureHere, tmp_path: Path
) -> None:
    full.fault(kind="error", status=404, path="*/azureml-saved/logs/std_log.txt", plane="data")
    to = tmp_path / "out"
    kinds = frozenset({"artifacts"})
    assert export_to(full.profile, full.gateway(), to=str(to), kinds=kinds) == ExitCode.INCOMPLETE
    assert not (to / WORKSPACE / "artifacts/azureml-saved/logs/std_log.txt").exists()
    full.clear()
    assert export_to(full.profile, full.gateway(), to=str(to), kinds=kinds) == ExitCode.FINE


def test_a_container_in_another_region_takes_it_and_is_only_added_to(
    full: AzureHere, tmp_path: Path
) -> None:
    make_container(full, "saved-before")
    url = f"{full.endpoint.base_url}/blob/stfraudw/saved-before"
    kinds = frozenset({"artifacts", "settings"})
    assert export_to(full.profile, full.gateway(), to=url, kinds=kinds) == ExitCode.FINE
    names = [b.name for b in full.gateway().blob_service("stfraudw").blobs_of("saved-before")]
    content = {name.rsplit("/", 2)[-2] for name in names}
    assert {"std_log.txt", f"{WORKSPACE}.json"} <= content
    assert sum("/ledger/" in name for name in names) == 1
    before = full.last
    assert export_to(full.profile, full.gateway(), to=url, kinds=kinds) == ExitCode.FINE
    assert [r for r in full.requests(before) if r["method"] == "PUT"] == []
    for path in (tmp_path / "home").rglob("*.jsonl"):
        path.unlink()
    assert export_to(full.profile, full.gateway(), to=url, kinds=kinds) == ExitCode.FINE
    after = [b.name for b in full.gateway().blob_service("stfraudw").blobs_of("saved-before")]
    assert {n for n in after if "/ledger/" not in n} == {n for n in names if "/ledger/" not in n}


def test_a_store_refuses_whatever_could_change_what_is_there(full: AzureHere) -> None:
    from azure.storage.blob import ContainerClient

    store = full.gateway().blob_store(f"{full.endpoint.base_url}/blob/stfraudw/saved-again")
    client: ContainerClient = store._client()
    before = full.last
    for forbidden in (
        lambda: client.upload_blob("a", b"x", overwrite=True),
        lambda: client.delete_blob("a"),
        client.create_container,
        client.delete_container,
        lambda: client.set_container_metadata({"a": "b"}),
    ):
        with pytest.raises(RefusedError):
            forbidden()
    assert [
        r for r in full.requests(before) if r["method"] != "GET" and "token" not in r["path"]
    ] == []


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/blob/other/x",
        "{base}/blob/stfraudw",
        "{base}/blob/stfraudw/a/b",
        "{base}/blob/stfraudw/UPPER",
        "{base}/blob/stfraudw/x?sig=abc",
        "https://evil.example/stfraudw/container",
    ],
)
def test_a_url_that_names_no_container_of_this_cloud_is_refused(full: AzureHere, url: str) -> None:
    with pytest.raises(UsageError):
        full.gateway().blob_store(url.format(base=full.endpoint.base_url))


def test_a_folder_that_holds_other_things_is_left_alone(full: AzureHere, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds other files"):
        export_to(full.profile, full.gateway(), to=str(tmp_path), kinds=frozenset({"settings"}))
    with pytest.raises(UsageError, match="Nothing is called"):
        export_to(full.profile, full.gateway(), to=str(tmp_path / "o"), kinds=frozenset({"dreams"}))
    without: Profile = full.profile
    with pytest.raises(UsageError, match="says nothing of where"):
        export_to(without, full.gateway(), to="")


def put_blob(here: AzureHere, container: str, name: str, content: bytes) -> None:
    blobs(here).get_blob_client(container, name).upload_blob(content, overwrite=True)


def delete_blob(here: AzureHere, container: str, name: str) -> None:
    blobs(here).get_blob_client(container, name).delete_blob()


def make_container(here: AzureHere, name: str) -> None:
    blobs(here, "stfraudw").create_container(name)


def blobs(here: AzureHere, account: str = "stfraude") -> Any:
    from azure.identity import ClientSecretCredential
    from azure.storage.blob import BlobServiceClient

    at = here.endpoint
    credential = ClientSecretCredential(
        at.tenant_id,
        at.client_id,
        at.client_secret,
        authority=at.base_url,
        disable_instance_discovery=True,
        connection_verify=at.ca_file,
    )
    return BlobServiceClient(
        f"{at.base_url}/blob/{account}", credential=credential, connection_verify=at.ca_file
    )
