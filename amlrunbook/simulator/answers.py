"""Answers as Azure words them: errors of the resource manager and of storage, and none at all.

Source: https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from xml.sax.saxutils import escape

import msgspec
from starlette.requests import Request
from starlette.responses import Response

_encoder = msgspec.json.Encoder()


class Refusal(Exception):  # noqa: N818 - an answer, not an error of the program
    """A request that Azure refuses: status, code, message."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: dict[str, str] | None = None,
        details: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}
        self.details = details

    def response(self) -> Response:
        """Return the resource manager's answer."""
        return arm_error(
            self.status, self.code, self.message, headers=self.headers, details=self.details
        )


def json_answer(
    body: Any, status: int = HTTPStatus.OK, headers: dict[str, str] | None = None
) -> Response:
    """Return a JSON answer as the resource manager sends it."""
    return Response(
        _encoder.encode(body),
        status,
        headers={"Content-Type": "application/json; charset=utf-8", **(headers or {})},
    )


def arm_error(
    status: int,
    code: str,
    message: str,
    *,
    headers: dict[str, str] | None = None,
    details: list[dict[str, Any]] | None = None,
) -> Response:
    """Return an error of the resource manager: ``{"error": {"code", "message"}}``."""
    error: dict[str, Any] = {"code": code, "message": message}
    if details:
        error["details"] = details
    return json_answer({"error": error}, status, headers)


def storage_error(
    status: int,
    code: str,
    message: str,
    *,
    headers: dict[str, str] | None = None,
) -> Response:
    """Return an error of a storage endpoint: XML, and the code in a header as well."""
    body = (
        '\ufeff<?xml version="1.0" encoding="utf-8"?>'
        f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
    )
    return Response(
        body.encode(),
        status,
        headers={
            "Content-Type": "application/xml",
            "x-ms-error-code": code,
            **(headers or {}),
        },
    )


def no_answer(request: Request) -> Response:
    """Close the connection without an answer, as where a name is not known to Azure's DNS."""
    request.state.transport.abort()
    return Response(status_code=502)  # nobody hears it: the connection is gone
