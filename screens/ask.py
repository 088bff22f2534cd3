"""A question that is answered in writing: a reason, a note, how something can be seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input

from amlrunbook.executor.commands import AnyCommand
from screens.keyed import AmlModal
from screens.keys import BACK, Key, bindings
from screens.widgets.line_view import LineView, ListRows, Row
from screens.widgets.lines import Span
from screens.widgets.notice import Notice
from screens.widgets.page_view import PageView, Paragraph
from screens.widgets.tones import Tone

_KEYS = (
    Key("send", ("enter",), "write it", "Write it into the journal and do it."),
    Key(
        "more",
        ("f2",),
        "more text",
        "Show the next page of the text, where it is longer than its place.",
    ),
    BACK,
    Key("help", ("f1",), "help", "Show this page."),
)
_MOST = 2000
"""Characters; longer texts belong in evidence."""


class AskScreen(AmlModal[AnyCommand]):
    """One line to write. An empty one is not taken; esc goes back and nothing happens.

    The last line of the text is what is asked: it stays in sight above the line, however long the rest is.
    """

    CSS_PATH = "ask.tcss"
    TITLE_HERE = "In your words"
    DECIDES = "What you write here goes into the journal as you write it. esc goes back and nothing happens."
    KEYS_HERE = _KEYS
    BINDINGS: ClassVar[list[BindingType]] = bindings(_KEYS)

    def __init__(self, title: str, text: str, command: Callable[[str], AnyCommand]) -> None:
        super().__init__()
        self.heading = title
        self.text = text
        self._command = command

    def compose(self) -> ComposeResult:
        """Lay the question out."""
        with Vertical(classes="box"):
            yield LineView(ListRows((Row("", (Span(self.heading, Tone.STRONG),)),)), id="heading")
            *above, asks = self.text.split("\n")
            if above:
                yield PageView([Paragraph(line) for line in above], id="text")
            yield PageView([Paragraph(asks, Tone.STRONG if above else Tone.PLAIN)], id="asks")
            yield Input(classes="line-input", max_length=_MOST, id="answer")
            yield Notice()
            yield self.key_bar()

    def begin(self) -> None:
        """Begin in the line."""
        self.query_one("#heading", LineView).can_focus = False
        for page in self.query(PageView):
            page.can_focus = False
        self.query_one(Input).focus()

    def do_more(self) -> None:
        """Turn the text's page."""
        self.query(PageView).first().turn()

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        """Take the line."""
        event.stop()
        self.do_send()

    def do_send(self) -> None:
        """Take the line, if something stands in it."""
        text = self.query_one(Input).value.strip()
        if not text:
            self.say("Nothing is written yet; esc goes back.", Tone.WARNING)
            return
        self.finish(self._command(text))
