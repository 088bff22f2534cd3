"""The posture: the findings in one sentence, and in a table of what would be lost, slow and impossible."""

from __future__ import annotations

from collections import Counter

from amlrunbook.assessment.consequences import Component, Effect, consequence, strategy_for
from amlrunbook.model.finding import Finding, Verdict
from amlrunbook.model.posture import EFFECTS, PostureLine
from amlrunbook.model.profile import Profile, Strategies


def posture(findings: tuple[Finding, ...]) -> str:
    """Return the findings in one sentence."""
    count = Counter(finding.verdict for finding in findings)
    if not findings:
        return "Nothing to assess: no document is of a kind that a check concerns."
    failing = {finding.resource for finding in findings if finding.verdict is Verdict.FAIL}
    parts = [
        f"{_counted(count[Verdict.FAIL], 'check fails', 'checks fail')} on {_counted(len(failing), 'resource', 'resources')}"
        if failing
        else "",
        f"{count[Verdict.UNKNOWN]} could not be judged" if count[Verdict.UNKNOWN] else "",
        _counted(count[Verdict.WARN], "warns", "warn") if count[Verdict.WARN] else "",
        _counted(count[Verdict.PASS], "passes", "pass"),
    ]
    head = "Not ready" if failing else "Not known" if count[Verdict.UNKNOWN] else "Ready"
    return f"{head}: {', '.join(part for part in parts if part)}."


def posture_table(
    findings: tuple[Finding, ...], profile: Profile | None = None
) -> tuple[PostureLine, ...]:
    """Return what an outage would do to each class of component that has findings, from what fails now."""
    strategies = profile.strategy if profile is not None else Strategies()
    lines = []
    for component in Component:
        mine = [f for f in findings if consequence(f.check)[0] is component]
        judged = Counter(finding.verdict for finding in mine)
        if any(verdict is not Verdict.NOT_APPLICABLE for verdict in judged):
            lines.append(
                PostureLine(
                    component=component.value,
                    strategy=strategy_for(component, strategies).value,
                    lost=_failing(mine, Effect.LOST),
                    slow=_failing(mine, Effect.SLOW),
                    impossible=_failing(mine, Effect.IMPOSSIBLE),
                    warned=judged[Verdict.WARN],
                    unknown=judged[Verdict.UNKNOWN],
                )
            )
    return tuple(lines)


def posture_words(table: tuple[PostureLine, ...]) -> str:
    """Return the table in sentences, one a class of component for which something is missing."""
    said = []
    for line in table:
        parts = [
            f"{effect}: {'; '.join(getattr(line, effect))}"
            for effect in EFFECTS
            if getattr(line, effect)
        ]
        if parts:
            said.append(f"{line.component.capitalize()} ({line.strategy}), {', '.join(parts)}.")
    return " ".join(said)


def _failing(findings: list[Finding], effect: Effect) -> tuple[str, ...]:
    """Return what fails with one effect: each check once, with its resources."""
    named: dict[str, list[str]] = {}
    for finding in findings:
        if finding.verdict is Verdict.FAIL and consequence(finding.check)[1] is effect:
            names = named.setdefault(finding.title, [])
            names.append(finding.resource.rstrip("/").rsplit("/", 1)[-1])
    return tuple(f"{title} ({', '.join(dict.fromkeys(names))})" for title, names in named.items())


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
