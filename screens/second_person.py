"""What is known of a second person's word on a proposal. Pure."""

from __future__ import annotations

from amlrunbook.model.operation import Confirmation
from amlrunbook.state.fold import StepRecord
from screens.moments import time_of_day
from screens.widgets.page_view import Paragraph
from screens.widgets.tones import Tone


def wants_two(record: StepRecord) -> bool:
    """Return whether the present proposal takes a second person: by its risk, or by a safety rule it breaks."""
    proposal = record.proposal
    if proposal is None:
        return False
    return proposal.confirmation is Confirmation.TWO_PERSONS or bool(record.violations)


def glass_broken(record: StepRecord) -> bool:
    """Return whether the present proposal goes without a second person."""
    proposal, glass = record.proposal, record.glass
    return bool(proposal and glass and glass.preview_sha256 == proposal.preview_sha256)


def open_rules(record: StepRecord) -> tuple[str, ...]:
    """Return the safety rules that the proposal breaks and nobody has overruled."""
    return tuple(each.rule for each in record.violations if each.rule not in record.overruled_rules)


def enough(record: StepRecord) -> bool:
    """Return whether as many persons approved as were asked for."""
    return record.asked is not None and len(record.approvals) >= record.asked.needed


def second_person_missing(record: StepRecord) -> str:
    """Return why the proposal cannot be confirmed yet for want of a second person; empty where it can."""
    proposal = record.proposal
    if proposal is None:
        return ""
    rules = open_rules(record)
    if rules:
        return f"A rule of safety forbids it ({', '.join(rules)}): two persons together can overrule it."
    two = proposal.confirmation is Confirmation.TWO_PERSONS
    if two and not glass_broken(record) and not enough(record):
        given = f"{len(record.approvals)} of {record.asked.needed}" if record.asked else "none"
        return f"It takes a second person's approval, and {given} is given."
    return ""


def second_person_words(record: StepRecord, label: int) -> list[Paragraph]:
    """Return what a person must see of this beside the proposal; ``label`` cells for the words before."""
    page = [
        Paragraph(
            f"{each.principal}{f': {each.comment}' if each.comment else ''}",
            Tone.SUCCESS,
            "Approved by",
            label,
        )
        for each in record.approvals
    ]
    if record.approvals and record.asked is not None:
        page.append(
            Paragraph(f"until {time_of_day(record.asked.expires)} UTC", Tone.PLAIN, "Valid", label)
        )
    for each in record.violations:
        overruled = each.rule in record.overruled_rules
        word = "overruled" if overruled else "FORBIDDEN"
        page.append(
            Paragraph(
                f"{word} ({each.rule}): {each.text}",
                Tone.WARNING if overruled else Tone.ERROR,
                "Safety",
                label,
            )
        )
    if glass_broken(record) and record.glass is not None:
        page.append(
            Paragraph(
                f"no second person: {record.glass.operator}: {record.glass.reason}",
                Tone.ERROR,
                "GLASS BROKEN",
                label + 2,
            )
        )
    return page
