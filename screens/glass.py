"""Breaking the glass: without a second person, behind a phrase that is typed, and loud."""

from __future__ import annotations

from amlrunbook.executor.commands import GLASS_PHRASE, AnyCommand, BreakGlass
from screens.widgets.page_view import Paragraph
from screens.widgets.tones import Tone
from screens.written import Blank, WrittenScreen


class GlassScreen(WrittenScreen):
    """The reason, and the phrase."""

    TITLE_HERE = "Break the glass"
    DECIDES = (
        "Here you do without a second person. It is for the night when nobody can be reached and waiting is "
        "worse. The journal, the one page and the report all say that the glass was broken, by whom and why."
    )

    def __init__(self, step: str, title: str) -> None:
        text = (
            Paragraph(
                "NOBODY ELSE LOOKS AT THIS BEFORE IT IS SENT. The journal and the report will say "
                "GLASS BROKEN, with your name and your reason. The name is still typed to confirm.",
                Tone.ERROR,
            ),
            Paragraph(""),
            Paragraph(f"Type exactly: {GLASS_PHRASE}", Tone.STRONG),
        )
        blanks = (Blank("reason", "Why"), Blank("phrase", "The phrase"))
        does = ("Break the glass", "journaled; then it can be confirmed")
        super().__init__(f"BREAK THE GLASS: {title}", text, blanks, does)
        self.step = step

    def command(self, words: dict[str, str]) -> AnyCommand | str:
        """Return the command; the phrase must be typed exactly."""
        if words["phrase"] != GLASS_PHRASE:
            return f"That is not the phrase. Type exactly: {GLASS_PHRASE}"
        return BreakGlass(step=self.step, reason=words["reason"], typed=words["phrase"])
