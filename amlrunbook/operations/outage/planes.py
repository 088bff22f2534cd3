"""Is it the region? Control, data and identity plane asked from here, all at once, each with a deadline."""

from __future__ import annotations

from collections.abc import Callable

from amlrunbook.assessment.command import az
from amlrunbook.azure.deadline import Deadline
from amlrunbook.azure.fanout import in_order
from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.azure.probes import HttpsProbes
from amlrunbook.errors import UsageError
from amlrunbook.model.display import shown
from amlrunbook.model.finding import Finding, Verdict
from amlrunbook.model.operation import CheckReport, OperationContext, Reporter
from amlrunbook.model.profile import Probe, Profile
from amlrunbook.operations.outage.plane_signs import Answered, Belief, Judgement, Plane, Sign, judge
from amlrunbook.operations.outage.questions import questions
from amlrunbook.operations.outage.scope import Scope, scope_of

_NO_ANSWER = "no answer"
"""How a probe begins that nobody answered; one that is red otherwise was answered by somebody."""
SECONDS = 12.0
"""The deadline of each question; all are asked at once."""
_SOURCE = "https://learn.microsoft.com/azure/azure-resource-manager/management/control-plane-and-data-plane"
_EXPECTED = "an answer, be it a refusal: whoever refuses is there"
_WHY = "Which planes of which region answer tells an outage of the region from that of one service, of identity, or of our own network."
_REMEDIES: dict[Belief, str] = {
    Belief.WELL: "Look at the service itself; move nothing.",
    Belief.REGION_DARK: "Weigh waiting against moving: what each costs is in the decision that follows.",
    Belief.CONTROL_DARK: "Wait if what runs goes on well: nothing can be changed in the primary, not even a failover asked for.",
    Belief.DATA_DARK: "Weigh waiting against moving: what each costs is in the decision that follows.",
    Belief.IDENTITY_DARK: "Wait for identity: no region can be changed without it. Keep sessions that are signed in.",
    Belief.PARTLY: "Find what your service needs of what is dark before you move all of it.",
    Belief.ONE_SERVICE: "Look at that service's own recovery first; a switchover moves far more than that.",
    Belief.BOTH_DARK: "Move nothing. Ask somebody elsewhere, and Microsoft.",
    Belief.OUR_NETWORK: "Ask from another network, a phone for instance, before anything else.",
    Belief.CANNOT_TELL: "Ask from another network, and look at https://azure.status.microsoft .",
}


class Planes:
    """Asks who is there."""

    id = "outage.planes"
    title = "Is it the region?"

    def __init__(self, gateway: AzureGateway, *, seconds: float = SECONDS) -> None:
        self._gateway = gateway
        self._seconds = seconds

    def run(self, context: OperationContext, reporter: Reporter) -> CheckReport:
        """Ask, judge, and name what speaks against the judgement; darkness is an answer here."""
        scope = scope_of(context)
        signs = self._asked(context.profile, scope, reporter)
        found = judge(signs, scope.primary, str(scope.secondary or ""))
        findings = (
            _belief(found, context.profile),
            *(_contradiction(words, context.profile) for words in found.against),
            *(_finding(sign, context.profile) for sign in signs),
        )
        return CheckReport(verdict=found.verdict, text=_said(found), findings=findings)

    def _asked(self, profile: Profile, scope: Scope, reporter: Reporter) -> tuple[Sign, ...]:
        asked = questions(self._gateway, profile, scope)
        count = len(asked) + len(profile.probes)
        reporter.progressed(f"Asking {count} addresses at once, {self._seconds:.0f} s each.")
        tasks: list[Callable[[], Sign]] = [
            *(lambda q=question: q.ask(self._seconds) for question in asked),
            *(lambda p=probe: self._probe(p) for probe in profile.probes),
        ]
        answers = in_order(tasks, width=max(1, len(tasks)), deadline=Deadline(self._seconds))
        still_open = (
            *(q.sign for q in asked),
            *(_red(p, "no answer in time") for p in profile.probes),
        )
        return tuple(answer.value or sign for answer, sign in zip(answers, still_open, strict=True))

    def _probe(self, probe: Probe) -> Sign:
        try:
            (seen,) = HttpsProbes(self._gateway.cloud).ask((probe,))
        except UsageError as error:
            return _red(probe, error.what, Answered.UNASKED)
        if seen.green:
            return _red(probe, seen.text, Answered.YES)
        dark = seen.text.startswith(_NO_ANSWER)
        text = seen.text.removeprefix(f"{_NO_ANSWER}: ")
        return _red(probe, text, Answered.DARK if dark else Answered.FAILING)


def _red(probe: Probe, text: str, answered: Answered = Answered.DARK) -> Sign:
    return Sign(Plane.PROBES, None, "probe", f"probe {probe.name}", answered, text)


def _said(found: Judgement) -> str:
    if not found.against:
        return found.text
    more = len(found.against) - 1
    tail = f" (and {more} more)" if more else ""
    return f"{found.text} Against it speaks: {found.against[0]}{tail}"


def _belief(found: Judgement, profile: Profile) -> Finding:
    return Finding(
        check=Planes.id,
        resource=shown(profile.primary.workspace),
        verdict=found.verdict,
        title=f"From here: {found.belief.value}",
        observed=shown(found.text),
        expected="every plane of the primary answers",
        why=_WHY,
        source=_SOURCE,
        remedy=_REMEDIES[found.belief],
    )


def _contradiction(words: str, profile: Profile) -> Finding:
    return Finding(
        check=Planes.id,
        resource=shown(profile.primary.workspace),
        verdict=Verdict.WARN,
        title="What speaks against it",
        observed=shown(words),
        expected="signs that all say the same",
        why="One belief, held too early, is how the wrong thing is moved.",
        source=_SOURCE,
        remedy="Explain it before you act, or ask somebody who can.",
    )


_VERDICTS: dict[Answered, Verdict] = {
    Answered.YES: Verdict.PASS,
    Answered.SLOW: Verdict.WARN,
    Answered.THROTTLED: Verdict.WARN,
    Answered.FAILING: Verdict.FAIL,
    Answered.DARK: Verdict.FAIL,
    Answered.UNASKED: Verdict.UNKNOWN,
}


def _finding(sign: Sign, profile: Profile) -> Finding:
    where = f", {sign.side.value}" if sign.side is not None else ""
    return Finding(
        check=Planes.id,
        resource=shown(sign.resource or profile.primary.workspace),
        verdict=_VERDICTS[sign.answered],
        title=shown(f"{sign.plane.value}{where}: {sign.what}"),
        observed=shown(f"{sign.answered.value}: {sign.text}"),
        expected=_EXPECTED,
        why=_WHY,
        source=_SOURCE,
        command=az("az resource show --ids {id}", {"id": sign.resource}) if sign.resource else "",
    )
