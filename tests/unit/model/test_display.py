"""Hostile text never reaches a terminal as it is."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from amlrunbook.model.display import shown


def test_escapes_direction_marks_and_separators_are_spelt_out() -> None:
    assert shown("a\x1b[31mb\u202ec\u2028d\u200be\r\n") == r"a\x1b[31mb\u202ec\u2028d\u200be\r\n"
    assert shown("Größe → 京", keep="\n") == "Größe → 京"
    assert shown("a\n\tb", keep="\n\t") == "a\n\tb"


@given(st.text())
def test_nothing_that_a_terminal_acts_on_is_left(text: str) -> None:
    assert not {unicodedata.category(char) for char in shown(text)} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
