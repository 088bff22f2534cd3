"""The command that copies an image by its digest, with its tags."""

from __future__ import annotations

import shlex

import pytest

from amlrunbook.azure.registry_pages import HeldManifest
from amlrunbook.operations.export.own_registry import import_command

DIGEST = "sha256:" + "0" * 64
SOURCE = f"cr.azurecr.io/azureml/azureml_0a@{DIGEST}"


@pytest.mark.parametrize(
    ("tags", "rest"),
    [
        ((), ["--repository", "azureml/azureml_0a"]),
        (("latest",), ["--image", "azureml/azureml_0a:latest"]),
        (
            ("1", "2", "3"),
            [w for tag in "123" for w in ("--image", f"azureml/azureml_0a:{tag}")],
        ),
    ],
)
def test_the_digest_is_imported_and_every_tag_stays(tags: tuple[str, ...], rest: list[str]) -> None:
    manifest = HeldManifest(digest=DIGEST, tags=tags)
    command = import_command("cr.azurecr.io", "azureml/azureml_0a", manifest)
    words = ["az", "acr", "import", "--name", "REGISTRY", "--source", SOURCE]
    assert shlex.split(command) == [*words, *rest]
