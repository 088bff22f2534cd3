"""``amlrunbook doctor``: can this person, on this machine, run every step?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import click

from amlrunbook.cli.options import REPORT_FORM
from amlrunbook.errors import AmlRunbookError, DocumentError, ExitCode
from amlrunbook.model.finding import Finding, Verdict, exit_code
from amlrunbook.model.moments import age_words, seconds_between

if TYPE_CHECKING:
    from amlrunbook.azure.gateway import AzureGateway
    from amlrunbook.model.profile import Profile
    from amlrunbook.model.snapshot import Inventory

SNAPSHOT_OLD_SECONDS = 7 * 86_400
_WEEK = (
    "https://learn.microsoft.com/azure/machine-learning/how-to-high-availability-machine-learning"
)


@click.command()
@click.option(
    "-w",
    "--workspace",
    "name",
    metavar="PROFILE",
    help="Whose subscription, roles and clock are asked; without it, this machine alone.",
)
@REPORT_FORM
@click.option("--fail-on", type=click.Choice(["fail", "warn"]), default="fail", show_default=True)
def doctor(name: str | None, form: str, fail_on: str) -> int:
    """Say whether you, on this machine, can run every step, and what is missing.

    Sign-in and tenant; your rights at each scope for each operation, and who could where you cannot; roles that wait to
    be activated or end soon; az and its ml extension; clock, disk, proxy; keys and trust; the age of facts, snapshot
    and export. Only reads. Exits 1 where something is missing, 3 where nobody is signed in, 6 where something could
    not be read.
    """
    from amlrunbook.cli.looking import gateway_for
    from amlrunbook.model.mode import Mode
    from amlrunbook.store.profiles import load_profile

    if name is None:
        return told(tuple(here()), form, fail_on)
    profile = load_profile(name)
    gateway = gateway_for(profile, Mode.READ_ONLY)
    findings = (*here(profile), *of_profile(profile), *there(profile, gateway))
    return told(findings, form, fail_on, profile=profile.name)


def told(findings: tuple[Finding, ...], form: str, fail_on: str, *, profile: str = "") -> ExitCode:
    """Print the findings and return the exit code that they ask for."""
    from amlrunbook import __version__
    from amlrunbook.cli.assess import written
    from amlrunbook.facts import fact_base
    from amlrunbook.report.findings import FindingsReport

    base = fact_base()
    missing = sum(finding.verdict is Verdict.FAIL for finding in findings)
    unknown = sum(finding.verdict is Verdict.UNKNOWN for finding in findings)
    warns = sum(finding.verdict is Verdict.WARN for finding in findings)
    report = FindingsReport(
        program=f"amlrunbook {__version__}",
        facts=base.version,
        facts_checked=base.checked.isoformat(),
        posture=_posture(missing, unknown, warns, profile=profile),
        findings=findings,
        profile=profile,
    )
    click.echo(written(report, form), nl=False)
    signed_out = any(
        finding.check == "doctor.sign-in" and finding.verdict is not Verdict.PASS
        for finding in findings
    )
    return ExitCode.UNREACHABLE if signed_out else exit_code(findings, fail_on=Verdict(fail_on))


def _posture(missing: int, unknown: int, warns: int, *, profile: str) -> str:
    """Return what the findings come to: that every step can be run only where Azure was asked and nothing warns."""
    if missing or unknown:
        return f"{missing} missing, {unknown} not known."
    caution = f"; {warns} to look at" if warns else ""
    if not profile:
        return f"Nothing is missing on this machine{caution}. Azure was not asked: name a profile with -w."
    if warns:
        return f"Nothing is missing{caution} before every step can be run from here."
    return "Every step can be run from here."


def here(profile: Profile | None = None) -> Iterator[Finding]:
    """Yield what can be said without asking Azure: this machine, the keys, the facts."""
    from amlrunbook.operations.doctor.machine import machine
    from amlrunbook.store.paths import state_folder

    yield from machine(state_folder(), dict(os.environ), profile)
    yield from keys()
    yield facts(datetime.now(UTC).date())


def keys() -> Iterator[Finding]:
    """Yield whether a key is chosen and counts, and whom the person trusts."""
    from amlrunbook.cli import signing
    from amlrunbook.journal import keys as journal_keys
    from amlrunbook.store.paths import config_folder

    try:
        chosen = journal_keys.chosen_key(config_folder())
    except AmlRunbookError as error:
        yield _key(Verdict.WARN, error.what, "Make one: amlrunbook key new.")
    else:
        yield _own_key(chosen.public_key, f"{chosen.principal}, {chosen.fingerprint}")
    try:
        trust = signing.pinned_trust()
    except AmlRunbookError as error:
        yield _trust(Verdict.FAIL, error.what)
        return
    count = len(trust.signers) if trust is not None else 0
    if not count:
        yield _trust(Verdict.WARN, "nobody is pinned: no approval and no journal of others counts")
    else:
        yield _trust(Verdict.PASS, f"{count} pinned")


def _own_key(public_key: bytes, observed: str) -> Finding:
    try:
        refusal = _refusal(public_key)
    except AmlRunbookError as error:
        return _key(Verdict.UNKNOWN, f"{observed}: {error.what}", error.next_step)
    if refusal:
        return _key(Verdict.FAIL, f"{observed}: {refusal}", "Choose another: amlrunbook key use.")
    return _key(Verdict.PASS, observed, "")


def _refusal(public_key: bytes) -> str:
    from amlrunbook.cli import signing
    from amlrunbook.journal import sshsig
    from amlrunbook.journal.trust import load_revocations

    print_ = sshsig.fingerprint(public_key)
    revoked = {one.fingerprint for one in load_revocations(signing.revoked_path())}
    return "it is revoked" if print_ in revoked else ""


def facts(today: date) -> Finding:
    """Return how old the fact base is."""
    from amlrunbook.facts import OLD_AFTER_DAYS, fact_base

    base = fact_base()
    age = base.age_days(today)
    old = age > OLD_AFTER_DAYS
    return Finding(
        check="doctor.facts",
        resource="fact base",
        verdict=Verdict.WARN if old else Verdict.PASS,
        title="Age of the facts",
        observed=f"version {base.version}, checked {age} days ago",
        expected=f"checked within {OLD_AFTER_DAYS} days",
        why="Region pairs, retention times and retiring machines change; a finding is as good as the fact it cites.",
        source=_WEEK,
        remedy="Use a newer release of amlrunbook." if old else "",
    )


def of_profile(profile: Profile) -> Iterator[Finding]:
    """Yield what is kept of a profile on this machine: the last snapshot and the last export."""
    from amlrunbook.cli.export import ledger_of
    from amlrunbook.store.exports import read_ledger
    from amlrunbook.store.snapshots import latest_snapshot

    last = latest_snapshot(profile.name)
    seconds = seconds_between(last.stamp.partition("-")[0], datetime.now(UTC)) if last else None
    fresh = seconds is not None and seconds <= SNAPSHOT_OLD_SECONDS
    yield Finding(
        check="doctor.snapshot",
        resource=profile.name,
        verdict=Verdict.PASS if fresh else Verdict.WARN,
        title="A snapshot for the hour in which Azure cannot be asked",
        observed=f"the last is {age_words(seconds)} old" if last else "none was ever taken",
        expected="one of the last seven days",
        why="Where the primary is dark, what exists is known from the last snapshot, or not at all.",
        source=_WEEK,
        remedy="" if fresh else "Take one, or have cron take one each night.",
        command="" if fresh else f"amlrunbook snapshot take -w {profile.name}",
    )
    to = profile.export.folder or profile.export.container
    try:
        kept = read_ledger(ledger_of(profile, to), profile.name) if to else {}
        saved = max((one.at for one in kept.values()), default="")
        observed = f"last saved {saved}" if saved else "nothing was ever saved"
    except DocumentError as error:
        saved, observed = "", error.what
    yield Finding(
        check="doctor.export",
        resource=profile.name,
        verdict=Verdict.PASS if saved else Verdict.WARN,
        title="What no service copies is saved elsewhere",
        observed=observed if to else "the profile names no place to export to",
        expected="an export, and a schedule for it",
        why="Notebooks, logs and models in the default account are out of reach with its region.",
        source=_WEEK,
        remedy="" if saved else "Export it now, and on a schedule: docs/export.md.",
        command="" if saved else f"amlrunbook export -w {profile.name} --to PLACE",
    )


def there(profile: Profile, gateway: AzureGateway) -> Iterator[Finding]:
    """Yield what Azure says: sign-in, clock, and the caller's rights."""
    from amlrunbook.operations.doctor.machine import clock
    from amlrunbook.operations.doctor.rights import Rights
    from amlrunbook.operations.doctor.sign_in import sign_in

    signed_in = sign_in(gateway, profile)
    yield signed_in
    if signed_in.verdict is Verdict.PASS:
        yield clock(gateway.now())
        yield from Rights(gateway, profile, _inventory(profile, gateway)).findings()


