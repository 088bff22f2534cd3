"""How the terminal is to be drawn on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ASCII_VARIABLE = "AMLRUNBOOK_ASCII"
"""Set to anything but ``0`` to draw in ASCII only; ``0`` to draw in Unicode whatever the locale says."""


@dataclass(frozen=True, slots=True)
class Look:
    """How the terminal is to be drawn on."""

    ascii_only: bool = False


def look_of(environ: Mapping[str, str], *, platform: str = "posix") -> Look:
    """Return the look that the environment asks for.

    POSIX: the first of ``LC_ALL``, ``LC_CTYPE`` and ``LANG`` that is set names the character set; a locale
    without UTF-8, or none at all, means ASCII. Elsewhere the terminal takes Unicode.
    """
    asked = environ.get(ASCII_VARIABLE, "")
    if asked:
        return Look(ascii_only=asked != "0")
    if platform != "posix":
        return Look()
    names = ("LC_ALL", "LC_CTYPE", "LANG")
    locale = next((environ[name] for name in names if environ.get(name)), "C")
    return Look(ascii_only="utf8" not in locale.lower().replace("-", ""))
