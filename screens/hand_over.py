"""Handing over: to whom, what they are told, and what happens to this screen afterwards."""

from __future__ import annotations

from amlrunbook.executor.commands import AnyCommand, OfferHandover
from amlrunbook.executor.handover import read_back, summary
from screens.feed import RunFeed
from screens.widgets.page_view import Paragraph
from screens.widgets.tones import Tone
from screens.written import Blank, WrittenScreen

_LABEL = 12


class HandOverScreen(WrittenScreen):
    """The generated summary, and the giver's own words."""

    TITLE_HERE = "Hand over"
    DECIDES = (
        "Here you hand the run over to another person. The summary is made from the journal; add in your own "
        "words what it cannot know. Afterwards this screen can be read and changes nothing any more: the run "
        "is theirs. They resume it with --accept-handover, are asked to read one fact back, and countersign."
    )

    def __init__(self, feed: RunFeed) -> None:
        plan, state = feed.run.plan, feed.run.state
        text = [
            Paragraph(
                "HANDED OVER: this screen stays readable; every key that changes something is refused",
                Tone.WARNING,
                "Afterwards",
                _LABEL,
            )
        ]
        text += [
            Paragraph(line, Tone.PLAIN, "They read" if n == 0 else "", _LABEL)
            for n, line in enumerate(summary(plan, state, feed.clock()).split("\n"))
        ]
        text.append(Paragraph(read_back(plan, state).question, Tone.PLAIN, "Read back", _LABEL))
        resume = f"amlrunbook run --resume {feed.run.journal_path} --accept-handover"
        text.append(Paragraph(resume, Tone.ACCENT, "They run", _LABEL))
        blanks = (Blank("principal", "To whom"), Blank("words", "Your words", optional=True))
        does = ("Hand it over", "your last word in this journal")
        super().__init__("Hand this run over?", text, blanks, does)

    def command(self, words: dict[str, str]) -> AnyCommand | str:
        """Return the offer."""
        return OfferHandover(principal=words["principal"], text=words["words"])
