"""Reading for a snapshot: many requests at once, documents kept by id, gaps kept as placeholders.

What is read is :mod:`amlrunbook.azure.profile_walk`'s; this is how.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from amlrunbook.azure.arm_path import type_of
from amlrunbook.azure.deadline import Deadline
from amlrunbook.azure.fanout import FanOut
from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.azure.unread import placeholder
from amlrunbook.errors import (
    AmlRunbookError,
    AnswerError,
    NotFoundError,
    SignInError,
    SignInUnreachableError,
    ThrottledError,
)
from amlrunbook.model.redaction import masked_document
from amlrunbook.model.snapshot import Document

_HANGS = {
    "microsoft.machinelearningservices/workspaces": 3,
    "microsoft.insights/components": 2,
    "microsoft.storage/storageaccounts": 2,
    "microsoft.containerregistry/registries": 2,
    "microsoft.machinelearningservices/workspaces/computes": 2,
    "microsoft.machinelearningservices/workspaces/onlineendpoints": 1,
    "microsoft.machinelearningservices/workspaces/batchendpoints": 1,
    "microsoft.machinelearningservices/workspaces/models": 1,
    "microsoft.machinelearningservices/workspaces/environments": 1,
    "microsoft.machinelearningservices/workspaces/data": 1,
    "microsoft.network/privateendpoints": 2,
    "microsoft.network/privateendpoints/privatednszonegroups": 1,
}
"""How many reads, one after the other, may hang on what a read of each type answers: these are sent first."""
Progress = Callable[[int, int, str], None]
"""Told how many reads are done, how many are known, and what was read last."""


@dataclass(frozen=True, slots=True)
class Read:
    """One read that was asked for, and what is done with its answer."""

    path: str
    type: str
    then: Callable[[Any], None]
    spare: Callable[[AmlRunbookError], bool]
    """Whether a failure is no gap, so that no placeholder is needed."""
    at: str
    """The id of the placeholder."""
    names_one: bool = False
    """Whether it is one resource, so that a 404 says that it is not there."""


def _never(_error: AmlRunbookError) -> bool:
    return False


class Walk:
    """The reads of one snapshot. All but the requests themselves happens on one thread."""

    def __init__(
        self,
        gateway: AzureGateway,
        deadline: Deadline,
        request_seconds: float,
        progress: Progress | None,
    ) -> None:
        self._gateway = gateway
        self._seconds = request_seconds
        self._progress = progress
        self._fan_out: FanOut[Any] = FanOut(gateway.parallel, deadline)
        self._reads: dict[int, Read] = {}
        self._documents: dict[str, dict[str, Any]] = {}
        self._missing: set[str] = set()
        self.answered: dict[str, bool] = {}
        """Of each path that was asked, in lower case, whether Azure answered; that nothing is there is an answer."""
        self.reached = False
        """Whether Azure answered anything, be it a refusal."""

    def _get(
        self,
        path: str,
        then: Callable[[dict[str, Any]], None],
        spare: Callable[[AmlRunbookError], bool] = _never,
    ) -> None:
        self._ask(
            Read(path, type_of(path), then, spare, path, names_one=True),
            lambda: self._gateway.get(path, seconds=self._seconds),
        )

    def _list(
        self,
        path: str,
        then: Callable[[list[dict[str, Any]]], None],
        most: int = 0,
        **query: str,
    ) -> None:
        self._ask(
            Read(path, type_of(path), then, _never, path),
            lambda: self._gateway.get_all(path, seconds=self._seconds, most=most, **query),
        )

    def _ask(self, read: Read, request: Callable[[], Any]) -> None:
        hangs = _HANGS.get(read.type.lower(), 0)
        self._reads[self._fan_out.submit(request, leads_to=hangs)] = read

    def run(self) -> None:
        """Read until nothing is open.

        Raises:
            SignInError: nobody is signed in, and nothing was read before that showed.
        """
        for done, outcome in enumerate(self._fan_out.outcomes(), start=1):
            read = self._reads[outcome.key]
            there = outcome.error is None or isinstance(outcome.error, NotFoundError)
            self.answered[read.at.lower()] = there
            if outcome.error is None:
                self.reached = True
                read.then(outcome.value)
            else:
                self._failed(read, outcome.error)
            if self._progress is not None:
                self._progress(done, len(self._reads), read.path)

    def _failed(self, read: Read, error: AmlRunbookError) -> None:
        refused = isinstance(error, SignInError) and not isinstance(error, SignInUnreachableError)
        if refused and not self.reached:
            raise error
        self.reached = self.reached or isinstance(error, (AnswerError, ThrottledError))
        if isinstance(error, NotFoundError) and read.names_one:
            self._missing.add(read.path.lower())
        elif not read.spare(error):
            self._keep(placeholder(read.at, read.type, error))

    def _keep_all(self, documents: list[dict[str, Any]]) -> None:
        for document in documents:
            self._keep(document)

    def _keep(self, document: dict[str, Any]) -> None:
        """Keep a document without its secrets; the first of an id stays."""
        key = Document(document).key
        if not key or key in self._documents:
            return
        self._documents[key] = masked_document(document)
        self._kept(document)

    def _kept(self, document: dict[str, Any]) -> None:
        """Follow what a document names; nothing here."""

    def documents(self) -> Iterator[dict[str, Any]]:
        """Yield what was read and what was not, by id; nothing for the parts of what is not there at all."""
        for key in sorted(self._documents):
            document = self._documents[key]
            if "unread" in document and any(key.startswith(f"{gone}/") for gone in self._missing):
                continue
            yield document
