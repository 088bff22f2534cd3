"""The call log: every request to Azure that the journal holds, and the az command that asks the same."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType

from amlrunbook.model.display import shown
from amlrunbook.state import events as e
from screens.clipboard import offer
from screens.feed import RunFeed
from screens.keys import Key, bindings
from screens.listing import LIST_KEYS, ListingScreen
from screens.moments import counted, time_of_day
from screens.page import PageScreen
from screens.widgets.line_view import Rows
from screens.widgets.lines import Line, Span, fitted
from screens.widgets.page_view import Paragraph
from screens.widgets.tones import Tone

_FAILURES = Key(
    "failures",
    ("x",),
    "failures only",
    "Show only the calls that failed or had no answer; again shows all.",
)
_KEYS = (LIST_KEYS[0], _FAILURES, *LIST_KEYS[1:])
_OK = range(200, 400)
_LABEL = 12
_BEFORE_PATH = 38
"""Cells of a row before its path, and the margin of the list."""
_BODILESS = frozenset({"GET", "HEAD", "DELETE"})
"""Methods whose request is all in its address."""

Made = tuple[e.Recorded, e.CallMade]
"""An entry, and the call in it."""


def failed(call: e.CallMade) -> bool:
    """Return whether a call failed, or had no answer."""
    return call.status not in _OK


def az_of(call: e.CallMade) -> str:
    """Return the ``az`` command that asks the same of Azure Resource Manager; empty where there is none.

    The path alone is enough: ``az rest`` puts the endpoint of the present cloud before a resource id.
    Source: https://learn.microsoft.com/cli/azure/reference-index#az-rest
    """
    arm = call.path.lower().startswith(("/subscriptions", "/providers/", "/tenants"))
    if not arm or call.method.upper() not in _BODILESS or shown(call.path) != call.path:
        return ""
    return shlex.join(["az", "rest", "--method", call.method.lower(), "--url", call.path])


def path_end(path: str, room: int) -> str:
    """Return a path in ``room`` cells, without its query: cut at its beginning, since the ends tell calls apart."""
    path = path.partition("?")[0]
    return path if len(path) <= room else f"…{path[len(path) - room + 1 :]}"


class CallRows:
    """Calls as rows: time, status, milliseconds, method and path."""

    def __init__(self, calls: Sequence[Made]) -> None:
        self._calls = calls

    def __len__(self) -> int:
        return len(self._calls)

    def key(self, index: int) -> str:
        """Return the entry's number."""
        return str(self._calls[index][0].n)

    def line(self, index: int, width: int) -> Line:
        """Return the call on one line."""
        entry, call = self._calls[index]
        bad = failed(call)
        glyph = "✗" if bad else "✓"
        status = str(call.status) if call.status else "none"
        method_tone = Tone.PLAIN if call.method.upper() in {"GET", "HEAD"} else Tone.ACCENT
        return (
            Span(f" {time_of_day(entry.t)} ", Tone.DIM),
            Span(f"{glyph} {status:<4} ", Tone.ERROR if bad else Tone.SUCCESS),
            Span(f"{call.milliseconds:>6} ms ", Tone.DIM),
            Span(fitted(shown(call.method), 7), method_tone),
            Span(path_end(shown(call.path), width - _BEFORE_PATH)),
        )


class CallsScreen(ListingScreen):
    """Every call, in order."""

    TITLE_HERE = "Calls"
    DECIDES = (
        "Here you see every request that went to Azure, in order: method, path, HTTP status, milliseconds. "
        "Nothing is decided here. A status of none means that no answer came. enter shows the ids that support "
        "asks for, and the az command where one asks the same; y copies it."
    )
    KEYS_HERE = _KEYS
    BINDINGS: ClassVar[list[BindingType]] = bindings(_KEYS)

    def __init__(self, feed: RunFeed) -> None:
        super().__init__(feed)
        self._calls: list[Made] = []
        self._seen = 0
        self._only_failures = False

    def place_cursor(self) -> None:
        """Begin on the latest call."""
        self.view.move(len(self.calls))

    @property
    def calls(self) -> Sequence[Made]:
        """The calls that are shown, before the filter."""
        entries = self.feed.run.entries
        for entry in entries[self._seen :]:
            if isinstance(entry.event, e.CallMade):
                self._calls.append((entry, entry.event))
        self._seen = len(entries)
        if self._only_failures:
            return [made for made in self._calls if failed(made[1])]
        return self._calls

    def rows(self) -> Rows:
        """Return every call."""
        return CallRows(tuple(self.calls))

    def haystacks(self) -> Sequence[str]:
        """Return what the filter looks through."""
        return [
            f"{call.method} {call.status or 'none'} {call.path} {call.step} {call.client_request_id}".lower()
            for _, call in self.calls
        ]

    def summary(self) -> Line:
        """Return how many calls there were."""
        self.calls  # noqa: B018 - brings the list up to date
        bad = sum(failed(call) for _, call in self._calls)
        text = f" {counted(len(self._calls), 'call')}, {bad} failed or without an answer"
        only = "; only those are shown" if self._only_failures else ""
        return (Span(text, Tone.STRONG), Span(only, Tone.WARNING))

    def label(self, key: Key) -> str:
        """Return what ``key`` does here and now."""
        return "all calls" if key.id == "failures" and self._only_failures else key.label

    def _under_cursor(self) -> Made | None:
        key = self.view.cursor_key
        return next((made for made in self._calls if str(made[0].n) == key), None)

    def do_failures(self) -> None:
        """Show only the calls that failed, or all again."""
        self._only_failures = not self._only_failures
        self.fill()

    def do_open(self) -> None:
        """Show the whole call."""
        made = self._under_cursor()
        if made is None:
            self.say("There is no call here.")
            return
        command = az_of(made[1])
        page = PageScreen(self.feed, "Call", call_page(*made), copies=(command,) if command else ())
        self.open_screen(page)

    def do_copy(self) -> None:
        """Offer the az command of the call."""
        made = self._under_cursor()
        command = az_of(made[1]) if made else ""
        if made is not None and not command:
            self.say("No az command asks the same; enter shows the call.", Tone.WARNING)
            return
        offer(self, command)


def call_page(entry: e.Recorded, call: e.CallMade) -> list[Paragraph]:
    """Return the whole of a call."""
    status = str(call.status) if call.status else "none: no answer came"
    rows = (
        ("Method", call.method),
        ("Path", call.path),
        ("Status", status),
        ("Took", f"{call.milliseconds} ms"),
        ("At", f"{entry.t}, entry {entry.n}"),
        ("Step", call.step or "none: the run itself"),
        (
            "Client id",
            f"{call.client_request_id or 'none'} (x-ms-client-request-id, in the activity log)",
        ),
        ("Service id", f"{call.service_request_id or 'none'} (what support asks for)"),
        ("az", az_of(call) or "none asks the same"),
    )
    return [Paragraph(text, Tone.PLAIN, label, _LABEL) for label, text in rows]
