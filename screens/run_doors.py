"""The doors of the run screen: the questions and the other screens that its keys open."""

from __future__ import annotations

from amlrunbook.executor.commands import (
    AddNote,
    AnyCommand,
    AskHint,
    DoneOutside,
    RunProbes,
    Skip,
)
from amlrunbook.planning.grammar import StepKind
from amlrunbook.planning.plan import PlannedStep
from amlrunbook.state.fold import StepRecord
from screens.feed import RunFeed
from screens.follower import FollowerScreen
from screens.step_fields import commands_of, what_to_do


class RunDoors(FollowerScreen):
    """What leads away from the run screen; the screen itself says which step is meant."""

    def __init__(self, feed: RunFeed) -> None:
        super().__init__(feed)
        self.run = feed.run

    @property
    def step(self) -> PlannedStep:
        """The step that is meant."""
        raise NotImplementedError

    @property
    def record(self) -> StepRecord:
        """What happened to that step."""
        return self.run.state.step(self.step.id)

    def go_to(self, step: str) -> None:
        """Go to another step."""
        raise NotImplementedError

    def submit(self, command: AnyCommand) -> None:
        """Hand ``command`` to the run."""
        self.run.submit(command)

    def confirm(self) -> None:
        """Ask for the confirmation of the proposed action."""
        from screens.confirm import ConfirmScreen

        self.open_screen(ConfirmScreen(self.feed, self.step.id))

    def approve(self) -> None:
        """Bring in a second person for the proposed action."""
        from screens.approve import ApproveScreen

        self.open_screen(ApproveScreen(self.feed, self.step.id, self.confirm))

    def do_variant(self) -> None:
        """Ask for the other way to do the step, and why."""
        from screens.choices import ask_variant

        ask_variant(self, self.step, self.record)

    def do_hand_over(self) -> None:
        """Ask to whom the run is handed over."""
        from screens.hand_over import HandOverScreen

        self.open_screen(HandOverScreen(self.feed), self.take)

    def do_page(self) -> None:
        """Show everything on one page."""
        from screens.one_page import OnePageScreen

        self.open_screen(OnePageScreen(self.feed))

    def do_status(self) -> None:
        """Show the words for the incident channel."""
        from screens.page import status_page

        self.open_screen(status_page(self.feed))

    def do_report(self) -> None:
        """Show what the run came to, or has come to so far."""
        from screens.page import report_page

        self.open_screen(report_page(self.feed))

    def do_calls(self) -> None:
        """Show the call log."""
        from screens.calls import CallsScreen

        self.open_screen(CallsScreen(self.feed))

    def do_declare(self) -> None:
        """Ask how grave the incident is."""
        from screens.incident import DeclareScreen

        self.open_screen(DeclareScreen(self.run.plan.profile.targets.rto), self.take)

    def tell(self) -> None:
        """Show the words for the incident channel, and ask whether it was told."""
        from screens.incident import told_screen

        self.open_screen(told_screen(self.feed), self.take)

    def do_probes(self) -> None:
        """Ask the probes."""
        self.submit(RunProbes())

    def do_hint(self) -> None:
        """Ask for the next hint of a drill."""
        self.submit(AskHint())

    def doubt(self) -> None:
        """Show what speaks for and against an action in doubt."""
        from screens.doubt import DoubtScreen

        self.open_screen(DoubtScreen(self.feed, self.step.id))

    def decide(self) -> None:
        """Ask for a choice."""
        from screens.choices import decision_question

        self.open_screen(decision_question(self.step, self.run.plan, self.run.state), self.take)

    def unblock(self) -> None:
        """Ask what to do about a need that did not pass."""
        from screens.choices import ask_blocked

        ask_blocked(self, self.step, self.record)

    def do_outside(self) -> None:
        """Ask how it can be seen that the step was done outside."""
        from screens.ask import AskScreen

        step, lines = self.step.id, what_to_do(self.step, self.record)
        asked = (
            "How can it be seen? A command and its answer, a ticket, who did it and when. "
            "It is journaled as your word; what can be observed is observed again."
        )
        text = (*lines, asked)
        if lines and self.step.kind is not StepKind.MANUAL:
            text = ("By hand it is:", *lines, asked)
        question = AskScreen(
            f"Done outside: {self.step.title}",
            "\n".join(text),
            lambda text: DoneOutside(step=step, evidence=text),
        )
        self.open_screen(question, self.take)

    def do_skip(self) -> None:
        """Ask why the step is left out."""
        from screens.ask import AskScreen

        step = self.step.id
        question = AskScreen(
            f"Skip: {self.step.title}",
            "Why is it left out? Steps that need it will be blocked.",
            lambda text: Skip(step=step, reason=text),
        )
        self.open_screen(question, self.take)

    def do_note(self) -> None:
        """Ask for a note."""
        from screens.ask import AskScreen

        step = self.step.id
        question = AskScreen(
            f"Note, at: {self.step.title}",
            "It goes into the journal with the time and the step.",
            lambda text: AddNote(text=text, step=step),
        )
        self.open_screen(question, self.take)

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
            step_page(self.step, self.record, self.run.mode, self.run.forecast),
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

        self.open_screen(close_question(self.feed), self.take)

    def do_leave(self) -> None:
        """Ask whether to leave."""
        from screens.leave import ask_to_leave

        ask_to_leave(self.app, self.feed)
