"""One request of our own through the guarded wire, for services that have no client in the SDKs we use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from amlrunbook.azure.access import Access
from amlrunbook.azure.answer import Answer
from amlrunbook.azure.translation import refusal

LARGEST_BODY = 1 << 20
"""Bytes of an answer that are read; what comes after is left."""
_ERRORS_FROM = 400


def bearer(access: Access, scope: str) -> str:
    """Return our own token for ``scope``, as an ``Authorization`` header's value.

    Raises:
        SignInError: nobody is signed in, or the identity service does not answer.
    """
    return f"Bearer {access.credential.get_token(scope).token}"


def ask(
    access: Access, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
) -> Answer:
    """Send one request, once where it is a POST, and return its answer whatever the status.

    To be called inside ``access.run``, which bounds it and translates what the SDK raises.

    Raises:
        ReadOnlyError: the request is not one that this way was made for; nothing was sent.
        RefusedError: it goes to another host; nothing was sent.
    """
    from azure.core.rest import HttpRequest

    request = HttpRequest(
        method, url, headers=dict(headers), **({} if body is None else {"content": body})
    )
    access.guard.check(method, url, request.headers)
    response: Any = access.transport.send(request, stream=True)
    try:
        content = _bounded_body(response)
    finally:
        response.close()
    return Answer(response.status_code, response.headers, content)


def told(answer: Answer, shown: str, field: str) -> str | None:
    """Return a text in the JSON object that a POST to ``shown`` was answered with; ``None`` where it is not there.

    Raises:
        AzureError: the POST was refused.
    """
    if answer.status >= _ERRORS_FROM:
        raise refusal("POST", shown, answer)
    try:
        document = msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    text = document.get(field) if isinstance(document, dict) else None
    return text if isinstance(text, str) else None


def _bounded_body(response: Any) -> bytes:
    read = bytearray()
    for part in response.iter_bytes():
        read += part
        if len(read) >= LARGEST_BODY:
            break
    return bytes(read[:LARGEST_BODY])
