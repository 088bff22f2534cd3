"""A whole screen with one list and its filter: what findings and journal entries have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import Input

from screens.feed import Change, RunFeed
from screens.filtering import kept
from screens.follower import FollowerScreen
from screens.keys import BACK, HELP, MENU, UP_ONE, Key, bindings
from screens.widgets.line_view import LineView, ListRows, Row, Rows
from screens.widgets.lines import Line, Span
from screens.widgets.notice import Notice
from screens.widgets.tones import Tone

OPEN = Key("open", ("enter",), "open", "Show all of what is under the cursor.")
FILTER = Key(
    "filter",
    ("slash",),
    "filter",
    "Keep only the lines with what you type; !x keeps those without x. enter takes it, esc clears it.",
)
COPY = Key(
    "copy",
    ("y",),
    "copy",
    "Send what can be copied of the line to the terminal's clipboard, and show it.",
)
LIST_KEYS: tuple[Key, ...] = (OPEN, FILTER, COPY, BACK, HELP, MENU, UP_ONE)
"""The keys of a listing."""


class Picked:
    """Some rows of others, by their indices."""

    def __init__(self, rows: Rows, indices: Sequence[int]) -> None:
        self._rows = rows
        self._indices = indices

    def __len__(self) -> int:
        return len(self._indices)

    def key(self, index: int) -> str:
        """Return what identifies the row."""
        return self._rows.key(self._indices[index])

    def line(self, index: int, width: int) -> Line:
        """Return the row's line."""
        return self._rows.line(self._indices[index], width)


class ListingScreen(FollowerScreen):
    """A list, its filter, and a line that says what is seen of how many."""

    CSS_PATH = "listing.tcss"
    KEYS_HERE = LIST_KEYS
    BINDINGS: ClassVar[list[BindingType]] = bindings(LIST_KEYS)

    def __init__(self, feed: RunFeed) -> None:
        super().__init__(feed)
        self.wanted = ""
        """The filter."""

    # What a listing says

    def rows(self) -> Rows:
        """Return every row."""
        raise NotImplementedError

    def haystacks(self) -> Sequence[str]:
        """Return what the filter looks through, a text a row, in lower case."""
        raise NotImplementedError

    def summary(self) -> Line:
        """Return the line above the list."""
        raise NotImplementedError

    # The screen

    def compose(self) -> ComposeResult:
        """Lay the screen out."""
        yield self.header()
        yield LineView(id="summary")
        with Horizontal(id="filter"):
            yield LineView(ListRows((Row("", (Span(" /", Tone.ACCENT),)),)), id="slash")
            yield Input(classes="line-input", id="wanted", select_on_focus=False)
        yield LineView(id="list")
        yield Notice()
        yield self.status_rule()
        yield self.key_bar()

    def begin(self) -> None:
        """Begin on the first row."""
        for quiet in ("#summary", "#slash"):
            self.query_one(quiet, LineView).can_focus = False
        self.query_one("#filter").display = False
        self.view.focus()
        self.fill()
        self.place_cursor()

    def place_cursor(self) -> None:
        """Put the cursor where one begins: on the first row."""

    @property
    def view(self) -> LineView:
        """The list."""
        return self.query_one("#list", LineView)

    def status(self) -> str:
        """Return what is seen of how many."""
        shown = f"{self.view.cursor + 1} of {len(self.view.rows)}" if self.is_mounted else ""
        return f"{shown} · filter {self.wanted}" if self.wanted else shown

    def changed(self, change: Change) -> None:
        """Show what is new; the cursor stays on its row."""
        del change
        self.fill()

    def fill(self) -> None:
        """Show the rows that the filter keeps."""
        rows = self.rows()
        self.view.show(Picked(rows, kept(self.haystacks(), self.wanted)) if self.wanted else rows)
        self.query_one("#summary", LineView).show(ListRows((Row("", self.summary()),)))
        self.redraw()

    @on(LineView.Moved, "#list")
    def moved(self, event: LineView.Moved) -> None:
        """Tell where the cursor is."""
        event.stop()
        self.redraw()

    def do_filter(self) -> None:
        """Begin to type a filter."""
        self.query_one("#filter").display = True
        self.query_one(Input).focus()

    @on(Input.Changed)
    def filtered(self, event: Input.Changed) -> None:
        """Filter as it is typed."""
        event.stop()
        self.wanted = event.value.strip()
        self.fill()

    @on(Input.Submitted)
    def filter_taken(self, event: Input.Submitted) -> None:
        """Go back into the list with the filter on."""
        event.stop()
        self.query_one("#filter").display = bool(self.wanted)
        self.view.focus()

    def do_back(self) -> None:
        """Clear the filter; without one, go one level out."""
        if self.wanted or self.query_one(Input).has_focus:
            self.query_one(Input).value = ""
            self.wanted = ""
            self.query_one("#filter").display = False
            self.view.focus()
            self.fill()
            return
        self.finish()

    do_back_q = do_back
