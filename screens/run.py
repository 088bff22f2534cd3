"""The run: one step in focus; left where it stands among the others, right what one decides by."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal

from amlrunbook.executor.commands import AddNote, AnyCommand, DoneOutside, RunStep, Skip
from amlrunbook.planning.grammar import StepKind
from amlrunbook.planning.plan import PlannedStep
from amlrunbook.state.fold import StepRecord
from amlrunbook.state.transitions import StepState
from screens.feed import Change, RunFeed
from screens.keyed import KeyedScreen
from screens.keys import BACK, HELP, LEAVE, MENU, Key, bindings
from screens.next_act import NextAct, next_act
from screens.run_counts import run_counts
from screens.step_fields import commands_of, step_fields
from screens.told import words_of
from screens.widgets.line_view import LineView
from screens.widgets.mode_header import HeaderFacts
from screens.widgets.notice import Notice
from screens.widgets.step_detail import StepDetail
from screens.widgets.step_list import StepRows
from screens.widgets.tones import Tone

_KEYS = (
    Key("act", ("enter",), "act", "Do what the step wants next: run the check, preview the action, answer the question. Nothing is sent before you confirm its preview."),
    Key("walk", ("w",), "walk", "Run the checks one after another, until a step wants you; esc ends it after the check that runs."),
    Key("next", ("full_stop",), "next", "Go to the step that the run waits for.", bar=False),
    Key("outside", ("o",), "outside…", "Say that you did the step outside this program, and how that can be seen."),
    Key("skip", ("x",), "skip…", "Leave the step out, with a reason."),
    Key("again", ("r",), "run again", "Run a check again.", bar=False),
    Key("note", ("n",), "note…", "Write a note into the journal."),
    Key("findings", ("f",), "findings", "Show what the checks found."),
    Key("evidence", ("e",), "evidence", "Show the journal: every entry, and the evidence behind it."),
    Key("view", ("v",), "view", "Show everything about the step on a page of its own, nothing shortened."),
    Key("copy", ("y",), "copy az", "Send the step's az commands to the terminal's clipboard, and show them."),
    Key("close", ("c",), "close run…", "End the run and close its journal."),
    HELP,
    MENU,
    Key("back", BACK.keys, "back", "End the walk, or take the notice away; the run is the outermost screen here.", bar=False),
    LEAVE,
)  # fmt: skip


class RunScreen(KeyedScreen[None]):
    """Steps left, the step in focus right, the mode above, the keys below."""

    CSS_PATH = "run.tcss"
    TITLE_HERE = "Run"
    DECIDES = (
        "Here you take the run one step at a time. The step under the cursor is explained at the right; "
        "enter does what it wants next. A check only reads. An action is previewed first and changes nothing "
        "until you confirm the preview. Everything that happens is in the journal before you see it, so you "
        "may leave at any time and resume."
    )
    KEYS_HERE = _KEYS
    BINDINGS: ClassVar[list[BindingType]] = bindings(_KEYS)

    def __init__(self, feed: RunFeed) -> None:
        super().__init__(clock=feed.clock)
        self.feed = feed
        self.run = feed.run
        self._walking = False
        self._walked: set[str] = set()
        self._told_closed = self.run.state.closed is not None
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

    def on_mount(self) -> None:
        """Begin on the step that the run waits for."""
        self._unlisten = self.feed.listen(self.changed)
        self.steps.focus()
        self.steps.go_to(self.run.focus)
        self.refresh_step()

    def on_unmount(self) -> None:
        """Listen no more."""
        self._unlisten()

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
    def record(self) -> StepRecord:
        """What happened to the step under the cursor."""
        return self.run.state.step(self.step.id)

    @property
    def act(self) -> NextAct:
        """What enter does here and now."""
        return next_act(self.step, self.run.state, self.run.focus)

    def facts(self) -> HeaderFacts:
        """Return what the header tells."""
        return self.feed.header()

    def status(self) -> str:
        """Return the counts of the steps."""
        return run_counts(self.run.plan, self.run.state, busy=self.run.busy)

    def label(self, key: Key) -> str:
        """Return what ``key`` does here; enter says what the step wants."""
        return self.act.label if key.id == "act" else key.label

    def refusal(self, key: Key) -> str:
        """Return why ``key`` cannot be used on this step now."""
        if key.id in {"act", "walk", "outside", "skip", "again", "note", "close"}:
            if self.feed.death is not None:
                return "The run has stopped: " + words_of(self.feed.death)
            if self.run.state.closed is not None:
                return "The run is closed; its journal takes no more entries. q leaves."
        return self._step_refusal(key)

    def _step_refusal(self, key: Key) -> str:
        state = self.record.state
        if key.id == "act":
            return self.act.refusal
        if key.id in {"outside", "skip"} and state.in_flight:
            return "The action may have left: look whether it happened (enter), then rule on it."
        if key.id == "again" and (self.step.kind is not StepKind.CHECK or not state.settled):
            return "Only a check that has run can be run again."
        if key.id == "copy" and not commands_of(self.step, self.record):
            return "This step has no az command."
        return ""

    def _rows(self) -> StepRows:
        return StepRows(self.run.plan, self.run.state, self.run.focus)

    def refresh_step(self) -> None:
        """Show the step under the cursor as it stands now."""
        fields = step_fields(
            self.step, self.record, self.run.mode, wanted=self.run.focus == self.step.id
        )
        self.query_one(StepDetail).show(
            self.step.title, fields, quiet=self.step.kind is not StepKind.ACTION
        )
        self.redraw()

    def changed(self, change: Change) -> None:
        """Show what the run told; the cursor stays where it is unless the operator walks."""
        self.steps.show(self._rows())
        if change.death is not None:
            self._walking = False
            self.say("✗ The run has stopped.\n" + words_of(change.death), Tone.ERROR)
        if self.run.state.closed is not None and not self._told_closed:
            self._told_closed = True
            self.say(
                f"The run is closed. Its journal: {self.run.journal_path}\nq leaves.", Tone.STRONG
            )
        for refusal in change.refusals:
            self._walking = False
            self._asked = ""
            self.say("✗ refused: " + words_of(refusal.error), Tone.ERROR)
        self._walk_on()
        self.refresh_step()
        self._open_what_was_asked()

    @on(LineView.Moved, "#steps")
    def moved(self, event: LineView.Moved) -> None:
        """Show the step that the cursor came to."""
        event.stop()
        self._asked = ""
        self.refresh_step()

    # Telling the run

    def submit(self, command: AnyCommand) -> None:
        """Hand ``command`` to the run."""
        self.run.submit(command)

    def do_act(self) -> None:
        """Do what the step wants next."""
        self.act.do(self)

    def run_step(self) -> None:
        """Run the check, or have the action previewed."""
        if self.step.kind is StepKind.ACTION:
            self._asked = self.step.id
            self.say("Previewing; nothing is sent…")
        self.submit(RunStep(step=self.step.id))

    def do_again(self) -> None:
        """Run the check again."""
        self.submit(RunStep(step=self.step.id))

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
            self.confirm()
        elif not self.run.busy:
            self._asked = ""

    # Going to other screens

    def confirm(self) -> None:
        """Ask for the confirmation of the proposed action."""
        from screens.confirm import ConfirmScreen

        self.open_screen(ConfirmScreen(self.feed, self.step.id))

    def doubt(self) -> None:
        """Show what speaks for and against an action in doubt."""
        from screens.doubt import DoubtScreen

        self.open_screen(DoubtScreen(self.feed, self.step.id))

    def decide(self) -> None:
        """Ask for a choice."""
        from screens.choices import decision_question

        self.open_screen(decision_question(self.step), self._take)

    def unblock(self) -> None:
        """Ask what to do about a need that did not pass."""
        from screens.choices import ask_blocked

        ask_blocked(self, self.step, self.record)

    def do_outside(self) -> None:
        """Ask how it can be seen that the step was done outside."""
        from screens.ask import AskScreen

        step = self.step.id
        question = AskScreen(
            f"Done outside: {self.step.title}",
            "How can it be seen? A command and its answer, a ticket, who did it and when. "
            "It is journaled as your word; what can be observed is observed again.",
            lambda text: DoneOutside(step=step, evidence=text),
        )
        self.open_screen(question, self._take)

    def do_skip(self) -> None:
        """Ask why the step is left out."""
        from screens.ask import AskScreen

        step = self.step.id
        question = AskScreen(
            f"Skip: {self.step.title}",
            "Why is it left out? Steps that need it will be blocked.",
            lambda text: Skip(step=step, reason=text),
        )
        self.open_screen(question, self._take)

    def do_note(self) -> None:
        """Ask for a note."""
        from screens.ask import AskScreen

        step = self.step.id
        question = AskScreen(
            f"Note, at: {self.step.title}",
            "It goes into the journal with the time and the step.",
            lambda text: AddNote(text=text, step=step),
        )
        self.open_screen(question, self._take)

    def _take(self, command: AnyCommand | None) -> None:
        if command is not None:
            self.submit(command)

    def do_findings(self) -> None:
        """Show what the checks found."""
        from screens.findings import FindingsScreen

        self.open_screen(FindingsScreen(self.feed))

    def do_evidence(self) -> None:
        """Show the journal."""
        from screens.evidence import EvidenceScreen

        self.open_screen(EvidenceScreen(self.feed))

    def do_view(self) -> None:
        """Show the whole step on a page."""
        from screens.page import PageScreen, step_page

        commands = commands_of(self.step, self.record)
        page = PageScreen(
            self.feed,
            "Step",
            step_page(self.step, self.record, self.run.mode),
            copies=commands,
        )
        self.open_screen(page)

    def do_copy(self) -> None:
        """Offer the az commands to the terminal's clipboard, and show them."""
        from screens.clipboard import offer

        offer(self, *commands_of(self.step, self.record))

    def do_close(self) -> None:
        """Ask whether to end the run."""
        from screens.leave import close_question

        self.open_screen(close_question(self.feed), self._take)

    def do_leave(self) -> None:
        """Ask whether to leave."""
        from screens.leave import ask_to_leave

        ask_to_leave(self.app, self.feed)
