"""What every screen test stands on: no colour, no ASCII, no blink and no locale of the machine it runs on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.ui.scripted_run import ScriptedRun


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
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")


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
