"""A place to type commands at, with a home of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 200.0
"""Seconds after which a program hangs that should have ended; a slow machine is not to be mistaken for it."""


class Desk:
    """A place to type commands at, with a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = {**os.environ, "AMLRUNBOOK_HOME": str(home), "PYTHONPATH": str(ROOT)}

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "amlrunbook", *words]

    def run(self, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words),
            input=typed,
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=self.environment,
            cwd=self.home,
            timeout=PATIENCE,
            check=False,
        )

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*words),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=self.environment,
            cwd=self.home,
        )

    def answers(self, text: str) -> str:
        path = self.home / "answers.toml"
        path.write_text(text, "utf-8")
        return str(path)

    @property
    def worlds(self):
        return list((self.home / "state" / "runs").glob("*/simulator"))
