from __future__ import annotations

from typing import Any

import pytest

from amlrunbook.azure.arm_pages import MOST_PAGES, all_pages
from amlrunbook.errors import AzureError

BASE = "https://management.example"
FIRST = "/subscriptions/s/resources?api-version=1"


class Pages:
    """As many pages as wanted, two documents on each."""

    def __init__(self, last: int) -> None:
        self.last = last
        self.asked: list[str] = []

    def read(self, target: str) -> dict[str, Any]:
        self.asked.append(target)
        number = len(self.asked)
        more = {"nextLink": f"{BASE}{FIRST}&page={number + 1}"} if number < self.last else {}
        return {"value": [{"id": f"{number}a"}, {"id": f"{number}b"}], **more}


def test_as_many_pages_as_are_allowed_are_read():
    pages = Pages(MOST_PAGES)
    assert len(all_pages(pages.read, BASE, FIRST, 0)) == 2 * MOST_PAGES
    assert pages.asked[:2] == [FIRST, f"{BASE}{FIRST}&page=2"]


def test_one_page_more_is_a_list_without_end():
    pages = Pages(MOST_PAGES + 1)
    with pytest.raises(AzureError, match="do not end"):
        all_pages(pages.read, BASE, FIRST, 0)
    assert len(pages.asked) == MOST_PAGES


@pytest.mark.parametrize(("most", "asked"), [(1, 1), (2, 1), (3, 2), (9, 3)])
def test_no_page_is_read_for_documents_that_nobody_wants(most: int, asked: int):
    pages = Pages(3)
    assert len(all_pages(pages.read, BASE, FIRST, most)) == min(most, 6)
    assert len(pages.asked) == asked
