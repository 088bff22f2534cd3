"""The flow that all actions of one request share, at the wire: refused, given up, sent once, followed, looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from amlrunbook.azure.deadline import Deadline
from amlrunbook.errors import (
    AmlRunbookError,
    AzureError,
    JournalError,
    ReadOnlyError,
    RefusedError,
)
from amlrunbook.model.mode import Mode
from amlrunbook.model.operation import Observation, Outcome, Preview, Request
from amlrunbook.operations.changing import Changing, seen, unseen
from tests.simulator.lying_azure import Lies, Said, lying
from tests.simulator.test_soft_delete_action import INTENT, Heard

THING = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a"
VERSION = "api-version=2023-05-01"
SLOW = f"{THING}/failover"
ONE = datetime(2026, 11, 23, 1, tzinfo=UTC)
"""When it is polled first; each poll is told to be an hour later than the one before."""
PATCH = Request(method="PATCH", path=f"{THING}?{VERSION}", body={"sku": {"name": "X", "n": 1}})
POST = Request(method="POST", path=f"{SLOW}?{VERSION}&failoverType=Planned")


class Azure:
    """A service that takes everything; what is sent to ``SLOW`` goes on for two polls."""

    def __init__(self) -> None:
        self.lies: Lies
        self.polls = 0

    def __call__(self, method: str, path: str) -> Said:
        if path.startswith("/operation"):
            self.polls += 1
            state = b"InProgress" if self.polls <= 2 else b"Succeeded"
            date = f"Mon, 23 Nov 2026 0{self.polls}:00:00 GMT"
            return Said(
                body=b'{"status": "%s"}' % state, headers={"Retry-After": "0", "Date": date}
            )
        if method == "POST" and path.startswith(SLOW):
            self.polls = 0
            followed = {"Azure-AsyncOperation": f"{self.lies.base_url}/operation?{VERSION}"}
            return Said(status=202, headers={**followed, "Retry-After": "0"})
        return Said(body=b'{"value": []}')

    @property
    def changes(self) -> list[tuple[str, str, bytes]]:
        """What came that was no read: method, path, body."""
        came = zip(self.lies.asked, self.lies.bodies, strict=True)
        return [(method, path, body) for (method, path), body in came if method != "GET"]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azure]:
    azure = Azure()
    with lying(tmp_path_factory.mktemp("flow"), azure) as azure.lies:
        yield azure


@pytest.fixture
def azure(running: Azure) -> Azure:
    running.lies.asked.clear()
    running.lies.bodies.clear()
    return running


def flow(azure: Azure, mode: Mode = Mode.DRILL, **words: Any) -> Changing:
    return Changing(
        gateway=azure.lies.gateway(mode), title="Paint it", seconds=20, looks=3, look_again=0, **words
    )  # fmt: skip


def preview(request: Request) -> Preview:
    return Preview(summary="Paint it.", requests=(request,), resources=(THING,))


def raising(error: AmlRunbookError) -> Callable[[], Request]:
    def again() -> Request:
        raise error

    return again


def test_a_read_only_process_neither_reads_nor_sends(azure: Azure) -> None:
    heard = Heard()
    careful = flow(azure, Mode.READ_ONLY)
    with pytest.raises(ReadOnlyError) as refused:
        careful.apply(preview(PATCH), INTENT, heard, lambda: pytest.fail("it was read"))
    assert refused.value.what == "Paint it was refused: this process is read-only."
    assert refused.value.state.startswith("Nothing was sent")
    assert (azure.lies.asked, heard.words) == ([], [])


OWN = {"unread": "It is {why} Nothing left.", "outdated": "Other. Nothing left."}
UNREAD = "What is there could not be read again. Dark. Nothing was sent."
CHANGED = "What is there changed since the preview: look again. Nothing was sent."


@pytest.mark.parametrize(
    ("again", "words", "said"),
    [
        (raising(AzureError("Dark.")), {}, UNREAD),
        (raising(RefusedError("Dark.")), {}, UNREAD),
        (raising(AzureError("{Dark}.")), OWN, "It is {Dark}. Nothing left."),
        (lambda: "It is painted by now.", {}, "It is painted by now. Nothing was sent."),
        (lambda: POST, {}, CHANGED),
        (lambda: msgspec.structs.replace(PATCH, method="PUT"), {}, CHANGED),
        (lambda: msgspec.structs.replace(PATCH, path=f"{PATCH.path}&x=1"), {}, CHANGED),
        (lambda: msgspec.structs.replace(PATCH, body={"sku": {"name": "X"}}), {}, CHANGED),
        (lambda: POST, OWN, "Other. Nothing left."),
    ],
)
def test_what_is_not_as_it_was_previewed_is_given_up(
    azure: Azure, again: Callable[[], Request | str], words: dict[str, str], said: str
) -> None:
    heard = Heard()
    result = flow(azure, **words).apply(preview(PATCH), INTENT, heard, again)
    assert (result.outcome, result.text) == (Outcome.FAILED, said)
    assert (azure.lies.asked, heard.words) == ([], [])


@pytest.mark.parametrize("request_", [PATCH, POST], ids=lambda request: request.method)
def test_it_is_sent_once_as_it_was_previewed(azure: Azure, request_: Request) -> None:
    heard = Heard()
    kept = msgspec.json.decode(msgspec.json.encode(preview(request_)), type=Preview)
    result = flow(azure).apply(kept, INTENT, heard, lambda: request_)
    assert result.outcome is Outcome.SUCCEEDED, result.text
    ((method, path, body),) = azure.changes
    assert (method, path) == (request_.method, request_.path)
    assert (msgspec.json.decode(body) if body else {}) == request_.body
    assert heard.words[0] == ("sent", method, path)


def test_a_request_without_a_body_has_none_at_the_wire(azure: Azure) -> None:
    flow(azure).apply(preview(POST), INTENT, Heard(), lambda: POST)
    assert [body for _, _, body in azure.changes] == [b""]


def test_what_the_resource_shows_meanwhile_is_told_with_when_it_began(azure: Azure) -> None:
    heard, began = Heard(), []

    def progress(at: datetime) -> str:
        began.append(at)
        return f"look {len(began)}"

    made = flow(azure)

    def again() -> Request:
        made.gateway.poll(f"{azure.lies.base_url}/operation?{VERSION}")
        return POST

    azure.polls = 0
    made.apply(preview(POST), INTENT, heard, again, progress)
    assert [word[0] for word in heard.words] == ["sent", "accepted", "progressed", "progressed"]
    assert [f"look {n}" in str(word[1]) for n, word in enumerate(heard.words[2:], 1)] == [True] * 2
    assert began[0] == began[1]
    assert began[0].replace(minute=0, second=0) == ONE


def test_a_journal_that_fails_stops_it(azure: Azure) -> None:
    class Full(Heard):
        def sent(self, method: str, path: str) -> None:
            raise JournalError("The disk is full.")

    with pytest.raises(JournalError):
        flow(azure).apply(preview(PATCH), INTENT, Full(), lambda: PATCH)
    assert azure.changes == []


@pytest.mark.parametrize(
    ("look", "speaks"),
    [
        (seen("It is red.", reached=True), "for"),
        (seen("It is blue.", reached=False), "against"),
        (seen("It is red.", reached=True, source="file"), "for"),
        (unseen("It", AzureError("dark")), "neither"),
        (unseen("It", AzureError("dark"), source="file"), "neither"),
    ],
)
@pytest.mark.parametrize("polled", [False, True])
def test_the_trails_are_laid_beside_what_was_seen(
    azure: Azure, look: Observation, speaks: str, polled: bool
) -> None:
    url = f"{azure.lies.base_url}/operation?{VERSION}" if polled else ""
    found = flow(azure).observe(look, preview(PATCH), INTENT, url)
    assert (found.reached, found.text, found.readable) == (look.reached, look.text, look.readable)
    assert found.readable is (speaks != "neither")
    first, *trails = found.evidence
    assert (first, first.speaks) == (look.evidence[0], speaks)
    assert [e.source for e in trails] == ["activity log", "poll URL"][: 1 + polled]
    assert azure.changes == []


class Looks:
    """A thing that is as wanted from a certain look on."""

    def __init__(self, good_from: int) -> None:
        self.count = 0
        self.good_from = good_from

    def __call__(self) -> Observation:
        self.count += 1
        return seen(f"Look {self.count}.", reached=self.count >= self.good_from)


@pytest.mark.parametrize(("good_from", "looks"), [(1, 1), (2, 2), (3, 3), (4, 3)])
def test_it_is_looked_at_until_it_is_reached_a_few_times(
    azure: Azure, good_from: int, looks: int
) -> None:
    look = Looks(good_from)
    found = flow(azure).verify(look)
    assert (look.count, found.text) == (looks, f"Look {looks}.")
    assert found.reached is (good_from <= looks)


def test_who_waits_no_longer_gets_what_was_seen_first(azure: Azure) -> None:
    look = Looks(2)
    with Deadline(0).scope():
        assert flow(azure).verify(look).text == "Look 1."
    assert look.count == 1


@pytest.mark.parametrize("looks", [1, 2])
def test_as_many_more_looks_as_are_left(azure: Azure, looks: int) -> None:
    look = Looks(9)
    first = look()
    assert flow(azure).looked_on(first, look, looks, Deadline(20)).text == f"Look {looks}."
    assert look.count == looks
