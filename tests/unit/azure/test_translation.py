from __future__ import annotations

import pytest
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProtocolError

from amlrunbook.azure.answer import Answer
from amlrunbook.azure.translation import (
    document_of,
    error_of,
    never_left,
    plain,
    refusal,
    translated,
)
from amlrunbook.errors import (
    AnswerError,
    AzureError,
    DeadlineError,
    NotFoundError,
    SignInError,
    ThrottledError,
)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error": {"code": "C", "message": "m"}}', ("C", "m")),
        (b'{"code": "C", "message": "m"}', ("C", "m")),
        (
            b'{"error": {"code": "BadRequest", "message": "No.", "details": [{"code": "Q", "message": "q"}, 7]}}',
            ("BadRequest", "No. Q: q"),
        ),
        (b'{"error": {"code": "C", "message": "m", "details": [7]}}', ("C", "m")),
        (b'{"error": {"code": "C", "details": {}}}', ("C", "")),
        (b'{"error": "text"}', ("", "")),
        (b'{"errors": [{"code": "DENIED", "message": "no", "detail": [7]}]}', ("DENIED", "no")),
        (b'{"errors": []}', ("", "")),
        (b'{"errors": ["text"]}', ("", "")),
        (b'{"code": "C", "message": "m", "errors": [{"code": "D"}]}', ("C", "m")),
        (b'{"error": {"code": null, "message": 7}}', ("", "7")),
        (b"[]", ("", "")),
        (b"<html>", ("", "")),
        (b"", ("", "")),
        (b"[" * 200_000, ("", "")),
    ],
)
def test_what_an_error_body_says(body: bytes, said: tuple[str, str]) -> None:
    assert error_of(body) == said


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, SignInError),
        (403, AnswerError),
        (404, NotFoundError),
        (429, ThrottledError),
        (500, AnswerError),
    ],
)
def test_a_refusal_has_its_kind(status: int, kind: type[AzureError]) -> None:
    error = refusal("GET", "/x", Answer(status, {}, b'{"error": {"code": "C", "message": "m"}}'))
    assert type(error) is kind
    assert "C: m" in error.what


def test_text_from_outside_is_one_harmless_line() -> None:
    hostile = "a\x1b[31m\r\nb\u202e Authorization: Bearer abcdefghijkl " + "x" * 9000
    text = plain(hostile)
    assert text.isprintable()
    assert "abcdefghijkl" not in text
    assert len(text) <= 400


def test_json_that_is_no_object_is_an_error() -> None:
    assert document_of("GET", "/x", Answer(200, {}, b'{"a": 1}')) == {"a": 1}
    with pytest.raises(AzureError, match="no JSON"):
        document_of("GET", "/x", Answer(200, {"Content-Type": "text/html"}, b"<html>"))
    with pytest.raises(AzureError, match="no object"):
        document_of("GET", "/x", Answer(200, {}, b"[]"))


def test_errors_of_the_sdk_become_ours() -> None:
    from azure.core import exceptions

    table = [
        (exceptions.ClientAuthenticationError("no"), SignInError),
        (exceptions.ServiceResponseTimeoutError("slow"), DeadlineError),
        (exceptions.ServiceRequestTimeoutError("slow"), DeadlineError),
        (exceptions.ServiceRequestError("dns"), AzureError),
        (exceptions.HttpResponseError("odd"), AzureError),
    ]
    for theirs, ours in table:

        def fails(error: Exception = theirs) -> None:
            raise error

        with pytest.raises(ours) as found:
            translated("GET", "/x", fails)
        assert found.value.__cause__ is theirs


def test_only_a_connection_that_never_stood_never_left() -> None:
    from azure.core.exceptions import ServiceRequestError, ServiceResponseError

    refused = NewConnectionError(None, "refused")  # type: ignore[arg-type]
    assert never_left(ServiceRequestError(refused, error=refused))
    late = ConnectTimeoutError("late")
    assert never_left(AzureError("x")) is False
    wrapped = AzureError("x")
    wrapped.__cause__ = ServiceRequestError("y", error=late)
    assert never_left(wrapped)
    broken = ProtocolError("closed", ConnectionResetError())
    assert not never_left(ServiceResponseError(broken, error=broken))
