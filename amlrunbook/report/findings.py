"""Findings as a report: one record, and four ways to write it.

The JSON form is an interface: keys are added, never renamed, and ``schema`` says which form it is.
"""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from typing import Any, assert_never

import msgspec

from amlrunbook.model.display import shown
from amlrunbook.model.finding import SEVERITY, Finding, Verdict, worst
from amlrunbook.model.markdown import markdown, markdown_code
from amlrunbook.model.posture import EFFECTS, Drift, PostureLine, Turned
from amlrunbook.report.escaping import markup, plain_ascii

REPORT_SCHEMA = 1
"""The version of the JSON form."""
_WIDTH = 100
_WEIGHTS = ("high", "medium", "low", "")
"""Severities, the one to look at first in front."""
_LABELS = (
    ("severity", "severity"),
    ("expected", "expected"),
    ("why", "why"),
    ("remedy", "mend"),
    ("command", "command"),
    ("source", "source"),
    ("certainty", "fact is"),
)
"""A finding's fields that follow its first line, and what they are called there."""


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """One document that could not be read."""

    resource: str
    reason: str


class FindingsReport(msgspec.Struct, frozen=True, kw_only=True):
    """An assessment, ready to be written."""

    program: str
    facts: str
    """The fact base's version."""
    facts_checked: str
    """The day on which the fact base was last gone through."""
    facts_note: str = ""
    """A warning where that is long ago; empty where it is not."""
    posture: str
    """The findings in one sentence."""
    findings: tuple[Finding, ...]
    unread: tuple[Unread, ...] = ()
    profile: str = ""
    taken_at: str = ""
    """When the documents were read, RFC 3339; empty where nobody says."""
    earlier: str = ""
    """What stands in for what could not be read, and how old it is; empty where nothing does."""
    targets: str = ""
    """The profile's targets, in words; empty where there is no profile."""
    table: tuple[PostureLine, ...] = ()
    """What would be lost, slow and impossible, by class of component."""
    drift: Drift | None = None
    """What turned since the last green snapshot; ``None`` where there is none."""

    @property
    def counts(self) -> dict[str, int]:
        """How many findings have each verdict."""
        count = Counter(finding.verdict for finding in self.findings)
        return {verdict.value: count[verdict] for verdict in SEVERITY}

    @property
    def by_resource(self) -> tuple[tuple[str, tuple[Finding, ...]], ...]:
        """The findings of each resource, the resource to look at first in front."""
        groups: dict[str, list[Finding]] = {}
        for finding in self.findings:
            groups.setdefault(finding.resource, []).append(finding)
        ordered = sorted(groups.items(), key=lambda item: SEVERITY.index(worst(_verdicts(item[1]))))
        return tuple((resource, _by_severity(group)) for resource, group in ordered)


def _verdicts(findings: list[Finding]) -> tuple[Verdict, ...]:
    return tuple(finding.verdict for finding in findings)


def _by_severity(findings: list[Finding]) -> tuple[Finding, ...]:
    return tuple(
        sorted(
            findings,
            key=lambda finding: (SEVERITY.index(finding.verdict), _WEIGHTS.index(finding.severity)),
        )
    )


def glyph(verdict: Verdict, *, ascii_only: bool = False) -> str:
    """Return the sign and the word of a verdict: never a colour alone, never a sign alone."""
    match verdict:
        case Verdict.PASS:
            signs, word = "✓+", "pass"
        case Verdict.WARN:
            signs, word = "!!", "warn"
        case Verdict.FAIL:
            signs, word = "✗x", "fail"
        case Verdict.UNKNOWN:
            signs, word = "??", "unknown"
        case Verdict.NOT_APPLICABLE:
            signs, word = "\N{EN DASH}-", "n/a"
        case _:
            assert_never(verdict)
    return f"{signs[ascii_only]} {word}"


def as_json(report: FindingsReport) -> str:
    """Return the report as JSON in ASCII, so that no stream's encoding can spoil it."""
    body: dict[str, Any] = {
        "schema": REPORT_SCHEMA,
        "program": report.program,
        "profile": report.profile,
        "taken_at": report.taken_at,
        "facts": {
            "version": report.facts,
            "checked": report.facts_checked,
            "note": report.facts_note,
        },
        "posture": report.posture,
        "counts": report.counts,
        "findings": [
            {**msgspec.structs.asdict(finding), "verdict": finding.verdict.value}
            for finding in report.findings
        ],
        "unread": [msgspec.structs.asdict(unread) for unread in report.unread],
        "earlier": report.earlier,
        "targets": report.targets,
        "posture_table": msgspec.to_builtins(report.table),
        "drift": msgspec.to_builtins(report.drift),
    }
    return json.dumps(body, indent=2, ensure_ascii=True) + "\n"


