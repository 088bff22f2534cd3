"""The questions that a step asks: a decision's choices, and what to do about a need that did not pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from amlrunbook.executor.commands import AnyCommand, Decide, Overrule, SwitchVariant
from amlrunbook.executor.conditions import called_for
from amlrunbook.executor.readiness import unmet_needs
from amlrunbook.planning.grammar import StepKind
from amlrunbook.planning.plan import Plan, PlannedStep
from amlrunbook.state.fold import RunState, StepRecord
from amlrunbook.state.transitions import StepState
from screens.ask import AskScreen
from screens.question import Option, QuestionScreen
from screens.step_fields import prose
from screens.step_marks import STEP_MARKS
from screens.widgets.page_view import Paragraph
from screens.widgets.tones import Tone

if TYPE_CHECKING:
    from screens.run_doors import RunDoors

_CHECKS = frozenset({StepKind.CHECK, StepKind.WAIT})
_SAID = (StepState.FAILED, StepState.UNKNOWN, StepState.WARNED, StepState.PASSED)
"""How checks end, what weighs most in front."""
_NOT_NOW: Option[AnyCommand | None] = Option("Not now", "nothing happens", None)


def decision_question(
    step: PlannedStep, plan: Plan, state: RunState
) -> QuestionScreen[AnyCommand | None]:
    """Return the question that a decision asks, with what the checks before it said."""
    options: list[Option[AnyCommand | None]] = [_NOT_NOW]
    options += [
        Option(
            prose(choice.text),
            prose(choice.consequence) or "nothing is said of what follows",
            Decide(step=step.id, choice=choice.id),
        )
        for choice in step.choices
    ]
    text = [*_said_before(step, plan, state), Paragraph(prose(step.why))]
    text += [
        Paragraph(
            prose(f"{choice.text}: {choice.consequence or 'nothing is said of what follows'}"),
            indent=2,
        )
        for choice in step.choices
    ]
    if state.opened is not None and state.opened.alarm:
        # The notice that told it is gone with the first key; what was promised is needed here.
        text.append(Paragraph(f"The alarm: {prose(state.opened.alarm)}", Tone.DIM))
    return QuestionScreen(step.title, text, options)


def _said_before(step: PlannedStep, plan: Plan, state: RunState) -> list[Paragraph]:
    """Return what the checks of the same phase said, so that nobody decides from memory."""
    ids = [each.id for each in plan.steps]
    records = [
        state.step(each.id)
        for each in plan.steps[: ids.index(step.id)]
        if each.phase == step.phase and each.kind in _CHECKS
    ]
    told = sorted((r for r in records if r.state in _SAID), key=lambda r: _SAID.index(r.state))
    marks = [(STEP_MARKS[record.state], record.text) for record in told]
    found = [Paragraph(f"{mark.text}: {text}", mark.tone) for mark, text in marks]
    return [*found, Paragraph("")] if found else []


def ask_blocked(screen: RunDoors, step: PlannedStep, record: StepRecord) -> None:
    """Ask what to do about the needs of a blocked step."""
    state = screen.run.state
    unmet = unmet_needs(screen.run.plan, state, step)
    titles = {each.id: each.title for each in screen.run.plan.steps}
    asked = called_for(step.when, state).waits_for
    text = [Paragraph(record.why_blocked or "It waits for other steps.")]
    if asked:
        open_ones = ", ".join(titles.get(each, each) for each in asked)
        text = [
            Paragraph(f"Whether it is needed shows when this is settled: {open_ones}."),
            *(Paragraph(each.text, Tone.DIM) for each in text),
        ]
        unmet = ()
    text += _needs_said(unmet, titles, state)
    options = [Option("Not now", "nothing happens", ("", ""))]
    there = dict.fromkeys((*asked, *unmet))
    options += [Option("Go there", titles.get(need, need), ("go", need)) for need in there]
    options += [
        Option(
            "Overrule…",
            f"go on without: {titles.get(need, need)}",
            ("overrule", need),
            Tone.WARNING,
        )
        for need in unmet
    ]

    def answered(answer: tuple[str, str] | None) -> None:
        what, need = answer or ("", "")
        if what == "go":
            screen.go_to(need)
        elif what == "overrule":
            question = AskScreen(
                f"Overrule: {titles.get(need, need)}",
                "Why may the step go on although this did not pass? It is journaled with your name.",
                lambda reason: Overrule(step=step.id, need=need, reason=reason),
            )
            screen.open_screen(question, screen.take)

    screen.open_screen(QuestionScreen(f"Blocked: {step.title}", text, options), answered)


def _needs_said(needs: Sequence[str], titles: dict[str, str], state: RunState) -> list[Paragraph]:
    """Return what each need came to, in its own words: nobody overrules by its id."""
    found = []
    for need in needs:
        record = state.step(need)
        mark = STEP_MARKS[record.state]
        said = f"{mark.text}: {titles.get(need, need)}" + (
            f": {record.text}" if record.text else ""
        )
        found.append(Paragraph(said, mark.tone))
    if any(state.step(need).state.settled for need in needs):
        words = "Look at it, do it again, or overrule it with a reason: then this step goes on without it."
        found.append(Paragraph(words))
    return found


def ask_variant(screen: RunDoors, step: PlannedStep, record: StepRecord) -> None:
    """Ask which way a step is done from now on, and why."""
    now = record.variant or step.variant
    text = [
        Paragraph(f"It is done {now or 'as the runbook says'} now."),
        *([Paragraph(prose(step.explain))] if step.explain else []),
        Paragraph(
            "What was previewed the other way is taken back, and previewed again; nothing is sent."
        ),
    ]
    options = [Option("Not now", f"it stays {now}", "")]
    options += [Option(each, "from now on", each) for each in step.variants if each != now]

    def answered(variant: str | None) -> None:
        if not variant:
            return
        question = AskScreen(
            f"Do it {variant}: {step.title}",
            f"Why {variant}, and not {now}? It goes into the journal.",
            lambda reason: SwitchVariant(step=step.id, variant=variant, reason=reason),
        )
        screen.open_screen(question, screen.take)

    screen.open_screen(QuestionScreen(f"Another way: {step.title}", text, options), answered)
