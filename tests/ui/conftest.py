"""What every screen test stands on: no colour, no ASCII, no blink and no locale of the machine it runs on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from textual.widgets import Input, TextArea

from tests.ui.scripted_run import ScriptedRun
from tests.ui.stillness import wait_for_stillness


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "NO_COLOR",
        "AMLRUNBOOK_ASCII",
        "TMUX",
        "TEXTUAL",
        "TEXTUAL_THEME",
        "COLORTERM",
        "FORCE_COLOR",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.fixture(autouse=True)
def _stillness(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is shown that comes and goes by the machine's clock, and an app is looked at when it is still."""
    monkeypatch.setattr("textual.constants.TEXTUAL_ANIMATIONS", "none")
    monkeypatch.setattr(Input, "_toggle_cursor", lambda _line: None)
    monkeypatch.setattr(TextArea, "_toggle_cursor_blink_visible", lambda _area: None)
    wait_for_stillness(monkeypatch)


@pytest.fixture
def run_of() -> Iterator[Callable[[ScriptedRun], ScriptedRun]]:
    """Hands runs over, and ends their threads after the test."""
    runs: list[ScriptedRun] = []

    def keep(run: ScriptedRun) -> ScriptedRun:
        runs.append(run)
        return run

    yield keep
    for run in runs:
        for gate in run.gates.values():
            gate.set()
        run.end()
