"""Sends what was recorded from Azure to the simulated Azure, and compares what comes back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.shared_data import Exchange, Recording
from tests.simulator_fixtures import Wire

LRO_HEADERS = ("location", "azure-asyncoperation", "retry-after")
_OPERATION = re.compile(r"/(asyncoperations|operationstatuses|operationresults)/", re.IGNORECASE)
_POLLS = 20


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the simulator leaves a recording, or a line of the table that allows it."""

    what: str
    """``status``, ``header`` or ``name``, with the value; in the table a pattern."""
    why: str = ""


@dataclass(slots=True)
class Replay:
    """One recording on its way through the simulated Azure."""

    wire: Wire
    names: dict[str, str]
    """Texts in the recording to what stands for them here: resource groups, regions."""
    skip: Callable[[Exchange], bool] = lambda _: False
    before: dict[int, Callable[[], object]] = field(default_factory=dict)
    """What to do before an exchange: let the clock go on by what passed in the recording."""
    learn: Callable[[Any, Any], dict[str, str]] = lambda _there, _here: {}
    """Ids that the server gives: from a recorded body and ours, what stands for what from then on."""
    answers: dict[int, Any] = field(default_factory=dict)
    """Bodies of the simulator, by number of the exchange."""
    found: dict[str, list[int]] = field(default_factory=dict)
    """Differences, with the exchanges that have them."""
    _poll: str = ""

    def run(self, recording: Recording) -> None:
        """Send every request of a recording."""
        for exchange in recording.exchanges:
            if self.skip(exchange):
                continue
            self.before.get(exchange.n, lambda: None)()
            self._one(exchange)

    def _one(self, exchange: Exchange) -> None:
        is_poll = bool(_OPERATION.search(urlsplit(exchange.url).path))
        answer = self._follow() if is_poll else self._send(exchange)
        heard = {name for name in LRO_HEADERS if name in answer.headers}
        if not is_poll:
            self._poll = (
                answer.headers.get("Azure-AsyncOperation") or answer.headers.get("Location") or ""
            )
            for name in sorted(heard ^ (exchange.headers.keys() & set(LRO_HEADERS))):
                self._note(f"header {'+' if name in heard else '-'}{name}", exchange)
        if answer.status_code != exchange.status:
            self._note(f"status {exchange.status} is {answer.status_code}", exchange)
        body = answer.json() if answer.content else None
        self.answers[exchange.n] = body
        self.names.update(self.learn(exchange.body, body))
        if is_poll and "status" in (body or {}):
            return
        here, there = set(paths(body)), set(paths(exchange.body))
        for name in sorted(here ^ there):
            self._note(f"name {'+' if name in here else '-'}{name}", exchange)

    def _send(self, exchange: Exchange) -> Any:
        url = urlsplit(self._translated(exchange.url))
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        query.pop("api-version", None)
        path = re.sub(r"^/subscriptions/[^/]+", "@", url.path)
        body = exchange.request_body
        return self.wire.ask(
            exchange.method, path, exchange.api_version, body=self._renamed(body), **query
        )

    def _follow(self) -> Any:
        for _ in range(_POLLS):
            answer = self.wire.ask("GET", self._poll, None)
            running = answer.status_code == 202 or (
                answer.content and answer.json().get("status") == "InProgress"
            )
            if not running:
                return answer
        raise AssertionError(f"{self._poll} never ends")

    def _translated(self, text: str) -> str:
        for there, here in self.names.items():
            text = text.replace(there, here)
        return text

    def _renamed(self, body: Any) -> Any:
        if isinstance(body, str):
            return self._translated(body)
        if isinstance(body, dict):
            return {key: self._renamed(value) for key, value in body.items()}
        return [self._renamed(item) for item in body] if isinstance(body, list) else body

    def _note(self, what: str, exchange: Exchange) -> None:
        self.found.setdefault(what, []).append(exchange.n)

    def unexplained(self, table: tuple[Difference, ...]) -> dict[str, list[int]]:
        """Return the differences that no line of the table explains."""
        return {
            what: numbers
            for what, numbers in self.found.items()
            if not any(re.fullmatch(line.what, what) for line in table)
        }

    def unneeded(self, table: tuple[Difference, ...]) -> list[str]:
        """Return the lines of the table that explain nothing."""
        return [
            line.what
            for line in table
            if not any(re.fullmatch(line.what, what) for what in self.found)
        ]


def paths(body: Any, at: str = "") -> Iterator[str]:
    """Yield the dotted names of all that a body says; items of lists count as one."""
    if isinstance(body, dict):
        for key, value in body.items():
            place = f"{at}.{key}" if at else key
            if key != "tags":
                yield place
                yield from paths(value, place)
    elif isinstance(body, list):
        for item in body:
            yield from paths(item, f"{at}[]")


def order(states: list[Any]) -> list[Any]:
    """Return a row of states without repetitions of the one before."""
    return [state for n, state in enumerate(states) if n == 0 or state != states[n - 1]]
