"""A second person's approval of a proposal: asked by a token, answered by a token, without a server.

An approval counts for one proposal only (the hash of its preview), until it expires, and for nobody but the person
who asked. What is pasted and does not count is refused with the reason, and the refusal is journaled.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256

from amlrunbook.errors import AmlRunbookError, RefusedError
from amlrunbook.executor import safety
from amlrunbook.executor.commands import GLASS_PHRASE, BreakGlass, GiveAnswer, OverruleSafety
from amlrunbook.executor.stage import Stage, said
from amlrunbook.journal import (
    Answer,
    Challenge,
    ask_token,
    check_answer,
    parse_challenge,
    read_answer,
)
from amlrunbook.model.mode import Mode
from amlrunbook.model.operation import Confirmation
from amlrunbook.model.profile import duration_seconds
from amlrunbook.planning.plan import PlannedStep
from amlrunbook.state import events as e
from amlrunbook.state.fold import StepRecord

_NOTHING_SENT = "Nothing was sent; the proposal stands."


def needs_two(record: StepRecord) -> bool:
    """Return whether the present proposal takes a second person: by its risk, or by a rule it breaks."""
    proposal = record.proposal
    if proposal is None:
        return False
    return proposal.confirmation is Confirmation.TWO_PERSONS or bool(record.violations)


def ask(stage: Stage, planned: PlannedStep) -> None:
    """Journal a challenge for the present proposal; its token is shown to be pasted.

    Raises:
        RefusedError: the run is signed by nobody, or there is nothing to ask for.
        JournalError: the journal cannot be written.
    """
    record = stage.state.step(planned.id)
    proposal = record.proposal
    if proposal is None or not needs_two(record):
        raise RefusedError(
            f"Step {planned.id!r} takes no second person.",
            state=_NOTHING_SENT,
            next_step="Confirm what is proposed, or go back from it.",
        )
    if not stage.people.principal:
        raise RefusedError(
            "This run is signed with a key that is nobody's, so nobody can be a second person to it.",
            state=_NOTHING_SENT,
            next_step="Resume it with your own key (amlrunbook key use), or break the glass.",
        )
    expire(stage, planned)
    challenge = _challenge(stage, planned, record, proposal)
    stage.record.append(
        e.ApprovalAsked(
            step=planned.id,
            challenge=challenge.text(),
            needed=challenge.needed,
            expires=challenge.expires,
            preview_sha256=proposal.preview_sha256,
            operator=stage.operator,
            asked_by=stage.people.principal,
            rules=tuple(each.rule for each in record.violations),
        )
    )


def _challenge(
    stage: Stage, planned: PlannedStep, record: StepRecord, proposal: e.ActionProposed
) -> Challenge:
    approvals = stage.plan.profile.approvals
    now = stage.people.now()
    opened = stage.state.opened
    rules = "".join(
        f" OVERRULES the safety rule {each.rule}: {each.text}" for each in record.violations
    )
    return Challenge(
        run=opened.run if opened else "",
        journal=stage.people.journal,
        plan_digest=stage.plan.digest,
        step=planned.id,
        title=said(planned.title, 200),
        summary=said(f"{proposal.summary}{rules} (preview {proposal.preview_sha256[:16]})", 2000),
        resources=proposal.resources,
        loss=said(proposal.loses, 2000),
        risk=proposal.risk.value,
        asked_by=stage.people.principal,
        asked_key=stage.people.key,
        needed=max(1, approvals.needed),
        asked_at=_text(now),
        expires=_text(now + timedelta(seconds=max(1, duration_seconds(approvals.expire_after)))),
        nonce=stage.people.nonce(),
        drill=stage.mode is Mode.DRILL,
    )


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def token_of(asked: e.ApprovalAsked) -> str:
    """Return what is pasted into a chat for an approval that was asked: words, then the token.

    Raises:
        DocumentError: the journal's challenge is none.
    """
    return ask_token(parse_challenge(asked.challenge))


def give(stage: Stage, planned: PlannedStep, command: GiveAnswer) -> None:
    """Take what a second person answered, or refuse it and journal why.

    Raises:
        RefusedError: it does not count; the reason is in the journal.
        JournalError: the journal cannot be written.
    """
    if expire(stage, planned):
        raise RefusedError(
            "The approval has expired; an answer to it counts no more.",
            state=_NOTHING_SENT,
            next_step="Ask again, and paste the new token.",
        )
    asked = stage.state.step(planned.id).asked
    if asked is None:
        raise RefusedError(
            f"No approval is asked for step {planned.id!r}.",
            state=_NOTHING_SENT,
            next_step="Ask for it first.",
        )
    challenge = parse_challenge(asked.challenge)
    answer: Answer | None = None
    try:
        answer = read_answer(command.text)
        _check(stage, challenge, answer, asked)
    except AmlRunbookError as error:
        _refused(stage, planned, error, answer.principal if answer else "")
    else:
        _journal(stage, planned, asked, answer)


def _check(stage: Stage, challenge: Challenge, answer: Answer, asked: e.ApprovalAsked) -> None:
    people = stage.people
    if asked.asked_by != people.principal:
        raise RefusedError(
            f"This was asked by {asked.asked_by}, and the run is now {people.principal}'s.",
            state=_NOTHING_SENT,
            next_step="Ask again in your own name.",
        )
    check_answer(
        challenge,
        answer,
        trust=people.trust(),
        now=people.now(),
        starter_principal=people.principal,
        starter_keys=(people.key,),
    )
    _check_named(stage, answer)
    granted = stage.state.step(challenge.step).approvals
    if answer.granted and any(_same(each, answer) for each in granted):
        raise RefusedError(
            f"{answer.principal} has approved already; each person, and each key, counts once.",
            state=_NOTHING_SENT,
            next_step="Ask another person.",
        )


def _same(granted: e.ApprovalGranted, answer: Answer) -> bool:
    same_name = granted.principal.strip().casefold() == answer.principal.strip().casefold()
    return same_name or bool(granted.public_key and granted.public_key == answer.public_key)


def _check_named(stage: Stage, answer: Answer) -> None:
    """Refuse who is trusted and no approver of the profile; a drill's approvers are its own."""
    named = {each.principal.strip().casefold() for each in stage.plan.profile.approvers}
    if stage.mode is Mode.DRILL or not named:
        return
    if answer.principal.strip().casefold() not in named:
        raise RefusedError(
            f"{answer.principal} is no approver of the profile {stage.plan.profile.name!r}.",
            state=_NOTHING_SENT,
            next_step="Ask one of: "
            + ", ".join(a.principal for a in stage.plan.profile.approvers)
            + ".",
        )


