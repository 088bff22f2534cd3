"""docs/checks.md, generated from the catalogue: ``python -m amlrunbook.cli.checks_document`` prints it."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from amlrunbook.assessment import CATALOGUE, SERVICES, Rule
from amlrunbook.assessment.consequences import consequence
from amlrunbook.facts import fact_base
from amlrunbook.model.markdown import markdown


def document() -> str:
    """Return the whole page."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "# Checks"
    yield ""
    yield f"Generated from the catalogue: {len(CATALOGUE)} checks. Ids are stable: later versions add, they never rename."
    yield "Each finding cites the page that its check stands on, and weighs by the strategy of its class."
    for service in SERVICES:
        yield from ("", f"## {service}", "")
        yield "| check | what is expected | without it | class | costs | mended by |"
        yield "|---|---|---|---|---|---|"
        for rule in CATALOGUE:
            if rule.service == service:
                yield _row(rule)
    yield ""


def _row(rule: Rule) -> str:
    component, effect = consequence(rule.id)
    source = fact_base().fact(rule.fact).source
    mended = f"`{rule.remedy_operation}`" if rule.remedy_operation else "your hand"
    cells = (
        f"`{rule.id}`",
        markdown(rule.expected),
        f"{markdown(rule.why)} [Source]({source})",
        component.value,
        effect.value,
        mended,
    )
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.stdout.write(document())
