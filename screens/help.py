"""Help: what is decided on the screen one came from, its keys, and what the signs mean."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from amlrunbook.state.transitions import StepState
from screens.keyed import AmlModal
from screens.keys import BACK, MOVING, Key, bindings
from screens.step_marks import STEP_MARKS
from screens.widgets.key_bar import KeyBar
from screens.widgets.page_view import PageView, Paragraph
from screens.widgets.tones import Tone

_KEYS = (
    Key(
        "back",
        (*BACK.keys, "q", "question_mark", "f1", "enter"),
        "back",
        "Go back to where you were.",
    ),
)
_INDENT = 16
_SIGNS = 14


def help_page(title: str, decides: str, keys: tuple[Key, ...]) -> list[Paragraph]:
    """Return the help page of a screen, generated from its own declaration."""
    page = [Paragraph(title, Tone.STRONG), Paragraph(decides), Paragraph("")]
    page += [Paragraph(key.help, Tone.PLAIN, key.all_keys, _INDENT) for key in keys]
    page += [Paragraph(""), Paragraph("Moving", Tone.STRONG)]
    page += [Paragraph(key.help, Tone.PLAIN, key.all_keys, _INDENT) for key in MOVING]
    page += [
        Paragraph("Ask to leave the program, from anywhere.", Tone.PLAIN, "^q ^c", _INDENT),
        Paragraph(""),
        Paragraph("Signs", Tone.STRONG),
    ]
    marks = list(dict.fromkeys(STEP_MARKS[state].text for state in StepState))
    page.append(Paragraph(" ".join(mark.ljust(_SIGNS) for mark in marks)))
    return page


class HelpScreen(AmlModal[None]):
    """The help page of the screen below."""

    CSS_PATH = "help.tcss"
    TITLE_HERE = "Help"
    DECIDES = "Nothing is decided here."
    KEYS_HERE = _KEYS
    BINDINGS: ClassVar[list[BindingType]] = bindings(_KEYS)

    def __init__(self, title: str, decides: str, keys: tuple[Key, ...]) -> None:
        super().__init__()
        self.page = help_page(title, decides, keys)

    def compose(self) -> ComposeResult:
        """Lay the page out."""
        yield PageView(self.page, id="page")
        yield KeyBar(_KEYS, label=self.label, refusal=self.refusal)

    def begin(self) -> None:
        """Let the keys scroll the page."""
        self.query_one(PageView).focus()
