"""Which registered assets lie in an account, and which the secondary lacks. Pure."""

from __future__ import annotations

from typing import Any

import pytest

from amlrunbook.azure.blob_service import Blob, Listing
from amlrunbook.model.snapshot import Inventory
from amlrunbook.operations.switchover.storage_assets import Registered, assets_in, registered
from amlrunbook.operations.switchover.storage_losses import Losses

ML = "Microsoft.MachineLearningServices/workspaces"
EAST = f"/subscriptions/s/resourceGroups/g/providers/{ML}/aml-e"
WEST = f"/subscriptions/s/resourceGroups/g/providers/{ML}/aml-w"


def document(workspace: str, kind: str, name: str, **properties: Any) -> dict[str, Any]:
    parts = kind.split("/")
    tail = "/".join(f"{part}/{each}" for part, each in zip(parts, name.split("/"), strict=True))
    return {
        "id": f"{workspace}/{tail}",
        "name": name.rsplit("/", 1)[-1],
        "type": f"{ML}/{kind}",
        "properties": properties,
    }


INVENTORY = Inventory(
    (
        document(EAST, "datastores", "shared", accountName="stdata", containerName="lake"),
        document(EAST, "datastores", "other", accountName="stother", containerName="lake"),
        document(WEST, "datastores", "shared", accountName="stwest", containerName="lake"),
        document(
            EAST, "models/versions", "gbm/7", modelUri="azureml://datastores/shared/paths/m/7"
        ),
        document(
            EAST,
            "data/versions",
            "rows/1",
            dataUri="azureml://subscriptions/s/workspaces/aml-e/datastores/Shared/paths/rows/1/",
        ),
        document(
            EAST, "data/versions", "rows/2", dataUri="azureml://datastores/other/paths/rows/2"
        ),
        document(
            WEST, "models/versions", "gbm/8", modelUri="azureml://datastores/shared/paths/m/8"
        ),
        document(EAST, "models/versions", "odd/1", modelUri=7),
        document(EAST, "models/versions", "web/1", modelUri="https://x.example/m"),
    )
)
ASSETS = assets_in(INVENTORY, "STDATA")


def listing(*names: str, complete: bool = True) -> Listing:
    blobs = tuple(Blob(container="lake", name=name, last_modified="") for name in names)
    return Listing(blobs=blobs, complete=complete)


def test_assets_are_found_by_their_own_workspaces_datastore() -> None:
    assert [(a.name, a.container, a.path) for a in ASSETS] == [
        ("models/gbm/7", "lake", "m/7"),
        ("data/rows/1", "lake", "rows/1"),
    ]


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        (("m/7", "rows/1/a.parquet"), ()),
        (("m/7/MLmodel", "rows/1", "zzz"), ()),
        (("m/70/x", "rows/10"), ("models/gbm/7", "data/rows/1")),
        (("m/7-old", "m/7/x", "rows/1-old"), ("data/rows/1",)),
        ((), ("models/gbm/7", "data/rows/1")),
    ],
)
def test_what_the_secondary_lacks_is_named(
    names: tuple[str, ...], missing: tuple[str, ...]
) -> None:
    assert registered(ASSETS, listing(*names)).missing == missing


@pytest.mark.parametrize("there", [None, listing("m/7", complete=False)])
def test_without_the_whole_list_nothing_is_said_to_be_missing(there: Listing | None) -> None:
    found = registered(ASSETS, there)
    assert (found.total, found.missing, found.looked, found.words) == (2, (), False, "")


def test_what_is_lost_says_so_where_the_primary_is_dark_or_something_is_missing() -> None:
    well, lacking = registered(ASSETS, listing("m/7", "rows/1")), registered(ASSETS, listing("m/7"))
    dark = Losses(unknown="the primary does not answer", registered=well)
    assert dark.words.endswith("; the secondary holds all 2 registered models and data")
    assert Losses(registered=well).words == "no blob is later"
    assert Losses(registered=lacking).words.endswith("the secondary lacks data/rows/1")
    many = Registered(total=9, missing=tuple("abcde"), looked=True)
    assert many.words.endswith("lacks a, b, c and 2 more")
