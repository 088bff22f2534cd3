"""A program in a pseudo-terminal, and what it drew there: what the person at the keys sees, and when."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

from rich.cells import cell_len

ROOT = Path(__file__).resolve().parents[2]
WIDTH, HEIGHT = 120, 40
_PATIENCE = 20.0
_TOKENS = re.compile(
    r"\x1b\[([0-?]*)[ -/]*([@-~])|\x1b[\]P].*?(?:\x07|\x1b\\)|\x1b[^\[\]P]|\n|\r|[^\x1b\r\n]+",
    re.DOTALL,
)


class Glass:
    """The characters on the screen. Knows of a terminal's language what Textual says: a place, and text."""

    def __init__(self) -> None:
        self._rows = [[" "] * WIDTH for _ in range(HEIGHT)]
        self._x = self._y = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._left = ""
        """The beginning of a sequence whose end has not come yet."""

    def rows(self) -> list[str]:
        """Return every row."""
        return ["".join(row) for row in self._rows]

    def draw(self, drawn: bytes) -> None:
        """Take what a program wrote."""
        text = self._left + self._decoder.decode(drawn)
        end = 0
        for token in _TOKENS.finditer(text):
            if token.start() != end:
                break
            end = token.end()
            self._take(token)
        self._left = text[end:]

    def _take(self, token: re.Match[str]) -> None:
        if token[2] == "H":
            y, x = (token[1] or "1;1").split(";")
            self._y, self._x = int(y) - 1, int(x) - 1
        elif token[0] == "\r":
            self._x = 0
        elif token[0] == "\n":
            self._y, self._x = self._y + 1, 0
        elif token[0][0] != "\x1b":
            self._put(token[0])

    def _put(self, text: str) -> None:
        for character in text:
            cells = cell_len(character)
            if self._y < HEIGHT and self._x + cells <= WIDTH:
                self._rows[self._y][self._x : self._x + cells] = [character] + [""] * (cells - 1)
            self._x += cells


class Terminal:
    """A Python program in a terminal of its own; it ends with the block."""

    def __init__(
        self, arguments: Sequence[str], environment: Mapping[str, str], *, keep: Sequence[int] = ()
    ) -> None:
        self.glass = Glass()
        self.began = time.perf_counter()
        """When the program was started."""
        self._came = self.began
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            try:
                for number in keep:
                    os.set_inheritable(number, True)  # noqa: FBT003 - positional only
                os.execve(sys.executable, [sys.executable, *arguments], _told(environment))
            finally:
                os._exit(127)
        size = struct.pack("HHHH", HEIGHT, WIDTH, 0, 0)
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, size)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        os.close(self._terminal)

    def end(self) -> float:
        """End the program; return the seconds of CPU that it used."""
        if self._pid == 0:
            return 0.0
        os.kill(self._pid, signal.SIGKILL)
        used = os.wait4(self._pid, 0)[2]
        self._pid = 0
        return used.ru_utime + used.ru_stime

    def until(self, seen: Callable[[list[str]], bool]) -> float:
        """Read until what is on the screen is ``seen``; return when the last of it came."""
        ends = time.perf_counter() + _PATIENCE
        while not seen(rows := self.glass.rows()):
            if not self._read(max(ends - time.perf_counter(), 0)):
                raise AssertionError("\n".join(["what was waited for does not come:", *rows]))
        return self._came

    def shows(self, text: str) -> float:
        """Read until ``text`` is on the screen; return when the last of it came."""
        return self.until(lambda rows: any(text in row for row in rows))

    def press(self, key: str) -> float:
        """Press a key; return when."""
        pressed = time.perf_counter()
        os.write(self._terminal, key.encode())
        return pressed

    def look_on(self, seconds: float) -> None:
        """Read what is drawn for so long."""
        ends = time.perf_counter() + seconds
        while (left := ends - time.perf_counter()) > 0:
            self._read(left)

    def _read(self, seconds: float) -> bool:
        if not select.select([self._terminal], [], [], seconds)[0]:
            return False
        drawn = os.read(self._terminal, 1 << 16)
        self._came = time.perf_counter()
        self.glass.draw(drawn)
        return True


def _told(environment: Mapping[str, str]) -> dict[str, str]:
    told = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"}
    return {**told, "PYTHONPATH": str(ROOT), **environment}
