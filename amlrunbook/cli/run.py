"""``amlrunbook run``: one runbook for a workspace pair, or a run that was left."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from amlrunbook.model.mode import Mode

if TYPE_CHECKING:
    from amlrunbook.cli.accepting import Acceptance
    from amlrunbook.cli.adopting import Changes
    from amlrunbook.cli.operating import Operating
    from amlrunbook.cli.parts import LeftRun
    from amlrunbook.errors import ExitCode
    from amlrunbook.executor.commands import AdoptPlan
    from amlrunbook.executor.ledger import JournalLedger
    from amlrunbook.executor.run import Executor
    from amlrunbook.journal import Identity
    from amlrunbook.model.profile import Profile


UNSIGNED_WORD = "unsigned"
"""What a person types who wants a run that nobody signed."""


@dataclass(frozen=True, slots=True)
class Taking:
    """Whether a run that was handed over is taken, and how."""

    accept: bool
    forced: bool


@click.command()
@click.argument("runbook", required=False, default="")
@click.option("-w", "--workspace", "profile", metavar="PROFILE", help="The profile of the pair.")
@click.option("--live", is_flag=True, help="Arm the run to change real Azure.")
@click.option("--resume", metavar="JOURNAL", help="Go on with the run of that journal or folder.")
@click.option(
    "--accept-changed",
    is_flag=True,
    help="With --resume: go on by the run's own plan although the runbook has changed.",
)
@click.option(
    "--adopt-changed",
    is_flag=True,
    help="With --resume: go on by the plan that the runbook gives now; what happened is carried over.",
)
@click.option(
    "--look-anew",
    is_flag=True,
    help="With --resume and --adopt-changed: take the inventory anew for that plan.",
)
@click.option(
    "--accept-handover",
    is_flag=True,
    help="With --resume: take over a run that was handed over to you.",
)
@click.option(
    "--by-force",
    is_flag=True,
    help="With --accept-handover: take it although it was handed to somebody else.",
)
@click.option(
    "--unsigned",
    is_flag=True,
    help="Sign with a key that is thrown away: the journal is whole, and nobody's.",
)
@click.option(
    "--answers",
    type=click.Path(path_type=Path),
    help="A TOML file that answers in the operator's place; never with --live.",
)
@click.option("--auto", is_flag=True, help="Take each step's default; never with --live.")
@click.option("--plain", is_flag=True, help="Linear text instead of screens.")
def run(
    *,
    runbook: str,
    profile: str | None,
    live: bool,
    resume: str | None,
    accept_changed: bool,
    adopt_changed: bool,
    look_anew: bool,
    accept_handover: bool,
    by_force: bool,
    unsigned: bool,
    answers: Path | None,
    auto: bool,
    plain: bool,
) -> int:
    """Run RUNBOOK (a name or a TOML file) for a profile; read-only unless --live.

    With --resume, a run that was left goes on: what was in the air is looked at first, and nothing
    is sent again by itself.
    """
    from amlrunbook.cli import talk
    from amlrunbook.errors import UsageError
    from amlrunbook.model.display import shown

    if resume is not None:
        talk.say_waiting(f"Resuming the run of {shown(resume)}: reading its journal…")
    from amlrunbook.cli.adopting import Changes
    from amlrunbook.cli.operating import operating

    how = operating(answers, auto=auto, plain=plain, live=live)
    if resume is not None:
        hand = Taking(accept=accept_handover, forced=by_force)
        changes = Changes(accept_changed, adopt_changed, look_anew).checked()
        return _resume(resume, runbook, how, hand, changes, live=live, unsigned=unsigned)
    if not runbook or not profile:
        raise UsageError(
            "A run takes a runbook and a profile.",
            next_step="Say: amlrunbook run RUNBOOK -w PROFILE; or: amlrunbook run --resume JOURNAL.",
        )
    return _begin(runbook, profile, how, live=live, unsigned=unsigned)


def _begin(runbook: str, name: str, how: Operating, *, live: bool, unsigned: bool) -> ExitCode:
    from amlrunbook.cli.folk import operator_of, people_of_run, with_calls
    from amlrunbook.cli.looking import gateway_for
    from amlrunbook.cli.operating import operate
    from amlrunbook.cli.parts import (
        looked_at,
        registry_of,
        runbook_named,
    )
    from amlrunbook.executor.ledger import JournalLedger
    from amlrunbook.executor.opening import Who, open_new
    from amlrunbook.planning.resolve import resolve
    from amlrunbook.store.profiles import load_profile
    from amlrunbook.store.runs import new_run_folder

    profile = load_profile(name)
    loaded = runbook_named(runbook)
    identity = _signer(unsigned=unsigned)
    mode = _armed(profile) if live else Mode.READ_ONLY
    gateway = gateway_for(profile, mode)
    snapshot = looked_at(gateway, profile)
    registry = registry_of(gateway)
    plan = resolve(loaded, profile, snapshot, registry, runbook_named)
    how.checked(plan)
    folder = new_run_folder(loaded.runbook.id)
    ledger = JournalLedger.create(folder.path, identity, drill=False)
    people = people_of_run(ledger, identity, gateway.cloud)
    who = Who(run=folder.short_id, operator=operator_of(identity), mode=mode)
    executor = open_new(ledger, plan, snapshot, registry, who=who, people=people)
    return operate(with_calls(executor, gateway), how)


def _signer(*, unsigned: bool) -> Identity:
    """Return who signs: the person's own key, or one that is nobody's where that was asked for in so many words.

    Raises:
        RefusedError: no key was chosen, and a run that nobody signs was not asked for.
        JournalError: the key cannot be used.
    """
    from amlrunbook.cli import signing, talk
    from amlrunbook.errors import RefusedError
    from amlrunbook.journal import ThrowAwayIdentity
    from amlrunbook.journal.keys import CHOICE_FILE
    from amlrunbook.store.paths import config_folder

    chosen = (config_folder() / CHOICE_FILE).exists()
    if chosen and not unsigned:
        return signing.current_identity()
    if unsigned or _unsigned_by_word():
        talk.say("UNSIGNED: every check of this journal will say UNATTRIBUTED.")
        return ThrowAwayIdentity()
    raise RefusedError(
        "A run's journal is signed with your own key, and none has been chosen.",
        state="Nothing was begun.",
        next_step="Make one with: amlrunbook key new. Or say --unsigned to sign with a key that is thrown away: every "
        "check of the journal will say UNATTRIBUTED. Or practise with: amlrunbook drill.",
    )


def _unsigned_by_word() -> bool:
    """Ask the person at the terminal whether a key that is thrown away will do; nobody there means no."""
    from amlrunbook.cli import talk
    from amlrunbook.cli.operating import at_terminal

    if not at_terminal():
        return False
    talk.say("You have no key that could sign this run's journal.")
    talk.say("It can be signed with a key that is thrown away: then it is whole, and nobody's.")
    sys.stderr.write(f"Type {UNSIGNED_WORD} to go on so, anything else to go back: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip() == UNSIGNED_WORD


def _armed(profile: Profile) -> Mode:
    """Return live mode once the workspace's name was typed at a terminal.

    Raises:
        RefusedError: no terminal, or another name.
    """
    from amlrunbook.cli import talk
    from amlrunbook.cli.operating import at_terminal
    from amlrunbook.errors import RefusedError

    if not at_terminal():
        raise RefusedError(
            "A live run needs a person at a terminal.",
            state="Nothing was begun.",
            next_step="Start it in a terminal, or leave out --live.",
        )
    name = profile.primary_id.name
    talk.say(f"LIVE: confirmed actions will change real Azure, in workspace {name}.")
    sys.stderr.write("Type the workspace's name to arm this run: ")
    sys.stderr.flush()
    if sys.stdin.readline().rstrip("\r\n") != name:
        raise RefusedError(
            "That is not the workspace's name; the run is not armed.",
            state="Nothing was begun.",
            next_step=f"Type {name} exactly, or leave out --live.",
        )
    return Mode.LIVE


def _resume(
    text: str,
    runbook: str,
    how: Operating,
    hand: Taking,
    changes: Changes,
    *,
    live: bool,
    unsigned: bool,
) -> ExitCode:
    from amlrunbook.cli import talk
    from amlrunbook.cli.ending import finish_closed
    from amlrunbook.cli.operating import operate
    from amlrunbook.cli.parts import plan_now, read_left_run, run_folder_of
    from amlrunbook.executor.difference import plan_difference

    folder = run_folder_of(text)
    ended = finish_closed(folder, lambda: _signer(unsigned=unsigned))
    if ended is not None:
        talk.say("The run had ended; its journal is closed now.")
        return ended
    found = read_left_run(folder)
    current = plan_now(found, runbook)
    difference = plan_difference(found.left.plan, current) if current is not None else ()
    changes.refuse_difference(difference, str(folder))
    how.checked(current if current is not None and changes.adopted else found.left.plan)
    if not found.is_drill:
        identity = _signer(unsigned=unsigned)
        mode = _armed(found.left.plan.profile) if live else Mode.READ_ONLY
        executor, word = _real_again(found, mode, runbook, hand, changes, identity=identity)
        return operate(executor, how, word)
    return _drill_again(found, how, runbook, hand, changes, live=live)


def _drill_again(
    found: LeftRun, how: Operating, runbook: str, hand: Taking, changes: Changes, *, live: bool
) -> ExitCode:
    from amlrunbook.cli.accepting import acceptance
    from amlrunbook.cli.adopting import adoption
    from amlrunbook.cli.drill_world import Listener
    from amlrunbook.cli.folk import people_of_drill, with_calls
    from amlrunbook.cli.looking import gateway_for
    from amlrunbook.cli.operating import operate
    from amlrunbook.cli.parts import (
        SIMULATOR_FOLDER,
        operator_name,
        plan_now,
        registry_of,
    )
    from amlrunbook.cli.practising import after_drill
    from amlrunbook.errors import RefusedError
    from amlrunbook.executor.opening import open_left
    from amlrunbook.journal import DrillIdentity
    from amlrunbook.simulator import process

    if live:
        raise RefusedError(
            "This run is a drill: it never becomes live.",
            state="Nothing was written.",
            next_step="Leave out --live.",
        )
    world = found.folder / SIMULATOR_FOLDER
    identity = DrillIdentity.load(found.folder)
    taken = acceptance(found, operator_name(), None, accept=hand.accept)
    ledger = _ledger_again(found, identity, taken, hand)
    try:
        endpoint = process.reach(world)
        gateway = gateway_for(found.left.plan.profile, Mode.DRILL, endpoint=endpoint)
        executor = open_left(
            ledger,
            registry_of(gateway),
            operator=operator_name(),
            mode=Mode.DRILL,
            current=None if changes.adopted else plan_now(found, runbook),
            accept_changed=True,
            people=people_of_drill(found.folder, ledger, identity, endpoint, gateway.cloud),
            accepted=taken.accepted if taken else None,
        )
        with_calls(executor, gateway)
        word = adoption(executor, found, runbook, changes, gateway)
    except BaseException:
        ledger.release()
        raise
    with Listener(executor):
        code = operate(executor, how, word)
    after_drill(executor, world, how)
    return code


def _ledger_again(
    found: LeftRun, identity: Identity, taken: Acceptance | None, hand: Taking
) -> JournalLedger:
    from amlrunbook.cli import talk
    from amlrunbook.executor.ledger import JournalLedger

    if taken is None:
        return JournalLedger.reopen(found.folder, identity, drill=found.is_drill)
    ledger = JournalLedger.accept(
        found.folder, identity, taken.statement, drill=found.is_drill, forced=hand.forced
    )
    talk.say(f"The run is yours now, {taken.accepted.principal}: countersigned as {taken.verdict}.")
    return ledger


def _real_again(
    found: LeftRun, mode: Mode, runbook: str, hand: Taking, changes: Changes, *, identity: Identity
) -> tuple[Executor, AdoptPlan | None]:
    from amlrunbook.cli import signing
    from amlrunbook.cli.accepting import acceptance
    from amlrunbook.cli.adopting import adoption
    from amlrunbook.cli.folk import operator_of, people_of_run, with_calls
    from amlrunbook.cli.looking import gateway_for
    from amlrunbook.cli.parts import plan_now, registry_of
    from amlrunbook.executor.opening import open_left

    gateway = gateway_for(found.left.plan.profile, mode)
    taken = acceptance(found, identity.principal, signing.pinned_trust(), accept=hand.accept)
    ledger = _ledger_again(found, identity, taken, hand)
    try:
        executor = open_left(
            ledger,
            registry_of(gateway),
            operator=operator_of(identity),
            mode=mode,
            current=None if changes.adopted else plan_now(found, runbook),
            accept_changed=True,
            people=people_of_run(ledger, identity, gateway.cloud),
            accepted=taken.accepted if taken else None,
        )
        with_calls(executor, gateway)
        word = adoption(executor, found, runbook, changes, gateway)
    except BaseException:
        ledger.release()
        raise
    return executor, word
