from __future__ import annotations

import pytest

from amlrunbook.azure.guard import Guard, under
from amlrunbook.errors import ReadOnlyError, RefusedError
from amlrunbook.model.mode import Mode

BASE = "https://management.azure.com"


@pytest.mark.parametrize(
    "url",
    [
        f"{BASE}/subscriptions",
        BASE,
        "HTTPS://Management.Azure.Com/subscriptions",
        "https://management.azure.com:443/subscriptions?x=1",
    ],
)
def test_what_lies_under_the_base(url: str) -> None:
    assert under(BASE, url)


@pytest.mark.parametrize(
    "url",
    [
        "http://management.azure.com/x",
        "https://management.azure.com.evil.example/x",
        "https://management.azure.com@evil.example/x",
        "https://evil.example/https://management.azure.com/",
        "https://management.azure.com\\@evil.example/",
        "https://management.azure.com:444/x",
        "https://management.azure.com:443@evil.example/",
        "//management.azure.com/x",
        "/x",
        "",
        "https://management.azure.com /x",
        "https://management.azure.com/\r\nHost: evil.example",
    ],
)
def test_what_does_not(url: str) -> None:
    assert not under(BASE, url)
    with pytest.raises(RefusedError):
        Guard(Mode.LIVE, (BASE,)).check("GET", url)


def test_read_only_lets_reads_pass_and_nothing_else() -> None:
    guard = Guard(Mode.READ_ONLY, (BASE,))
    guard.check("GET", f"{BASE}/a?b=c")
    with pytest.raises(ReadOnlyError, match="PUT /a was refused"):
        guard.check("put", f"{BASE}/a?b=c")


@pytest.mark.parametrize("mode", [Mode.DRILL, Mode.LIVE])
def test_other_modes_let_changes_pass(mode: Mode) -> None:
    Guard(mode, (BASE,)).check("DELETE", f"{BASE}/a")


@pytest.mark.parametrize("name", ["x-http-method-override", "x-http-method", "x-method-override"])
def test_a_read_that_asks_to_be_taken_for_a_change_is_refused(name: str) -> None:
    with pytest.raises(ReadOnlyError):
        Guard(Mode.READ_ONLY, (BASE,)).check("GET", f"{BASE}/a", {name: "DELETE"})
