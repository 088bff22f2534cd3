from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of this test's own."""
    folder = tmp_path / "home"
    monkeypatch.setenv("AMLRUNBOOK_HOME", str(folder))
    return folder
