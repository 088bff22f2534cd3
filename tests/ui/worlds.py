"""Plans, runs and home data for the screens' tests: one realistic pair, and one that means harm."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from amlrunbook.journal import Challenge
from amlrunbook.model.finding import Finding, Verdict
from amlrunbook.model.mode import Mode
from amlrunbook.model.operation import Confirmation, Outcome, Risk
from amlrunbook.model.profile import Profile, Side
from amlrunbook.planning.grammar import Choice, Phase, StepKind
from amlrunbook.planning.plan import ChildPlan, Plan, PlannedStep
from amlrunbook.state import events as e
from screens.home_data import HomeData
from screens.home_items import JournalRow, OpenRun, ProfileRow, RunbookRow, ScenarioRow
from tests.ui.scripted_run import ScriptedRun

NOW = datetime(2026, 11, 22, 10, 17, 42, tzinfo=UTC)
SUB = "1f3a5b7c-1111-2222-3333-4444555566c2"
GROUP = f"/subscriptions/{SUB}/resourceGroups/rg-fraud/providers"
STORAGE = f"{GROUP}/Microsoft.Storage/storageAccounts"
DOCS = "https://learn.microsoft.com/azure/storage"
HOSTILE = "evil\x1b[2J\x1b]0;owned\x07\u202egnp.exe\u200b[red]x[/red]\r\nLIVE"


def clock() -> datetime:
    return NOW


def profile() -> Profile:
    workspaces = f"{GROUP}/Microsoft.MachineLearningServices/workspaces"
    return Profile(
        format=1,
        name="fraud-prod",
        subscription=SUB,
        primary=Side(workspace=f"{workspaces}/aml-fraud-e", region="eastus"),
        secondary=Side(workspace=f"{workspaces}/aml-fraud-w", region="westus"),
    )


def check(step: str, title: str, phase: str = "look", **more: object) -> PlannedStep:
    return PlannedStep(
        id=step, base=step, phase=phase, kind=StepKind.CHECK, title=title, do=f"assess.{step}",
        why="Without it, what is deleted by mistake or by malice is gone at once, on the day when nobody can look after it.",
        source=f"{DOCS}/blobs/soft-delete-blob-overview", **more,
    )  # fmt: skip


def steps() -> tuple[PlannedStep, ...]:
    return (
        check("redundancy", "Storage is zone- or geo-redundant"),
        check("soft-delete", "Blobs are kept after deletion"),
        check("vault", "Key vaults keep deleted secrets"),
        check("registry", "Registry is premium, geo-replicated"),
        check("quota", "Quota in westus suffices"),
        PlannedStep(
            id="enable", base="enable", phase="mend", kind=StepKind.ACTION,
            title="Keep deleted blobs for 7 days", do="hardening.blob-soft-delete",
            why="A deleted blob can be brought back only while soft delete keeps it.",
            explain="Soft delete keeps a deleted blob for a while. It costs the storage of what is kept, and nothing else changes.",
            resource=f"{STORAGE}/stfraudprod1", risk=Risk.REVERSIBLE, confirmation=Confirmation.ENTER,
            budget_seconds=120, undo="Turn it off again; what is kept by then stays until its days are over.",
            commands=("az storage account blob-service-properties update -n stfraudprod1 -g rg-fraud --enable-delete-retention true --delete-retention-days 7",),
            needs=("soft-delete",), source=f"{DOCS}/blobs/soft-delete-blob-enable",
        ),
        PlannedStep(
            id="fail-over", base="fail-over", phase="mend", kind=StepKind.ACTION,
            title="Fail over the account stfraudprod1", do="switchover.storage-failover",
            why="Writes to the data account fail while its primary region is down.",
            resource=f"{STORAGE}/stfraudprod1", risk=Risk.DATA_LOSS, confirmation=Confirmation.TYPE_NAME,
            budget_seconds=4500, variant="ungraceful", variants=("graceful", "ungraceful"),
            commands=("az storage account failover -n stfraudprod1 -g rg-fraud --failover-type unplanned --yes",),
            source=f"{DOCS}/common/storage-disaster-recovery-guidance",
        ),
        PlannedStep(
            id="portal", base="portal", phase="mend", kind=StepKind.MANUAL, title="Tell the incident channel",
            why="The first act of an incident is to tell people.",
            explain="Paste the status text into the channel; say when the next update comes.",
        ),
        PlannedStep(
            id="which", base="which", phase="prove", kind=StepKind.DECISION, title="How to serve from westus?",
            why="Endpoints can be deployed cold, or kept warm at half the cost of the primary.",
            choices=(
                Choice(id="warm", text="Keep warm", consequence="costs half; ready in 4 minutes", default=True),
                Choice(id="cold", text="Deploy on the day", consequence="costs nothing; ready in 40 minutes"),
            ),
        ),
        PlannedStep(
            id="probe", base="probe", phase="prove", kind=StepKind.WAIT, title="Probes are green",
            why="The run is done when the service is well, not when the last step is.",
            check="probe.all", every_seconds=30, until="all green", needs=("fail-over",),
        ),
    )  # fmt: skip


def plan(more: tuple[PlannedStep, ...] = ()) -> Plan:
    return Plan(
        format=1, runbook="assessment", runbook_version="1", runbook_digest="0" * 64,
        title="Assess the pair", explain="", profile=profile(), snapshot_digest="1" * 64,
        snapshot_taken="2026-11-22T09:51:00Z",
        phases=(Phase(id="look", title="Look"), Phase(id="mend", title="Mend"), Phase(id="prove", title="Prove")),
        steps=(*steps(), *more),
    )  # fmt: skip


def finding(verdict: Verdict, title: str, name: str = "stfraudprod1", **more: str) -> Finding:
    fields = {
        "check": "storage.blob-soft-delete", "observed": "off", "expected": "on, at least 7 days",
        "why": "A deleted blob is gone at once.", "source": f"{DOCS}/blobs/soft-delete-blob-overview",
        "remedy": "Enable soft delete for blobs.",
        "command": f"az storage account blob-service-properties update -n {name} -g rg-fraud --enable-delete-retention true",
        **more,
    }  # fmt: skip
    return Finding(resource=f"{STORAGE}/{name}", verdict=verdict, title=title, **fields)


def opened(mode: Mode = Mode.DRILL) -> e.RunOpened:
    return e.RunOpened(
        run="r1", runbook="assessment", runbook_version="1", runbook_digest="0" * 64, plan_digest="2" * 64,
        title="Assess the pair", profile="fraud-prod", mode=mode.value, operator="operator@team", program="amlrunbook 0.1.0",
        scenario="lonely-workspace" if mode is Mode.DRILL else "",
    )  # fmt: skip


def proposal(step: str = "enable", **more: object) -> e.ActionProposed:
    fields: dict[str, object] = {
        "operation": "hardening.blob-soft-delete",
        "summary": "Keep deleted blobs of stfraudprod1 for 7 days.",
        "requests": (f"PUT {STORAGE}/stfraudprod1/blobServices/default?api-version=2024-01-01",),
        "resources": (f"{STORAGE}/stfraudprod1",),
        "risk": Risk.REVERSIBLE,
        "confirmation": Confirmation.ENTER,
        "before": "soft delete off",
        "after": "soft delete on, 7 days",
        "undo": "Turn it off again; what is kept by then stays until its days are over.",
        "commands": steps()[5].commands,
    }
    return e.ActionProposed(step=step, **{**fields, **more})


def failover_proposal(count: int = 1, **more: object) -> e.ActionProposed:
    fields: dict[str, object] = {
        "operation": "switchover.storage-failover",
        "summary": "Fail over stfraudprod1 from eastus to westus, unplanned.",
        "requests": (f"POST {STORAGE}/stfraudprod1/failover?api-version=2024-01-01",),
        "resources": tuple(f"{STORAGE}/stfraudprod{number + 1}" for number in range(count)),
        "risk": Risk.DATA_LOSS,
        "confirmation": Confirmation.TYPE_NAME,
        "before": "primary eastus, RA-GRS",
        "after": "primary westus, LRS",
        "loses": "every write after 10:21:08 UTC (4 min 12 s); known: 3 blobs",
        "undo": "",
        "commands": steps()[6].commands,
        **more,
    }
    return proposal("fail-over", **fields)


def passed(step: str, text: str, *findings: Finding) -> tuple[e.Event, ...]:
    found = tuple(e.FindingMade(step=step, finding=each) for each in findings)
    return (e.StepStarted(step=step), *found, e.StepPassed(step=step, text=text))


def failed(step: str, text: str, *findings: Finding) -> tuple[e.Event, ...]:
    found = tuple(e.FindingMade(step=step, finding=each) for each in findings)
    return (e.StepStarted(step=step), *found, e.StepFailed(step=step, text=text))


def confirmed(step: str, operation: str) -> tuple[e.Event, ...]:
    return (
        e.ActionConfirmed(step=step, operation=operation, request_id="9d3c-44", resources=(f"{STORAGE}/stfraudprod1",), confirmation=Confirmation.ENTER, operator="operator@team"),
        e.ActionSent(step=step, request_id="9d3c-44", method="PUT", path=f"{STORAGE}/stfraudprod1/blobServices/default"),
    )  # fmt: skip


def verified(
    step: str = "enable", operation: str = "hardening.blob-soft-delete"
) -> tuple[e.Event, ...]:
    return (
        *confirmed(step, operation),
        e.ActionResulted(step=step, request_id="9d3c-44", outcome=Outcome.SUCCEEDED, text="200 OK"),
        e.ActionVerified(step=step, text="Observed: soft delete on, 7 days."),
    )


def doubted(step: str = "fail-over", **more: object) -> e.ActionDoubted:
    fields: dict[str, object] = {
        "why": "the program ended after confirming and before an answer",
        "evidence_for": (
            "activity log: failover/action Started 10:39:13, our request id",
            "failoverInProgress: true, 10:46:01",
        ),
        "evidence_against": ("properties: primaryLocation eastus, read 10:46:01",),
        "evidence_neither": ("poll URL answers 503 (3 tries); last sync time cannot be read",),
        **more,
    }
    return e.ActionDoubted(step=step, **fields)


def walked() -> tuple[e.Event, ...]:
    """A run that has looked, and is about to mend."""
    return (
        opened(),
        *failed("redundancy", "1 of 2 accounts is LRS", finding(Verdict.FAIL, "Redundancy", "stfraudprod2", check="storage.zone-or-geo-redundant", observed="Standard_LRS", expected="ZRS, GRS or GZRS"), finding(Verdict.PASS, "Redundancy", check="storage.zone-or-geo-redundant", observed="Standard_RAGRS")),
        e.StepStarted(step="soft-delete"),
        e.FindingMade(step="soft-delete", finding=finding(Verdict.WARN, "Blob soft delete")),
        e.StepWarned(step="soft-delete", text="1 of 2 accounts does not keep deleted blobs"),
        *passed("vault", "1 vault keeps what is deleted for 90 days", finding(Verdict.PASS, "Vault soft delete", "kv-fraud", check="keyvault.soft-delete", observed="on, 90 days")),
        e.StepStarted(step="registry"),
        e.FindingMade(step="registry", finding=finding(Verdict.UNKNOWN, "Registry tier", "crfraud", check="registry.premium", observed="could not be read: 403 AuthorizationFailed", command="")),
        e.StepUnknown(step="registry", text="crfraud could not be read: 403 AuthorizationFailed"),
        *passed("quota", "12 of 24 cores are free"),
        e.CallMade(method="GET", path=f"{STORAGE}/stfraudprod1", status=200, milliseconds=84),
        e.EvidenceAdded(name="GET stfraudprod1", size=412, sha256="ab" * 32, step="redundancy"),
        e.StepBlocked(step="probe", why="needs: Fail over the account stfraudprod1", needs=("fail-over",)),
    )  # fmt: skip


def script() -> dict[str, list[tuple[e.Event, ...]]]:
    return {
        "redundancy": [
            failed("redundancy", "1 of 2 accounts is LRS", finding(Verdict.FAIL, "Redundancy"))
        ],
        "soft-delete": [passed("soft-delete", "kept for 7 days")],
        "vault": [passed("vault", "kept for 90 days")],
        "registry": [passed("registry", "premium, 2 replicas")],
        "quota": [
            passed("quota", "12 of 24 cores are free"),
            passed("quota", "10 of 24 cores are free"),
        ],
        "enable": [(proposal(),), verified()],
        "fail-over": [(failover_proposal(),), verified("fail-over", "switchover.storage-failover")],
        "probe": [passed("probe", "all green")],
    }


def walked_run(mode: Mode = Mode.DRILL, **more: object) -> ScriptedRun:
    evidence = {"ab" * 32: b'{"name": "stfraudprod1", "sku": {"name": "Standard_RAGRS"}}'}
    return ScriptedRun(
        plan(),
        mode=mode,
        script=script(),
        before=(opened(mode), *walked()[1:]),
        evidence=evidence,
        **more,
    )


def fresh_run(mode: Mode = Mode.DRILL) -> ScriptedRun:
    return ScriptedRun(plan(), mode=mode, script=script(), before=(opened(mode),))


def doubtful_run(mode: Mode = Mode.LIVE) -> ScriptedRun:
    before = (
        opened(mode),
        *walked()[1:],
        failover_proposal(),
        *confirmed("fail-over", "switchover.storage-failover"),
        doubted(),
    )
    reached = doubted(
        reached=True,
        evidence_for=("properties: primaryLocation westus, read 10:52:10",),
        evidence_against=(),
        evidence_neither=(),
    )
    more = script() | {
        "fail-over": [
            (reached,),
            (e.ActionVerified(step="fail-over", text="Observed: primary westus."),),
        ]
    }
    return ScriptedRun(plan(), mode=mode, script=more, before=before)


def home() -> HomeData:
    return HomeData(
        operator="operator@team",
        taken=NOW,
        profiles=(
            ProfileRow(name="fraud-prod", source="eastus", target="westus", posture=Verdict.FAIL, posture_text="3 lost, 2 slow", seen="2026-11-22T08:10:00Z"),
            ProfileRow(name="vision-prod", source="germanywestcentral", target="germanynorth", posture=Verdict.PASS, posture_text="ready", seen="2026-11-22T09:51:00Z"),
            ProfileRow(name="churn-dev", source="eastus", posture=None),
        ),
        open_runs=(
            OpenRun(path="/runs/a/journal", title="Region switchover", profile="fraud-prod", mode="live", settled=9, total=21, last="2026-11-22T09:36:00Z"),
            OpenRun(path="/runs/b/journal", title="Recover a deleted vault", profile="churn-dev", mode="drill", settled=3, total=8, in_doubt=1, last="2026-11-20T09:36:00Z"),
        ),
        journals=(
            JournalRow(path="/runs/c/journal", title="Assess the pair", profile="fraud-prod", mode="drill", outcome="completed", closed="2026-11-20T10:00:00Z", duration_seconds=2280),
            JournalRow(path="/runs/d/journal", title="Region switchover", profile="fraud-prod", mode="drill", outcome="completed with failures", good=False, closed="2026-11-18T10:00:00Z", duration_seconds=3000),
        ),
        runbooks=(RunbookRow(id="assessment", title="Assess the pair", steps=9),),
        scenarios=(
            ScenarioRow(id="healthy-pair", title="Two regions, everything in order"),
            ScenarioRow(id="lonely-workspace", title="One region, LRS, nothing protected"),
        ),
    )  # fmt: skip


def empty_home() -> HomeData:
    return HomeData(
        operator="operator@team", taken=NOW, scenarios=home().scenarios, runbooks=home().runbooks
    )


def challenge(expires: str = "2026-11-22T10:32:42.000Z") -> Challenge:
    return Challenge(
        run="r1", journal="a" * 32, plan_digest="2" * 64, step="fail-over",
        title="Fail over the account stfraudprod1", summary="Fail over stfraudprod1 from eastus to westus, unplanned.",
        resources=(f"{STORAGE}/stfraudprod1",), loss="every write after 10:21:08 UTC (4 min 12 s); known: 3 blobs",
        risk="data-loss", asked_by="operator@team", asked_key="SHA256:abc", needed=2,
        asked_at="2026-11-22T10:17:42.000Z", expires=expires, nonce="0" * 32, drill=True,
    )  # fmt: skip


def asked(**more: str) -> tuple[e.Event, ...]:
    """Two persons are wanted, and one of them has answered."""
    wanted = failover_proposal(confirmation=Confirmation.TWO_PERSONS, preview_sha256="3" * 64)
    text = challenge(**more).text()
    return (
        wanted,
        e.ApprovalAsked(step="fail-over", challenge=text, needed=2, expires=challenge(**more).expires, preview_sha256="3" * 64, operator="operator@team", asked_by="operator@team"),
        e.ApprovalGranted(step="fail-over", challenge=text, principal="second@team", sig="", public_key="", comment="checked the lag myself"),
        e.ApprovalRefused(step="fail-over", reason="The answer is signed by a key of who asks.", principal="operator@team"),
    )  # fmt: skip


def peopled_run(*more: e.Event) -> ScriptedRun:
    """A switch in the middle: declared, a second person asked, another safety rule in the way."""
    before = (
        opened(), *walked()[1:],
        e.ClockDeclared(severity="sev 1", target_seconds=3600, text="eastus is dark"),
        e.CallMade(method="GET", path=f"{STORAGE}/stfraudprod1?api-version=2024-01-01", status=0, milliseconds=10000, client_request_id="7c1e", step="redundancy"),
        e.CallMade(method="POST", path=f"{STORAGE}/stfraudprod1/failover", status=409, milliseconds=312, step="fail-over"),
        *asked(),
    )  # fmt: skip
    return ScriptedRun(plan(), script=script(), before=(*before, *more))


def violation() -> e.SafetyViolated:
    return e.SafetyViolated(
        rule="one-writable-copy", step="fail-over", preview_sha256="3" * 64,
        text="stfraudprod1 would be writable in eastus and westus at once.",
    )  # fmt: skip


def child_run() -> ScriptedRun:
    """A child plan under way, two of its instances side by side, one of them late; a step past its budget."""
    parent = PlannedStep(
        id="data", base="data", phase="mend", kind=StepKind.RUNBOOK, title="Move the data", do="move-data",
        why="Writes to the data accounts fail while their region is down.",
    )  # fmt: skip
    inner = tuple(
        PlannedStep(
            id=f"data/move:{name}", base="data/move", phase="mend", kind=StepKind.ACTION, title=f"Fail over {name}",
            do="switchover.storage-failover", resource=f"{STORAGE}/{name}", risk=Risk.DATA_LOSS, budget_seconds=4500,
            parent="data", parallel=2, variant="ungraceful", variants=("graceful", "ungraceful"), why="So that they can be written again.",
        )
        for name in ("stfraudprod1", "stfraudprod2")
    )  # fmt: skip
    deeper = check(
        "data/prove", "Both can be written", phase="mend", parent="data/move:stfraudprod2"
    )
    child = ChildPlan(
        step="data",
        runbook="move-data",
        runbook_version="1",
        runbook_digest="0" * 64,
        title="Move the data",
    )
    book = msgspec.structs.replace(plan((parent, *inner, deeper)), children=(child,))
    flying = [
        each for step in inner for each in (failover_of(step.id), *confirmed(step.id, step.do))
    ]
    before = (
        opened(), *walked()[1:], e.StepReady(step="data"), e.StepStarted(step="data"), e.ChildOpened(step="data", runbook="move-data", plan_digest="4" * 64), *flying,
        e.StepTimedOut(step=inner[0].id, text="It is under way for 4501 s; its budget is 4500 s. Late is not failed.", budget_seconds=4500),
    )  # fmt: skip
    return ScriptedRun(book, before=before)


def failover_of(step: str) -> e.ActionProposed:
    return msgspec.structs.replace(failover_proposal(), step=step)