def _refused(stage: Stage, planned: PlannedStep, error: AmlRunbookError, principal: str) -> None:
    stage.record.append(
        e.ApprovalRefused(
            step=planned.id, reason=said(error.what, 600), principal=said(principal, 200)
        )
    )
    raise RefusedError(
        error.what,
        state="The answer was not taken, and that is journaled. Nothing was sent.",
        next_step=error.next_step or "Ask a second person whose own key is pinned.",
    ) from error


def _journal(stage: Stage, planned: PlannedStep, asked: e.ApprovalAsked, answer: Answer) -> None:
    comment = said(answer.comment, 2000)
    if not answer.granted:
        stage.record.append(
            e.ApprovalDeclined(step=planned.id, principal=answer.principal, comment=comment)
        )
        return
    stage.record.append(
        e.ApprovalGranted(
            step=planned.id,
            challenge=asked.challenge,
            principal=answer.principal,
            sig=answer.sig,
            comment=comment,
            public_key=answer.public_key,
        )
    )


def expire(stage: Stage, planned: PlannedStep) -> bool:
    """Journal that an approval's time is over, where it is; return whether it was.

    Raises:
        JournalError: the journal cannot be written.
    """
    asked = stage.state.step(planned.id).asked
    if asked is None or parse_challenge(asked.challenge).remaining(stage.people.now()) > 0:
        return False
    stage.record.append(
        e.ApprovalExpired(step=planned.id, challenge=sha256(asked.challenge.encode()).hexdigest())
    )
    return True


def counting(stage: Stage, record: StepRecord) -> tuple[e.ApprovalGranted, ...]:
    """Return the approvals that count now: of this proposal, in time, of others than who runs it."""
    asked, proposal = record.asked, record.proposal
    if asked is None or proposal is None or asked.preview_sha256 != proposal.preview_sha256:
        return ()
    own = stage.people.principal.strip().casefold()
    if not own or asked.asked_by.strip().casefold() != own:
        return ()
    challenge = parse_challenge(asked.challenge)
    if challenge.plan_digest != stage.plan.digest or challenge.remaining(stage.people.now()) <= 0:
        return ()
    return tuple(
        each
        for each in record.approvals
        if each.challenge == asked.challenge and each.principal.strip().casefold() != own
    )


