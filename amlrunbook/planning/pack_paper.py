"""A pack as paper: Markdown to print, with a place to tick and to sign at each step."""

from __future__ import annotations

import re
import shlex

from amlrunbook.model.display import shown, shown_lines
from amlrunbook.model.markdown import markdown, markdown_code
from amlrunbook.model.profile import Profile, span_words
from amlrunbook.planning.grammar import Phase, StepKind
from amlrunbook.planning.pack import (
    NO_COMMAND,
    Pack,
    commands_of,
    order_words,
    runnable_commands,
    step_facts,
)
from amlrunbook.planning.plan import PlannedStep

_WIDTH = 100
_WORD = re.compile(r"""(?:[^\s'"\\]|'[^']*'|"(?:[^"\\]|\\.)*"|\\.)+""")
"""A word as a shell takes it, quotes and all."""
_HOW_TO_READ = (
    "A line that ends in a backslash goes on in the next: take both. What stands in `<angle brackets>` only the day tells: "
    "put it in their place. A command to a region that is dark may hang: end it with ctrl-c after a minute; that it did "
    "not answer is an answer."
)
_TELL_STEPS = frozenset({"ONLY IF", "NEEDS", "FAILS", "LATE"})
"""The facts that name other steps."""
_TICK = "- [ ] done  - [ ] failed  - [ ] left out, because ______________________"
_SIGN = "Who ____________________  When (UTC) ____________________"


def pack_paper(pack: Pack) -> str:
    """Return the pack as Markdown. Each command stands in a block of its own, broken only where a shell goes on reading."""
    plan = pack.plan
    lines = [f"# {markdown(plan.title)}", "", *_head(pack)]
    if plan.explain:
        lines += ["", *_paragraph(plan.explain)]
    lines += ["", "Incident ____________________  Begun (UTC) ____________________", "", _SIGN]
    lines += _limits(pack)
    lines += _before(plan.profile, needs_az=any(runnable_commands(step) for step in plan.steps))
    lines += _people(plan.profile)
    numbers = _numbers(pack)
    lines += _in_short(pack, numbers)
    for number, phase in enumerate(plan.phases, start=1):
        lines += _phase(pack, phase, number, numbers)
    lines += ["", "## Afterwards", ""]
    lines.append(
        "What was done by this paper is in no journal: open the runbook when the program runs again, and mark each "
        "ticked step as done outside, with what shows it."
    )
    return "\n".join(lines) + "\n"


def _head(pack: Pack) -> list[str]:
    plan, profile = pack.plan, pack.plan.profile
    rto, rpo = span_words(profile.targets.rto), span_words(profile.targets.rpo)
    sides = [("Primary", profile.primary)]
    if profile.secondary:
        sides.append(("Secondary", profile.secondary))
    rows = [
        ("Profile", profile.name),
        *((name, f"{side.region}: {side.workspace}") for name, side in sides),
        ("Runbook", f"{plan.runbook} {plan.runbook_version}, sha256 {plan.runbook_digest}"),
        ("Plan", f"sha256 {plan.digest}"),
        ("Snapshot", pack.snapshot_words),
        ("Written", f"{pack.written_at:%Y-%m-%dT%H:%M:%SZ} by {pack.program}"),
        ("Targets", f"running again within {rto}, losing at most {rpo}"),
    ]
    if not profile.secondary:
        rows.insert(2, ("Secondary", "none: there is nothing to switch to"))
    return [f"- {name}: {markdown(text)}" for name, text in rows]


def _limits(pack: Pack) -> list[str]:
    lines = ["", "## What this paper does not know", ""]
    lines.append(
        "- Names and ids are those of the snapshot and the profile: look before you change."
    )
    lines += [
        f"- {markdown(step)}: {markdown(gap.reason)}" for step, gap in sorted(pack.gaps.items())
    ]
    lines += [f"- The snapshot could not read {markdown(label)}." for label in pack.unread]
    lines += [
        f"- No command here does {markdown(step.id)}: {markdown(step.title)}"
        for step in pack.by_hand
    ]
    return lines


def _before(profile: Profile, *, needs_az: bool) -> list[str]:
    if not needs_az:
        return []
    lines = ["", "## Before you begin", ""]
    if profile.cloud != "public":
        lines += [f"The cloud is {markdown(profile.cloud)}: `az cloud set` must name it.", ""]
    words = ["az", "login", *(("--tenant", profile.tenant) if profile.tenant else ())]
    lines += [
        "Sign in, and look that the `ml` extension is there:",
        "",
        markdown_code(shlex.join(words)),
        "",
        markdown_code("az extension show --name ml --query version"),
        "",
        _HOW_TO_READ,
    ]
    return lines


