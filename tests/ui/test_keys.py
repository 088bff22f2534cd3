"""Every key is declared once: it works, it is in the key bar or the help page, and esc goes one level."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from amlrunbook.model.mode import Mode
from screens.app import AmlApp
from screens.approve import ApproveScreen
from screens.ask import AskScreen
from screens.calls import CallsScreen
from screens.confirm import ConfirmScreen
from screens.doubt import DoubtScreen
from screens.evidence import EvidenceScreen
from screens.findings import FindingsScreen
from screens.glass import GlassScreen
from screens.hand_over import HandOverScreen
from screens.help import HelpScreen, help_page
from screens.home import HomeScreen
from screens.incident import DeclareScreen, ToldScreen
from screens.keyed import AmlModal, KeyedScreen
from screens.keys import MOVING
from screens.leave import LeaveScreen
from screens.one_page import OnePageScreen
from screens.page import PageScreen
from screens.palette import PaletteScreen
from screens.paste import PasteScreen
from screens.question import QuestionScreen
from screens.run import RunScreen
from tests.ui.scripted_run import ScriptedRun
from tests.ui.sight import app_of, rest, text_of, typed
from tests.ui.worlds import clock, doubtful_run, home, peopled_run, walked_run

Keep = Callable[[ScriptedRun], ScriptedRun]

KEYED = [
    ApproveScreen,
    AskScreen,
    CallsScreen,
    ConfirmScreen,
    DeclareScreen,
    DoubtScreen,
    EvidenceScreen,
    FindingsScreen,
    GlassScreen,
    HandOverScreen,
    HelpScreen,
    HomeScreen,
    OnePageScreen,
    PageScreen,
    PaletteScreen,
    PasteScreen,
    QuestionScreen,
    RunScreen,
    ToldScreen,
]


def every_screen() -> Iterator[type]:
    pending: list[type] = [KeyedScreen, AmlModal]
    while pending:
        for each in pending.pop().__subclasses__():
            pending.append(each)
            yield each


def test_the_list_of_screens_is_whole() -> None:
    inner = {
        "FollowerScreen",
        "ListingScreen",
        "RunDoors",
        "LeaveScreen",
        "AskToLeave",
        "WrittenScreen",
        "SuccessorScreen",
    }
    assert {each.__name__ for each in every_screen()} - inner == {each.__name__ for each in KEYED}


@pytest.mark.parametrize("screen", KEYED, ids=lambda each: each.__name__)
def test_every_key_is_bound_to_a_method_of_its_screen(screen: type) -> None:
    ids = [key.id for key in screen.KEYS_HERE]
    assert len(ids) == len(set(ids))
    for key in screen.KEYS_HERE:
        assert callable(getattr(screen, f"do_{key.id.replace('-', '_')}"))
    names = [name for key in screen.KEYS_HERE for name in key.keys]
    assert len(names) == len(set(names)), "no key means two things"
    bound = {binding.id for binding in screen.BINDINGS}
    assert bound == set(ids)


@pytest.mark.parametrize("screen", KEYED, ids=lambda each: each.__name__)
def test_no_key_of_a_screen_is_taken_by_the_list_that_has_the_focus(screen: type) -> None:
    moving = {name for key in MOVING for name in key.keys}
    assert not moving & {name for key in screen.KEYS_HERE for name in key.keys}


@pytest.mark.parametrize("screen", KEYED, ids=lambda each: each.__name__)
def test_help_names_every_key_and_what_is_decided(screen: type) -> None:
    page = help_page(screen.TITLE_HERE, screen.DECIDES, screen.KEYS_HERE)
    said = {paragraph.label: paragraph.text for paragraph in page}
    for key in (*screen.KEYS_HERE, *MOVING):
        assert said[key.all_keys] == key.help
    assert screen.DECIDES
    assert screen.DECIDES in {paragraph.text for paragraph in page}


@pytest.mark.parametrize("screen", KEYED, ids=lambda each: each.__name__)
def test_every_screen_has_help_and_a_way_back(screen: type) -> None:
    ids = {key.id for key in screen.KEYS_HERE}
    assert "back" in ids
    assert "help" in ids or screen in {HelpScreen, QuestionScreen}


DEPTHS = [
    (walked_run, ("f",), FindingsScreen),
    (walked_run, ("f", "enter"), PageScreen),
    (walked_run, ("e",), EvidenceScreen),
    (walked_run, ("e", "enter"), PageScreen),
    (walked_run, ("v",), PageScreen),
    (walked_run, ("n",), AskScreen),
    (walked_run, ("x",), AskScreen),
    (walked_run, ("o",), AskScreen),
    (walked_run, ("c",), QuestionScreen),
    (walked_run, ("q",), LeaveScreen),
    (walked_run, ("question_mark",), HelpScreen),
    (walked_run, ("f1",), HelpScreen),
    (walked_run, ("e", "enter", "question_mark"), HelpScreen),
    (walked_run, ("n", "f1"), HelpScreen),
    (walked_run, ("1",), OnePageScreen),
    (walked_run, ("1", "t"), PageScreen),
    (walked_run, ("1", "s"), PageScreen),
    (walked_run, ("1", "u"), ToldScreen),
    (walked_run, ("1", "i"), DeclareScreen),
    (walked_run, ("l",), CallsScreen),
    (walked_run, ("l", "enter"), PageScreen),
    (walked_run, ("h",), HandOverScreen),
    (walked_run, ("colon",), PaletteScreen),
    (walked_run, ("f", "ctrl+p"), PaletteScreen),
    (peopled_run, ("down", "enter"), ApproveScreen),
    (peopled_run, ("down", "enter", "p"), PasteScreen),
    (peopled_run, ("down", "enter", "ctrl+g"), GlassScreen),
    (doubtful_run, ("enter",), DoubtScreen),
    (doubtful_run, ("enter", "e"), EvidenceScreen),
    (doubtful_run, ("enter", "h"), AskScreen),
]


@pytest.mark.parametrize(
    ("make", "keys", "expected"),
    DEPTHS,
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
async def test_esc_goes_exactly_one_level_out(
    run_of: Keep, make: Callable[[], ScriptedRun], keys: tuple[str, ...], expected: type
) -> None:
    run = run_of(make())
    app = app_of(run)
    async with app.run_test() as pilot:
        for key in keys:
            await pilot.press(key)
            await rest(pilot, run)
        assert isinstance(app.screen, expected)
        depth = len(app.screen_stack)
        await pilot.press("escape")
        await rest(pilot, run)
        assert len(app.screen_stack) == depth - 1
        for _ in range(5):
            await pilot.press("escape")
        assert isinstance(app.screen, RunScreen)
        assert app.is_running
        assert run.submitted == []


@pytest.mark.parametrize(
    "keys", [("f",), ("e",), ("e", "enter"), ("v",), ("question_mark",), ("c",)]
)
async def test_q_at_depth_goes_back_and_never_leaves(run_of: Keep, keys: tuple[str, ...]) -> None:
    app = app_of(run_of(walked_run()))
    async with app.run_test() as pilot:
        await pilot.press(*keys)
        await pilot.pause()
        depth = len(app.screen_stack)
        await pilot.press("q")
        await pilot.pause()
        assert len(app.screen_stack) == depth - 1
        assert app.is_running


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize(
    "keys",
    [(), ("f",), ("e",), ("v",), ("down", "enter"), ("1",), ("l",), ("h",)],
    ids=["run", "findings", "evidence", "page", "confirm", "one-page", "calls", "hand-over"],
)
async def test_the_key_bar_shows_every_key_it_should(
    run_of: Keep, size: tuple[int, int], keys: tuple[str, ...]
) -> None:
    run = run_of(walked_run())
    app = app_of(run)
    async with app.run_test(size=size) as pilot:
        await pilot.press(*keys)
        await rest(pilot, run)
        seen = text_of(app)
        screen = app.screen
        for key in screen.KEYS_HERE:
            if key.bar and screen.label(key):
                assert f"{key.shown_key} {screen.label(key)}" in seen


async def test_home_shows_every_key_and_q_leaves_at_once() -> None:
    app = AmlApp(home=home(), clock=clock)
    async with app.run_test() as pilot:
        seen = text_of(app)
        for key in HomeScreen.KEYS_HERE:
            if key.bar:
                assert key.shown_key in seen
        await pilot.press("escape")
        assert app.is_running
        await pilot.press("q")
    assert app.return_value is None


async def test_the_menu_finds_a_key_by_a_part_of_a_word_and_does_it(run_of: Keep) -> None:
    run = run_of(walked_run())
    app = app_of(run)
    async with app.run_test() as pilot:
        await pilot.press("colon")
        await pilot.pause()
        for key in RunScreen.KEYS_HERE[:5]:
            assert key.help[:20] in text_of(app)
        await typed(pilot, "findi")
        await pilot.pause()
        assert "try again" not in text_of(app)
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, FindingsScreen)


async def test_the_menu_says_that_nothing_fits_and_enter_does_nothing_then(run_of: Keep) -> None:
    run = run_of(walked_run())
    app = app_of(run)
    async with app.run_test() as pilot:
        await pilot.press("colon")
        await typed(pilot, "zz")
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, PaletteScreen)
        assert "No key here does that" in text_of(app)
        await pilot.press("backspace", "backspace", "down", "up", "down")
        await pilot.pause()
        assert app.screen.view.cursor_key == RunScreen.KEYS_HERE[1].id


async def test_the_menu_does_not_do_what_its_key_would_refuse(run_of: Keep) -> None:
    run = run_of(walked_run(Mode.LIVE))
    app = app_of(run)
    async with app.run_test() as pilot:
        await pilot.press("colon")
        await typed(pilot, "hint")
        await pilot.press("enter")
        await rest(pilot, run)
        assert "Hints belong to drills." in text_of(app)
        assert run.submitted == []


def test_no_key_of_the_bar_is_cut_at_any_width() -> None:
    from screens.widgets.key_bar import KeyBar

    bar = KeyBar(RunScreen.KEYS_HERE, label=lambda key: key.label, refusal=lambda key: "")
    for width in range(40, 200):
        for line in bar.lines(width, 4):
            assert sum(len(span.text) for span in line) <= width


def test_the_key_bar_of_a_run_has_room_for_whatever_enter_does() -> None:
    from screens.next_act import _BY_KIND, _BY_STATE, _FLYING, Act, NextAct
    from screens.widgets.key_bar import KeyBar

    acts = [*_BY_STATE.values(), *_BY_KIND.values(), _FLYING]
    acts += [NextAct(Act.CLOSE, "close run…"), NextAct(Act.RUN, "preview again…")]
    for act in acts:
        bar = KeyBar(
            RunScreen.KEYS_HERE,
            label=lambda key, said=act.label: said if key.id == "act" else key.label,
            refusal=lambda key: "",
        )
        lines = bar.lines(80, 2)
        assert len(lines) == 2, act.label
        assert all(sum(len(span.text) for span in line) <= 80 for line in lines)
        assert lines[-1][-1].text == " leave…"


def test_the_document_of_keys_is_what_the_declarations_say() -> None:
    from screens.keys_document import document

    path = Path(__file__).resolve().parents[2] / "docs" / "keybindings.md"
    assert path.read_text(encoding="utf-8") == document(), (
        "python -m screens.keys_document > docs/keybindings.md"
    )
