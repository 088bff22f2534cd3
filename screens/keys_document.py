"""docs/keybindings.md, generated from the declarations: ``python -m screens.keys_document`` prints it."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from screens.approve import ApproveScreen
from screens.ask import AskScreen
from screens.calls import CallsScreen
from screens.confirm import ConfirmScreen
from screens.doubt import DoubtScreen
from screens.evidence import EvidenceScreen
from screens.findings import FindingsScreen
from screens.glass import GlassScreen
from screens.hand_over import HandOverScreen
from screens.help import HelpScreen
from screens.home import HomeScreen
from screens.incident import DeclareScreen, ToldScreen
from screens.keys import MOVING, Key
from screens.one_page import OnePageScreen
from screens.page import PageScreen
from screens.palette import PaletteScreen
from screens.paste import PasteScreen
from screens.question import QuestionScreen
from screens.run import RunScreen

_PAGES: tuple[tuple[str, str, tuple[Key, ...]], ...] = (
    (HomeScreen.TITLE_HERE, HomeScreen.DECIDES, HomeScreen.KEYS_HERE),
    (RunScreen.TITLE_HERE, RunScreen.DECIDES, RunScreen.KEYS_HERE),
    (ConfirmScreen.TITLE_HERE, ConfirmScreen.DECIDES, ConfirmScreen.KEYS_HERE),
    (ApproveScreen.TITLE_HERE, ApproveScreen.DECIDES, ApproveScreen.KEYS_HERE),
    (PasteScreen.TITLE_HERE, PasteScreen.DECIDES, PasteScreen.KEYS_HERE),
    (GlassScreen.TITLE_HERE, GlassScreen.DECIDES, GlassScreen.KEYS_HERE),
    (DoubtScreen.TITLE_HERE, DoubtScreen.DECIDES, DoubtScreen.KEYS_HERE),
    (OnePageScreen.TITLE_HERE, OnePageScreen.DECIDES, OnePageScreen.KEYS_HERE),
    (DeclareScreen.TITLE_HERE, DeclareScreen.DECIDES, DeclareScreen.KEYS_HERE),
    (ToldScreen.TITLE_HERE, ToldScreen.DECIDES, ToldScreen.KEYS_HERE),
    (HandOverScreen.TITLE_HERE, HandOverScreen.DECIDES, HandOverScreen.KEYS_HERE),
    (FindingsScreen.TITLE_HERE, FindingsScreen.DECIDES, FindingsScreen.KEYS_HERE),
    (EvidenceScreen.TITLE_HERE, EvidenceScreen.DECIDES, EvidenceScreen.KEYS_HERE),
    (CallsScreen.TITLE_HERE, CallsScreen.DECIDES, CallsScreen.KEYS_HERE),
    ("Pages", PageScreen.DECIDES, PageScreen.KEYS_HERE),
    ("Questions", QuestionScreen.DECIDES, QuestionScreen.KEYS_HERE),
    (AskScreen.TITLE_HERE, AskScreen.DECIDES, AskScreen.KEYS_HERE),
    (PaletteScreen.TITLE_HERE, PaletteScreen.DECIDES, PaletteScreen.KEYS_HERE),
    (HelpScreen.TITLE_HERE, HelpScreen.DECIDES, HelpScreen.KEYS_HERE),
    ("Moving, in every list and page", "", MOVING),
)


def document() -> str:
    """Return the whole page."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "# Keys"
    yield ""
    yield "Generated from the screens' own declarations. `ctrl+q` and `ctrl+c` ask to leave, from anywhere."
    for title, decides, keys in _PAGES:
        yield from ("", f"## {title}", "")
        if decides:
            yield from (decides, "")
        yield "| key | does |"
        yield "|---|---|"
        for key in keys:
            names = " ".join(f"`{name}`" for name in key.all_keys.split())
            yield f"| {names} | {key.help} |"
    yield ""


if __name__ == "__main__":
    sys.stdout.write(document())
