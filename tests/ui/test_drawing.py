"""What is drawn: escaped, fitted, in ASCII where asked, told apart by word and border, and never by colour alone."""

from __future__ import annotations

import gc
from base64 import b64decode
from collections.abc import Callable

import pytest

from amlrunbook.model.finding import Verdict
from amlrunbook.model.mode import Mode
from amlrunbook.state import events as e
from amlrunbook.state.transitions import StepState
from screens.look import Look, look_of
from screens.marks import mode_look
from screens.moments import age_words, clock_words, seconds_between
from screens.step_marks import STEP_MARKS
from screens.theme import THEMES
from screens.verdict_marks import VERDICT_MARKS
from screens.widgets.lines import PLAIN_GLYPHS, as_ascii, fitted, shortened, wrapped
from screens.widgets.step_detail import places
from tests.ui.scripted_run import ScriptedRun
from tests.ui.sight import app_of, rest, text_of
from tests.ui.worlds import HOSTILE, check, failover_proposal, finding, opened, plan, walked_run

Keep = Callable[[ScriptedRun], ScriptedRun]
ASCII = Look(ascii_only=True)


def test_every_state_has_a_glyph_a_word_and_an_ascii_form() -> None:
    assert set(STEP_MARKS) == set(StepState)
    assert set(VERDICT_MARKS) == set(Verdict)
    words = [mark.word for mark in STEP_MARKS.values()]
    assert len(set(words)) == len(words)
    for mark in (*STEP_MARKS.values(), *VERDICT_MARKS.values()):
        assert mark.word
        assert len(mark.glyph) == 1
        assert mark.glyph.isascii() or as_ascii(mark.glyph).isascii()
        assert len(as_ascii(mark.glyph)) == 1, "nothing moves in ASCII"


def test_every_ascii_sign_is_one_cell() -> None:
    assert all(
        isinstance(plain, str) and len(plain) == 1 and plain.isascii()
        for plain in PLAIN_GLYPHS.values()
    )


def test_the_modes_differ_by_word_rule_theme_and_class() -> None:
    looks = [mode_look(mode) for mode in Mode]
    for field in ("word", "rule", "theme", "css_class"):
        assert len({getattr(look, field) for look in looks}) == len(looks)
    assert {look.theme for look in looks} == {theme.name for theme in THEMES}


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES, ids=lambda each: each.name)
def test_every_colour_of_text_can_be_read(theme) -> None:
    for ground in (theme.background, theme.surface):
        for colour in (
            theme.foreground,
            theme.success,
            theme.warning,
            theme.error,
            theme.accent,
            theme.primary,
            theme.secondary,
            theme.variables["quiet"],
        ):
            assert contrast(colour, ground) >= 4.5, (colour, ground)
    assert contrast(theme.primary, theme.variables["on-mode"]) >= 4.5


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a b c",
        "x" * 50,
        "日本語のテキスト " * 4,
        "/subscriptions/1/resourceGroups/rg/providers/x",
    ],
)
@pytest.mark.parametrize("width", [1, 2, 7, 20])
def test_wrapping_loses_nothing_and_fits(text: str, width: int) -> None:
    from rich.cells import cell_len

    lines = wrapped(text, width)
    if width > 1:
        assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_fitting_says_that_it_cut() -> None:
    assert fitted("abcdef", 4) == "abc…"
    assert fitted("ab", 4) == "ab  "
    assert fitted("日本語", 4) == "日 …"
    assert shortened("fraud-prod-europe-1", 11) == "fraud…ope-1"


@pytest.mark.parametrize("quiet", [False, True])
@pytest.mark.parametrize("height", [18, 23, 35, 60])
def test_the_places_of_the_labels_fill_the_height_in_one_order(height: int, quiet: bool) -> None:
    found = places(height, quiet=quiet)
    assert sum(found.values()) == height
    assert list(found) == [
        "STATE",
        "WHY",
        "DOES",
        "LOSES",
        "AFTER",
        "UNDO",
        "TAKES",
        "RISK",
        "MODE",
        "AZ",
        "SOURCE",
    ]


def test_times_in_words() -> None:
    assert [age_words(each) for each in (None, -5, 0, 119, 120, 7199, 7200, 172799, 172800)] == [
        "unknown", "0 s", "0 s", "119 s", "2 min", "119 min", "2 h", "47 h", "2 d",
    ]  # fmt: skip
    assert clock_words(3725) == "01:02:05"
    assert clock_words(None) == "--:--:--"
    assert seconds_between("no time", "2026-11-22T10:00:00Z") is None


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"LANG": "en_US.UTF-8"}, False),
        ({"LANG": "en_US.utf8"}, False),
        ({"LC_ALL": "C", "LANG": "en_US.UTF-8"}, True),
        ({"LC_CTYPE": "de_DE.UTF-8", "LANG": "C"}, False),
        ({}, True),
        ({"AMLRUNBOOK_ASCII": "1", "LANG": "en_US.UTF-8"}, True),
        ({"AMLRUNBOOK_ASCII": "0", "LC_ALL": "C"}, False),
    ],
)
def test_the_locale_decides_on_ascii(environ: dict[str, str], expected: bool) -> None:
    assert look_of(environ).ascii_only is expected


JOURNEYS = [
    (),
    ("f",),
    ("f", "enter"),
    ("e",),
    ("e", "enter"),
    ("v",),
    ("question_mark",),
    ("n",),
    ("c",),
    ("q",),
    ("down", "enter"),
]


