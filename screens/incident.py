"""The incident's questions: how grave it is, and when the channel hears the next word."""

from __future__ import annotations

from amlrunbook.executor.clock import DEFAULT_UPDATE_MINUTES
from amlrunbook.executor.commands import AnyCommand, DeclareIncident, GiveUpdate
from screens.widgets.page_view import Paragraph
from screens.written import Blank, WrittenScreen


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
                f"The clock starts now, towards the profile's target ({target}), and stops when every "
                "health probe is green. Tell people first: t shows the status text to paste."
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
    DECIDES = "Here you say that the incident channel was told, and when the next word is due; the timer starts again."

    def __init__(self) -> None:
        blanks = (
            Blank("words", "What they were told", optional=True),
            Blank("minutes", f"Next word in minutes ({DEFAULT_UPDATE_MINUTES})", optional=True),
        )
        text = (Paragraph("It goes into the journal. The timer for the next word starts again."),)
        super().__init__(
            "Was the channel told?", text, blanks, ("They were told", "the timer starts")
        )

    def command(self, words: dict[str, str]) -> AnyCommand | str:
        """Return the update; the minutes must be a number."""
        minutes = words["minutes"] or str(DEFAULT_UPDATE_MINUTES)
        if not (minutes.isascii() and minutes.isdigit()) or not 0 < int(minutes) <= 24 * 60:
            return "The minutes are a number from 1 to 1440."
        return GiveUpdate(text=words["words"], next_minutes=int(minutes))
