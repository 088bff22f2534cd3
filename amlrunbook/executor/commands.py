"""What an operator may tell a run. Screens, plain prompts, answer files and ``--auto`` all speak these."""

from __future__ import annotations

import msgspec

from amlrunbook.state.events import Ruling


class Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag=True):
    """One thing an operator tells the run."""


class StepCommand(Command, frozen=True, kw_only=True):
    """A command about one step."""

    step: str
    """The step's id in the plan."""


class RunStep(StepCommand, frozen=True, kw_only=True, tag="run"):
    """Run a check, start a wait, or propose an action (its preview)."""


class Confirm(StepCommand, frozen=True, kw_only=True, tag="confirm"):
    """Confirm a proposed action."""

    typed: str = ""
    """The resource's name, where the action wants it typed."""


class Decline(StepCommand, frozen=True, kw_only=True, tag="decline"):
    """Go back from a proposed action; nothing is sent."""

    reason: str = ""


class Skip(StepCommand, frozen=True, kw_only=True, tag="skip"):
    """Leave a step out, with a reason."""

    reason: str


class DoneOutside(StepCommand, frozen=True, kw_only=True, tag="done-outside"):
    """The operator did it outside this program."""

    evidence: str


class Decide(StepCommand, frozen=True, kw_only=True, tag="decide"):
    """Take one choice of a decision."""

    choice: str
    reason: str = ""


class Overrule(StepCommand, frozen=True, kw_only=True, tag="overrule"):
    """Let a blocked step go on although a step that it needs did not pass."""

    need: str
    reason: str


class LookAgain(StepCommand, frozen=True, kw_only=True, tag="look-again"):
    """Observe an action in doubt once more."""


class Rule(StepCommand, frozen=True, kw_only=True, tag="rule"):
    """Rule on an action in doubt."""

    ruling: Ruling
    reason: str


class SwitchVariant(StepCommand, frozen=True, kw_only=True, tag="switch-variant"):
    """Do a step another way from now on; what was proposed the old way is taken back."""

    variant: str
    reason: str


class AdoptPlan(Command, frozen=True, kw_only=True, tag="adopt-plan"):
    """Go on by the successor plan that was proposed."""

    digest: str
    """Of the plan whose difference was shown."""
    reason: str = ""


class AskApproval(StepCommand, frozen=True, kw_only=True, tag="ask-approval"):
    """Ask a second person for the proposal of an action; the token to paste is journaled."""


class GiveAnswer(StepCommand, frozen=True, kw_only=True, tag="give-answer"):
    """Paste back what a second person answered."""

    text: str


class BreakGlass(StepCommand, frozen=True, kw_only=True, tag="break-glass"):
    """Go without a second person, loudly: the action is confirmed by its name afterwards all the same."""

    reason: str
    typed: str = ""
    """The phrase :data:`GLASS_PHRASE`."""


GLASS_PHRASE = "I do this without a second person"
"""What is typed to break the glass."""


class OverruleSafety(StepCommand, frozen=True, kw_only=True, tag="overrule-safety"):
    """Overrule a rule of safety that the proposal breaks, with a second person's approval of just that."""

    rule: str
    reason: str


class OfferHandover(Command, frozen=True, kw_only=True, tag="offer-handover"):
    """Hand the run over to another person; this process writes nothing more."""

    principal: str
    text: str = ""
    """The giver's own words, beside the summary that is made from the state."""


class DeclareIncident(Command, frozen=True, kw_only=True, tag="declare-incident"):
    """Start the incident's clock."""

    severity: str
    text: str = ""


class RunProbes(Command, frozen=True, kw_only=True, tag="run-probes"):
    """Ask the profile's probes whether the service is well."""


class GiveUpdate(Command, frozen=True, kw_only=True, tag="give-update"):
    """Say that the incident channel was told; the timer for the next word starts again."""

    text: str = ""
    next_minutes: int = 30


class AskHint(Command, frozen=True, kw_only=True, tag="ask-hint"):
    """Ask for the next hint of a drill; it costs points."""


class AddNote(Command, frozen=True, kw_only=True, tag="note"):
    """Write a note into the journal, at any time."""

    text: str
    step: str = ""


class Pause(Command, frozen=True, kw_only=True, tag="pause"):
    """Stop here; the run can be resumed."""

    reason: str = ""


class Close(Command, frozen=True, kw_only=True, tag="close"):
    """End the run: its outcome is journaled and its journal closed."""


AnyCommand = (
    RunStep
    | Confirm
    | Decline
    | Skip
    | DoneOutside
    | Decide
    | Overrule
    | LookAgain
    | Rule
    | SwitchVariant
    | AdoptPlan
    | AskApproval
    | GiveAnswer
    | BreakGlass
    | OverruleSafety
    | OfferHandover
    | DeclareIncident
    | RunProbes
    | GiveUpdate
    | AskHint
    | AddNote
    | Pause
    | Close
)
"""Every command there is."""
