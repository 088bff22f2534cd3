"""Changing calls, counted at the wire: sent once, announced before, followed to the end, honest afterwards."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from amlrunbook.azure.changes import ChangeAnswer
from amlrunbook.azure.sdk_gateway import SdkGateway
from amlrunbook.errors import JournalError
from amlrunbook.model.mode import Mode
from amlrunbook.model.operation import Outcome
from tests.simulator.azure_here import AzureHere

REQUEST_ID = "11112222-3333-4444-8555-666677778888"


class Told:
    """What the caller was told, in order."""

    def __init__(self) -> None:
        self.words: list[tuple[Any, ...]] = []

    def sent(self, method: str, path: str) -> None:
        self.words.append(("sent", method, path))

    def accepted(self, status: int, poll_url: str, service_request_id: str) -> None:
        self.words.append(("accepted", status, poll_url, service_request_id))


def group(here: AzureHere) -> str:
    return here.profile.primary.workspace.split("/providers/")[0]


def service(here: AzureHere) -> str:
    return (
        f"{group(here)}/providers/Microsoft.Storage/storageAccounts/stlonely/blobServices/default"
    )


def put(here: AzureHere, gateway: SdkGateway, told: Told, **options: Any) -> ChangeAnswer:
    body = {"properties": {"deleteRetentionPolicy": {"enabled": True, "days": 14}}}
    return gateway.change(
        "PUT",
        service(here),
        body,
        request_id=REQUEST_ID,
        on_sent=told.sent,
        on_accepted=told.accepted,
        **options,
    )


def puts(here: AzureHere, since: int) -> list[dict[str, Any]]:
    return [r for r in here.requests(since) if r["method"] == "PUT"]


def test_a_change_is_announced_then_sent_once_with_its_request_id(lonely: AzureHere) -> None:
    told, before = Told(), lonely.last
    answer = put(lonely, lonely.gateway(Mode.DRILL), told)
    assert (answer.outcome, answer.status) == (Outcome.SUCCEEDED, 200)
    assert told.words == [("sent", "PUT", f"{service(lonely)}?api-version=2023-05-01")]
    (sent,) = puts(lonely, before)
    assert sent["client_request_id"] == REQUEST_ID


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ({"kind": "error", "status": 503}, Outcome.UNKNOWN),
        ({"kind": "error", "status": 500, "retry_after": 0}, Outcome.UNKNOWN),
        ({"kind": "error", "status": 408}, Outcome.UNKNOWN),
        (
            {"kind": "error", "status": 409, "code": "StorageAccountOperationInProgress"},
            Outcome.FAILED,
        ),
        ({"kind": "throttle", "retry_after": 0}, Outcome.FAILED),
        ({"kind": "dark"}, Outcome.UNKNOWN),
        ({"kind": "unanswered"}, Outcome.UNKNOWN),
        ({"kind": "unanswered", "status": 503}, Outcome.UNKNOWN),
    ],
)
def test_whatever_happens_it_is_sent_exactly_once(
    lonely: AzureHere, fault: dict[str, Any], outcome: Outcome
) -> None:
    gateway = lonely.gateway(Mode.DRILL)
    gateway.get(group(lonely))
    lonely.fault(methods=["PUT"], **fault)
    told, before = Told(), lonely.last
    answer = put(lonely, gateway, told)
    assert answer.outcome is outcome
    assert len(puts(lonely, before)) == 1
    assert len(told.words) == 1
    assert [call.method for call in gateway.call_log.calls if call.method != "GET"] == ["PUT"]


def test_a_hanging_change_is_unknown_after_the_deadline(lonely: AzureHere) -> None:
    gateway = lonely.gateway(Mode.DRILL)
    gateway.get(group(lonely))
    lonely.fault(kind="hang", methods=["PUT"])
    told, before = Told(), lonely.last
    answer = put(lonely, gateway, told, seconds=3)
    assert answer.outcome is Outcome.UNKNOWN
    assert told.words[0][0] == "sent"
    assert len(puts(lonely, before)) <= 1


def test_a_change_that_nobody_could_sign_was_not_sent(lonely: AzureHere) -> None:
    lonely.fault(kind="dark", plane="identity")
    told, before = Told(), lonely.last
    answer = put(lonely, lonely.gateway(Mode.DRILL), told)
    assert answer.outcome is Outcome.FAILED
    assert "was not sent" in answer.text
    assert told.words == []
    assert puts(lonely, before) == []


def test_a_journal_that_cannot_be_written_keeps_the_request_back(lonely: AzureHere) -> None:
    before = lonely.last

    def cannot(_method: str, _path: str) -> None:
        raise JournalError("The disk is full.")

    with pytest.raises(JournalError):
        lonely.gateway(Mode.DRILL).change(
            "PUT",
            service(lonely),
            {},
            request_id=REQUEST_ID,
            on_sent=cannot,
            on_accepted=Told().accepted,
        )
    assert puts(lonely, before) == []


def test_a_request_that_did_not_leave_in_time_does_not_leave_later(lonely: AzureHere) -> None:
    gateway = lonely.gateway(Mode.DRILL)
    lonely.fault(kind="slow", plane="identity", milliseconds=1500)
    told, before = Told(), lonely.last
    answer = put(lonely, gateway, told, seconds=0.5)
    assert answer.outcome is Outcome.FAILED
    assert told.words == []
    gateway.get(group(lonely))
    assert puts(lonely, before) == []


def test_an_unregistered_provider_is_never_registered(lonely: AzureHere) -> None:
    gateway = lonely.gateway(Mode.DRILL)
    lonely.fault(kind="error", methods=["PUT"], status=409, code="MissingSubscriptionRegistration")
    before = lonely.last
    answer = put(lonely, gateway, Told())
    assert (answer.outcome, answer.code) == (Outcome.FAILED, "MissingSubscriptionRegistration")
    assert not [r for r in lonely.requests(before) if "register" in r["path"].lower()]


def test_a_long_operation_is_accepted_and_followed_to_its_end(lonely: AzureHere) -> None:
    told, said = Told(), []
    answer = lonely.gateway(Mode.DRILL).change(
        "PUT",
        f"{group(lonely)}/providers/Microsoft.Storage/storageAccounts/stnewaccount",
        {
            "location": "eastus",
            "sku": {"name": "Standard_GRS"},
            "kind": "StorageV2",
            "properties": {},
        },
        request_id=REQUEST_ID,
        on_sent=told.sent,
        on_accepted=told.accepted,
        on_progress=said.append,
        seconds=50,
    )
    assert answer.outcome is Outcome.SUCCEEDED
    assert [word[0] for word in told.words] == ["sent", "accepted"]
    assert told.words[1][1] == 202
    assert told.words[1][2] == answer.poll_url
    assert answer.poll_url.startswith(lonely.endpoint.base_url)


def test_an_accepted_operation_whose_polls_go_dark_is_unknown(lonely: AzureHere) -> None:
    gateway = lonely.gateway(Mode.DRILL)
    gateway.get(group(lonely))
    lonely.fault(kind="dark", methods=["GET"])
    told = Told()
    answer = gateway.change(
        "PUT",
        f"{group(lonely)}/providers/Microsoft.Storage/storageAccounts/stnewaccount",
        {
            "location": "eastus",
            "sku": {"name": "Standard_LRS"},
            "kind": "StorageV2",
            "properties": {},
        },
        request_id=REQUEST_ID,
        on_sent=told.sent,
        on_accepted=told.accepted,
        seconds=3,
    )
    assert answer.outcome is Outcome.UNKNOWN
    assert [word[0] for word in told.words] == ["sent", "accepted"]


def test_nobody_waits_for_an_abandoned_thread(lonely: AzureHere) -> None:
    lonely.fault(kind="hang", methods=["PUT"])
    gateway = lonely.gateway(Mode.DRILL)
    put(lonely, gateway, Told(), seconds=0.5)
    assert all(
        thread.daemon for thread in threading.enumerate() if thread.name.startswith("amlrunbook")
    )