def _people(profile: Profile) -> list[str]:
    lines = ["", "## Whom to tell", ""]
    lines += [
        "- " + markdown(", ".join(filter(None, (contact.name, contact.role, contact.reach))))
        for contact in profile.contacts
    ]
    lines += [f"- {markdown(approver.principal)}, may approve" for approver in profile.approvers]
    if not profile.contacts and not profile.approvers:
        lines.append("The profile names nobody: ______________________")
    if profile.probes:
        lines += ["", "It is well again when these answer:", ""]
    lines += [
        f"- [ ] {markdown(probe.name)}: {markdown(probe.url)} answers {probe.expect_status}"
        for probe in profile.probes
    ]
    return lines


def _phase(pack: Pack, phase: Phase, number: int, numbers: dict[str, str]) -> list[str]:
    lines = ["", f"## Phase {number}: {markdown(phase.title)}"]
    if phase.explain:
        lines += ["", *_paragraph(phase.explain)]
    for step in pack.plan.steps:
        if step.phase == phase.id:
            lines += _step(pack, step, numbers)
    return lines


def _in_short(pack: Pack, numbers: dict[str, str]) -> list[str]:
    """Return the steps that concern this pair, a line each, so that one sees the way before one goes it."""
    lines = ["", "## The way in short", ""]
    for step in pack.plan.steps:
        if not pack.outside(step):
            changes = " (changes something)" if step.kind is StepKind.ACTION else ""
            lines.append(f"- {numbers[step.id]} {markdown(step.title)}{changes}")
    return lines


def _numbers(pack: Pack) -> dict[str, str]:
    """Return the number of each step on the paper, by its id; by what its instances have in common where it has some."""
    found: dict[str, str] = {}
    for phase_number, phase in enumerate(pack.plan.phases, start=1):
        steps = (step for step in pack.plan.steps if step.phase == phase.id)
        for place, step in enumerate(steps, start=1):
            found[step.id] = f"{phase_number}.{place}"
            found.setdefault(step.base, found[step.id])
    return found


def _numbered(text: str, numbers: dict[str, str]) -> str:
    """Return a text with the number of each step behind its name."""

    def told(found: re.Match[str]) -> str:
        name, rest = found.groups()
        return f"{name} ({numbers[name]}){rest}" if name in numbers else found.group()

    return re.sub(r"(\S+?)([,;.]?(?= |$))", told, text)


def _step(pack: Pack, step: PlannedStep, numbers: dict[str, str]) -> list[str]:
    lines = ["", f"### {numbers[step.id]} {markdown(step.title)}", ""]
    lines.append(f"Step {markdown(step.id)}, {step.kind.value}")
    outside = pack.outside(step)
    if outside:
        lines += ["", f"**It does not concern this pair, by what was known.** {markdown(outside)}"]
    lines.append("")
    for label, text in step_facts(step):
        words = " ".join(_paragraph(_numbered(text, numbers) if label in _TELL_STEPS else text))
        lines.append(f"- **{label}** {words}")
    lines += _commands(pack, step)
    for place, choice in enumerate(step.choices, start=1):
        leads = f" Then go to {markdown(_numbered(choice.next, numbers))}." if choice.next else ""
        text = f"- [ ] {place}. {markdown(choice.text)}: {markdown(choice.consequence)}"
        lines += ["", text + leads]
    tick = [] if step.choices else ["", _TICK]
    return [*lines, *tick, "", _SIGN]


def _commands(pack: Pack, step: PlannedStep) -> list[str]:
    lines: list[str] = []
    commands = commands_of(step)
    said = ""
    for place, command in enumerate(commands):
        words = order_words(commands, place)
        if words != said:
            lines += ["", f"{words}:"]
        said = words
        lines += ["", markdown_code(_broken(command.text), keep="\n")]
    gap = pack.gaps.get(step.id)
    if gap is not None:
        lines += ["", f"**{markdown(gap.reason)}**"]
    if gap is not None and gap.templates:
        lines += ["", "What to fill in, and run once for each:"]
        for template in gap.templates:
            lines += ["", markdown_code(_broken(template), keep="\n")]
    if (
        gap is None
        and not step.lines
        and step.kind in {StepKind.CHECK, StepKind.ACTION, StepKind.WAIT}
    ):
        lines += ["", f"**{NO_COMMAND}**"]
    return lines


def _broken(command: str) -> str:
    """Return a command broken before its options, as a shell reads it, where it is wider than the paper."""
    text = shown(command)
    words = _WORD.findall(text)
    if " ".join(words) != text:
        return text
    lines = [""]
    for word in words:
        if word.startswith("--") and len(lines[-1]) >= _WIDTH // 2:
            lines.append(f"  {word}")
        else:
            lines[-1] += f" {word}" if lines[-1] else word
    return " \\\n".join(lines)


def _paragraph(text: str) -> list[str]:
    return [markdown(line.strip()) for line in shown_lines(text.strip())]
