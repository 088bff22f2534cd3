"""ARM ids: any letter case, and hostile text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlrunbook.errors import UsageError
from amlrunbook.model.resource_id import ResourceId, region_name

TEXT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a"


def test_parts_and_children() -> None:
    account = ResourceId.parse(TEXT)
    assert (account.subscription, account.resource_group, account.name) == ("s", "g", "a")
    service = account.child("blobServices", "default")
    assert service.type == "Microsoft.Storage/storageAccounts/blobServices"
    assert service.parent == account
    assert account.parent is None


def test_case_does_not_matter() -> None:
    assert ResourceId.parse(TEXT.upper()) == ResourceId.parse(TEXT)
    assert len({ResourceId.parse(TEXT), ResourceId.parse(TEXT.upper())}) == 1
    assert region_name("East US 2") == "eastus2"


@pytest.mark.parametrize(
    "text", ["", "/", "a/b", TEXT + "/x", "/subscriptions/s", "//" + TEXT.replace("/g", "/")]
)
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        ResourceId.parse(text)


@given(st.text(max_size=120))
def test_any_text_is_an_id_or_refused(text: str) -> None:
    try:
        parsed = ResourceId.parse(text)
    except UsageError:
        return
    assert ResourceId.parse(parsed.text) == parsed
