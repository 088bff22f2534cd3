"""Progress on stderr: silent while it is quick, now and then while it is not."""

from __future__ import annotations

import pytest

from amlrunbook.cli.patience import EVERY_SECONDS, Patience


def test_a_quick_reading_is_silent_and_a_slow_one_is_told_of(
    capsys: pytest.CaptureFixture[str],
) -> None:
    now = [0.0]
    patience = Patience(clock=lambda: now[0])
    patience(1, 9, "/a/quick")
    assert capsys.readouterr().err == ""
    now[0] = EVERY_SECONDS
    patience(2, 9, "/a/slow")
    patience(3, 9, "/a/next")
    assert capsys.readouterr().err == "2 of 9 read, slow last…\n"
    now[0] = 3 * EVERY_SECONDS
    patience(9, 9, "/a/end")
    assert capsys.readouterr().err == ""
