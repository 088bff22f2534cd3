from __future__ import annotations

import pytest

from amlrunbook.azure.allowlist import SIGNING_POSTS, is_reading, reading_post

WS = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
SA = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "get"])
def test_reading_methods_read_whatever_the_path(method: str) -> None:
    assert is_reading(method, f"{WS}/listKeys")


@pytest.mark.parametrize(
    "method", ["PUT", "PATCH", "DELETE", "MERGE", "TRACE", "CONNECT", "", "GETT"]
)
def test_other_methods_change_whatever_the_path(method: str) -> None:
    assert not is_reading(method, f"{WS}/diagnose")


@pytest.mark.parametrize(
    "path",
    [
        f"{WS}/diagnose",
        f"{WS}/DIAGNOSE/",
        "/subscriptions/s/resourcegroups/g/providers/Microsoft.Resources/deployments/d/whatIf",
        "/subscriptions/s/providers/Microsoft.Resources/deployments/d/validate",
        "/providers/Microsoft.ResourceGraph/resources",
        "/subscriptions/s/providers/Microsoft.Storage/checkNameAvailability",
        "/subscriptions/s/providers/Microsoft.Resources/checkZonePeers/",
        "/subscriptions/s/providers/Microsoft.ResourceHealth/events/e/fetchEventDetails",
    ],
)
def test_posts_that_read_are_named(path: str) -> None:
    assert is_reading("POST", path)


@pytest.mark.parametrize(
    "path",
    [
        f"{WS}/listKeys",
        f"{WS}/listNotebookKeys",
        f"{WS}/resyncKeys",
        f"{WS}/diagnose/start",
        f"{WS}/computes/diagnose",
        f"{WS}/computes/c/start",
        f"{SA}/failover",
        f"{SA}/listKeys",
        f"{SA}/diagnose",
        f"{SA}/restoreBlobRanges",
        "/subscriptions/s/providers/Microsoft.MachineLearningServices/register",
        "/subscriptions/s/providers/Microsoft.Resources/deployments/d/whatIf/cancel",
        "/subscriptions/s/providers/Microsoft.Resources/deployments/d",
        f"{SA}/failover?x=/diagnose",
        f"{SA}/failover#/providers/Microsoft.ResourceGraph/resources",
        "",
        "/",
        "diagnose",
    ],
)
def test_other_posts_change(path: str) -> None:
    assert not is_reading("POST", path)


@pytest.mark.parametrize(
    "path",
    [
        f"{WS}/computes/../diagnose",
        f"{WS}/x/%2e%2e/diagnose",
        f"{SA}%2F..%2Ffailover/providers/Microsoft.ResourceGraph/resources",
        "/providers//Microsoft.ResourceGraph/resources",
        "/providers\\Microsoft.ResourceGraph/resources",
        "/providers/Microsoft.ResourceGraph/resources\n",
        f"{WS}/./diagnose",
        f"{WS} /diagnose",
    ],
)
def test_a_path_that_can_be_read_two_ways_is_no_read(path: str) -> None:
    assert reading_post(path) is None


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (f"{WS}/onlineEndpoints/e/listKeys", "endpoint keys"),
        (f"{WS}/onlineEndpoints/e/token", "endpoint token"),
        ("/score", "scoring"),
        ("/oauth2/exchange", "registry token"),
        ("/registry/crx.westus/oauth2/token", "registry token"),
    ],
)
def test_posts_that_sign_in_pass_only_where_they_are_named(path: str, name: str) -> None:
    assert not is_reading("POST", path)
    assert is_reading("POST", path, {name})
    assert is_reading("post", path.upper(), {name})
    for other in set(SIGNING_POSTS) - {name, "scoring"}:
        assert not is_reading("POST", path, {other})
    for method in ("PUT", "PATCH", "DELETE"):
        assert not is_reading(method, path, set(SIGNING_POSTS))


@pytest.mark.parametrize(
    "path",
    [
        f"{WS}/listKeys",
        f"{WS}/onlineEndpoints/e/regenerateKeys",
        f"{WS}/onlineEndpoints/e/listKeys/../regenerateKeys",
        f"{WS}/onlineEndpoints/e/x/listKeys",
        f"{WS}/onlineEndpoints/e%2flistKeys",
        "/v2/a/manifests/1",
        "/oauth2/exchange/x",
    ],
)
def test_nothing_else_passes_by_their_names(path: str) -> None:
    assert not is_reading("POST", path, {"endpoint keys", "endpoint token", "registry token"})
