"""How the terminal is to be drawn on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ASCII_VARIABLE = "AMLRUNBOOK_ASCII"
"""Set to anything but ``0`` to draw in ASCII only; ``0`` to draw in Unicode whatever the locale says."""


BELL_VARIABLE = "AMLRUNBOOK_BELL"
"""``0`` for no bell and no notification of the terminal."""


@dataclass(frozen=True, slots=True)
class Look:
    """How the terminal is to be drawn on."""

    ascii_only: bool = False
    bell: bool = True
    """Whether the terminal may ring and notify."""


def look_of(environ: Mapping[str, str], *, platform: str = "posix") -> Look:
    """Return the look that the environment asks for.

    POSIX: the first of ``LC_ALL``, ``LC_CTYPE`` and ``LANG`` that is set names the character set; a locale
    without UTF-8, or none at all, means ASCII. Elsewhere the terminal takes Unicode.
    """
    bell = environ.get(BELL_VARIABLE, "") not in {"0", "no", "off"}
    return Look(ascii_only=_ascii_only(environ, platform), bell=bell)


def _ascii_only(environ: Mapping[str, str], platform: str) -> bool:
    asked = environ.get(ASCII_VARIABLE, "")
    if asked:
        return asked != "0"
    if platform != "posix":
        return False
    names = ("LC_ALL", "LC_CTYPE", "LANG")
    locale = next((environ[name] for name in names if environ.get(name)), "C")
    return "utf8" not in locale.lower().replace("-", "")
