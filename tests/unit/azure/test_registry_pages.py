"""Pages of a registry's lists: what is believed of them, and where the next one may lie."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlrunbook.azure.registry_pages import (
    REPOSITORY,
    HeldManifest,
    manifests_of,
    next_last,
    repositories_of,
)
from amlrunbook.errors import AzureError

BASE = "https://crx.azurecr.io"
CATALOG = "/acr/v1/_catalog"
DIGEST = "sha256:" + "a" * 64
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from([DIGEST]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["digest", "tags", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def last_of(link: str, base: str = BASE, path: str = CATALOG) -> str:
    return next_last(link, base, path, f"crx{path}")


@pytest.mark.parametrize(
    ("link", "last"),
    [
        ("", ""),
        ('</acr/v1/_catalog?last=hello-world&n=1&orderby=>; rel="next"', "hello-world"),
        ('</acr/v1/_catalog?last=azureml%2Fazureml_0a&n=1&orderby=>; rel="next"', "azureml/azureml_0a"),
        ("</acr/v1/_catalog?n=1&last=a>;rel=next", "a"),
        (f'<{BASE}/acr/v1/_catalog?last=a>; rel="next"', "a"),
    ],
)  # fmt: skip
def test_the_next_page_begins_after_the_last_entry(link: str, last: str) -> None:
    assert last_of(link) == last


def test_the_path_of_a_list_may_be_encoded_or_lie_below_a_prefix() -> None:
    path = "/acr/v1/library/hello/_manifests"
    link = f'</acr/v1/library%2Fhello/_manifests?last=sha256%3A{"a" * 64}&n=1>; rel="next"'
    assert last_of(link, path=path) == DIGEST
    below = link.replace("</acr", "</registry/crx/acr")
    assert last_of(below, f"{BASE}/registry/crx", path) == DIGEST


@pytest.mark.parametrize(
    "link",
    [
        '<https://evil.example/acr/v1/_catalog?last=a>; rel="next"',
        '<//evil.example/acr/v1/_catalog?last=a>; rel="next"',
        '<http://crx.azurecr.io/acr/v1/_catalog?last=a>; rel="next"',
        '<https://crx.azurecr.io@evil.example/acr/v1/_catalog?last=a>; rel="next"',
        '<https://crx.azurecr.io.evil.example/acr/v1/_catalog?last=a>; rel="next"',
        '<https://[/acr/v1/_catalog?last=a>; rel="next"',
        '</acr/v1/other/_manifests?last=a>; rel="next"',
        '<\\\\evil.example\\acr?last=a>; rel="next"',
        '</acr/v1/_catalog?n=1>; rel="next"',
        '</acr/v1/_catalog?last=>; rel="next"',
        '</acr/v1/_catalog?last=A%20B>; rel="next"',
        '</acr/v1/_catalog?last=a>; rel="prev"',
        "nonsense",
    ],
)
def test_a_link_that_leads_elsewhere_or_nowhere_ends_the_list(link: str) -> None:
    with pytest.raises(AzureError, match="next page"):
        last_of(link)


@given(st.text(max_size=80) | st.from_regex(r'</acr/v1/_catalog\?last=[^>]*>; rel="next"'))
def test_whatever_a_link_says_it_names_an_entry_or_is_refused(link: str) -> None:
    try:
        last = last_of(link)
    except AzureError:
        return
    assert last == "" or REPOSITORY.match(last) or last.startswith("sha256:")


def test_a_manifest_has_its_tags_in_order_and_may_have_none() -> None:
    page = {
        "manifests": [{"digest": DIGEST, "tags": ["b", "a", "b"]}, {"digest": DIGEST[:-1] + "b"}]
    }
    assert manifests_of(page, "x") == [
        HeldManifest(digest=DIGEST, tags=("a", "b")),
        HeldManifest(digest=DIGEST[:-1] + "b"),
    ]
    assert manifests_of({"manifests": None}, "x") == []
    assert repositories_of({"repositories": ["a/b"]}, "x") == ["a/b"]
    assert repositories_of({"repositories": None}, "x") == []


@pytest.mark.parametrize(
    "page",
    [
        {"repositories": "abc", "manifests": "abc"},
        {"repositories": ["A B"], "manifests": [{"digest": "sha256:x"}]},
        {"repositories": [7], "manifests": [7]},
        {"repositories": ["a\x1b[2J"], "manifests": [{"digest": DIGEST, "tags": ["a\x1b"]}]},
        {"repositories": ["../x"], "manifests": [{"digest": DIGEST, "tags": "latest"}]},
    ],
)
def test_a_page_that_is_no_list_is_not_believed(page: dict[str, Any]) -> None:
    with pytest.raises(AzureError):
        repositories_of(page, "x")
    with pytest.raises(AzureError):
        manifests_of(page, "x")


@given(JSON)
def test_any_json_is_a_list_of_digests_or_refused(found: Any) -> None:
    try:
        manifests = manifests_of({"manifests": found}, "x")
    except AzureError:
        return
    assert all(one.digest == DIGEST for one in manifests)
