"""A pack as paper: Markdown to print, with a place to tick and to sign at each step."""

from __future__ import annotations

from amlrunbook.model.display import shown_lines
from amlrunbook.model.markdown import markdown, markdown_code
from amlrunbook.model.profile import Profile
from amlrunbook.planning.grammar import Phase, StepKind
from amlrunbook.planning.pack import NO_COMMAND, Pack, commands_of, runnable_commands, step_facts
from amlrunbook.planning.plan import PlannedStep

_TICK = "- [ ] done  - [ ] failed  - [ ] left out, because ______________________"
_SIGN = "Who ____________________  When (UTC) ____________________"


def pack_paper(pack: Pack) -> str:
    """Return the pack as Markdown. Each command stands on one line of its own block, never wrapped."""
    plan = pack.plan
    lines = [f"# {markdown(plan.title)}", "", *_head(pack)]
    if plan.explain:
        lines += ["", *_paragraph(plan.explain)]
    lines += ["", "Incident ____________________  Begun (UTC) ____________________", "", _SIGN]
    lines += _limits(pack)
    lines += _before(plan.profile, needs_az=any(runnable_commands(step) for step in plan.steps))
    lines += _people(plan.profile)
    for number, phase in enumerate(plan.phases, start=1):
        lines += _phase(pack, phase, number)
    lines += ["", "## Afterwards", ""]
    lines.append(
        "What was done by this paper is in no journal: open the runbook when the program runs again, and mark each "
        "ticked step as done outside, with what shows it."
    )
    return "\n".join(lines) + "\n"


def _head(pack: Pack) -> list[str]:
    plan, profile = pack.plan, pack.plan.profile
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
        (
            "Targets",
            f"running again within {profile.targets.rto}, losing at most {profile.targets.rpo}",
        ),
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
    tenant = f" The tenant is {markdown(profile.tenant)}." if profile.tenant else ""
    lines += [
        f"Sign in with `az login`.{tenant} The `ml` extension must be there:",
        "",
        markdown_code("az extension show --name ml --query version"),
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


def _phase(pack: Pack, phase: Phase, number: int) -> list[str]:
    lines = ["", f"## Phase {number}: {markdown(phase.title)}"]
    if phase.explain:
        lines += ["", *_paragraph(phase.explain)]
    steps = [step for step in pack.plan.steps if step.phase == phase.id]
    for place, step in enumerate(steps, start=1):
        lines += _step(pack, step, f"{number}.{place}")
    return lines


def _step(pack: Pack, step: PlannedStep, number: str) -> list[str]:
    lines = ["", f"### {number} {markdown(step.title)}", ""]
    lines.append(f"Step {markdown(step.id)}, {step.kind.value}")
    outside = pack.outside(step)
    if outside:
        lines += ["", f"**It does not concern this pair, by what was known.** {markdown(outside)}"]
    lines.append("")
    for label, text in step_facts(step):
        lines.append(f"- **{label}** {' '.join(_paragraph(text))}")
    lines += _commands(pack, step)
    for place, choice in enumerate(step.choices, start=1):
        leads = f" Then go to {markdown(choice.next)}." if choice.next else ""
        text = f"- [ ] {place}. {markdown(choice.text)}: {markdown(choice.consequence)}"
        lines += ["", text + leads]
    tick = [] if step.choices else ["", _TICK]
    return [*lines, *tick, "", _SIGN]


def _commands(pack: Pack, step: PlannedStep) -> list[str]:
    lines: list[str] = []
    for command in commands_of(step):
        lines += ["", markdown_code(command.text)]
    gap = pack.gaps.get(step.id)
    if gap is not None:
        lines += ["", f"**{markdown(gap.reason)}**"]
    if gap is not None and gap.templates:
        lines += ["", "What to fill in, and run once for each:"]
        for template in gap.templates:
            lines += ["", markdown_code(template)]
    if (
        gap is None
        and not step.commands
        and step.kind in {StepKind.CHECK, StepKind.ACTION, StepKind.WAIT}
    ):
        lines += ["", f"**{NO_COMMAND}**"]
    return lines


def _paragraph(text: str) -> list[str]:
    return [markdown(line.strip()) for line in shown_lines(text.strip())]
