"""Answers that Azure never should give: each gets one clear sentence, and no token goes astray."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from amlrunbook.errors import AnswerError, AzureError, DeadlineError, UsageError
from amlrunbook.model.operation import Outcome
from tests.simulator.lying_azure import Lies, Said, lying

PATH = "/subscriptions/s/resourceGroups/g"
LIST = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults"


def page(*items: str, link: str | None = None) -> bytes:
    return json.dumps({"value": [{"id": item} for item in items], "nextLink": link}).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"<html><title>Sign in to the hotel's network</title></html>",
        b"",
        b"{",
        b"[" * 100_000,
        b'"text"',
        b"[1,2]",
        b"null",
        b"\xff\xfe\x00",
    ],
)
def test_a_200_with_something_else_in_it_is_an_error(tmp_path: Path, body: bytes) -> None:
    with lying(tmp_path, lambda _m, _p: Said(body=body, content_type="text/html")) as lies:
        with pytest.raises(AzureError) as found:
            lies.gateway().get(PATH)
        assert not isinstance(found.value, AnswerError)
        assert len(found.value.diagnostics()) < 1000


@pytest.mark.parametrize(
    "body", [b'{"value": null}', b'{"value": {}}', b'{"value": [1]}', b"{}", b'{"value": ["x"]}']
)
def test_a_list_without_documents_is_an_error(tmp_path: Path, body: bytes) -> None:
    with lying(tmp_path, lambda _m, _p: Said(body=body)) as lies:  # noqa: SIM117 - one for each meaning
        with pytest.raises(AzureError, match="without a list"):
            lies.gateway().get_all(LIST)


def test_pages_are_followed_and_joined(tmp_path: Path) -> None:
    def answer(_method: str, path: str) -> Said:
        if "$skip=2" in path:
            return Said(body=page("c"))
        return Said(body=page("a", "b", link=f"{lies.base_url}{LIST}?api-version=1&$skip=2"))

    with lying(tmp_path, answer) as lies:
        assert [item["id"] for item in lies.gateway().get_all(LIST)] == ["a", "b", "c"]


def test_a_list_is_read_no_further_than_wanted(tmp_path: Path) -> None:
    def answer(_method: str, _path: str) -> Said:
        number = len(lies.asked)
        return Said(body=page("a", "b", link=f"{lies.base_url}{LIST}?page={number}"))

    with lying(tmp_path, answer) as lies:
        assert len(lies.gateway().get_all(LIST, most=3)) == 3
        assert len(lies.asked) == 2


def test_a_list_that_leads_back_to_itself_ends(tmp_path: Path) -> None:
    def answer(_method: str, path: str) -> Said:
        return Said(body=page("a", link=f"{lies.base_url}{path}"))

    with lying(tmp_path, answer) as lies:
        with pytest.raises(AzureError, match="do not end"):
            lies.gateway().get_all(LIST)
        assert len(lies.asked) == 2


def test_a_list_without_end_ends(tmp_path: Path) -> None:
    def answer(_method: str, _path: str) -> Said:
        return Said(body=page("a", link=f"{lies.base_url}{LIST}?page={len(lies.asked)}"))

    with lying(tmp_path, answer) as lies, pytest.raises((DeadlineError, AzureError)):
        lies.gateway().get_all(LIST, seconds=3)


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example{path}",
        "http{rest}{path}",
        "{base}@evil.example{path}",
        "{base}.evil.example{path}",
        "{base}\\@evil.example{path}",
        "{base}0{path}",
        "//evil.example{path}",
        "https://user:pass@{host}{path}",
    ],
)
def test_a_page_on_another_host_is_never_asked(tmp_path: Path, link: str) -> None:
    def answer(_method: str, path: str) -> Said:
        host = lies.base_url.removeprefix("https://")
        filled = link.format(
            path=path, base=lies.base_url, rest=lies.base_url.removeprefix("https"), host=host
        )
        return Said(body=page("a", link=filled))

    with lying(tmp_path, answer) as lies:
        with pytest.raises(AzureError, match="another host"):
            lies.gateway().get_all(LIST)
        assert len(lies.asked) == 1


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    with (
        lying(
            tmp_path, lambda _m, _p: Said(status=307, headers={"Location": "https://evil.example/"})
        ) as lies,
        pytest.raises(AzureError, match="redirect"),
    ):
        lies.gateway().get(PATH)
    assert len(lies.asked) == 1


@pytest.mark.parametrize("header", ["Azure-AsyncOperation", "Location"])
def test_a_poll_url_on_another_host_is_dropped_and_the_resource_asked(
    tmp_path: Path, header: str
) -> None:
    def answer(method: str, _path: str) -> Said:
        if method == "PUT":
            headers = {header: "https://evil.example/operations/1", "Retry-After": "0"}
            return Said(status=202, headers=headers)
        return Said(body=b'{"properties": {"provisioningState": "Succeeded"}}')

    with lying(tmp_path, answer) as lies:
        answered = change(lies)
        assert answered.outcome is Outcome.SUCCEEDED
        assert [method for method, _ in lies.asked] == ["PUT", "GET"]
        assert answered.poll_url.startswith(PATH)


def change(lies: Lies):
    return lies.gateway().change(
        "PUT", PATH, {}, request_id="r", on_sent=print, on_accepted=print, seconds=100
    )


def test_a_poll_url_elsewhere_is_not_polled_later_either(tmp_path: Path) -> None:
    with lying(tmp_path, lambda _m, _p: Said()) as lies:
        with pytest.raises(AzureError, match="another host"):
            lies.gateway().poll("https://evil.example/operations/1")
        assert lies.asked == []


@pytest.mark.parametrize(
    ("polls", "outcome"),
    [
        (
            [Said(body=b'{"status": "InProgress"}'), Said(body=b'{"status": "Succeeded"}')],
            Outcome.SUCCEEDED,
        ),
        (
            [Said(body=b'{"status": "Failed", "error": {"code": "Broken", "message": "m"}}')],
            Outcome.FAILED,
        ),
        ([Said(body=b'{"status": "Canceled"}')], Outcome.FAILED),
        (
            [
                Said(status=503),
                Said(status=503),
                Said(status=503),
                Said(body=b'{"status": "Succeeded"}'),
            ],
            Outcome.SUCCEEDED,
        ),
        ([Said(status=404)], Outcome.UNKNOWN),
        ([Said(status=403)], Outcome.UNKNOWN),
        ([Said(body=b"<html>")], Outcome.UNKNOWN),
        ([Said(body=b'{"status": 7}')], Outcome.UNKNOWN),
    ],
)
def test_polls_by_the_status_url(tmp_path: Path, polls: list[Said], outcome: Outcome) -> None:
    def answer(method: str, _path: str) -> Said:
        if method == "PUT":
            url = f"{lies.base_url}/subscriptions/s/operations/1"
            return Said(status=201, headers={"Azure-AsyncOperation": url, "Retry-After": "0"})
        said = polls[min(len(lies.asked) - 2, len(polls) - 1)]
        return said._replace(headers={"Retry-After": "0"})

    with lying(tmp_path, answer) as lies:
        given = 1.5 if outcome is Outcome.UNKNOWN else 100  # what stays unknown is asked to the end
        answered = lies.gateway().change(
            "PUT", PATH, {}, request_id="r", on_sent=print, on_accepted=print, seconds=given
        )
        assert answered.outcome is outcome, answered.text


@pytest.mark.parametrize(
    ("final", "outcome"),
    [
        (Said(status=200), Outcome.SUCCEEDED),
        (Said(status=204, body=b""), Outcome.SUCCEEDED),
        (
            Said(status=409, body=b'{"error": {"code": "Conflict", "message": "no"}}'),
            Outcome.FAILED,
        ),
        (Said(status=404), Outcome.UNKNOWN),
    ],
)
def test_polls_by_location(tmp_path: Path, final: Said, outcome: Outcome) -> None:
    def answer(method: str, _path: str) -> Said:
        headers = {"Location": f"{lies.base_url}/subscriptions/s/operations/1", "Retry-After": "0"}
        if method == "PUT" or len(lies.asked) < 4:
            return Said(status=202, headers=headers, body=b"")
        return final

    with lying(tmp_path, answer) as lies:
        assert change(lies).outcome is outcome


def test_hostile_words_of_an_error_are_made_harmless(tmp_path: Path) -> None:
    message = "\x1b[2J\x07 AccountKey=c2VjcmV0c2VjcmV0; " + "x" * 100_000
    body = json.dumps({"error": {"code": "A\x1b]0;t\x07", "message": message}}).encode()
    with lying(tmp_path, lambda _m, _p: Said(status=400, body=body)) as lies:
        with pytest.raises(AnswerError) as found:
            lies.gateway().get(PATH)
        text = found.value.diagnostics() + found.value.code
        assert "\x1b" not in text
        assert "\x07" not in text
        assert "c2VjcmV0" not in text
        assert len(text) < 1000


def test_an_unknown_certificate_gets_no_token(tmp_path: Path) -> None:
    with lying(tmp_path, lambda _m, _p: Said()) as lies:
        import trustme

        other = tmp_path / "other.pem"
        trustme.CA().cert_pem.write_to_path(str(other))
        stranger = Lies(lies.base_url, str(other))
        with pytest.raises(AzureError, match="not reachable"):
            stranger.gateway().get(PATH)
        assert lies.tokens == []


def test_plain_http_is_not_spoken(tmp_path: Path) -> None:
    with lying(tmp_path, lambda _m, _p: Said()) as lies:
        stranger = Lies(lies.base_url.replace("https", "http"), lies.ca_file)
        with pytest.raises(AzureError, match="InvalidSchema"):
            stranger.gateway().get(PATH)
        assert lies.asked == []


def test_certificates_that_are_gone_are_one_clear_sentence(tmp_path: Path) -> None:
    stranger = Lies("https://127.0.0.1:9", str(tmp_path / "gone.pem"))
    with pytest.raises(UsageError, match=r"gone\.pem cannot be read"):
        stranger.gateway().get(PATH)
