"""Filtering a list: ``x`` keeps what contains x, ``!x`` what does not; letter case does not matter."""

from __future__ import annotations

from collections.abc import Sequence


def kept(haystacks: Sequence[str], wanted: str) -> Sequence[int]:
    """Return the indices of the texts that ``wanted`` keeps; ``haystacks`` are in lower case."""
    inverse = wanted.startswith("!")
    needle = (wanted[1:] if inverse else wanted).strip().lower()
    if not needle:
        return range(len(haystacks))
    return [index for index, text in enumerate(haystacks) if (needle in text) is not inverse]