# -- text -----------------------------------------------------------------------------------


def as_text(report: FindingsReport, *, ascii_only: bool = False) -> str:
    """Return the report for a terminal or a mail: grouped by resource, the worst first."""
    lines = [shown(line) for line in _head(report)]
    lines += _text_table(report)
    lines += _text_drift(report)
    for resource, findings in report.by_resource:
        lines += ["", shown(resource), *_text_group(findings, ascii_only=ascii_only)]
    if report.unread:
        lines += ["", "Could not be read:"]
        lines += [f"  {shown(u.resource)}: {shown(u.reason)}" for u in report.unread]
    text = "\n".join(lines) + "\n"
    return plain_ascii(text) if ascii_only else text


def _head(report: FindingsReport) -> tuple[str, ...]:
    taken = f" · documents of {report.taken_at}" if report.taken_at else ""
    whose = f" · profile {report.profile}" if report.profile else ""
    facts = f"facts {report.facts}, checked {report.facts_checked}"
    origin = f"{report.program} · {facts}{whose}{taken}"
    return tuple(
        filter(None, (report.posture, origin, report.facts_note, report.earlier, report.targets))
    )


def _text_table(report: FindingsReport) -> list[str]:
    """Return the posture's table, a block a class of component."""
    if not report.table:
        return []
    lines = ["", "If the primary's region went now:"]
    for row in report.table:
        lines += _wrapped(f"  {row.component + ' (' + row.strategy + ')':<24}", _row_words(row))
        for effect in EFFECTS:
            said = "; ".join(shown(each) for each in getattr(row, effect))
            if said:
                lines += _wrapped(f"    {effect:<11}", said)
    return lines


def _row_words(row: PostureLine) -> str:
    failing = sum(len(getattr(row, effect)) for effect in EFFECTS)
    told = (
        (failing, "to mend"),
        (row.unknown, "not known"),
        (row.warned, "warned of"),
    )
    return ", ".join(f"{number} {what}" for number, what in told if number) or "nothing is missing"


def _drift_words(drift: Drift) -> str:
    if not drift.turned:
        return f"Nothing turned since the last green snapshot, {drift.since}."
    return f"{len(drift.turned)} turned since the last green snapshot, {drift.since}:"


def _turned_words(turned: Turned) -> str:
    before = turned.before.value if turned.before else "not there"
    return f"{turned.check}: {before} -> {turned.after.value}, {turned.resource}"


def _text_drift(report: FindingsReport) -> list[str]:
    if report.drift is None:
        return []
    turned = [f"  {shown(_turned_words(each))}" for each in report.drift.turned]
    return ["", _drift_words(report.drift), *turned]


def _text_group(findings: tuple[Finding, ...], *, ascii_only: bool) -> list[str]:
    """Return one resource's lines; what could not be judged for one reason is one line."""
    reasons = {f.observed for f in findings}
    if all(f.verdict is Verdict.UNKNOWN for f in findings) and len(reasons) == 1:
        sign = glyph(Verdict.UNKNOWN, ascii_only=ascii_only)
        return [f"  {sign:<10}all {len(findings)} checks: {shown(findings[0].observed)}"]
    lines = []
    for finding in findings:
        if finding.verdict is Verdict.NOT_APPLICABLE:
            continue
        sign = glyph(finding.verdict, ascii_only=ascii_only)
        lines.append(f"  {sign:<10}{finding.check}: {shown(finding.observed)}")
        if finding.verdict is not Verdict.PASS:
            lines += _text_details(finding)
    outside = [f.check for f in findings if f.verdict is Verdict.NOT_APPLICABLE]
    if outside:
        sign = glyph(Verdict.NOT_APPLICABLE, ascii_only=ascii_only)
        lines += _wrapped(f"  {sign:<10}", ", ".join(outside))
    return lines


def _text_details(finding: Finding) -> list[str]:
    lines = []
    for field, label in _LABELS:
        value = shown(getattr(finding, field))
        head = f"            {label:<9}"
        if value and field in ("command", "source"):
            lines.append(head + value)
        elif value:
            lines += _wrapped(head, value)
    return lines


def _wrapped(head: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )


# -- Markdown and HTML ----------------------------------------------------------------------


