"""Repointing one workspace config file, which a team's code reads to find its workspace.

No Azure is touched: the file is rewritten whole or not at all, and what it was lies beside it. A symbolic link stays; the
file behind it is rewritten.
Source: https://learn.microsoft.com/azure/machine-learning/how-to-high-availability-machine-learning (no hard-coded workspace,
but a config file)
"""

from __future__ import annotations

import hashlib
import shlex
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.errors import AmlRunbookError, DocumentError, RefusedError, UsageError
from amlrunbook.model.cloud import Cloud
from amlrunbook.model.display import shown
from amlrunbook.model.mode import Mode
from amlrunbook.model.operation import (
    FILE_METHOD,
    ActionResult,
    Confirmation,
    Intent,
    Observation,
    OperationContext,
    Outcome,
    Preview,
    Reporter,
    Request,
    Risk,
)
from amlrunbook.model.redaction import masked_text
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.operations.changing import not_sent, refuse_read_only, seen, unseen
from amlrunbook.operations.switchover.by_hand import config_by_hand
from amlrunbook.operations.switchover.config_json import Named, named_by, renamed
from amlrunbook.operations.switchover.pairing import pair_of
from amlrunbook.store.files import read_whole, write_whole

LARGEST_CONFIG = 1 << 20
"""Bytes; a larger file is no workspace config file."""
_LONGEST_SHOWN = 4096
"""Characters; the command that writes a longer file is not shown."""
_WHAT = "The config file"


@dataclass(frozen=True, slots=True)
class _File:
    """A config file as it was read."""

    path: Path
    """The file itself, behind any link."""
    content: bytes
    mode: int
    named: Named
    wanted: bytes
    """The content that names the workspace it shall name."""
    backup: Path
    """Where what it is now is kept; its name follows from content and time, so it never changes."""


class ConfigFile:
    """Lets one config file name the secondary workspace (or the primary, with the param ``to``)."""

    id = "switchover.config-file"
    title = "Repoint a workspace config file"
    risk = Risk.REVERSIBLE
    confirmation = Confirmation.ENTER

    def __init__(self, gateway: AzureGateway) -> None:
        self._gateway = gateway

    def preview(self, context: OperationContext) -> Preview:
        """Read the file and say what would be written.

        Raises:
            UsageError: the step names no absolute path, or the file is no workspace config file.
            RefusedError: the file names a third workspace, or lies outside a drill's folder.
        """
        target = _target(context)
        file = self._file(context, target)
        named = Named(target.subscription, target.resource_group, target.name)
        linked = Path(context.resource) != file.path
        behind = (
            f" It is a link: the file behind it, {shown(str(file.path))}, is written."
            if linked
            else ""
        )
        already = file.wanted == file.content
        return Preview(
            summary=f"Let {shown(str(file.path))} name the workspace {shown(named.workspace)}.{behind}",
            requests=(_request(file, named),),
            resources=(context.resource,),
            before=f"It names {shown(str(file.named))}.",
            after=f"It names {shown(str(named))}; every other byte stays.",
            loses="",
            undo=_copy(file.backup, file.path),
            cost="None.",
            takes="Less than a second; programs that run read it when they start again.",
            commands=tuple(filter(None, (_copy(file.path, file.backup), _written(file)))),
            needless=f"It names {shown(named.workspace)} already." if already else "",
        )

    def by_hand(self, context: OperationContext) -> tuple[str, ...]:
        """Return how it is done with a shell.

        Raises:
            UsageError: there is no secondary, or the param ``to`` is neither workspace.
        """
        return config_by_hand(context.resource, _target(context))

    def apply(
        self, context: OperationContext, preview: Preview, intent: Intent, reporter: Reporter
    ) -> ActionResult:
        """Keep what the file is beside it, then replace it whole, if it still is as it was previewed.

        Raises:
            ReadOnlyError: this process may change nothing.
        """
        del intent
        refuse_read_only(self._gateway.mode, self.title)
        target = _target(context)
        named = Named(target.subscription, target.resource_group, target.name)
        try:
            file = self._file(context, target)
        except AmlRunbookError as error:
            return not_sent(f"The file could not be read again. {error.what}")
        if _request(file, named) != preview.requests[0]:
            return not_sent("The file changed since the preview: look again.")
        try:
            _keep(file)
        except AmlRunbookError as error:
            return not_sent(f"What the file is could not be kept: {error.what}")
        reporter.sent(FILE_METHOD, str(file.path))
        try:
            write_whole(file.path, file.wanted, mode=file.mode)
        except AmlRunbookError as error:
            return ActionResult(outcome=Outcome.FAILED, text=f"{error.what} The file is as it was.")
        return ActionResult(
            outcome=Outcome.SUCCEEDED,
            text=f"{file.path.name} was written; what it was is {file.backup.name} beside it.",
        )

    def observe(
        self, context: OperationContext, preview: Preview, intent: Intent, poll_url: str
    ) -> Observation:
        """Look which workspace the file names."""
        del preview, intent, poll_url
        return self._look(context)

    def verify(self, context: OperationContext, preview: Preview) -> Observation:
        """Read the file anew and look which workspace it names."""
        del preview
        return self._look(context)

    def _look(self, context: OperationContext) -> Observation:
        target = _target(context)
        try:
            named = named_by(_text(read_whole(_resolved(context.resource), _WHAT)))
        except AmlRunbookError as error:
            return unseen(shown(context.resource), error, source="file")
        text = f"{shown(context.resource)} names {shown(str(named))}."
        return seen(text, reached=named.is_(target), source="file")

    def _file(self, context: OperationContext, target: ResourceId) -> _File:
        path = _resolved(context.resource)
        _refuse_outside(self._gateway.mode, self._gateway.cloud, path)
        content = read_whole(path, _WHAT)
        try:
            text = _text(content)
            named, wanted = named_by(text), renamed(text, target)
        except DocumentError as error:
            raise UsageError(
                f"{shown(str(path))} is no workspace config file: {error.what}.",
                state="The file is as it was.",
                next_step="Name a config.json with subscription_id, resource_group and workspace_name.",
            ) from error
        pair = pair_of(context)
        if not named.is_(pair.primary) and not named.is_(pair.secondary):
            raise RefusedError(
                f"{shown(str(path))} names {shown(str(named))}, which is neither workspace of this pair.",
                state="The file is as it was.",
                next_step="Take the file out of the profile, or mend it by hand.",
            )
        known = path.stat()
        return _File(
            path=path,
            content=content,
            mode=stat.S_IMODE(known.st_mode),
            named=named,
            wanted=content if named.is_(target) else wanted.encode(),
            backup=_backup(path, content, known.st_mtime),
        )


