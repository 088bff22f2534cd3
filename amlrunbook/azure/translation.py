"""From the SDK's errors and answers to ours: the only place where the one becomes the other.

Texts that come from outside are masked and stripped of control characters before they go into an error: an error
is shown on a terminal and written to a journal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from http.client import RemoteDisconnected
from typing import Any, TypeVar

import msgspec

from amlrunbook.azure.answer import Answer
from amlrunbook.azure.throttling import retry_after
from amlrunbook.errors import (
    AmlRunbookError,
    AnswerError,
    AzureError,
    DeadlineError,
    NotFoundError,
    SignInError,
    SignInUnreachableError,
    ThrottledError,
)
from amlrunbook.model.redaction import masked_text

T = TypeVar("T")
_LONGEST_TEXT = 400
_UNAUTHORIZED = 401
_NOT_FOUND = 404
_TOO_MANY = 429


def plain(text: object, limit: int = _LONGEST_TEXT) -> str:
    """Return ``text`` as one line that may be shown anywhere: no controls, no secrets, not endless."""
    line = " ".join(
        "".join(char if char.isprintable() else " " for char in str(text)[: limit * 10]).split()
    )
    line = masked_text(line)
    return line if len(line) <= limit else line[: limit - 1] + "…"


def error_of(body: bytes) -> tuple[str, str]:
    """Return code and message of an error body of ARM, Storage or a registry; empty strings where there are none."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(document, dict):
        return "", ""
    error = document.get("error", document)
    several = document.get("errors")
    if isinstance(several, list) and several and not {"code", "error"} & document.keys():
        # Registries tell a list: https://distribution.github.io/distribution/spec/api/#errors
        error = several[0]
    if not isinstance(error, dict):
        return "", ""
    said = plain(error.get("message") or "")
    return plain(error.get("code") or "", 80), " ".join(
        part for part in (said, _detail(error)) if part
    )


def _detail(error: dict[str, Any]) -> str:
    """Return the first detail of an error: Machine Learning says there what is invalid about an invalid request."""
    details = error.get("details")
    first = details[0] if isinstance(details, list) and details else None
    if not isinstance(first, dict):
        return ""
    parts = (plain(first.get("code") or "", 80), plain(first.get("message") or ""))
    return ": ".join(part for part in parts if part)


def refusal(method: str, path: str, answer: Answer) -> AzureError:
    """Return the error that an answer of 400 or above means."""
    status = answer.status
    code, message = error_of(answer.content)
    said = ": ".join(part for part in (code, message) if part) or "no reason was given"
    asked = f"{method} {path}"
    if status == _UNAUTHORIZED:
        return SignInError(
            f"Azure refused the sign-in for {asked} (401): {said}",
            state="Nothing was changed.",
            next_step="Sign in again, and check tenant and cloud of the profile.",
        )
    if status == _TOO_MANY:
        wait = retry_after(answer.headers)
        return ThrottledError(
            f"Azure throttles {asked} (429): {said}",
            state="It was asked to wait"
            + (f" {wait:.0f} s, longer than the deadline." if wait is not None else "."),
            next_step="Wait, then try again; other tools of this principal count too.",
        )
    if status == _NOT_FOUND:
        return NotFoundError(f"{asked} is not there (404): {said}", status=status, code=code)
    return AnswerError(f"{asked} was answered {status}: {said}", status=status, code=code)


def document_of(method: str, path: str, answer: Answer) -> dict[str, Any]:
    """Return an answer's JSON object.

    Raises:
        AzureError: the body is no JSON object, whatever the status said.
    """
    try:
        document = msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        kind = plain(answer.headers.get("Content-Type", "no content type"), 60)
        raise AzureError(
            f"{method} {path} was answered {answer.status} with something that is no JSON ({kind}).",
            state="The answer cannot be used.",
            next_step="Look for a proxy or a sign-in page between this machine and Azure.",
        ) from error
    if not isinstance(document, dict):
        raise AzureError(f"{method} {path} was answered with JSON that is no object.")
    return document


