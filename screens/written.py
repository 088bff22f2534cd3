"""A question with lines to write and answers to choose from; the harmless answer is in front."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input

from amlrunbook.executor.commands import AnyCommand
from screens.keyed import AmlModal
from screens.keys import BACK, Key, bindings
from screens.question import Option, OptionRows
from screens.widgets.line_view import LineView, ListRows, Row
from screens.widgets.lines import Span
from screens.widgets.notice import Notice
from screens.widgets.page_view import PageView, Paragraph
from screens.widgets.tones import Tone

WRITTEN_KEYS: tuple[Key, ...] = (
    Key("choose", ("enter",), "next / take", "In a line, go on to the next; on an answer, take it."),
    Key("turn", ("tab",), "next line", "Go to the next line, then to the answers, and round again."),
    Key("more", ("f2",), "more text", "Show the next page of the text, where it is longer than its place."),
    BACK,
    Key("help", ("f1",), "help", "Show this page."),
)  # fmt: skip
_MOST = 2000


@dataclass(frozen=True, slots=True)
class Blank:
    """One line to write."""

    id: str
    label: str
    optional: bool = False


class WrittenScreen(AmlModal[AnyCommand]):
    """Lines to write, then the answers. enter in a line goes on to the next; nothing is done from a line."""

    CSS_PATH = "written.tcss"
    KEYS_HERE: ClassVar[tuple[Key, ...]] = WRITTEN_KEYS
    BINDINGS: ClassVar[list[BindingType]] = bindings(WRITTEN_KEYS)

    def __init__(
        self, title: str, text: Sequence[Paragraph], blanks: Sequence[Blank], does: tuple[str, str]
    ) -> None:
        """``does`` names the answer that does it, and what follows from it."""
        super().__init__()
        self.heading = title
        self.text = tuple(text)
        self.blanks = tuple(blanks)
        self.does = does

    def command(self, words: dict[str, str]) -> AnyCommand | str:
        """Return the command for what was written, or why it is not taken."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """Lay the question out."""
        options: tuple[Option[Any], ...] = (
            Option("No, go back", "nothing happens", "no"),
            Option(*self.does, "do", Tone.WARNING),
        )
        with Vertical(classes="box"):
            yield LineView(ListRows((Row("", (Span(self.heading, Tone.STRONG),)),)), id="heading")
            yield PageView(self.text, id="text")
            width = max((len(blank.label) for blank in self.blanks), default=0) + 2
            for blank in self.blanks:
                with Horizontal(classes="blank"):
                    label = (Span(f"{blank.label}:".ljust(width), Tone.STRONG),)
                    view = LineView(ListRows((Row("", label),)), id=f"label-{blank.id}")
                    view.can_focus = False
                    view.styles.width = width
                    yield view
                    yield Input(
                        classes="line-input", id=blank.id, max_length=_MOST, select_on_focus=False
                    )
            yield LineView(OptionRows(options), id="options")
            yield Notice()
            yield self.key_bar()

    def begin(self) -> None:
        """Begin in the first line."""
        for quiet in ("#heading", "#text"):
            self.query_one(quiet, LineView).can_focus = False
        self.query(Input).first().focus()

    def do_turn(self) -> None:
        """Go to the next line, then to the answers."""
        stops = [*self.query(Input), self.query_one("#options", LineView)]
        at = next((n for n, stop in enumerate(stops) if stop.has_focus), -1)
        stops[(at + 1) % len(stops)].focus()

    def do_more(self) -> None:
        """Turn the text's page."""
        self.query_one("#text", PageView).turn()

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        """Go on to the next line, or to the answers."""
        event.stop()
        self.do_turn()

    def do_choose(self) -> None:
        """Take the answer under the cursor."""
        options = self.query_one("#options", LineView)
        if not options.has_focus:
            return
        if options.cursor_key == "1":
            self.do_back()
            return
        words = {
            blank.id: self.query_one(f"#{blank.id}", Input).value.strip() for blank in self.blanks
        }
        empty = next((b for b in self.blanks if not words[b.id] and not b.optional), None)
        if empty is not None:
            self.say(f"{empty.label}: nothing is written yet; tab goes there.", Tone.WARNING)
            return
        command = self.command(words)
        if isinstance(command, str):
            self.say(command, Tone.WARNING)
            return
        self.finish(command)