def _target(context: OperationContext) -> ResourceId:
    pair = pair_of(context)
    to = context.params.get("to", "secondary")
    if to not in {"primary", "secondary"}:
        raise UsageError(
            f"{to!r} is neither of the pair's workspaces.", next_step="Say primary or secondary."
        )
    return pair.primary if to == "primary" else pair.secondary


def _resolved(text: str) -> Path:
    """Return the file that a path leads to, behind all links.

    Raises:
        UsageError: the path is not absolute, or leads nowhere.
    """
    path = Path(text)
    if not text or not path.is_absolute() or "\0" in text:
        raise UsageError(
            f"{shown(text)!r} is no absolute path of a config file.",
            next_step="Write it in full in the profile: /home/team/project/config.json.",
        )
    try:
        return path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise UsageError(
            f"{shown(text)} leads to no file.",
            state="Nothing was written.",
            next_step="Mend the path in the profile, or leave this file out.",
        ) from error


def _refuse_outside(mode: Mode, cloud: Cloud, path: Path) -> None:
    """In a drill, refuse every file that is not the drill's own.

    Raises:
        RefusedError: it lies elsewhere.
    """
    if mode is not Mode.DRILL:
        return
    folder = Path(cloud.ca_file).resolve().parents[1]
    if not path.is_relative_to(folder):
        raise RefusedError(
            f"{shown(str(path))} lies outside the drill's folder: a drill touches no file of yours.",
            state="The file is as it was.",
            next_step=f"Put a copy below {shown(str(folder))} to practise with.",
        )


def _text(content: bytes) -> str:
    if len(content) > LARGEST_CONFIG:
        raise DocumentError(f"it is longer than {LARGEST_CONFIG} bytes")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DocumentError("it is no text in UTF-8") from error


def _backup(path: Path, content: bytes, changed: float) -> Path:
    moment = datetime.fromtimestamp(changed, UTC).strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(content).hexdigest()[:8]
    return path.with_name(f"{path.name}.before-{moment}-{digest}")


def _keep(file: _File) -> None:
    """Write the backup, unless the very same one is there.

    Raises:
        AmlRunbookError: it cannot be written, or another file has its name.
    """
    if file.backup.is_symlink() or file.backup.exists():
        if not file.backup.is_symlink() and read_whole(file.backup, "The backup") == file.content:
            return
        raise AmlRunbookError(f"{shown(file.backup.name)} is there already and is something else.")
    write_whole(file.backup, file.content, mode=file.mode)


def _request(file: _File, named: Named) -> Request:
    return Request(
        method=FILE_METHOD,
        path=str(file.path),
        body={
            "subscription_id": named.subscription,
            "resource_group": named.group,
            "workspace_name": named.workspace,
            "sha256_before": hashlib.sha256(file.content).hexdigest(),
            "sha256_after": hashlib.sha256(file.wanted).hexdigest(),
            "backup": str(file.backup),
        },
    )


def _copy(source: Path, target: Path) -> str:
    if any(shown(str(path)) != str(path) for path in (source, target)):
        return "Copy the backup over the file again."
    return shlex.join(["cp", "-p", "--", str(source), str(target)])


def _written(file: _File) -> str:
    """Return the shell command that writes the same content; empty where it cannot be shown as it is."""
    text = file.wanted.decode()
    plain = len(text) <= _LONGEST_SHOWN and masked_text(text) == text
    if not plain or shown(text, keep="\n\t") != text or shown(str(file.path)) != str(file.path):
        return ""
    return f"printf %s {shlex.quote(text)} > {shlex.quote(str(file.path))}"
