from __future__ import annotations

import pytest

from amlrunbook.azure.arm_path import type_of, with_version
from amlrunbook.errors import UsageError

G = "/subscriptions/s/resourceGroups/g"
WS = f"{G}/providers/Microsoft.MachineLearningServices/workspaces/w"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (WS, "Microsoft.MachineLearningServices/workspaces"),
        (f"{WS}/computes", "Microsoft.MachineLearningServices/workspaces/computes"),
        (
            f"{WS}/models/m/versions/1",
            "Microsoft.MachineLearningServices/workspaces/models/versions",
        ),
        (f"{WS}/providers/Microsoft.Authorization/locks", "Microsoft.Authorization/locks"),
        (G, "Microsoft.Resources/resourceGroups"),
        ("/subscriptions/s", "Microsoft.Resources/subscriptions"),
        ("/subscriptions/s/locations", "Microsoft.Resources/subscriptions/locations"),
        ("/subscriptions/s/resources", "Microsoft.Resources/resources"),
        ("/subscriptions/s/providers", "Microsoft.Resources/providers"),
    ],
)
def test_the_type_of_a_path(path: str, kind: str) -> None:
    assert type_of(path) == kind


def test_the_version_comes_from_the_table() -> None:
    assert with_version(WS) == f"{WS}?api-version=2024-04-01"
    assert with_version(G, "2021-01-01") == f"{G}?api-version=2021-01-01"


def test_names_and_values_are_escaped() -> None:
    assert with_version(f"{G}/a b%", "1", **{"$filter": "x eq 'y&z'"}) == (
        f"{G}/a%20b%25?api-version=1&$filter=x%20eq%20%27y%26z%27"
    )


@pytest.mark.parametrize("path", ["", "x", "//h/x", "/x?y", "/x#y", "https://h/x"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(UsageError):
        with_version(path, "1")


def test_a_type_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UsageError, match="No api-version is known"):
        with_version(f"{G}/providers/Contoso.Sql/servers/s")
    with pytest.raises(UsageError):
        type_of("/nowhere")
