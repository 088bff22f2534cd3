"""Whether a run from elsewhere may be gone on with: every segment of it verified."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from amlrunbook.errors import JournalError
from amlrunbook.journal.entry import SEGMENT_CONTINUES
from amlrunbook.journal.lines import segments
from amlrunbook.journal.reader import read_entries
from amlrunbook.journal.trust import Trust
from amlrunbook.journal.verdict import Report, Verdict
from amlrunbook.journal.verifier import verify

_GOOD = frozenset({Verdict.VALID_CLOSED, Verdict.VALID_OPEN, Verdict.TORN_TAIL})


def verify_run(folder: Path, *, trust: Trust | None) -> tuple[Report, ...]:
    """Verify every segment of the run in ``folder``, in order."""
    return tuple(verify(path, trust=trust) for path in segments(folder))


def objection(reports: tuple[Report, ...]) -> str:
    """Say why a run must not be taken over as it is; nothing where it may.

    A segment before the last may be damaged, as far as the next one states that it goes on from
    exactly what holds of it.
    """
    if not reports:
        return "it holds no journal"
    for place, report in enumerate(reports):
        later = reports[place + 1] if place + 1 < len(reports) else None
        damaged = report.verdict in {Verdict.BROKEN, Verdict.LIMIT}
        excused = damaged and later is not None and _goes_on_from(later, report)
        if (report.verdict not in _GOOD and not excused) or report.trusted < report.entries:
            return f"{Path(report.path).name} is {report.label}: {report.sentence()}"
        if report.evidence.mismatching:
            return f"{report.evidence.mismatching} evidence files are not what was signed"
    return ""


def _goes_on_from(later: Report, report: Report) -> bool:
    try:
        head = list(islice(read_entries(Path(later.path)), 2))
    except JournalError:
        return False
    return any(
        one.kind == SEGMENT_CONTINUES
        and one.body.get("j") == report.journal_id
        and one.body.get("n") == report.entries
        for one in head
    )