def _inventory(profile: Profile, gateway: AzureGateway) -> Inventory:
    """Return the workspaces' own documents and their components', from the last snapshot where they are dark."""
    from amlrunbook.azure.unread import placeholder
    from amlrunbook.model.snapshot import Inventory
    from amlrunbook.operations.doctor.rights import component_of
    from amlrunbook.store.snapshots import latest_snapshot, read_snapshot

    last = latest_snapshot(profile.name)
    try:
        known = read_snapshot(last.path).inventory.last_known() if last is not None else None
    except DocumentError:
        known = None

    def read(resource: str) -> dict[str, Any]:
        try:
            return gateway.get(resource)
        except AmlRunbookError as error:
            held = known.by_id(resource) if known is not None else None
            if held is not None and held.unread is None:
                return dict(held.raw)
            return placeholder(resource, "", error)

    sides = [profile.primary, *([profile.secondary] if profile.secondary else [])]
    documents = [read(side.workspace) for side in sides]
    workspaces = Inventory(tuple(documents))
    components = (component_of(side.workspace, workspaces)[0] for side in sides)
    documents += [read(component) for component in dict.fromkeys(components) if component]
    return Inventory(tuple(documents))


def _key(verdict: Verdict, observed: str, remedy: str) -> Finding:
    return Finding(
        check="doctor.key",
        resource="keys",
        verdict=verdict,
        title="Your key",
        observed=observed,
        expected="a key of your own that is not revoked",
        why="A live run signs its journal with it; without one there is nobody whose acts they are.",
        source="https://man.openbsd.org/ssh-keygen.1",
        remedy=remedy,
    )


def _trust(verdict: Verdict, observed: str) -> Finding:
    return Finding(
        check="doctor.trust",
        resource="keys",
        verdict=verdict,
        title="Whom you trust",
        observed=observed,
        expected="the approvers of your profiles, pinned",
        why="An approval counts only from a key that is pinned here before it is asked for.",
        source="https://man.openbsd.org/ssh-keygen.1",
        remedy="" if verdict is Verdict.PASS else "Pin your colleagues: amlrunbook trust add.",
    )
