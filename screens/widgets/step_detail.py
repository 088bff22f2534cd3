"""The step's side: every label at its place, whatever the step."""

from __future__ import annotations

from amlrunbook.model.display import shown
from screens.step_fields import Field
from screens.widgets.lines import Line, LineBlock, Span, chopped, cut_short, fitted, wrapped
from screens.widgets.tones import Tone

_LABEL = 7
_LEAST: dict[str, int] = {
    "STATE": 2,
    "WHY": 3,
    "DOES": 3,
    "LOSES": 2,
    "AFTER": 1,
    "UNDO": 2,
    "TAKES": 1,
    "RISK": 1,
    "MODE": 1,
    "AZ": 1,
    "SOURCE": 1,
}
"""The lines of each label where the screen is 24 lines high: 18 below the title."""
_LEAST_QUIET = _LEAST | {"STATE": 4, "WHY": 4, "DOES": 2, "LOSES": 1, "UNDO": 1}
"""The same for a step that changes nothing: what it found and why it is asked have more to say."""
_LEAST_BY_HAND = _LEAST_QUIET | {
    "STATE": 2,
    "WHY": 4,
    "DOES": 8,
    "LOSES": 0,
    "AFTER": 0,
    "TAKES": 0,
    "RISK": 0,
}
"""The same for a step that a person does or decides: what is to be done, or weighed, stands there whole."""
_GROW = ("AZ", "STATE", "LOSES", "WHY", "UNDO", "AFTER", "DOES", "SOURCE", "MODE", "STATE", "AZ")
"""Who gets a line more where the screen is higher, in turn."""
_GROW_QUIET = ("STATE", "WHY", "STATE", "DOES", "STATE", "SOURCE")
_GROW_BY_HAND = ("DOES", "WHY", "STATE")
_UNBROKEN = frozenset({"AZ", "SOURCE"})
"""Labels whose text is a command or an address: cut where the line ends, not between words."""


def places(height: int, *, quiet: bool = False, by_hand: bool = False) -> dict[str, int]:
    """Return how many lines each label has on so many; ``quiet`` for a step that changes nothing."""
    lines: dict[str, int] = dict(_LEAST)
    grow: tuple[str, ...] = _GROW
    if by_hand:
        lines, grow = dict(_LEAST_BY_HAND), _GROW_BY_HAND
    elif quiet:
        lines, grow = dict(_LEAST_QUIET), _GROW_QUIET
    spare = height - sum(lines.values())
    for turn in range(max(spare, 0)):
        lines[grow[turn % len(grow)]] += 1
    return lines


class StepDetail(LineBlock):
    """What one decides by. A text longer than its place ends in a sign; ``v`` shows it whole."""

    title: str = ""
    fields: tuple[Field, ...] = ()
    quiet: bool = False
    by_hand: bool = False

    def show(
        self, title: str, fields: tuple[Field, ...], *, quiet: bool, by_hand: bool = False
    ) -> None:
        """Show another step, or the same anew; ``quiet`` says that it changes nothing, ``by_hand`` that a person does."""
        now = (self.title, self.fields, self.quiet, self.by_hand)
        if (title, fields, quiet, by_hand) != now:
            self.title, self.fields, self.quiet, self.by_hand = title, fields, quiet, by_hand
            self.redraw()

    def lines(self, width: int, height: int) -> list[Line]:
        """Return the title and every field at its place."""
        lines: list[Line] = [(Span(fitted(shown(self.title), width), Tone.STRONG),)]
        room = places(height - 1, quiet=self.quiet, by_hand=self.by_hand)
        for field in self.fields:
            if not room[field.label]:
                continue
            lines.extend(_field_lines(field, width, room[field.label]))
        return lines


def _field_lines(field: Field, width: int, count: int) -> list[Line]:
    inner = width - _LABEL
    breaker = chopped if field.label in _UNBROKEN else wrapped
    pieces = breaker(shown(field.text), inner)
    if len(pieces) > count:
        pieces = [*pieces[: count - 1], cut_short(pieces[count - 1], inner)]
    pieces += [""] * (count - len(pieces))
    lines: list[Line] = []
    for number, piece in enumerate(pieces):
        label = field.label if number == 0 else ""
        lines.append((Span(label.ljust(_LABEL), Tone.LABEL), Span(piece, field.tone)))
    return lines
