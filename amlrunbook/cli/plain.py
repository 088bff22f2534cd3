"""The run as linear text: the same steps, words and order as on screen, a line at a time. Pure.

Everything that came from outside is escaped before it is a line; commands stay on one unwrapped line.
"""

from __future__ import annotations

from collections.abc import Iterator

from amlrunbook.cli.plain_people import told
from amlrunbook.executor.forecast import UNFORESEEN, Forecast
from amlrunbook.model.display import shown
from amlrunbook.model.finding import SEVERITY, Finding, Verdict
from amlrunbook.model.mode import Mode
from amlrunbook.planning.grammar import StepKind
from amlrunbook.planning.plan import Plan, PlannedStep
from amlrunbook.state import events as e
from amlrunbook.state.fold import RunState
from amlrunbook.state.transitions import StepState

_GLYPHS: dict[StepState, tuple[str, str]] = {
    StepState.PENDING: ("·", "."),
    StepState.BLOCKED: ("⊘", "#"),
    StepState.READY: ("·", "."),
    StepState.RUNNING: ("◌", "o"),
    StepState.PASSED: ("✓", "+"),
    StepState.WARNED: ("!", "!"),
    StepState.FAILED: ("✗", "x"),
    StepState.UNKNOWN: ("?", "?"),
    StepState.PROPOSED: ("▶", ">"),
    StepState.CONFIRMED: ("◌", "o"),
    StepState.SENT: ("◌", "o"),
    StepState.ACCEPTED: ("◌", "o"),
    StepState.VERIFIED: ("✓", "+"),
    StepState.IN_DOUBT: ("?", "?"),
    StepState.SKIPPED: ("–", "-"),  # noqa: RUF001 - the dash of the screens
    StepState.DONE_OUTSIDE: ("↗", "^"),
}
_VERDICTS: dict[Verdict, StepState] = {
    Verdict.PASS: StepState.PASSED,
    Verdict.WARN: StepState.WARNED,
    Verdict.FAIL: StepState.FAILED,
    Verdict.UNKNOWN: StepState.UNKNOWN,
    Verdict.NOT_APPLICABLE: StepState.SKIPPED,
}
_SIGNS: dict[type[e.Event], StepState] = {
    e.ApprovalGranted: StepState.PASSED,
    e.ApprovalDeclined: StepState.FAILED,
    e.ApprovalRefused: StepState.FAILED,
    e.ApprovalExpired: StepState.WARNED,
    e.GlassBroken: StepState.WARNED,
    e.SafetyViolated: StepState.FAILED,
    e.SafetyOverruled: StepState.WARNED,
    e.ProbeRed: StepState.FAILED,
    e.ProbeGreen: StepState.PASSED,
    e.ClockStopped: StepState.PASSED,
}
_TOLD = frozenset({Verdict.FAIL, Verdict.UNKNOWN, Verdict.WARN})
_LABEL = 8


