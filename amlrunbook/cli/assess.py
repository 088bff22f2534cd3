"""``amlrunbook assess``: would this workspace pair survive the loss of its region?

Headless. From a file it needs no network and loads nothing of Azure's.
"""

from __future__ import annotations

import codecs
import sys
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

import click
import msgspec

from amlrunbook import __version__
from amlrunbook.assessment import SERVICES, drift_since, posture, posture_table
from amlrunbook.assessment import assess as judged
from amlrunbook.cli import talk
from amlrunbook.cli.options import REPORT_FORM
from amlrunbook.errors import DocumentError, ExitCode, UsageError, worst_exit
from amlrunbook.facts import fact_base
from amlrunbook.model.finding import Finding, Verdict, exit_code
from amlrunbook.model.moments import age_words
from amlrunbook.model.posture import Drift
from amlrunbook.model.profile import Profile, duration_seconds
from amlrunbook.model.snapshot import SNAPSHOT_FORMAT, Inventory, Snapshot, snapshot_of
from amlrunbook.report.findings import (
    FindingsReport,
    Unread,
    as_html,
    as_json,
    as_markdown,
    as_text,
)
from amlrunbook.store.profiles import load_profile
from amlrunbook.store.snapshots import list_snapshots, read_snapshot

MAX_FILE_BYTES = 256 * 1024 * 1024
"""How large a file of documents may be: a fleet's snapshot is far below it."""
MOST_LOOKED_BACK = 10
"""How many kept snapshots are judged again, at most, to find the last green one."""
_STDIN = "-"
_SIGNS = "✓✗…·\N{EN DASH}"
"""What a stream must be able to write to get more than ASCII."""
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Looking(Protocol):
    """What reads the documents from Azure."""

    def __call__(
        self, *, profile: str | None, resource_id: str | None
    ) -> tuple[Snapshot, Profile | None]:
        """Return a snapshot, and the profile where one was named."""


@click.command()
@click.option(
    "--from",
    "source",
    metavar="FILE",
    help="A JSON array of ARM documents, a folder of such files, or a snapshot; - reads stdin.",
)
@click.option(
    "-w",
    "--workspace",
    "profile",
    metavar="PROFILE",
    help="A profile; reads Azure unless --from is given.",
)
@click.option("--resource-id", metavar="ID", help="A workspace's ARM id; reads Azure.")
@REPORT_FORM
@click.option(
    "--fail-on",
    type=click.Choice(["fail", "warn"]),
    default="fail",
    show_default=True,
    help="The mildest verdict that makes the exit code 1.",
)
@click.option(
    "--service",
    "services",
    multiple=True,
    type=click.Choice(SERVICES),
    help="Only the checks of this service; may be given again.",
)
@click.option(
    "--drift/--no-drift",
    default=True,
    help="Say what turned since the profile's last kept snapshot on which nothing failed.",
)
@click.pass_context
def assess(  # noqa: PLR0917 - click gives them by name
    ctx: click.Context,
    source: str | None,
    profile: str | None,
    resource_id: str | None,
    form: str,
    fail_on: str,
    services: tuple[str, ...],
    drift: bool,
) -> None:
    """Say what would be lost if the region went away now.

    Give one of --from, -w and --resource-id. With --from nothing is read but the file: what is absent there is absent,
    and a document that could not be read carries "unread": "reason" in place of its properties. With --from and -w the
    file's documents are judged as that profile's pair; without a profile, at most two workspaces are taken for a pair,
    the first for its primary.

    \b
    Exit codes: 0 nothing fails; 1 something fails (with --fail-on warn: or warns);
    2 the call or the file is wrong; 3 Azure is not reachable;
    6 something could not be read, and nothing that could be fails.

    The JSON form is an object: schema, program, profile, taken_at, facts {version, checked, note}, posture, counts by
    verdict, findings [{check, resource, verdict, title, observed, expected, why, source, remedy, command,
    remedy_operation, certainty, component, severity}], unread [{resource, reason}], earlier, targets, posture_table
    [{component, strategy, lost, slow, impossible, warned, unknown}], drift {since, turned [{check, resource, before,
    after}]} or null. docs/assessment.schema.json is its JSON schema.
    """  # noqa: D301 - click reads the backspace
    snapshot, protected = _documents(source, profile, resource_id)
    inventory = snapshot.inventory
    findings = judged(inventory, protected, services=services or None, taken_at=snapshot.taken_at)
    since = _drift(snapshot, protected, findings) if drift and not services else None
    click.echo(written(_report(snapshot, inventory, protected, findings, since), form), nl=False)
    incomplete = ExitCode.INCOMPLETE if inventory.unread else ExitCode.FINE
    ctx.exit(worst_exit(exit_code(findings, fail_on=Verdict(fail_on)), incomplete))