def require(stage: Stage, planned: PlannedStep) -> None:
    """Return if the proposal may be confirmed by who runs it.

    Raises:
        RefusedError: a second person is wanted, or a rule of safety is broken; both are journaled.
        JournalError: the journal cannot be written.
    """
    _be_safe(stage, planned)
    record = stage.state.step(planned.id)
    proposal = record.proposal
    if proposal is None or proposal.confirmation is not Confirmation.TWO_PERSONS:
        return
    if record.glass is not None and record.glass.preview_sha256 == proposal.preview_sha256:
        return
    if expire(stage, planned):
        raise RefusedError(
            "The approval has expired before it was used.",
            state=_NOTHING_SENT,
            next_step="Ask again, and paste the new token.",
        )
    _enough(stage, record, f"Step {planned.id!r}")


def _enough(stage: Stage, record: StepRecord, what: str) -> tuple[e.ApprovalGranted, ...]:
    granted = counting(stage, record)
    needed = record.asked.needed if record.asked else max(1, stage.plan.profile.approvals.needed)
    if len(granted) < needed:
        raise RefusedError(
            f"{what} takes a second person's approval: {len(granted)} of {needed} given.",
            state=_NOTHING_SENT,
            next_step="Paste the token to an approver and give back the answer."
            if record.asked
            else "Ask for approval, or break the glass if nobody can be reached.",
        )
    return granted


def _be_safe(stage: Stage, planned: PlannedStep) -> None:
    broken = safety.violations(stage.plan, stage.state, planned.id)
    if not broken:
        return
    known = {each.rule: each for each in stage.state.step(planned.id).violations}
    fresh = tuple(each for each in broken if known.get(each.rule) != each)
    if fresh:
        stage.record.append(*fresh)
    raise RefusedError(
        "A rule of safety forbids this: " + " ".join(each.text for each in broken),
        state="Nothing was sent; the violation is journaled.",
        next_step="Go back from the proposal. Two persons together can overrule: ask for approval, then overrule "
        + ", ".join(each.rule for each in broken)
        + ".",
    )


def overrule_safety(stage: Stage, planned: PlannedStep, command: OverruleSafety) -> None:
    """Overrule a rule of safety for the present proposal, with the approvals that name it.

    Raises:
        RefusedError: the proposal does not break it, or too few persons said so.
        JournalError: the journal cannot be written.
    """
    record = stage.state.step(planned.id)
    if command.rule not in {each.rule for each in record.violations}:
        raise RefusedError(
            f"The proposal of step {planned.id!r} is not held up by a rule {command.rule!r}.",
            state="Nothing was written.",
            next_step="Confirm it to see what holds it up.",
        )
    if expire(stage, planned):
        raise RefusedError(
            "The approval has expired before it was used.",
            state=_NOTHING_SENT,
            next_step="Ask again, and paste the new token.",
        )
    if record.asked is not None and command.rule not in record.asked.rules:
        raise RefusedError(
            f"The approval that was asked for says nothing of the rule {command.rule!r}.",
            state=_NOTHING_SENT,
            next_step="Ask again: the new token names it.",
        )
    granted = _enough(stage, record, f"Overruling {command.rule!r}")
    stage.record.append(
        e.SafetyOverruled(
            rule=command.rule,
            reason=said(command.reason),
            principals=(stage.people.principal, *(each.principal for each in granted)),
            step=planned.id,
            preview_sha256=record.proposal.preview_sha256 if record.proposal else "",
        )
    )


def break_glass(stage: Stage, planned: PlannedStep, command: BreakGlass) -> None:
    """Do without a second person, loudly: journaled before anything else, with a warning beside it.

    Raises:
        RefusedError: the phrase was not typed, or no second person is wanted.
        JournalError: the journal cannot be written.
    """
    record = stage.state.step(planned.id)
    proposal = record.proposal
    if proposal is None or proposal.confirmation is not Confirmation.TWO_PERSONS:
        raise RefusedError(
            f"Step {planned.id!r} takes no second person: there is no glass to break.",
            state=_NOTHING_SENT,
            next_step="Confirm what is proposed, or go back from it.",
        )
    if command.typed != GLASS_PHRASE:
        raise RefusedError(
            "What was typed is not the phrase that breaks the glass.",
            state=_NOTHING_SENT,
            next_step=f"Type exactly: {GLASS_PHRASE}",
        )
    reason = said(command.reason)
    stage.record.append(
        e.GlassBroken(
            step=planned.id,
            reason=reason,
            operator=stage.operator,
            preview_sha256=proposal.preview_sha256,
        ),
        e.WarningRaised(
            text=f"GLASS BROKEN at {planned.id}: {stage.operator} goes without a second person. {reason}",
            step=planned.id,
        ),
    )
