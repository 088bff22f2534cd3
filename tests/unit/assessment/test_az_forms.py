"""Documents in every form in which they come: as recorded, in other letter case, nested, flattened, in a folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from amlrunbook.assessment import assess
from amlrunbook.assessment.completion import type_of
from amlrunbook.cli.assess import assess as command
from amlrunbook.cli.assess import read_documents
from amlrunbook.errors import AmlRunbookError
from amlrunbook.model.snapshot import Inventory
from tests.shared_data import needs_shared, recordings
from tests.unit.assessment.bodies import example

RG = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers"
ACCOUNT = f"{RG}/Microsoft.Storage/storageAccounts/acct"
BLOBS = f"{ACCOUNT}/blobServices/default"
WORKSPACE = f"{RG}/Microsoft.MachineLearningServices/workspaces/one"


def recorded() -> list[dict[str, Any]]:
    """Return the last document of each resource in all recordings."""
    found: dict[str, dict[str, Any]] = {}
    for recording in recordings():
        for exchange in recording.exchanges:
            body = exchange.body if isinstance(exchange.body, dict) else {}
            values = body.get("value") if isinstance(body.get("value"), list) else [body]
            for item in values or []:
                if isinstance(item, dict) and isinstance(item.get("id"), str) and "/" in item["id"]:
                    found[item["id"].lower()] = item
    return list(found.values())


def pascal(value: Any) -> Any:
    if isinstance(value, dict):
        return {key[:1].upper() + key[1:]: pascal(item) for key, item in value.items()}
    return [pascal(item) for item in value] if isinstance(value, list) else value


def nested(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the documents with the services of each account inside their account."""
    by_id = {document["id"].lower(): dict(document) for document in documents}
    for key in list(by_id):
        parent = key.rsplit("/", 2)[0]
        if parent in by_id and key.endswith(("/blobservices/default", "/fileservices/default")):
            child = by_id.pop(key)
            child.pop("id")
            by_id[parent].setdefault("resources", []).append(child)
    return list(by_id.values())


def shuffled(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**d, "id": d["id"].swapcase()} for d in documents]


def verdicts(documents: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    found = assess(Inventory(tuple(documents)))
    return {(f.check, f.resource.lower(), f.verdict.value) for f in found}


@needs_shared
def test_the_recorded_answers_of_azure_are_judged() -> None:
    judged = verdicts(recorded())
    kinds = {check.split(".")[0] for check, _, verdict in judged if verdict != "not-applicable"}
    assert kinds >= {"storage", "registry", "logs", "workspace", "compute", "endpoint", "datastore"}
    assert len(judged) > 500


@needs_shared
@pytest.mark.parametrize("form", [pascal, nested, shuffled], ids=lambda form: form.__name__)
def test_another_form_of_the_recorded_answers_says_the_same(
    form: Callable[[list[dict[str, Any]]], list[dict[str, Any]]],
) -> None:
    plain = recorded()
    assert verdicts(form(plain)) == verdicts(plain)


@needs_shared
def test_what_az_flattens_is_judged_as_what_arm_answers() -> None:
    """``az storage account show`` prints the properties one level up."""
    whole = example("storage/BlobServicesGet")
    flat = {**{k: v for k, v in whole.items() if k != "properties"}, **whole["properties"]}
    assert verdicts([flat]) == verdicts([whole])


def test_what_az_ml_prints_with_underscores_is_read() -> None:
    vault = f"{RG}/Microsoft.KeyVault/vaults/kv"
    printed = {
        "id": WORKSPACE,
        "location": "eastus",
        "storage_account": ACCOUNT,
        "key_vault": vault,
        "image_build_compute": "cpu",
        "public_network_access": "Disabled",
    }
    found = {f.check: f for f in assess(Inventory((printed,)))}
    assert found["workspace.image-build-compute"].verdict == "pass"
    assert found["workspace.dependencies-exist"].observed.startswith("not there: storage account")
    assert found["network.reachable"].verdict == "fail"
    cluster = {"id": f"{WORKSPACE}/computes/cpu", "type": "amlcompute", "name": "cpu"}
    assert "compute.provisioning-state" in {f.check for f in assess(Inventory((cluster,)))}


def test_an_item_of_a_generic_list_is_not_taken_for_a_whole_document() -> None:
    item = {
        "id": f"{RG}/Microsoft.KeyVault/vaults/kv",
        "name": "kv",
        "location": "eastus",
        "tags": {},
    }
    assert type_of(item["id"]) == "microsoft.keyvault/vaults"
    found = {f.check: f.verdict for f in assess(Inventory((item,)))}
    assert found["keyvault.purge-protection"] == "unknown"


def test_a_folder_of_files_is_one_landscape(tmp_path: Path) -> None:
    account = {
        "id": ACCOUNT,
        "location": "eastus",
        "sku": {"name": "Standard_ZRS"},
        "properties": {},
    }
    blobs = {"id": BLOBS, "properties": {"deleteRetentionPolicy": {"enabled": True, "days": 14}}}
    (tmp_path / "account.json").write_text(json.dumps(account), encoding="utf-8")
    (tmp_path / "services.json").write_text(json.dumps({"value": [blobs]}), encoding="utf-8")
    (tmp_path / "notes.txt").write_text("not read", encoding="utf-8")
    done = CliRunner().invoke(command, ["--from", str(tmp_path), "--format", "json"])
    judged = {f["check"]: f["verdict"] for f in json.loads(done.stdout)["findings"]}
    assert judged["storage.blob-soft-delete"] == "pass"
    assert judged["storage.zone-or-geo-redundant"] == "pass"


@pytest.mark.parametrize(("name", "text"), [("a.txt", "{}"), ("a.json", "3"), ("a.json", "{")])
def test_a_folder_that_is_none_of_documents_gets_one_sentence(
    name: str, text: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(AmlRunbookError, match=r"cannot be read|no ARM document|is not JSON"):
        read_documents(str(tmp_path))
