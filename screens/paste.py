"""Pasting an answer: several lines, which a terminal may give as one paste or as typed keys."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import TextArea

from amlrunbook.executor.commands import AnyCommand, GiveAnswer
from screens.keyed import AmlModal
from screens.keys import BACK, Key, bindings
from screens.question import Option, OptionRows
from screens.widgets.line_view import LineView, ListRows, Row
from screens.widgets.lines import Span
from screens.widgets.notice import Notice
from screens.widgets.page_view import PageView, Paragraph
from screens.widgets.tones import Tone

_KEYS = (
    Key("choose", ("enter",), "take", "Take the answer under the cursor; in the text it begins a line."),
    Key("take", ("ctrl+s",), "take it", "Take what was pasted, from wherever you are.", bar=False),
    Key("turn", ("tab",), "text / answers", "Go between the text and the answers."),
    BACK,
    Key("help", ("f1",), "help", "Show this page."),
)  # fmt: skip
_MOST = 64 * 1024
"""Characters; an answer is far shorter."""


class PasteArea(TextArea):
    """A text of several lines. What a paste carries beside text is left out: nothing in it acts on the terminal."""

    def on_paste(self, event: events.Paste) -> None:
        """Take a paste, all of its lines, without what is no text."""
        event.stop()
        event.prevent_default()
        self.insert(plain_text(event.text[:_MOST]))


def plain_text(text: str) -> str:
    """Return ``text`` without control characters, its line ends made one kind."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(each for each in lines if each == "\n" or each.isprintable())


class PasteScreen(AmlModal[AnyCommand]):
    """What a second person answered, to be pasted."""

    CSS_PATH = "paste.tcss"
    TITLE_HERE = "Paste the answer"
    DECIDES = (
        "Paste the approver's whole message; the words around the token do not matter. Whether it counts is "
        "checked when you take it, and what does not count is refused with the reason. esc goes back."
    )
    KEYS_HERE = _KEYS
    BINDINGS: ClassVar[list[BindingType]] = bindings(_KEYS)

    def __init__(self, step: str) -> None:
        super().__init__()
        self.step = step

    def compose(self) -> ComposeResult:
        """Lay the question out."""
        options = (
            Option("No, go back", "nothing is taken", "no"),
            Option("Take it", "it is checked, and journaled", "take"),
        )
        with Vertical(classes="box"):
            title = (Span("Paste what the approver answered", Tone.STRONG),)
            yield LineView(ListRows((Row("", title),)), id="heading")
            yield PageView(
                (
                    Paragraph(
                        "All of it; then tab, and choose. Their program printed it after “yes”."
                    ),
                ),
                id="text",
            )
            yield PasteArea(
                id="answer", tab_behavior="focus", soft_wrap=True, show_line_numbers=False
            )
            yield LineView(OptionRows(options), id="options")
            yield Notice()
            yield self.key_bar()

    def begin(self) -> None:
        """Begin in the text."""
        for quiet in ("#heading", "#text"):
            self.query_one(quiet, LineView).can_focus = False
        self.query_one(PasteArea).focus()

    def do_turn(self) -> None:
        """Go between the text and the answers."""
        area, options = self.query_one(PasteArea), self.query_one("#options", LineView)
        if area.has_focus:
            options.focus()
            options.go_to("2")
        else:
            area.focus()

    def do_choose(self) -> None:
        """Take the answer under the cursor; in the text, enter is a line's end and comes not here."""
        if not self.query_one("#options", LineView).has_focus:
            return
        if self.query_one("#options", LineView).cursor_key == "2":
            self.do_take()
        else:
            self.do_back()

    def do_take(self) -> None:
        """Take the text, if there is any."""
        text = self.query_one(PasteArea).text.strip()
        if not text:
            self.say("Nothing is pasted yet; esc goes back.", Tone.WARNING)
            return
        self.finish(GiveAnswer(step=self.step, text=text))
