"""A pack as a POSIX shell script: it explains, shows each command, and runs none that was not asked for.

Every value is quoted, and shown as :func:`amlrunbook.model.display.shown` writes it: a name is a name and nothing
else, whatever characters it has.
"""

from __future__ import annotations

import shlex
import textwrap

from amlrunbook.model.display import shown, shown_lines
from amlrunbook.model.operation import Confirmation
from amlrunbook.planning.grammar import Phase, StepKind
from amlrunbook.planning.pack import (
    NO_COMMAND,
    Command,
    Pack,
    commands_of,
    runnable_commands,
    step_facts,
    typed_name,
)
from amlrunbook.planning.plan import PlannedStep

_WIDTH = 96
_LABEL = 9

_PRELUDE = r"""
set -eu

ran=0 failed=0 skipped=0 skip_to='' reply='' choice=0

say() { printf '%s\n' "$*"; }

finish() { say ''; say "Run or done: $ran. Failed: $failed. Left out: $skipped."; }

leave() {
  finish
  exit 130
}

answer() { # answer QUESTION: reads one line into $reply; where the input ends, so does the script
  printf '%s ' "$1"
  if IFS= read -r reply; then return 0; fi
  say ''
  say 'The input ended where an answer was needed: nothing more is run.'
  leave
}

reached() { # reached STEP: false where an earlier choice leads past it
  if [ -n "$skip_to" ] && [ "$skip_to" != "$1" ]; then
    say ''
    say "Passed over by the choice made before: $1"
    return 1
  fi
  skip_to=''
}

agreed() { # agreed NAME PERSONS: has the name typed, and a second person named, where they are wanted
  if [ -n "$1" ]; then
    answer "Type $1 to run it:"
    if [ "$reply" != "$1" ]; then
      say 'That is not the name. Nothing was run.'
      return 1
    fi
  fi
  if [ "$2" = 2 ]; then
    answer 'Who else has agreed to it? Name:'
    if [ -z "$reply" ]; then
      say 'It takes two persons. Nothing was run.'
      return 1
    fi
  fi
}

run() { # run COMMAND...: runs it; where the answers are no terminal it cannot read them
  code=0
  say "begun $(date -u +%Y-%m-%dT%H:%M:%SZ)"
  if [ -t 0 ]; then "$@" || code=$?; else "$@" </dev/null || code=$?; fi
  say "ended $(date -u +%Y-%m-%dT%H:%M:%SZ), exit code $code"
  [ "$code" = 0 ]
}

offer() { # offer once|again NAME PERSONS TEXT COMMAND...
  how=$1 name=$2 persons=$3 text=$4 outcome=skipped
  shift 4
  while :; do
    say ''
    say "  $text"
    answer '[r]un, [s]kip, [q]uit?'
    case $reply in
      r | run)
        agreed "$name" "$persons" || continue
        if run "$@"; then
          outcome=ran
          [ "$how" = again ] || break
          say 'Look at the answer: [r]un looks again, [s]kip goes on.'
        else
          outcome=failed
          say 'It failed. [r]un tries again, [s]kip goes on.'
        fi
        ;;
      s | skip) break ;;
      q | quit) leave ;;
      *) say 'Answer r, s or q. Nothing was run.' ;;
    esac
  done
  count "$outcome"
}

fill() { # fill WHAT: reads into $reply what only the day tells of a command; false where the command is left out
  while :; do
    say ''
    answer "The next command needs <$1>: type it, or [s]kip, [q]uit:"
    case $reply in
      s | skip) count skipped; return 1 ;;
      q | quit) leave ;;
      '' | -*) say 'That is no such value. Nothing was run.' ;;
      *) return 0 ;;
    esac
  done
}

count() { # count ran|failed|skipped
  case $1 in
    ran) ran=$((ran + 1)) ;;
    failed) failed=$((failed + 1)) ;;
    *) skipped=$((skipped + 1)) ;;
  esac
}

by_hand() { # by_hand: nothing here can be run by this script
  while :; do
    answer '[d]one by hand, [s]kip, [q]uit?'
    case $reply in
      d | done) count ran; return 0 ;;
      s | skip) count skipped; return 0 ;;
      q | quit) leave ;;
      *) say 'Answer d, s or q.' ;;
    esac
  done
}

choose() { # choose HOW_MANY: reads a number into $choice; 0 where the choice is left out
  while :; do
    answer "Which, 1 to $1? Or [s]kip, [q]uit:"
    choice=1
    while [ "$choice" -le "$1" ]; do
      if [ "$reply" = "$choice" ]; then return 0; fi
      choice=$((choice + 1))
    done
    case $reply in
      s | skip) choice=0; count skipped; return 0 ;;
      q | quit) leave ;;
      *) say 'Answer a number, s or q.' ;;
    esac
  done
}
"""

_NEEDS_AZ = """
if ! command -v az >/dev/null 2>&1; then
  say 'az is not on PATH. Nothing was run. Install the Azure CLI, or work by the paper on another machine.' >&2
  exit 3
fi
"""

_NEEDS_ML = """
if ! az extension show --name ml --output none >/dev/null 2>&1 </dev/null; then
  say 'az has no ml extension here: `az extension add --name ml` adds it. Commands that begin with `az ml` may fail.'
  answer '[c]ontinue without it, anything else quits:'
  case $reply in
    c | continue) ;;
    *) leave ;;
  esac
fi
"""


