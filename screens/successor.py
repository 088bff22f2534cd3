"""A successor plan: what differs, and whether the run goes on by it."""

from __future__ import annotations

from amlrunbook.executor.adopting import Successor
from amlrunbook.executor.commands import AdoptPlan, AnyCommand
from screens.moments import counted
from screens.question import Option, QuestionScreen
from screens.widgets.page_view import Paragraph
from screens.widgets.tones import Tone

REASON = "The difference was shown, and adopted."


class SuccessorScreen(QuestionScreen[AnyCommand | None]):
    """The difference, line by line, and the choice."""

    TITLE_HERE = "Another plan"
    DECIDES = (
        "The runbook or the inventory changed since the run was opened. Here you see what differs, and choose "
        "whether the run goes on by the new plan. What happened stays; what was previewed the old way is "
        "previewed again; nothing is sent."
    )

    def __init__(self, successor: Successor) -> None:
        differs = counted(len(successor.difference), "difference")
        text = [Paragraph(f"{differs}, plan {successor.digest[:16]}:", Tone.STRONG)]
        text += [Paragraph(line, Tone.PLAIN, "-", 2) for line in successor.difference]
        options: list[Option[AnyCommand | None]] = [
            Option("Keep the plan", "the run goes on as it was", None),
            Option(
                "Go on by the new plan",
                "both digests and the difference are journaled",
                AdoptPlan(digest=successor.digest, reason=REASON),
                Tone.WARNING,
            ),
        ]
        super().__init__("Go on by another plan?", text, options)
