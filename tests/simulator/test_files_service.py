"""The file service, driven by azure-storage-file-share with nothing patched."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.storage.fileshare import ShareClient, ShareServiceClient

from amlrunbook.simulator import process
from amlrunbook.simulator.endpoint import Endpoint
from tests.simulator_fixtures import Wire, add_fault, clear_faults, credential, running, world

NOTEBOOKS = 2000
SCENARIO = f"""
format = 1
title = "Notebooks"
description = "A workspace with many notebooks."
profile = {{}}

[world]
subscriptions = [{{ id = "11111111-2222-3333-4444-555555555555", name = "notebooks" }}]
groups = [{{ name = "rg", location = "eastus" }}]

[[world.resources]]
type = "Microsoft.Storage/storageAccounts"
group = "rg"
name = "stbooks"
sku = {{ name = "Standard_GRS" }}

[[world.resources]]
type = "Microsoft.KeyVault/vaults"
group = "rg"
name = "kv-books"

[[world.resources]]
type = "Microsoft.MachineLearningServices/workspaces"
group = "rg"
name = "aml-books"
properties = {{ storageAccount = "@/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/stbooks", keyVault = "@/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv-books" }}

[[world.files]]
datastore = "@/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/aml-books/datastores/workspaceworkingdirectory"
path = "Users/ada/book-{{n}}.ipynb"
text = '{{"cells": [{{n}}]}}'
copies = {NOTEBOOKS}
"""
ML = "@/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/aml-books"


@pytest.fixture(scope="module")
def azure(tmp_path_factory) -> Iterator[Endpoint]:
    folder = tmp_path_factory.mktemp("files")
    scenario = folder / "notebooks.toml"
    scenario.write_text(SCENARIO, encoding="utf-8")
    with running(folder / "azure", scenario) as endpoint:
        yield endpoint


def service(azure: Endpoint, signed_in, **options) -> ShareServiceClient:
    return ShareServiceClient(
        f"{azure.base_url}/file/stbooks",
        credential=signed_in,
        token_intent="backup",
        connection_verify=azure.ca_file,
        **{"retry_total": 0, **options},
    )


@pytest.fixture(scope="module")
def shares(azure) -> Iterator[ShareServiceClient]:
    with credential(azure) as signed_in, service(azure, signed_in) as client:
        yield client


@pytest.fixture(scope="module")
def code(shares) -> ShareClient:
    """The share in which a workspace keeps its notebooks."""
    (share,) = (s for s in shares.list_shares() if s.name.startswith("code-"))
    return shares.get_share_client(share)


@pytest.fixture(scope="module")
def scratch(shares) -> ShareClient:
    return shares.create_share("scratch", quota=7)


def test_two_thousand_notebooks_are_listed_and_read(code):
    found = list(code.list_directories_and_files("Users/ada", results_per_page=500))
    assert len(found) == NOTEBOOKS
    assert {item["is_directory"] for item in found} == {False}
    read = code.get_file_client("Users/ada/book-1999.ipynb").download_file().readall()
    assert read == b'{"cells": [1999]}'
    sizes = {item.name: item.size for item in found}
    assert sizes["book-1999.ipynb"] == len(read)
    (user,) = code.list_directories_and_files("Users")
    assert (user.name, user.is_directory) == ("ada", True)
    few = code.list_directories_and_files("Users/ada", name_starts_with="book-199")
    assert len(list(few)) == 11


def test_a_file_is_written_read_and_deleted(scratch):
    folder = scratch.create_directory("a")
    data = bytes(range(256)) * 20_000  # more than one range
    file = folder.upload_file("b.bin", data, metadata={"of": "ada"})
    assert file.download_file().readall() == data
    assert file.download_file(offset=300, length=5).readall() == data[300:305]
    properties = file.get_file_properties()
    assert (properties.size, properties.metadata) == (len(data), {"of": "ada"})
    assert [(r["start"], r["end"]) for r in file.get_ranges()] == [(0, len(data) - 1)]
    file.set_file_metadata({"of": "bob"})
    assert file.get_file_properties().metadata == {"of": "bob"}
    with pytest.raises(ResourceExistsError):
        folder.delete_directory()
    file.delete_file()
    assert list(folder.list_directories_and_files()) == []
    folder.delete_directory()
    assert not folder.exists()


def test_an_empty_file_and_nested_folders(scratch):
    scratch.create_directory("c")
    inner = scratch.create_directory("c/d")
    inner.upload_file("empty", b"")
    assert inner.get_file_client("empty").download_file().readall() == b""
    assert scratch.get_share_properties().quota == 7
    assert scratch.get_directory_client("c").get_directory_properties().is_directory


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda share: share.get_file_client("none").download_file(), "ResourceNotFound"),
        (lambda share: share.get_file_client("x/y/z").download_file(), "ParentNotFound"),
        (lambda share: share.get_directory_client("none").get_directory_properties(), None),
        (lambda share: share.create_directory("no/where"), "ParentNotFound"),
        (lambda share: share.create_share(), "ShareAlreadyExists"),
    ],
)
def test_what_is_refused(scratch, ask, code):
    with pytest.raises(HttpResponseError) as refused:
        ask(scratch)
    assert code is None or refused.value.error_code == code


def test_a_share_that_is_not_there(shares):
    with pytest.raises(ResourceNotFoundError) as refused:
        list(shares.get_share_client("none").list_directories_and_files())
    assert refused.value.error_code == "ShareNotFound"


def test_a_token_needs_an_intent_and_files_have_no_secondary(azure):
    with credential(azure) as signed_in:
        token = signed_in.get_token("https://storage.azure.com/.default").token
    with Wire(azure) as wire:
        path = "/file/stbooks?comp=list"
        refused = wire.ask("GET", path, None, token=token)
        assert (refused.status_code, refused.headers["x-ms-error-code"]) == (
            400,
            "MissingRequiredHeader",
        )
        assert wire.ask("GET", path, None).status_code == 401
        with pytest.raises(requests.ConnectionError):
            wire.ask("GET", "/file/stbooks-secondary?comp=list", None, token=token)


def test_a_dark_region_takes_its_files_along(azure, code):
    add_fault(azure, kind="dark", plane="data", region="eastus")
    try:
        with pytest.raises((ServiceRequestError, ServiceResponseError)):
            code.get_share_properties()
    finally:
        clear_faults(azure)
    assert code.get_share_properties().name == code.share_name


def test_notebooks_are_opened_by_a_token_and_prepared(azure):
    with Wire(azure) as wire:
        info = wire.get(ML)["properties"]["notebookInfo"]
        token = wire.ask("POST", f"{ML}/listNotebookAccessToken").json()
        assert (token["hostName"], token["tokenType"]) == (info["fqdn"], "Bearer")
        begun = wire.ask("POST", f"{ML}/prepareNotebook")
        process.control(azure, "POST", "/pace", {"polls": 0, "seconds": 600, "retry_after": 0})
        done = wire.ask("GET", begun.headers["Location"], None)
        while done.status_code == 202:
            done = wire.ask("GET", begun.headers["Location"], None)
        assert done.json()["fqdn"] == info["fqdn"]
    assert len(world(azure)["accounts"]["stbooks"]["shares"]) >= 2