def pack_script(pack: Pack) -> str:
    """Return the pack as a shell script for ``sh``."""
    plan = pack.plan
    commands = [command for step in plan.steps for command in runnable_commands(step)]
    parts = [
        "#!/bin/sh",
        f"# {shown(plan.title)}",
        "# Run it with sh. It changes nothing that you do not confirm.",
    ]
    text = "\n".join(parts) + "\n" + _PRELUDE
    if commands:
        text += _NEEDS_AZ
    if any(command.words[1:2] == ("ml",) for command in commands):
        text += _NEEDS_ML
    lines = ["", *_head(pack)]
    for number, phase in enumerate(plan.phases, start=1):
        lines += _phase(pack, phase, number)
    lines += ["", "finish", '[ "$failed" = 0 ]']
    return text + "\n".join(lines) + "\n"


def _head(pack: Pack) -> list[str]:
    plan = pack.plan
    primary, secondary = plan.profile.regions
    lines = [
        *_said("", plan.title),
        *_said("PROFILE", f"{plan.profile.name}: {primary} to {secondary or 'nowhere'}"),
        *_said("RUNBOOK", f"{plan.runbook} {plan.runbook_version}, sha256 {plan.runbook_digest}"),
        *_said("PLAN", f"sha256 {plan.digest}"),
        *_said("SNAPSHOT", pack.snapshot_words),
        *_said("WRITTEN", f"{pack.written_at:%Y-%m-%dT%H:%M:%SZ} by {pack.program}"),
    ]
    if plan.profile.tenant:
        lines += _said("TENANT", f"{plan.profile.tenant}: sign in there with az login")
    if plan.profile.cloud != "public":
        lines += _said("CLOUD", f"{plan.profile.cloud}: az cloud set must name it")
    return lines


def _phase(pack: Pack, phase: Phase, number: int) -> list[str]:
    lines = ["", "say ''", *_said("", f"==== Phase {number}: {phase.title}")]
    steps = [step for step in pack.plan.steps if step.phase == phase.id]
    for place, step in enumerate(steps, start=1):
        lines += _step(pack, step, f"{number}.{place}")
    return lines


def _step(pack: Pack, step: PlannedStep, number: str) -> list[str]:
    """Return a step's lines: passed over, or shown and offered."""
    inside = ["say ''", *_said("", f"{number} {step.title}"), *_shown_step(pack, step)]
    return ["", f"if reached {_quoted(step.id)}; then", *(f"  {line}" for line in inside), "fi"]


def _shown_step(pack: Pack, step: PlannedStep) -> list[str]:
    gap, outside = pack.gaps.get(step.id), pack.outside(step)
    if outside:
        return _said("", f"It does not concern this pair, by what was known. {outside}")
    lines = [line for label, text in step_facts(step) for line in _said(label, text)]
    if gap is not None:
        lines += _said("GAP", gap.reason)
        lines += [f"say {_quoted('  ' + template)}" for template in gap.templates]
    return lines + (_decision(step) if step.kind is StepKind.DECISION else _offers(pack, step))


def _offers(pack: Pack, step: PlannedStep) -> list[str]:
    lines: list[str] = []
    commands = commands_of(step)
    if (
        not commands
        and step.kind not in {StepKind.MANUAL, StepKind.RUNBOOK}
        and step.id not in pack.gaps
    ):
        lines += _said("", NO_COMMAND)
    for command in commands:
        if command.words:
            lines.append(_offer(pack, step, command))
        else:
            lines.append(f"say {_quoted('  ' + command.text)}")
    if not runnable_commands(step) and step.kind is not StepKind.RUNBOOK:
        lines.append("by_hand")
    return lines


def _offer(pack: Pack, step: PlannedStep, command: Command) -> str:
    how = "again" if step.kind is StepKind.WAIT else "once"
    changes = step.kind is StepKind.ACTION and not command.looks
    name = typed_name(step, pack.plan.profile) if changes else ""
    two = changes and step.confirmation is Confirmation.TWO_PERSONS
    text, words = _quoted(command.text), shlex.join(command.words)
    line = f"offer {how} {_quoted(name)} {2 if two else 1}"
    if not command.to_fill_in:
        return f"{line} {text} {words}"
    asked = []
    for number, what in enumerate(command.to_fill_in, start=1):
        # what is in angle brackets stands in single quotes, both in the text and in the words
        text, words = (each.replace(f"<{what}>", f"'\"$given{number}\"'") for each in (text, words))
        asked.append(f"fill {_quoted(what)} && given{number}=$reply")
    return f"if {' && '.join(asked)}; then {line} {text} {words}; fi"


def _decision(step: PlannedStep) -> list[str]:
    lines: list[str] = []
    for place, choice in enumerate(step.choices, start=1):
        leads = f" (goes on at {choice.next})" if choice.next else ""
        lines += _said(f"{place}.", f"{choice.text}{leads}")
        if choice.consequence:
            lines += _said(" ", choice.consequence)
    lines += [f"choose {len(step.choices)}", "case $choice in"]
    lines += [
        f"  {place}) skip_to={_quoted(choice.next)} ;;"
        for place, choice in enumerate(step.choices, start=1)
    ]
    return [*lines, "esac", '[ "$choice" = 0 ] || count ran']


def _said(label: str, text: str) -> list[str]:
    """Return the lines that say a text, wrapped behind its label."""
    head = f"{label:<{_LABEL}}" if label else ""
    words = " ".join(shown_lines(text))
    wrapped = textwrap.wrap(
        words,
        _WIDTH,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [f"say {_quoted(line)}" for line in wrapped]


def _quoted(text: str) -> str:
    """Return a text as one word of a POSIX shell, on one line."""
    return shlex.quote(shown(text))
