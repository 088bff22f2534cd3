"""The run: one step in focus; left where it stands among the others, right what one decides by."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal

from amlrunbook.executor.commands import AnyCommand, RunStep
from amlrunbook.model.display import shown, shown_lines
from amlrunbook.model.mode import Mode
from amlrunbook.planning.grammar import StepKind
from amlrunbook.planning.plan import PlannedStep
from amlrunbook.state.transitions import StepState
from screens.feed import Change, RunFeed
from screens.keys import Key, bindings
from screens.next_act import TRY_AGAIN, NextAct, next_act
from screens.run_counts import run_counts
from screens.run_doors import RunDoors
from screens.run_keys import RUN_KEYS
from screens.step_fields import commands_of, step_fields
from screens.told import words_of
from screens.widgets.line_view import LineView
from screens.widgets.notice import Notice
from screens.widgets.step_detail import StepDetail
from screens.widgets.step_list import StepRows
from screens.widgets.tones import Tone

_CHANGING = frozenset(
    {
        "act",
        "walk",
        "outside",
        "skip",
        "again",
        "variant",
        "note",
        "close",
        "declare",
        "probes",
        "hint",
        "hand-over",
    }
)
"""Keys that write into the journal, sooner or later."""
_BY_HAND = frozenset({StepKind.MANUAL, StepKind.DECISION})
"""Steps that leave nothing to read once they are answered: the cursor goes on by itself."""
_PREVIEWING = "Previewing; nothing is sent…"


class RunScreen(RunDoors):
    """Steps left, the step in focus right, the mode above, the keys below."""

    CSS_PATH = "run.tcss"
    TITLE_HERE = "Run"
    DECIDES = (
        "Here you take the run one step at a time. The step under the cursor is explained at the right; "
        "enter does what it wants next. A check only reads. An action is previewed first and changes nothing "
        "until you confirm the preview. Everything that happens is in the journal before you see it, so you "
        "may leave at any time and resume."
    )
    KEYS_HERE = RUN_KEYS
    BINDINGS: ClassVar[list[BindingType]] = bindings(RUN_KEYS)

    def __init__(self, feed: RunFeed) -> None:
        super().__init__(feed)
        self._walking = False
        self._walked: set[str] = set()
        self._told_closed = self.run.state.closed is not None
        self._drill_words = len(self.run.state.drill_words)
        """How much of what was heard in a drill was shown."""
        self._answered = ""
        """The step whose answer was handed over last."""
        self._asked = ""
        """The action whose preview was asked for by the last key; its question opens when it is there."""

    def compose(self) -> ComposeResult:
        """Lay the screen out."""
        yield self.header()
        with Horizontal(id="body"):
            yield LineView(self._rows(), id="steps")
            yield StepDetail(id="detail")
        yield Notice()
        yield self.status_rule()
        yield self.key_bar()

    def begin(self) -> None:
        """Begin on the step that the run waits for."""
        self.steps.focus()
        self.steps.go_to(self.run.focus)
        self.refresh_step()
        opened = self.run.state.opened
        if opened is not None and opened.alarm:
            self.say(" ".join(shown_lines(opened.alarm)), Tone.WARNING)  # the rule breaks lines

    # What is shown

    @property
    def steps(self) -> LineView:
        """The list of steps."""
        return self.query_one("#steps", LineView)

    @property
    def step(self) -> PlannedStep:
        """The step under the cursor."""
        return self.run.plan.step(self.steps.cursor_key)

    @property
    def act(self) -> NextAct:
        """What enter does here and now."""
        return next_act(self.step, self.run.state, self.run.focus)

    def status(self) -> str:
        """Return the counts of the steps."""
        return run_counts(self.run.plan, self.run.state, busy=self.run.busy)

    def label(self, key: Key) -> str:
        """Return what ``key`` does here; enter says what the step wants."""
        if key.id == "act":
            return self.act.label
        if key.id == "again" and self._again_refusal():
            return ""
        return key.label

    def refusal(self, key: Key) -> str:
        """Return why ``key`` cannot be used on this step now."""
        if key.id in _CHANGING:
            stopped = self.feed.refusal()
            if stopped:
                return stopped
        return self._incident_refusal(key) or self._step_refusal(key)

    def _incident_refusal(self, key: Key) -> str:
        if key.id == "declare" and self.run.state.clock.declared:
            return "The incident is declared; the clock goes on until the probes are green."
        if key.id == "hint" and self.run.mode is not Mode.DRILL:
            return "Hints belong to drills."
        if key.id == "probes" and not self.run.plan.profile.probes:
            return "The profile has no health probes."
        return ""

    def _step_refusal(self, key: Key) -> str:
        state = self.record.state
        if key.id == "act":
            return self.act.refusal
        if key.id in {"outside", "skip"} and state.in_flight:
            return "The action may have left: look whether it happened (enter), then rule on it."
        if key.id == "again":
            return self._again_refusal()
        if key.id == "variant":
            return self._variant_refusal()
        if key.id == "copy" and not commands_of(self.step, self.record):
            return "This step has no az command."
        return ""

    def _again_refusal(self) -> str:
        state = self.record.state
        if self.step.kind is StepKind.ACTION:
            return (
                ""
                if state in TRY_AGAIN
                else "Only an action that did not come about can be tried again."
            )
        checks = self.step.kind in {StepKind.CHECK, StepKind.WAIT}
        return "" if checks and state.settled else "Only a check that has run can be run again."

    def _variant_refusal(self) -> str:
        if len(self.step.variants) < 2:  # noqa: PLR2004 - one way and another
            return "This step can be done in one way only."
        if self.record.state.in_flight or self.record.state is StepState.VERIFIED:
            return "It was sent already: the way it is done cannot be changed any more."
        return ""

    def _rows(self) -> StepRows:
        return StepRows(self.run.plan, self.run.state, self.run.focus)

    def refresh_step(self) -> None:
        """Show the step under the cursor as it stands now."""
        fields = step_fields(
            self.step,
            self.record,
            self.run.mode,
            wanted=self.run.focus == self.step.id,
            forecast=self.run.forecast,
        )
        self.query_one(StepDetail).show(
            self.step.title,
            fields,
            quiet=self.step.kind is not StepKind.ACTION,
            by_hand=self.step.kind in _BY_HAND,
        )
        self.redraw()

    def changed(self, change: Change) -> None:
        """Show what the run told; the cursor stays where it is unless the operator walks."""
        self.steps.show(self._rows())
        self.take_back_refusal()
        heard = self.run.state.drill_words[self._drill_words :]
        if heard:
            self._drill_words += len(heard)
            self.say("\n".join(shown(text) for text in heard), Tone.WARNING)
        if change.death is not None:
            self._walking = False
            self.say("✗ The run has stopped.\n" + words_of(change.death), Tone.ERROR)
        if self.run.state.closed is not None and not self._told_closed:
            self._told_closed = True
            score = self.run.state.drill_score
            scored = f"{score.points} of {score.out_of}. {score.text}\n" if score else ""
            self.say(
                f"{shown(scored, keep=chr(10))}The run is closed. Its journal: {self.run.journal_path}\nq leaves.",
                Tone.STRONG,
            )
            self.do_report()
        for refusal in change.refusals:
            self._walking = False
            self._asked = ""
            self.say("✗ refused: " + words_of(refusal.error), Tone.ERROR)
        self._walk_on()
        self._go_on_by_itself()
        self.refresh_step()
        self._open_what_was_asked()

    @on(LineView.Moved, "#steps")
    def moved(self, event: LineView.Moved) -> None:
        """Show the step that the cursor came to."""
        event.stop()
        if self._asked != self.step.id:  # it may tell, late, how one came to what was asked for
            self._asked = ""
        self.refresh_step()

    # Telling the run

    def do_act(self) -> None:
        """Do what the step wants next."""
        self.act.do(self)

    def run_step(self) -> None:
        """Run the check, or have the action previewed."""
        if self.step.kind is StepKind.ACTION:
            self._asked = self.step.id
            self.say(_PREVIEWING)
        self.submit(RunStep(step=self.step.id))

    def do_again(self) -> None:
        """Run the check again, or preview the action again."""
        self.run_step()

    def go_to(self, step: str) -> None:
        """Put the cursor on ``step``."""
        self.steps.go_to(step)

    def do_next(self) -> None:
        """Go to the step that the run waits for."""
        if self.run.focus:
            self.steps.go_to(self.run.focus)
        else:
            self.say("No step wants you now.")

    def do_walk(self) -> None:
        """Run checks until something wants the operator."""
        self._walking = True
        self._walked.clear()
        self._walk_on()
        self.refresh_step()

    def _walk_on(self) -> None:
        if not self._walking or self.run.busy:
            return
        focus = self.run.focus
        steps = {step.id: step for step in self.run.plan.steps}
        wanted = steps.get(focus)
        if wanted is None or wanted.kind is not StepKind.CHECK or focus in self._walked:
            self._walking = False
            text = (
                f"The walk ends here: {wanted.title}"
                if wanted
                else "Every step is settled; c closes the run."
            )
            self.say(text)
            self.steps.go_to(focus)
            return
        self._walked.add(focus)
        self.steps.go_to(focus)
        self.submit(RunStep(step=focus))

    def take(self, command: AnyCommand | None) -> None:
        """Hand over an answer; what a person does or decides is left behind once it is journaled."""
        if command is not None and self.step.kind in _BY_HAND:
            self._answered = self.step.id
        super().take(command)

    def _go_on_by_itself(self) -> None:
        """Leave a step that was just answered for the one that the run waits for."""
        answered, state = self._answered, self.run.state
        if answered and state.step(answered).state.settled:
            self._answered = ""
            if self.run.focus and self.step.id == answered:
                self.steps.go_to(self.run.focus)

    def do_back(self) -> None:
        """End the walk; the notice is gone by now."""
        if self._walking:
            self._walking = False
            self.say("The walk ends after the check that runs.")

    def _open_what_was_asked(self) -> None:
        if not self._asked or self.app.screen is not self:
            return
        if self.record.state is StepState.PROPOSED and self._asked == self.step.id:
            self._asked = ""
            self.say("")
            self.act.do(self)
        elif not self.run.busy:
            self._asked = ""
            if self.query_one(Notice).text == _PREVIEWING:
                self.say("")