class PlainText:
    """Lines for a run; ``fancy`` says whether the output can show more than ASCII."""

    def __init__(self, plan: Plan, *, fancy: bool, forecast: Forecast = UNFORESEEN) -> None:
        self._plan = plan
        self._place = {planned.id: n for n, planned in enumerate(plan.steps, 1)}
        self._fancy = fancy
        self._forecast = forecast
        self._variants: dict[str, str] = {}
        """By which variant a step is done from now on, where that was changed."""

    def of(self, plan: Plan) -> PlainText:
        """Return the same for another plan."""
        other = PlainText(plan, fancy=self._fancy, forecast=self._forecast)
        other._variants = dict(self._variants)
        return other

    def beside(self, step: str, lines: Iterator[str]) -> Iterator[str]:
        """Tell of a step that goes on beside the one in sight: its id stands in front."""
        for place, line in enumerate(lines):
            yield one_line(f"  [{step}] {line.strip()}", keep_indent=True) if not place else line

    def glyph(self, state: StepState) -> str:
        """Return the sign of a state; its word stands beside it always."""
        return _GLYPHS[state][0 if self._fancy else 1]

    def header(self, mode: Mode, operator: str, state: RunState) -> Iterator[str]:
        """Tell what this is, where it acts, and what it may change."""
        self._variants |= {step: record.variant for step, record in state.steps.items()}
        profile = self._plan.profile
        source, target = profile.regions
        arrow = "→" if self._fancy else "->"
        scenario = state.opened.scenario if state.opened else ""
        parts = [profile.name, f"{source} {arrow} {target or '(none)'}", f"operator {operator}"]
        if scenario:
            parts.append(f"scenario {scenario}")
        alarm = state.opened.alarm if state.opened else ""
        for line in alarm.splitlines():
            yield f"  {one_line(line)}"
        yield one_line(f"[{mode.word}] " + " | ".join(parts))
        yield _WHAT[mode]
        yield ""
        yield one_line(self._plan.title)
        if self._plan.explain:
            yield one_line(self._plan.explain)
        if self._plan.snapshot_taken:
            earlier = self._plan.snapshot_earlier
            older = f" What could not be read: as of {earlier}." if earlier else ""
            yield one_line(f"Inventory taken {self._plan.snapshot_taken}.{older}")
        if state.resumed:
            yield one_line(f"Opened {state.opened_at}; resumed, {state.resumed} so far.")
        for warning in state.warnings:
            yield self._said(StepState.WARNED, "warning", warning)
        yield ""

    def plan(self, state: RunState) -> Iterator[str]:
        """List the steps as they stand."""
        yield f"Plan: {len(self._plan.steps)} steps"
        for phase in self._plan.phases:
            yield one_line(f"  {phase.title}", keep_indent=True)
            for planned in self._plan.steps:
                if planned.phase == phase.id:
                    yield self._planned_line(planned, state)
        yield ""

    def _planned_line(self, planned: PlannedStep, state: RunState) -> str:
        record = state.step(planned.id)
        line = (
            f"    {self.glyph(record.state)} {planned.id} ({planned.kind.value}): {planned.title}"
        )
        if record.state in {StepState.SKIPPED, StepState.BLOCKED}:
            line += f"  [{record.state.value}: {record.text}]"
        elif record.state not in {StepState.READY, StepState.PENDING}:
            line += f"  [{record.state.value}]"
        return one_line(line, keep_indent=True)

    def step(self, planned: PlannedStep) -> Iterator[str]:
        """Introduce a step: what it is, and why."""
        yield ""
        yield one_line(
            f"[{self._place[planned.id]}/{len(self._plan.steps)}] {planned.title} ({planned.kind.value} {planned.id})"
        )
        yield field("WHY", planned.why)
        if planned.explain:
            yield field("", planned.explain)
        if planned.kind is not StepKind.ACTION:
            for command in planned.lines:
                yield field("AZ", command)
        if planned.source:
            yield field("SOURCE", planned.source)
        if planned.variants:
            yield field("VARIANT", f"{planned.variant}, of {', '.join(planned.variants)}")
        takes = self._forecast.takes(planned)
        if takes:
            yield field("TAKES", takes)
        for choice in planned.choices:
            default = " (default)" if choice.default else ""
            yield field("CHOICE", f"{choice.id}{default}: {choice.text}")
            if choice.consequence:
                yield field("", choice.consequence)

    def event(self, event: e.Event) -> Iterator[str]:  # noqa: C901, PLR0912, PLR0915 - one flat case an event
        """Tell one thing that happened; nothing of what is told elsewhere."""
        match event:
            case e.StepProgressed():
                count = f" ({event.done} of {event.total})" if event.total else ""
                yield self._said(StepState.RUNNING, "progress", event.text + count)
            case e.StepPassed():
                yield self._said(StepState.PASSED, "passed", event.text)
            case e.StepWarned():
                yield self._said(StepState.WARNED, "warned", event.text)
            case e.StepFailed():
                yield self._said(StepState.FAILED, "failed", event.text)
            case e.StepUnknown():
                yield self._said(StepState.UNKNOWN, "unknown", event.text)
                yield from self._by_hand(event.step)
            case e.StepTimedOut():
                yield self._said(StepState.WARNED, "timed out", event.text)
            case e.StepSkipped():
                yield self._said(StepState.SKIPPED, "skipped", f"{event.step}: {event.reason}")
            case e.StepDoneOutside():
                yield self._said(StepState.DONE_OUTSIDE, "done outside", event.evidence)
                if event.observed:
                    yield field("SEEN", f"{event.observed} ({event.speaks})")
            case e.ChildOpened():
                yield self._said(StepState.RUNNING, "opened", f"runbook {event.runbook}")
            case e.ChildClosed():
                yield self._said(
                    StepState.RUNNING, "ended", f"runbook {event.runbook}, {event.outcome.value}"
                )
            case e.VariantChanged():
                self._variants[event.step] = event.after
                text = f"{event.before} to {event.after}: {event.reason}"
                yield self._said(StepState.READY, "variant", text)
            case e.PlanAdopted():
                yield one_line(f"The run goes on by another plan. {event.reason}")
                for line in event.difference.splitlines():
                    yield field("", line)
            case e.DecisionMade():
                yield self._said(StepState.PASSED, "decided", f"{event.choice}: {event.text}")
            case e.ActionProposed():
                yield from self.proposal(event)
            case e.ActionDeclined():
                yield self._said(StepState.READY, "declined", event.reason or "nothing was sent")
            case e.ActionConfirmed():
                yield self._said(
                    StepState.CONFIRMED, "confirmed", f"client request id {event.request_id}"
                )
            case e.ActionSent():
                yield self._said(StepState.SENT, "sent", f"{event.method} {event.path}")
            case e.ActionAccepted():
                yield self._said(StepState.ACCEPTED, "accepted", f"HTTP {event.status}")
            case e.ActionResulted():
                yield self._said(StepState.ACCEPTED, f"answer {event.outcome.value}", event.text)
            case e.ActionVerified():
                yield self._said(StepState.VERIFIED, "verified", event.text)
            case e.ActionDoubted():
                yield from self._doubt(event)
            case e.DoubtRuled():
                yield self._said(StepState.IN_DOUBT, f"ruled {event.ruling.value}", event.reason)
            case e.NoteAdded():
                yield one_line(f"  note: {event.text}", keep_indent=True)
            case e.WarningRaised():
                yield self._said(StepState.WARNED, "warning", event.text)
            case e.RunPaused():
                yield one_line(f"Paused. {event.reason}")
            case e.RunResumed():
                yield one_line(f"Resumed after {event.after} entries. {event.reason}")
            case e.RunClosed():
                yield one_line(f"Closed: {event.outcome.value}; {event.text}.")
            case _:
                yield from self._of_people(event)

    def _by_hand(self, step: str) -> Iterator[str]:
        """Tell how an action of which nothing could be previewed is done with a shell, as the plan knows it."""
        for planned in self._plan.steps:
            if planned.id == step and planned.kind is StepKind.ACTION:
                lines = planned.lines_by(self._variants.get(step, ""))
                yield from (field("BY HAND", command) for command in lines)

    def _of_people(self, event: e.Event) -> Iterator[str]:
        for word, text in told(event):
            if word:
                yield self._said(_SIGNS.get(type(event), StepState.PROPOSED), word, text)
            else:
                yield f"    {shown(text)}"

    def _said(self, state: StepState, word: str, text: str) -> str:
        return one_line(f"  {self.glyph(state)} {word}: {text}", keep_indent=True)

    def proposal(self, event: e.ActionProposed) -> Iterator[str]:
        """Tell what an action would do, in the words and the order of every action."""
        count = len(event.resources)
        plural = "" if count == 1 else "s"
        yield field("DOES", event.summary)
        for request in event.requests:
            yield field("", request)
        for resource in event.resources:
            yield field("ON", resource)
        yield field("", f"{count} resource{plural} touched")
        yield field("NOW", event.before)
        yield field("AFTER", event.after)
        yield field("LOSES", event.loses or "nothing")
        yield field("UNDO", event.undo or "there is no undo")
        yield field("TAKES", event.takes or "not known")
        yield field("COSTS", event.cost or "nothing that is known")
        yield field("RISK", f"{event.risk.value}; confirmed by: {event.confirmation.value}")
        for command in event.commands:
            yield field("AZ", command)

    def _doubt(self, event: e.ActionDoubted) -> Iterator[str]:
        yield self._said(StepState.IN_DOUBT, "in doubt", event.why)
        yield field(
            "SEEN", "the wanted state is there" if event.reached else "the wanted state is not seen"
        )
        for label, texts in (
            ("FOR", event.evidence_for),
            ("AGAINST", event.evidence_against),
            ("NEITHER", event.evidence_neither),
        ):
            for text in texts:
                yield field(label, text)

    def findings(self, findings: tuple[Finding, ...]) -> Iterator[str]:
        """Tell every finding that needs a look, the worst first, each with its reason."""
        told = sorted(
            (finding for finding in findings if finding.verdict in _TOLD),
            key=lambda finding: SEVERITY.index(finding.verdict),
        )
        passed = sum(finding.verdict is Verdict.PASS for finding in findings)
        yield ""
        yield f"Findings: {len(told)} to look at, {passed} passed"
        for finding in told:
            yield from self._finding(finding)

    def _finding(self, finding: Finding) -> Iterator[str]:
        sign = self.glyph(_VERDICTS[finding.verdict])
        yield ""
        yield one_line(f"{sign} {finding.verdict.value.upper()} {finding.check}: {finding.title}")
        yield field("ON", finding.resource)
        yield field("OBSERVED", finding.observed)
        yield field("EXPECTED", finding.expected)
        yield field("WHY", finding.why)
        if finding.remedy:
            yield field("REMEDY", finding.remedy)
        if finding.command:
            yield field("AZ", finding.command)
        yield field("SOURCE", finding.source)


_WHAT: dict[Mode, str] = {
    Mode.READ_ONLY: "Nothing is changed: every request that would change Azure is refused.",
    Mode.DRILL: "A drill against the simulated Azure: nothing real is touched.",
    Mode.LIVE: "LIVE: confirmed actions change real Azure.",
}


def one_line(text: str, *, keep_indent: bool = False) -> str:
    """Return ``text`` as one line that a terminal shows and does not obey."""
    indent = text[: len(text) - len(text.lstrip(" "))] if keep_indent else ""
    return indent + shown(" ".join(text.split()))


def field(label: str, text: str) -> str:
    """Return a labelled line; the label stands in the same column always."""
    return f"    {label:<{_LABEL}} {one_line(text)}".rstrip()