def as_markdown(report: FindingsReport) -> str:
    """Return the report as Markdown."""
    lines = ["# Assessment"]
    for line in _head(report):
        lines += ["", markdown(line)]
    lines += _markdown_table(report)
    for resource, findings in report.by_resource:
        lines += ["", f"## {markdown(resource)}", "", "| verdict | check | observed | expected |"]
        lines.append("|---|---|---|---|")
        lines += [
            f"| {glyph(f.verdict)} | {f.check} | {markdown(f.observed)} | {markdown(f.expected)} |"
            for f in findings
        ]
        for finding in findings:
            lines += _markdown_details(finding)
    if report.unread:
        lines += ["", "## Could not be read", ""]
        lines += [f"- {markdown(u.resource)}: {markdown(u.reason)}" for u in report.unread]
    return "\n".join(lines) + "\n"


def _markdown_table(report: FindingsReport) -> list[str]:
    lines: list[str] = []
    if report.table:
        lines += ["", "## If the primary's region went now", ""]
        lines += ["| class | strategy | lost | slow | impossible |", "|---|---|---|---|---|"]
        for row in report.table:
            cells = [markdown("; ".join(getattr(row, effect)) or "-") for effect in EFFECTS]
            lines.append(f"| {row.component} | {row.strategy} | {' | '.join(cells)} |")
    if report.drift is not None:
        lines += ["", "## Since the last green snapshot", "", markdown(_drift_words(report.drift))]
        lines += [""] if report.drift.turned else []
        lines += [f"- {markdown(_turned_words(each))}" for each in report.drift.turned]
    return lines


def _markdown_details(finding: Finding) -> list[str]:
    if finding.verdict not in (Verdict.FAIL, Verdict.WARN):
        return []
    lines = ["", f"**{glyph(finding.verdict)} {finding.check}**: {markdown(finding.why)}"]
    if finding.remedy:
        lines += ["", f"{markdown(finding.remedy)} ([source]({finding.source}))"]
    if finding.command:
        lines += ["", markdown_code(finding.command)]
    return lines


_HTML_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Assessment</title>
<style>
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
h2 { font-size: 1rem; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
td, th { border: 1px solid #999; padding: .3rem .5rem; text-align: left; vertical-align: top; }
td:first-child { white-space: nowrap; }
code { overflow-wrap: anywhere; }
</style>
</head>
<body>
"""


def as_html(report: FindingsReport) -> str:
    """Return the report as one HTML page that loads nothing."""
    parts = [_HTML_HEAD, "<h1>Assessment</h1>\n"]
    parts += [f"<p>{markup(line)}</p>\n" for line in _head(report)]
    parts += _html_table(report)
    for resource, findings in report.by_resource:
        parts.append(f"<h2>{markup(resource)}</h2>\n<table>\n")
        parts.append(
            "<tr><th>Verdict</th><th>Check</th><th>Observed</th><th>What to do</th></tr>\n"
        )
        parts += [_html_row(finding) for finding in findings]
        parts.append("</table>\n")
    if report.unread:
        parts.append("<h2>Could not be read</h2>\n<ul>\n")
        parts += [f"<li>{markup(u.resource)}: {markup(u.reason)}</li>\n" for u in report.unread]
        parts.append("</ul>\n")
    return "".join([*parts, "</body>\n</html>\n"])


def _html_table(report: FindingsReport) -> list[str]:
    parts: list[str] = []
    if report.table:
        parts.append("<h2>If the primary's region went now</h2>\n<table>\n<tr><th>Class</th>")
        parts.append("<th>Strategy</th><th>Lost</th><th>Slow</th><th>Impossible</th></tr>\n")
        for row in report.table:
            cells = [markup("; ".join(getattr(row, effect)) or "-") for effect in EFFECTS]
            tail = "".join(f"<td>{cell}</td>" for cell in cells)
            head = f"<td>{markup(row.component)}</td><td>{markup(row.strategy)}</td>"
            parts.append(f"<tr>{head}{tail}</tr>\n")
        parts.append("</table>\n")
    if report.drift is not None:
        parts.append(
            f"<h2>Since the last green snapshot</h2>\n<p>{markup(_drift_words(report.drift))}</p>\n<ul>\n"
        )
        parts += [f"<li>{markup(_turned_words(each))}</li>\n" for each in report.drift.turned]
        parts.append("</ul>\n")
    return parts


def _html_row(finding: Finding) -> str:
    todo = ""
    if finding.verdict in (Verdict.FAIL, Verdict.WARN):
        command = f"<br><code>{markup(finding.command)}</code>" if finding.command else ""
        todo = (
            f"{markup(finding.why)}<br>{markup(finding.remedy)}{command}"
            f'<br><a href="{markup(finding.source)}">source</a>'
        )
    check = f"{markup(finding.check)}<br>{markup(finding.title)}"
    observed = f"{markup(finding.observed)}<br>expected: {markup(finding.expected)}"
    sign = markup(glyph(finding.verdict))
    return f"<tr><td>{sign}</td><td>{check}</td><td>{observed}</td><td>{todo}</td></tr>\n"
