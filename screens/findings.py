"""The findings: what the checks found, the worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from amlrunbook.model.display import shown
from amlrunbook.model.finding import SEVERITY, Finding
from screens.clipboard import offer
from screens.listing import ListingScreen
from screens.page import PageScreen
from screens.step_fields import short_name
from screens.verdict_marks import VERDICT_MARKS
from screens.widgets.line_view import Rows
from screens.widgets.lines import Line, Span, fitted
from screens.widgets.page_view import Paragraph
from screens.widgets.tones import Tone

_LABEL = 10
_WORD = 10
_LEAST_NAME, _MOST_NAME = 18, 30


class FindingRows:
    """Findings as rows: verdict, resource, what was asked, what was seen."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self._findings = findings

    def __len__(self) -> int:
        return len(self._findings)

    def key(self, index: int) -> str:
        """Return what identifies the finding: its check and its resource."""
        finding = self._findings[index]
        return f"{finding.check} {finding.resource}"

    def line(self, index: int, width: int) -> Line:
        """Return the finding on one line."""
        finding = self._findings[index]
        mark = VERDICT_MARKS[finding.verdict]
        name_room = min(max(width // 4, _LEAST_NAME), _MOST_NAME)
        seen_room = max(width - _WORD - name_room - 3, 0)
        title_room = seen_room * 11 // 20
        return (
            Span(" " + fitted(mark.text, _WORD), mark.tone),
            Span(fitted(shown(short_name(finding.resource)), name_room) + " "),
            Span(fitted(shown(finding.title), title_room), Tone.STRONG),
            Span(fitted(" " + shown(finding.observed), seen_room - title_room), Tone.DIM),
        )


def finding_page(finding: Finding) -> list[Paragraph]:
    """Return everything that a finding says."""
    mark = VERDICT_MARKS[finding.verdict]
    fields: tuple[tuple[str, str, Tone], ...] = (
        ("RESOURCE", finding.resource, Tone.PLAIN),
        ("OBSERVED", finding.observed, mark.tone),
        ("EXPECTED", finding.expected, Tone.PLAIN),
        ("WHY", finding.why, Tone.PLAIN),
        ("REMEDY", finding.remedy or "none known", Tone.PLAIN),
        ("AZ", finding.command or "none", Tone.ACCENT),
        ("CHECK", finding.check, Tone.DIM),
        ("SOURCE", finding.source, Tone.DIM),
    )
    if finding.severity:
        weighs = f"{finding.severity}, for {finding.component}"
        fields = (*fields[:4], ("WEIGHS", weighs, Tone.PLAIN), *fields[4:])
    page = [Paragraph(f"{mark.text}  {finding.title}", mark.tone), Paragraph("")]
    for label, text, tone in fields:
        page.append(Paragraph(text, tone, label, _LABEL))
    return page


class FindingsScreen(ListingScreen):
    """Every finding of every check, the worst first."""

    TITLE_HERE = "Findings"
    DECIDES = (
        "Here you see what the checks found, the worst first, and decide what to mend. unknown means it could "
        "not be read: that is never a pass. enter shows what was observed, what was expected, why it matters, "
        "the remedy and the az command."
    )

    def _findings(self) -> tuple[Finding, ...]:
        state = self.feed.run.state
        if self._of is not state:
            self._of = state
            self._sorted = tuple(
                sorted(state.findings, key=lambda each: SEVERITY.index(each.verdict))
            )
            self._texts = tuple(
                f"{each.verdict.value} {each.check} {each.resource} {each.title} {each.observed}".lower()
                for each in self._sorted
            )
        return self._sorted

    _of: object = None
    _sorted: tuple[Finding, ...] = ()
    _texts: tuple[str, ...] = ()

    def rows(self) -> Rows:
        """Return every finding."""
        return FindingRows(self._findings())

    def haystacks(self) -> Sequence[str]:
        """Return what the filter looks through."""
        self._findings()
        return self._texts

    def summary(self) -> Line:
        """Return the counts by verdict."""
        findings = self._findings()
        if not findings:
            return (Span(" No check has found anything yet.", Tone.DIM),)
        counts = Counter(finding.verdict for finding in findings)
        spans = [Span(" ")]
        for verdict in SEVERITY:
            if counts[verdict]:
                mark = VERDICT_MARKS[verdict]
                spans.append(Span(f"{mark.glyph} {counts[verdict]} {mark.word}   ", mark.tone))
        return tuple(spans)

    def _chosen(self) -> Finding | None:
        key = self.view.cursor_key
        found = (each for each in self._findings() if f"{each.check} {each.resource}" == key)
        return next(found, None)

    def do_open(self) -> None:
        """Show the whole finding."""
        finding = self._chosen()
        if finding is None:
            self.say("There is no finding here.")
            return
        copies = finding.command or finding.resource
        self.open_screen(PageScreen(self.feed, "Finding", finding_page(finding), copies=[copies]))

    def do_copy(self) -> None:
        """Offer the az command, or the resource's id where there is none."""
        finding = self._chosen()
        offer(self, (finding.command or finding.resource) if finding else "")
