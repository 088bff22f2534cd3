"""The incident's questions: how grave it is, and when the channel hears the next word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType

from amlrunbook.executor.clock import DEFAULT_UPDATE_MINUTES
from amlrunbook.executor.commands import AnyCommand, DeclareIncident, GiveUpdate
from amlrunbook.model.profile import span_words
from screens.clipboard import offer
from screens.feed import RunFeed
from screens.keys import Key, bindings
from screens.widgets.page_view import Paragraph
from screens.widgets.tones import Tone
from screens.written import WRITTEN_KEYS, Blank, WrittenScreen

_TOLD_KEYS: tuple[Key, ...] = (
    *WRITTEN_KEYS,
    Key("copy-words", ("f3",), "copy", "Offer the words to the terminal's clipboard."),
)


class DeclareScreen(WrittenScreen):
    """Declaring the incident."""

    TITLE_HERE = "Declare the incident"
    DECIDES = (
        "Here the incident's clock is started. It counts towards the target, and stops when the health probes "
        "are green, not when the last step ends. It cannot be declared twice."
    )

    def __init__(self, target: str) -> None:
        text = (
            Paragraph(
                f"The clock starts now, towards the profile's target ({span_words(target)}), and stops when every "
                "health probe is green. Telling people is a step of its own, and t on the run screen "
                "shows the words to paste at any time."
            ),
        )
        blanks = (
            Blank("severity", "How grave (sev 1, say)"),
            Blank("words", "What happened", optional=True),
        )
        super().__init__("Declare the incident?", text, blanks, ("Declare it", "the clock starts"))

    def command(self, words: dict[str, str]) -> AnyCommand | str:
        """Return the declaration."""
        return DeclareIncident(severity=words["severity"], text=words["words"])


class ToldScreen(WrittenScreen):
    """The channel was told."""

    TITLE_HERE = "The channel was told"
    DECIDES = (
        "Here you say that the incident channel was told, and when the next word is due; the timer starts again. "
        "The words stand ready: f3 offers them to the terminal's clipboard."
    )
    KEYS_HERE: ClassVar[tuple[Key, ...]] = _TOLD_KEYS
    BINDINGS: ClassVar[list[BindingType]] = bindings(_TOLD_KEYS)

    def __init__(self, words: str = "", contacts: Sequence[str] = ()) -> None:
        self.words = words
        """What there is to paste."""
        blanks = (
            Blank("words", "What they were told", optional=True),
            Blank("minutes", f"Next word in minutes ({DEFAULT_UPDATE_MINUTES})", optional=True),
        )
        text = [Paragraph("Tell: " + "; ".join(contacts), Tone.STRONG)] if contacts else []
        text += [Paragraph(line) for line in words.split("\n") if words]
        text.append(Paragraph("It goes into the journal, and the timer for the next word starts."))
        super().__init__(
            "Was the channel told?", text, blanks, ("They were told", "the timer starts")
        )

    def do_copy_words(self) -> None:
        """Offer the words to the terminal's clipboard."""
        if not self.words:
            self.say("There are no words here to copy; t on the run's screen shows them.")
            return
        offer(self, *self.words.split("\n"))

    def command(self, words: dict[str, str]) -> AnyCommand | str:
        """Return the update; the minutes must be a number."""
        minutes = words["minutes"] or str(DEFAULT_UPDATE_MINUTES)
        if not (minutes.isascii() and minutes.isdigit()) or not 0 < int(minutes) <= 24 * 60:
            return "The minutes are a number from 1 to 1440."
        return GiveUpdate(text=words["words"], next_minutes=int(minutes))


def told_screen(feed: RunFeed) -> ToldScreen:
    """Return the question whether the channel was told, with the words for it as things stand now."""
    from amlrunbook.executor.status_text import contact_lines, status_text

    run = feed.run
    words = status_text(run.plan, run.state, feed.clock(), run.forecast)
    return ToldScreen(words, contact_lines(run.plan))