@pytest.mark.parametrize(
    ("mode", "keys"),
    [
        *((Mode.DRILL, keys) for keys in JOURNEYS),
        (Mode.LIVE, ("down", "enter")),
        (Mode.READ_ONLY, ()),
    ],
)
async def test_an_ascii_terminal_gets_ascii_only(
    run_of: Keep, keys: tuple[str, ...], mode: Mode
) -> None:
    run = run_of(walked_run(mode))
    app = app_of(run, look=ASCII)
    async with app.run_test() as pilot:
        await pilot.press(*keys)
        await rest(pilot, run)
        assert not [char for char in text_of(app) if not char.isascii()]


def hostile_run() -> ScriptedRun:
    steps = (check("evil", HOSTILE),)
    events = (
        opened(),
        e.StepStarted(step="evil"),
        e.FindingMade(
            step="evil",
            finding=finding(Verdict.FAIL, HOSTILE, HOSTILE, observed=HOSTILE, command=HOSTILE),
        ),
        e.StepFailed(step="evil", text=HOSTILE),
        e.NoteAdded(text=HOSTILE),
        e.UnknownEvent(kind=HOSTILE, body={HOSTILE: HOSTILE}),
        e.ClockDeclared(severity=HOSTILE, target_seconds=60, text=HOSTILE),
        e.CallMade(method=HOSTILE, path=f"/subscriptions/{HOSTILE}", status=0, milliseconds=1),
        failover_proposal(
            summary=HOSTILE,
            loses=HOSTILE,
            undo=HOSTILE,
            before=HOSTILE,
            requests=(HOSTILE,),
            resources=(HOSTILE,),
        ),
    )
    return ScriptedRun(plan(steps), mode=Mode.LIVE, before=events, operator=HOSTILE)


@pytest.mark.parametrize(
    "keys",
    [
        (),
        ("G",),
        ("f",),
        ("f", "enter"),
        ("f", "y"),
        ("e",),
        ("e", "enter"),
        ("v",),
        ("c",),
        ("n",),
        ("1",),
        ("t",),
        ("l",),
        ("l", "enter"),
        ("h",),
        ("enter",),
        ("enter", "question_mark"),
    ],
    ids=lambda keys: " ".join(keys) or "run",
)
async def test_hostile_names_are_drawn_and_do_nothing(run_of: Keep, keys: tuple[str, ...]) -> None:
    run = run_of(hostile_run())
    app = app_of(run)
    async with app.run_test() as pilot:
        await pilot.press("g", "down", "down", "down", "down", "down", "down")
        await pilot.press(*keys)
        await rest(pilot, run)
        seen = text_of(app)
        assert not [char for char in seen if char != "\n" and (not char.isprintable())]
        assert "\u202e" not in seen
        assert "\u200b" not in seen
        lines = seen.split("\n")
        assert len(lines) == 24
        assert not any(line.lstrip("▶ ").startswith("LIVE") for line in lines), (
            "a name cannot fake a line"
        )


@pytest.mark.parametrize("size", [(40, 10), (200, 60)])
@pytest.mark.parametrize("keys", JOURNEYS, ids=lambda keys: " ".join(keys) or "run")
async def test_any_size_is_drawn(
    run_of: Keep, size: tuple[int, int], keys: tuple[str, ...]
) -> None:
    run = run_of(walked_run())
    app = app_of(run)
    async with app.run_test(size=size) as pilot:
        await pilot.press(*keys)
        await rest(pilot, run)
        assert "DRILL" in text_of(app) or keys


async def test_a_resize_keeps_the_cursor_in_sight_and_the_step(run_of: Keep) -> None:
    run = run_of(walked_run())
    app = app_of(run)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("G")
        await pilot.resize_terminal(80, 12)
        await pilot.pause()
        assert "▶⊘ Probes are green" in text_of(app)
        await pilot.resize_terminal(120, 40)
        await pilot.pause()
        assert "▶⊘ Probes are green" in text_of(app)


async def test_copying_sends_osc_52_shows_the_text_and_claims_nothing(
    run_of: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMUX", "/tmp/tmux-0/default,1,0")
    run = run_of(walked_run())
    app = app_of(run)
    written: list[str] = []
    async with app.run_test() as pilot:
        assert app._driver is not None
        app._driver.write = written.append
        await pilot.press("y")
        await pilot.pause()
        seen = text_of(app)
    sent = "".join(written)
    assert "\x1b]52;c;YXogc3RvcmFnZSBhY2NvdW50" in sent
    assert "\x1bPtmux;\x1b\x1b]52;c;" in sent
    assert "copied" not in seen.lower()
    assert "--delete-retention-days 7" in seen


async def test_a_line_break_in_a_name_never_reaches_the_clipboard(run_of: Keep) -> None:
    run = run_of(hostile_run())
    app = app_of(run)
    written: list[str] = []
    async with app.run_test() as pilot:
        assert app._driver is not None
        app._driver.write = written.append
        await pilot.press("f", "y")
        await pilot.pause()
    sent = "".join(written).partition("52;c;")[2].partition("\x07")[0]
    pasted = b64decode(sent).decode()
    assert pasted.isprintable()
    assert r"\r\nLIVE" in pasted


async def test_no_colour_keeps_every_word(run_of: Keep, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    run = run_of(walked_run(Mode.LIVE))
    app = app_of(run)
    async with app.run_test():
        seen = text_of(app)
        assert app.no_color
        for word in (
            "LIVE",
            "✗",
            "failed",
            "! ",
            "warned",
            "? ",
            "unknown",
            "✓",
            "passed",
            "▷",
            "next",
        ):
            assert word in seen


async def test_garbage_is_not_looked_for_in_the_first_frame_while_it_is_shown(run_of: Keep) -> None:
    app = app_of(run_of(walked_run()))
    async with app.run_test() as pilot:
        await pilot.pause()
        assert not any(each is app.screen for each in gc.get_objects())
    assert any(each is app for each in gc.get_objects())
