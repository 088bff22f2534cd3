"""The program, run in this process on a home of its own."""

from __future__ import annotations

import io
import sys

import pytest

from amlrunbook.cli import main


class Shell:
    """Runs the program with lines on its input, and remembers what it said."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch
        self.out = ""
        self.err = ""

    def __call__(self, *args: object, lines: tuple[str, ...] = ()) -> int:
        self._monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{x}\n" for x in lines)))
        code = main([str(one) for one in args])
        self.out, self.err = self._capsys.readouterr()
        return code
