"""The rows of the home screen. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from rich.cells import cell_len

from amlrunbook.model.display import shown
from screens.home_data import HomeData
from screens.home_items import JournalRow, OpenRun, ProfileRow
from screens.moments import age_words, clock_words, seconds_between
from screens.results import AppResult, Assess, OpenJournal, Resume, StartDrill, StartRun
from screens.widgets.lines import Line, Span, fitted, shortened
from screens.widgets.tones import Tone

_AGE = 7
"""Cells of ``26 min`` and a space."""

Make = Callable[[int], Line]
"""Makes a line of so many cells."""


@dataclass(frozen=True, slots=True)
class HomeRows:
    """The rows of the home screen: what identifies each, and how its line is made."""

    rows: Sequence[tuple[str, Make]]

    def __len__(self) -> int:
        return len(self.rows)

    def key(self, index: int) -> str:
        """Return what the row opens; nothing for a heading."""
        return self.rows[index][0]

    def line(self, index: int, width: int) -> Line:
        """Return the row's line."""
        return self.rows[index][1](width)


def home_rows(data: HomeData) -> HomeRows:
    """Return every row: sections with a heading each, empty ones left out or explained."""
    rows: list[tuple[str, Make]] = []
    if data.open_runs:
        rows.append(_heading("Open runs"))
        rows += [
            (f"run:{each.path}", partial(_open_run, each, data.taken)) for each in data.open_runs
        ]
    rows.append(("", _profile_heading))
    rows += [
        (f"profile:{each.name}", partial(_profile, each, data.taken)) for each in data.profiles
    ]
    if not data.profiles:
        rows.append(
            _said("none is protected yet; a drill shows what this is, and changes nothing real")
        )
    if data.scenarios:
        rows.append(_heading("Drills, against a simulated Azure on this machine"))
        rows += [
            (f"drill:{each.id}", partial(_named, each.id, each.title)) for each in data.scenarios
        ]
    if data.journals:
        rows.append(_heading("Journals"))
        rows += [(f"journal:{each.path}", partial(_journal, each)) for each in data.journals]
    if data.runbooks:
        rows.append(_heading("Runbooks"))
        rows += [
            (f"runbook:{each.id}", partial(_named, each.id, each.title)) for each in data.runbooks
        ]
    rows += [_said(f"! {problem}") for problem in data.problems]
    return HomeRows(tuple(rows))


def result_of(key: str) -> AppResult | None:
    """Return what opening the row with ``key`` means; a runbook still wants a profile."""
    kind, _, what = key.partition(":")
    match kind:
        case "run":
            return Resume(what)
        case "profile":
            return Assess(what)
        case "drill":
            return StartDrill(what)
        case "journal":
            return OpenJournal(what)
        case "runbook":
            return StartRun(what, "")
        case _:
            return None


def _heading(text: str) -> tuple[str, Make]:
    return "", lambda _width: (Span(f" {text}", Tone.STRONG),)


def _said(text: str) -> tuple[str, Make]:
    return "", lambda width: (Span("   "), Span(fitted(shown(text), width - 3), Tone.DIM))


def _columns(width: int) -> tuple[int, int, int]:
    """Return the cells of a profile's name, regions and posture."""
    room = width - 3 - _AGE - 1
    regions = min(max(room * 30 // 62, 20), 38)
    name = min(max(room * 14 // 62, 10), 24)
    return name, regions, max(room - name - regions, 0)


def _profile_heading(width: int) -> Line:
    name, regions, posture = _columns(width)
    text = fitted(" Workspaces", 3 + name + regions) + fitted("posture", posture)
    return (Span(text + "seen".rjust(_AGE), Tone.STRONG),)


def _profile(row: ProfileRow, now: datetime, width: int) -> Line:
    name, regions, posture = _columns(width)
    from screens.verdict_marks import VERDICT_MARKS  # not needed for the first frame

    mark = VERDICT_MARKS[row.posture] if row.posture is not None else None
    glyph = mark.glyph if mark else "?"
    text = row.posture_text or (mark.word if mark else "never assessed")
    tone = mark.tone if mark else Tone.DIM
    return (
        Span("   "),
        Span(fitted(shortened(shown(row.name), name - 1), name), Tone.STRONG),
        Span(fitted(shortened(pair_words(row), regions - 1), regions)),
        Span(fitted(f"{glyph} {shown(text)}", posture), tone),
        Span(_since(row.seen, now).rjust(_AGE)),
    )


def pair_words(row: ProfileRow) -> str:
    """Return the regions of a pair, from where to where."""
    return shown(f"{row.source} → {row.target or '(none)'}")


def _since(when: str, now: datetime) -> str:
    return age_words(seconds_between(when, now)) if when else "never"


def _open_run(row: OpenRun, now: datetime, width: int) -> Line:
    doubt = f"{row.in_doubt} in doubt" if row.in_doubt else f"{row.settled} of {row.total} settled"
    glyph, tone = ("?", Tone.ERROR) if row.in_doubt else ("◌", Tone.ACCENT)
    title = max(width - 3 - 18 - 18 - 8 - 10, 8)
    return (
        Span(f" {glyph} ", tone),
        Span(fitted(shown(row.title), title), Tone.STRONG),
        Span(f" {fitted(shortened(shown(row.profile), 16), 17)}"),
        Span(fitted(doubt, 18), tone if row.in_doubt else Tone.PLAIN),
        Span(fitted(_since(row.last, now), 8)),
        Span(shown(row.mode.upper()), Tone.STRONG),
    )


def _journal(row: JournalRow, width: int) -> Line:
    glyph, tone = ("✓", Tone.SUCCESS) if row.good else ("✗", Tone.ERROR)
    outcome = f"{glyph} {shown(row.outcome)}"
    room = max(cell_len(outcome) + 1, 26)
    lasted = clock_words(row.duration_seconds) if row.duration_seconds is not None else ""
    title = max(width - 1 - room - 12 - 11 - 9, 8)
    return (
        Span(f" {fitted(outcome, room)}", tone),
        Span(f"{row.closed[:10]}  "),
        Span(f"{fitted(shown(row.title), title)} "),
        Span(fitted(shown(row.mode.upper()), 10), Tone.DIM),
        Span(lasted, Tone.DIM),
    )


def _named(name: str, title: str, width: int) -> Line:
    del width
    return (Span(f"   {fitted(shown(name), 22)}", Tone.STRONG), Span(shown(title)))