def _documents(
    source: str | None, profile: str | None, resource_id: str | None
) -> tuple[Snapshot, Profile | None]:
    """Return the documents to judge, and the profile where one was named."""
    if source is not None and resource_id is None:
        return read_documents(source), load_profile(profile) if profile is not None else None
    if source is not None or (profile is None) == (resource_id is None):
        raise UsageError(
            "Give one of --from FILE, -w PROFILE and --resource-id ID (or --from with -w).",
            next_step="Try 'amlrunbook assess --help'.",
        )
    looking = cast("Looking", import_module("amlrunbook.cli.looking").inventory_from_azure)
    return looking(profile=profile, resource_id=resource_id)


def _report(
    snapshot: Snapshot,
    inventory: Inventory,
    profile: Profile | None,
    findings: tuple[Finding, ...],
    drift: Drift | None,
) -> FindingsReport:
    facts = fact_base()
    return FindingsReport(
        program=f"amlrunbook {__version__}",
        facts=facts.version,
        facts_checked=facts.checked.isoformat(),
        facts_note=facts.age_words(datetime.now(UTC).date()),
        profile=profile.name if profile else snapshot.profile,
        taken_at=snapshot.taken_at,
        posture=posture(findings),
        findings=findings,
        unread=tuple(
            Unread(resource=document.label, reason=document.unread or "")
            for document in inventory.unread
        ),
        earlier=snapshot.stand_in_words,
        targets=_targets(profile),
        table=posture_table(findings, profile),
        drift=drift,
    )


def _targets(profile: Profile | None) -> str:
    """Return what the team promised, in words."""
    if profile is None:
        return ""
    rto, rpo = (duration_seconds(each) for each in (profile.targets.rto, profile.targets.rpo))
    return (
        f"Promised: back within {age_words(rto)}, with no more than {age_words(rpo)} of data lost."
    )


def _drift(
    snapshot: Snapshot, profile: Profile | None, findings: tuple[Finding, ...]
) -> Drift | None:
    """Return what turned since the newest of the profile's kept snapshots that was green."""
    if profile is None:
        return None
    for stored in reversed(list_snapshots(profile.name)[-MOST_LOOKED_BACK:]):
        try:
            older = read_snapshot(stored.path)
        except DocumentError as error:
            talk.say(f"A kept snapshot does not help: {error.what}")
            continue
        if older.taken_at >= snapshot.taken_at > "":
            continue
        since = drift_since(older, findings, profile)
        if since is not None:
            return since
    return None


def written(report: FindingsReport, form: str) -> str:
    """Return a report in the form that was asked for; signs only where stdout can write them."""
    match form:
        case "json":
            return as_json(report)
        case "markdown":
            return as_markdown(report)
        case "html":
            return as_html(report)
        case _:
            return as_text(report, ascii_only=not _shows_signs())


def _shows_signs() -> bool:
    """Return whether stdout can write the signs of a verdict."""
    try:
        _SIGNS.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


# -- the file -------------------------------------------------------------------------------


