"""Single requests to Azure Resource Manager: sent through the SDK's client, their errors translated to ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from amlrunbook.azure.answer import Answer
from amlrunbook.azure.guard import under
from amlrunbook.azure.translation import document_of, refusal, translated
from amlrunbook.errors import AzureError

_REDIRECTS_FROM = 300
_ERRORS_FROM = 400


class ArmRequests:
    """What sends one request and takes its answer. The client is made at the first use."""

    def __init__(self, base: str, make_client: Callable[[], Any]) -> None:
        self._base = base
        self._make_client = make_client
        self._made: Any = None

    def client(self) -> Any:
        """Return the SDK's ``ResourceManagementClient``."""
        if self._made is None:
            self._made = self._make_client()
        return self._made

    def send(
        self,
        method: str,
        target: str,
        *,
        body: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> Answer:
        """Send one request and return its answer, whatever its status says.

        Args:
            method: the HTTP method.
            target: path and query, or a URL.
            body: the JSON body.
            headers: headers beside those of every request.
            options: what the policies are told.

        Raises:
            AmlRunbookError: no answer came, or the request was not let out.
        """
        from azure.core.rest import HttpRequest

        request = HttpRequest(
            method,
            target,
            headers={"Accept": "application/json", **(headers or {})},
            **({} if body is None else {"json": body}),
        )
        shown = urlsplit(target).path
        response = translated(method, shown, lambda: self.client().send_request(request, **options))
        return Answer(response.status_code, response.headers, response.content)

    def document(self, target: str) -> dict[str, Any]:
        """Read one document.

        Raises:
            AzureError: Azure says no or sends elsewhere, or the answer is no JSON object; also as :meth:`send`.
        """
        answer = self.send("GET", target)
        shown = urlsplit(target).path
        if answer.status >= _ERRORS_FROM:
            raise refusal("GET", shown, answer)
        if answer.status >= _REDIRECTS_FROM:
            raise AzureError(f"GET {shown} was answered with a redirect, which is not followed.")
        return document_of("GET", shown, answer)

    def polled(self, url: str) -> Answer:
        """Read a poll URL or path, whatever its status says.

        Raises:
            AzureError: it lies on another host; also as :meth:`send`.
        """
        target = self._base + url if url.startswith("/") else url
        if not under(self._base, target):
            raise AzureError("A poll URL lies on another host; it was not asked.")
        return self.send("GET", target)
