"""Lists of any size: the cursor, the filter, the evidence behind an entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from textual.app import App, ComposeResult

from amlrunbook.model.finding import Finding, Verdict
from amlrunbook.state import events as e
from screens.filtering import kept
from screens.page import PageScreen
from screens.widgets.line_view import LineView, ListRows, Row
from screens.widgets.lines import Line, Span
from screens.widgets.page_view import PageView, Paragraph
from tests.ui.scripted_run import ScriptedRun
from tests.ui.sight import app_of, rest, text_of, typed
from tests.ui.worlds import finding, opened, plan, walked_run

Keep = Callable[[ScriptedRun], ScriptedRun]


class Million:
    """A million rows; counts how many of them were made."""

    def __init__(self) -> None:
        self.made = 0

    def __len__(self) -> int:
        return 1_000_000

    def key(self, index: int) -> str:
        return str(index)

    def line(self, index: int, width: int) -> Line:
        self.made += 1
        return (Span(f" row {index}"),)


class ListApp(App[None]):
    def __init__(self, view: LineView) -> None:
        super().__init__()
        self.view = view

    def compose(self) -> ComposeResult:
        yield self.view

    def on_mount(self) -> None:
        self.view.styles.height = "1fr"
        self.view.focus()


async def test_a_million_rows_cost_only_what_is_seen() -> None:
    rows = Million()
    app = ListApp(LineView(rows))
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.press("G", "pageup", "k", "down", "g", "pagedown")
        assert app.view.cursor == 9
        await pilot.press("G")
        assert app.view.cursor == 999_999
        assert "row 999999" in text_of(app)
    assert rows.made < 2_000


@dataclass(frozen=True)
class Named:
    """Rows that are told apart by a word each."""

    words: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.words)

    def key(self, index: int) -> str:
        return self.words[index].strip("-")

    def line(self, index: int, width: int) -> Line:
        return (Span(f" {self.words[index]}"),)


WORDS = tuple("ABCDEFGHIJKLMNOPQRST")


async def test_what_is_drawn_in_parts_is_what_is_drawn_whole() -> None:
    app = ListApp(LineView(Named(WORDS)))
    async with app.run_test(size=(40, 10)) as pilot:
        for key in ("j", "j", "k", "pagedown", "j", "G", "k", "pageup", "k", "g", "k"):
            await pilot.press(key)
            await pilot.pause()
            in_parts = text_of(app)
            app.view.refresh()
            await pilot.pause()
            assert text_of(app) == in_parts
        for rows in (
            ("A-", *WORDS[1:-1], "T-"),
            ("A", "-", *WORDS[2:]),
            WORDS[:12],
            WORDS[3:],
            (),
            WORDS,
        ):
            app.view.show(Named(tuple(rows)))
            app.view.go_to("H")
            await pilot.pause()
            in_parts = text_of(app)
            app.view.refresh()
            await pilot.pause()
            assert text_of(app) == in_parts


async def test_a_page_without_a_cursor_scrolls_to_its_end_and_back() -> None:
    app = ListApp(PageView([Paragraph(f"line {number} " + "word " * 30) for number in range(30)]))
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.press("G")
        await pilot.pause()
        assert "line 0" not in text_of(app)
        assert text_of(app).count("word") > 20
        await pilot.press("g")
        await pilot.pause()
        assert "line 0" in text_of(app)


def test_the_filter_keeps_and_inverts() -> None:
    texts = ["fail stfraud", "pass kv-fraud", "unknown crfraud"]
    assert list(kept(texts, "")) == [0, 1, 2]
    assert list(kept(texts, "KV")) == [1]
    assert list(kept(texts, "!fail")) == [1, 2]
    assert list(kept(texts, "!")) == [0, 1, 2]


async def test_findings_stand_worst_first_and_are_filtered(run_of: Keep) -> None:
    run = run_of(walked_run())
    app = app_of(run)
    async with app.run_test() as pilot:
        await pilot.press("f")
        await pilot.pause()
        lines = [line for line in text_of(app).splitlines() if " pass " in line or " fail " in line]
        assert "✗ 1 fail   ? 1 unknown   ! 1 warn   ✓ 2 pass" in lines[0]
        assert lines[1].startswith("▶✗ fail    stfraudprod2")
        await pilot.press("slash")
        await typed(pilot, "!stfraud")
        await pilot.press("enter")
        await pilot.pause()
        seen = text_of(app)
        assert "crfraud" in seen
        assert "stfraudprod" not in seen
        assert "1 of 2 · filter !stfraud" in seen
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, PageScreen)
        seen = text_of(app)
        for word in (
            "RESOURCE",
            "OBSERVED",
            "EXPECTED",
            "WHY",
            "REMEDY",
            "AZ",
            "SOURCE",
            "403 AuthorizationFailed",
        ):
            assert word in seen
        await pilot.press("escape", "escape")
        await pilot.pause()
        assert "stfraudprod2" in text_of(app), "esc clears the filter before it leaves"
        await pilot.press("escape")
        await pilot.pause()
        assert len(app.screen_stack) == 1


async def test_a_hundred_thousand_findings_are_filtered_by_typing(run_of: Keep) -> None:
    many: tuple[Finding, ...] = tuple(
        finding(Verdict.PASS, "Blob", f"account{number}") for number in range(100_000)
    )
    events = (opened(), e.StepStarted(step="redundancy"))
    run = run_of(ScriptedRun(plan(), before=events))
    record = run.state.step("redundancy")
    run._state = type(run.state)(
        steps={"redundancy": type(record)(step="redundancy", findings=many)}
    )
    app = app_of(run)
    async with app.run_test() as pilot:
        await pilot.press("f", "slash")
        await typed(pilot, "account99999")
        await pilot.pause()
        assert "1 of 1 · filter account99999" in text_of(app)


async def test_new_entries_do_not_move_what_is_read(run_of: Keep) -> None:
    run = run_of(walked_run())
    app = app_of(run)
    async with app.run_test() as pilot:
        await pilot.press("e", "g", "down", "down")
        await pilot.pause()
        view = app.screen.query_one("#list", LineView)
        before = (view.cursor_key, view.top)
        run.happen(*(e.NoteAdded(text=f"note {number}") for number in range(50)))
        await pilot.pause()
        await pilot.pause()
        assert (view.cursor_key, view.top) == before
        assert len(view.rows) == 19 + 50


async def test_the_evidence_behind_an_entry_is_shown_or_said_to_be_withheld(run_of: Keep) -> None:
    hostile = (
        b"\x1b[2J\x1b]52;c;ZXZpbA==\x07"
        + "\u202e".encode()
        + b"<html>\r\n\tindented [bold]x[/bold]"
    )
    before = (
        opened(),
        e.EvidenceAdded(name="answer", size=40, sha256="cd" * 32),
        e.EvidenceAdded(name="gone", size=1, sha256="ef" * 32),
    )
    run = run_of(ScriptedRun(plan(), before=before, evidence={"cd" * 32: hostile}))
    app = app_of(run)
    async with app.run_test() as pilot:
        await pilot.press("e", "k", "enter")
        await rest(pilot, run)
        seen = text_of(app)
        assert r"\x1b[2J\x1b]52;c;ZXZpbA==\x07\u202e<html>" in seen
        assert "    indented [bold]x[/bold]" in seen
        assert "\x1b" not in seen
        await pilot.press("escape", "j", "enter")
        await rest(pilot, run)
        assert "The evidence is withheld." in text_of(app)


async def test_bytes_that_are_no_text_are_shown_in_hex(run_of: Keep) -> None:
    before = (opened(), e.EvidenceAdded(name="blob", size=4, sha256="cd" * 32))
    run = run_of(ScriptedRun(plan(), before=before, evidence={"cd" * 32: b"\xff\xfe\x00\x1b"}))
    app = app_of(run)
    async with app.run_test() as pilot:
        await pilot.press("e", "enter")
        await rest(pilot, run)
        assert "00000000  ff fe 00 1b" in text_of(app)


@pytest.mark.parametrize("by", [-3, 3])
def test_a_view_without_a_size_stays_within_its_rows(by: int) -> None:
    view = PageView([Paragraph("one"), Paragraph("two")])
    view._break(20)
    view.move(by)
    assert view._line_at(0) != ()


def test_rows_that_change_before_there_is_a_size_stay_in_sight() -> None:
    rows = [Row(str(number), (Span(str(number)),)) for number in range(9)]
    view = LineView(ListRows(rows))
    view.move(5)
    view.show(ListRows(rows[4:]))
    assert view.cursor_key == "5"
    assert view.top == 0