def read_documents(source: str) -> Snapshot:
    """Return the snapshot in a file, or one made of an array of ARM documents, or of a folder of such files.

    Raises:
        UsageError: it cannot be read.
        DocumentError: it is too large, no JSON, or holds something else.
    """
    where = "stdin" if source == _STDIN else source
    if source != _STDIN and _is_folder(source):
        return _folder(Path(source))
    value = _decoded(_bytes_of(source, where), where)
    if isinstance(value, dict) and "documents" in value:
        return _snapshot(value, where)
    found = _array(value, where)
    if found is not None:
        return snapshot_of(found)
    raise DocumentError(
        f"{where} holds {_kind(value)} where a JSON array of ARM documents or a snapshot belongs.",
        next_step="Put the documents into an array: [{…}, {…}].",
    )


def _is_folder(source: str) -> bool:
    try:
        return Path(source).is_dir()
    except ValueError:
        return False


def _array(value: Any, where: str) -> list[dict[str, Any]] | None:
    """Return the documents of an array, or of a page of a list as ``az rest`` prints it; ``None`` for anything else."""
    if isinstance(value, dict) and isinstance(value.get("value"), list):
        value = value["value"]
    if not isinstance(value, list):
        return None
    _require_objects(value, where)
    return value


def _folder(folder: Path) -> Snapshot:
    """Return the documents of all JSON files of a folder, each an array, a page of a list or one document.

    Raises:
        UsageError: it holds no JSON file, or one that cannot be read.
        DocumentError: a file is no JSON, or holds something else.
    """
    documents: list[dict[str, Any]] = []
    files = sorted(folder.glob("*.json"))
    for file in files:
        value = _decoded(_bytes_of(str(file), str(file)), str(file))
        found = _array(value, str(file))
        if found is None and not isinstance(value, dict):
            raise DocumentError(
                f"{file} holds {_kind(value)}, no ARM document.",
                next_step="Every file must hold a document, or an array of them.",
            )
        documents += [value] if found is None else found
    if not files:
        raise UsageError(
            f"{folder} cannot be read: it holds no file that ends in .json.",
            next_step="Put the documents there, as `az resource show` prints them.",
        )
    return snapshot_of(documents)


def _bytes_of(source: str, where: str) -> bytes:
    try:
        if source == _STDIN:
            data = bytes(sys.stdin.buffer.read(MAX_FILE_BYTES + 1))
        else:
            with Path(source).open("rb") as file:
                data = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"{where} cannot be read: {reason}.", next_step="Name a file that you may read."
        ) from error
    if len(data) > MAX_FILE_BYTES:
        raise DocumentError(
            f"{where} is larger than {MAX_FILE_BYTES // 1024**2} MiB.",
            next_step="Assess the documents of one workspace pair at a time.",
        )
    return data


def _decoded(data: bytes, where: str) -> Any:
    """Return the JSON value; a byte order mark, as PowerShell writes one, is understood."""
    try:
        for mark, encoding in _BOMS:
            if data.startswith(mark):
                return msgspec.json.decode(data.decode(encoding))
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise DocumentError(
            f"{where} is not JSON: {error}.",
            next_step="Give a JSON array of ARM documents, or a snapshot.",
        ) from error


def _require_objects(values: list[Any], where: str) -> None:
    for index, value in enumerate(values):
        if not isinstance(value, dict):
            raise DocumentError(
                f"Element {index} of {where} is {_kind(value)}, not an ARM document.",
                next_step="Every element must be an object with id, type and properties.",
            )


def _snapshot(value: dict[str, Any], where: str) -> Snapshot:
    try:
        snapshot = msgspec.convert(value, Snapshot)
    except msgspec.ValidationError as error:
        raise DocumentError(
            f"{where} is no snapshot: {error}.", next_step="Take it again with 'snapshot take'."
        ) from error
    if snapshot.format != SNAPSHOT_FORMAT:
        raise DocumentError(
            f"{where} is a snapshot of format {snapshot.format}; this program reads {SNAPSHOT_FORMAT}.",
            next_step="Use the release of amlrunbook that wrote it, or take it again.",
        )
    return snapshot


def _kind(value: Any) -> str:
    """Return what a JSON value is, in an operator's words."""
    names: dict[type, str] = {
        dict: "an object",
        list: "an array",
        str: "a string",
        bool: "a boolean",
    }
    if value is None:
        return "null"
    return names.get(type(value), "a number")