def translated(method: str, path: str, call: Callable[[], T]) -> T:
    """Run ``call`` and turn what the SDK raises into our errors.

    Raises:
        SignInError: no credential, or a refused one.
        DeadlineError: no answer in time.
        NotFoundError: Azure says that it is not there.
        AnswerError: Azure says no.
        AzureError: the connection failed, or the answer cannot be read.
    """
    from azure.core import exceptions

    try:
        return call()
    except AmlRunbookError:
        raise
    except exceptions.ClientAuthenticationError as error:
        raise sign_in_error(error) from error
    except (exceptions.ServiceRequestTimeoutError, exceptions.ServiceResponseTimeoutError) as error:
        raise DeadlineError(f"No answer in time ({method} {path}).") from error
    except exceptions.HttpResponseError as error:
        raise _from_response(method, path, error) from error
    except exceptions.AzureError as error:
        raise _not_reachable(method, path, error) from error


_TRIED = re.compile(r"^\s+(\w+Credential): (.+)$", re.MULTILINE)
"""One credential of a chain, and why it failed, in the words of azure-identity."""


def sign_in_error(error: Exception) -> SignInError:
    """Return our error for one that a credential raised.

    A chain of credentials says at length why each of them failed; of those, what the Azure CLI says is
    what an operator can act on.
    """
    tried = dict(_TRIED.findall(str(error)))
    said = plain(error)
    if len(tried) > 1:
        likely = tried.get("AzureCliCredential", next(iter(tried.values())))
        said = f"none of {len(tried)} kinds of credential works here ({plain(likely)})"
    if _is_unreachable(error):
        return SignInUnreachableError(
            f"The sign-in service does not answer: {said}",
            state="Nothing was sent to Azure's resource manager.",
            next_step="Keep sessions that are signed in; look whether it is the network here, or identity itself.",
        )
    return SignInError(
        f"Signing in failed: {said}",
        state="Nothing was sent to Azure's resource manager.",
        next_step="Sign in with `az login`, or check the credential, tenant and cloud.",
    )


def _is_unreachable(error: BaseException) -> bool:
    """Return whether a failed sign-in goes back to a connection that failed."""
    from azure.core.exceptions import ServiceRequestError, ServiceResponseError

    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        if isinstance(current, (ServiceRequestError, ServiceResponseError)):
            return True
        current = current.__cause__ or current.__context__
    return False


def _from_response(method: str, path: str, error: Any) -> AzureError:
    response = getattr(error, "response", None)
    status = getattr(error, "status_code", None)
    if response is None or not isinstance(status, int):
        return AzureError(f"{method} {path} failed: {plain(error)}")
    known = getattr(error, "error_code", None) or getattr(getattr(error, "error", None), "code", "")
    code = plain(known or "", 80)
    text = f"{method} {path} was answered {status}: {code or plain(error)}"
    if status == _UNAUTHORIZED:
        return SignInError(text)
    if status == _TOO_MANY:
        return ThrottledError(text)
    kind = NotFoundError if status == _NOT_FOUND else AnswerError
    return kind(text, status=status, code=code)


def _not_reachable(method: str, path: str, error: Exception) -> AzureError:
    return AzureError(
        f"Azure is not reachable: {_cause(error)} ({method} {path}).",
        state="Whether it is Azure or this machine's network cannot be told from here.",
        next_step="Look at another region, and at the last snapshot.",
    )


def _cause(error: Exception) -> str:
    """Name the innermost reason of a connection's end, without its addresses."""
    inner = getattr(error, "inner_exception", None) or error
    while isinstance(inner.__cause__ or inner.__context__, Exception):
        inner = inner.__cause__ or inner.__context__
    if isinstance(inner, RemoteDisconnected):
        return "the connection was closed without an answer"
    if isinstance(inner, OSError) and inner.strerror:
        return plain(inner.strerror[:1].lower() + inner.strerror[1:], 160)
    return plain(f"{type(inner).__name__}: {inner}", 160)


def never_left(error: BaseException) -> bool:
    """Return whether a failure happened before a connection stood, so that nothing can have been sent.

    Only these count: anything later may have carried the request.
    """
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

    seen: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in seen:
        if isinstance(current, (NewConnectionError, ConnectTimeoutError)):
            return True
        seen.append(current)
        for argument in current.args:
            reason = getattr(argument, "reason", argument)
            if isinstance(reason, (NewConnectionError, ConnectTimeoutError)):
                return True
        current = (
            getattr(current, "inner_exception", None) or current.__cause__ or current.__context__
        )
    return False
