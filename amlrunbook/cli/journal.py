"""``amlrunbook journal``: whether a journal holds, whose it is, and what it says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from amlrunbook.cli.options import FORM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amlrunbook.journal import Entry, Report

_BODY_WIDTH = 100


@click.group()
def journal() -> None:
    """List, show and verify the signed journals of runs."""


@journal.command("list")
def list_journals() -> int:
    """List the runs on this machine, oldest first: id, start, runbook, verdict, folder.

    The signatures at the ends of sessions are checked, and live runs' signers in your pinned list.
    """
    from amlrunbook.cli import signing
    from amlrunbook.errors import ExitCode
    from amlrunbook.journal import verify
    from amlrunbook.model.display import shown
    from amlrunbook.store.runs import list_run_folders

    trust = signing.pinned_trust()
    for run in list_run_folders():
        verdict = verify(run.path, trust=trust, fast=True).label
        click.echo(
            f"{run.short_id}  {run.stamp}  {run.runbook:<20}  {verdict:<24}  {shown(str(run.path))}"
        )
    return ExitCode.FINE


@journal.command("verify")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--trust",
    "trust_file",
    type=click.Path(path_type=Path),
    help="Another pinned list than yours (amlrunbook trust). A drill needs none.",
)
@click.option("--fast", is_flag=True, help="Check the signatures at the ends of sessions only.")
@FORM
def verify_journal(path: Path, trust_file: Path | None, fast: bool, form: str) -> int:
    """Verify the journal at PATH, or the one in that run's folder.

    Exit codes: 0 valid and closed; 10 valid, its end not proven; 11 a crash tore its last line;
    20 nothing pinned proves whose it is; 21 signed by a throw-away key; 30 broken; 40 an anchor
    says otherwise; 50 unreadable; 2 usage. A drill's verdict begins with DRILL.
    """
    from amlrunbook.cli import signing, talk
    from amlrunbook.journal import Verdict, verify

    report = verify(path, trust=signing.pinned_trust(trust_file), fast=fast)
    if form == "json":
        click.echo(report.to_json())
    elif report.verdict is Verdict.UNREADABLE:
        click.echo(report.label)
    else:
        click.echo("\n".join(_report_lines(report)))
    if report.verdict is Verdict.UNREADABLE:
        talk.say(report.sentence())
    return report.exit_code


@journal.command("show")
@click.argument("path", type=click.Path(path_type=Path))
def show_journal(path: Path) -> int:
    """Show the entries of the journal at PATH, a line each; it is not verified by that."""
    from amlrunbook.errors import ExitCode
    from amlrunbook.journal import read_entries

    for entry in read_entries(path):
        click.echo(_entry_line(entry))
    return ExitCode.FINE


@journal.command("bundle")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The file to write; new.")
def bundle(path: Path, output: Path | None) -> int:
    """Write the run in the folder PATH to one file, to be carried to another host.

    Prints the file's name and its SHA-256, to be told to the receiver on another channel.
    """
    from amlrunbook.cli import signing, talk
    from amlrunbook.errors import ExitCode
    from amlrunbook.journal import verify
    from amlrunbook.journal.bundle import write_bundle

    folder = path if path.is_dir() else path.parent
    target = output or Path(f"{folder.resolve().name}.tar.gz")
    manifest, left_out = write_bundle(folder, target)
    report = verify(folder, trust=signing.pinned_trust())
    talk.say(f"{len(manifest.files)} files. {report.label}: {report.sentence()}")
    for name in left_out:
        talk.say(f"Left out: {name}")
    click.echo(f"{_sha256(target)}  {target}")
    return ExitCode.FINE


@journal.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--trust",
    "trust_file",
    type=click.Path(path_type=Path),
    help="Another pinned list than yours (amlrunbook trust).",
)
@click.option("--anyway", is_flag=True, help="Keep what does not verify, apart and read-only.")
def import_bundle(path: Path, trust_file: Path | None, anyway: bool) -> int:
    """Take the run in the bundle PATH in, if its journal verifies and its signers are pinned.

    Prints the folder. With --anyway, what does not verify is kept to be looked at, where no run
    can be resumed; the exit code is 4 then as well.
    """
    import secrets

    from amlrunbook.cli import signing, talk
    from amlrunbook.errors import ExitCode, RefusedError
    from amlrunbook.journal.acceptance import objection, verify_run
    from amlrunbook.journal.unbundle import accept, keep_apart, unpack_bundle
    from amlrunbook.store.files import private_folder
    from amlrunbook.store.paths import runs_folder, state_folder

    trust = signing.pinned_trust(trust_file)
    staging = private_folder(state_folder()) / f"import-{secrets.token_hex(8)}"
    manifest = unpack_bundle(path, staging)
    try:
        reports = verify_run(staging, trust=trust)
        why = objection(reports)
        for report in reports:
            talk.say(f"{Path(report.path).name}: {report.label}. {report.sentence()}")
        if not why:
            place = runs_folder() / manifest.run
            accept(staging, place)
        elif anyway:
            place = state_folder() / "apart" / f"{manifest.run}-{secrets.token_hex(3)}"
            keep_apart(staging, place)
        else:
            raise RefusedError(
                f"The run was not taken in: {why}",
                state="Nothing was kept.",
                next_step="Pin its signers if you know them (amlrunbook trust add), or keep it "
                "apart to look at it: --anyway",
            )
    finally:
        _remove(staging)
    click.echo(str(place))
    return ExitCode.REFUSED if why else ExitCode.FINE


def _remove(staging: Path) -> None:
    import shutil

    shutil.rmtree(staging, ignore_errors=True)


def _sha256(path: Path) -> str:
    from hashlib import file_digest

    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _entry_line(entry: Entry) -> str:
    """Return number, time, kind and the beginning of the body."""
    import json

    from amlrunbook.journal.entry import SESSION_OPEN
    from amlrunbook.model.display import shown

    body = entry.body
    certificate = body.get("cert")
    if entry.kind == SESSION_OPEN and isinstance(certificate, dict):
        body = {"principal": certificate.get("principal")}
    text = json.dumps(body, ensure_ascii=False, sort_keys=True) if body else ""
    if len(text) > _BODY_WIDTH:
        text = text[: _BODY_WIDTH - 1] + "…"
    return f"{entry.n:>6}  {entry.t}  {shown(entry.kind):<20}  {shown(text)}".rstrip()


def _report_lines(report: Report) -> Iterator[str]:
    from amlrunbook.model.display import shown

    yield report.label
    yield shown(report.sentence())
    yield ""
    yield f"journal    {report.journal_id or '-'}"
    yield f"entries    {report.entries}"
    yield f"trusted    [0,{report.trusted})" + (
        f" by {shown(report.trust_source)}" if report.trust_source else ""
    )
    yield "anchored   [0,0): no anchor was given"
    if report.first_bad is not None:
        bad = report.first_bad
        yield f"first bad  entry {bad.n} at byte {bad.offset}: {bad.reason.value}"
        yield f"           expected {shown(bad.expected) or '-'}, found {shown(bad.found) or '-'}"
    if report.torn_bytes:
        yield f"torn       {report.torn_bytes} bytes"
    for island in report.islands:
        yield (
            f"island     [{island.first},{island.last + 1}) signed by {shown(island.principal)}, "
            "place unproven"
        )
    yield from _session_lines(report)
    yield from _approval_lines(report)
    count = report.evidence
    yield (
        f"evidence   {count.present} present, {count.withheld} withheld, "
        f"{count.mismatching} mismatching"
    )
    for warning in report.warnings:
        yield f"warning    {shown(warning)}"
    yield f"root       {report.root}"
    yield f"signatures {'those at the ends of sessions' if report.fast else 'all'} checked"


def _session_lines(report: Report) -> Iterator[str]:
    from amlrunbook.model.display import shown

    for one in report.sessions:
        standing = "" if one.proven else f"; not proven: {shown(one.unproven_because)}"
        witness = (
            f"; countersigned by {shown(one.countersigned_by)}" if one.countersigned_by else ""
        )
        yield (
            f"session    [{one.first},{one.last + 1}) {shown(one.principal)} {one.fingerprint}"
            f"{witness}{standing}"
        )
        if one.accepts_verdict:
            said = f"{one.accepts_verdict}. {one.accepts_remarks}".rstrip()
            yield f"           took over and found: {shown(said)}"


def _approval_lines(report: Report) -> Iterator[str]:
    from amlrunbook.model.display import shown

    for one in report.approvals:
        standing = "" if one.proven else f"; not proven: {shown(one.unproven_because)}"
        yield f"approval   entry {one.n}: {shown(one.step)} by {shown(one.principal)}{standing}"
