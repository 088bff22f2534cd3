"""What comes to the app's thread from others: that a run told something, and errors in words."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from amlrunbook.errors import AmlRunbookError
from amlrunbook.model.display import shown_lines


@dataclass
class RunTold(Message):
    """The run told something; :meth:`screens.feed.RunFeed.look` says what."""


def words_of(error: BaseException) -> str:
    """Return what an error says to a person: what happened, the state, the next safe step."""
    text = (
        error.diagnostics()
        if isinstance(error, AmlRunbookError)
        else f"{type(error).__name__}: {error}"
    )
    return "\n".join(shown_lines(text))
