"""The incident's clock in the few words that the header has room for. Pure."""

from __future__ import annotations

from datetime import datetime

from amlrunbook.executor.clock import clock_view
from amlrunbook.executor.forecast import UNFORESEEN, Forecast
from amlrunbook.planning.plan import Plan
from amlrunbook.state.fold import RunState
from screens.moments import clock_words


def header_words(
    plan: Plan, state: RunState, now: datetime, forecast: Forecast = UNFORESEEN
) -> tuple[str, ...]:
    """Return what the header says beside the elapsed time, the weightiest first; nothing before an incident."""
    if state.handed_over is not None:
        return (f"HANDED OVER to {state.handed_over.principal}",)
    if not state.clock.declared:
        return ()
    view = clock_view(plan, state, now, forecast)
    words = []
    if view.stopped:
        words.append("clock stopped: probes green")
    elif view.projected is not None:
        late = "LATE, " if view.late else ""
        when = "not before" if view.unforeseen else "would end"
        if view.by_budgets:
            when = "budgets run to"
        words.append(f"{late}{when} {clock_words(view.projected)}")
    else:
        words.append("LATE, end unknown" if view.late else "end unknown")
    words.append(f"people {clock_words(view.human_elapsed)}")
    probes = plan.profile.probes
    if probes:
        green = sum(state.probes.get(probe.name) is True for probe in probes)
        asked = any(probe.name in state.probes for probe in probes)
        words.append(f"probes {green}/{len(probes)} green" if asked else "probes not asked")
    if view.severity:
        words.append(f"sev {view.severity}" if view.severity.isdigit() else view.severity)
    return tuple(words)
