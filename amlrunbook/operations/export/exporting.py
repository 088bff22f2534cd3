"""An export: what there is, what is saved already, and saving the rest. Only reads Azure.

It goes over the sources, compares each item's version with the ledger, and fetches what is new or changed. What is gone at
the origin stays where it was saved: that is what it is for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import msgspec

from amlrunbook.azure.deadline import Deadline
from amlrunbook.azure.fanout import FanOut, in_order
from amlrunbook.azure.gateway import AzureGateway
from amlrunbook.errors import AmlRunbookError, AzureError, UsageError
from amlrunbook.model.profile import Profile
from amlrunbook.model.resource_id import ResourceId
from amlrunbook.model.snapshot import Document, Inventory
from amlrunbook.operations.export.default_account import DefaultAccount
from amlrunbook.operations.export.images import Images
from amlrunbook.operations.export.items import Gap, Item, Source
from amlrunbook.operations.export.registries import Registries
from amlrunbook.operations.export.specifications import ENDPOINTS, VERSIONED, Specifications
from amlrunbook.store.exports import Kept, Ledger, Staged

LONGEST_SECONDS = 24 * 3_600.0
"""The deadline of a whole export."""
FETCHES = 12
"""How many items are fetched at once."""
_AHEAD = 4 * FETCHES
"""How many are queued, so that memory does not grow with the export."""
KINDS = ("notebooks", "jobs", "assets", "endpoints", "settings", "artifacts", "images")
"""What can be saved, by name."""

Progress = Callable[[int, int, int, str], None]
"""Told how many items are done, how many there are to fetch, how many bytes came, and the last path."""


class Target(Protocol):
    """Where items go."""

    def holds(self, kept: Kept) -> bool:
        """Return whether what the ledger says is there."""

    def stage(self, item: Item) -> Staged:
        """Fetch an item to this machine's disk, whole; called by many threads at once."""

    def keep(self, staged: Staged, path: str) -> None:
        """Put a whole file in its place."""


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """How the origin differs from what is saved."""

    new: tuple[str, ...] = ()
    """Paths."""
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    """Saved, and not at the origin any more (or not listed this time)."""
    same: int = 0

    @property
    def any(self) -> bool:
        """Whether anything differs."""
        return bool(self.new or self.changed or self.gone)


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """What an export did."""

    drift: Drift
    """As it was found at the beginning."""
    saved: int
    size: int
    """Bytes that came."""
    gaps: tuple[tuple[str, str], ...]
    """What could not be listed or saved, and why."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the sources list now."""

    items: Mapping[str, Item]
    """By path."""
    gaps: tuple[Gap, ...]


def sources(
    gateway: AzureGateway, profile: Profile, known: Inventory | None, kinds: frozenset[str]
) -> tuple[Source, ...]:
    """Return the sources of both workspaces of a profile.

    Args:
        gateway: where to read.
        profile: whose workspaces they are.
        known: the last snapshot: it names the default account where the workspace does not answer.
        kinds: which of :data:`KINDS`.

    Raises:
        UsageError: a kind that there is not.
    """
    unknown = sorted(kinds - set(KINDS))
    if unknown:
        raise UsageError(
            f"Nothing is called {', '.join(unknown)} here.",
            next_step=f"Choose among {', '.join(KINDS)}.",
        )
    found: list[Source] = []
    sides = [profile.primary_id, *([profile.secondary_id] if profile.secondary_id else [])]
    registries = Registries(gateway)
    for workspace in sides:
        partner = next((side for side in sides if side != workspace), None)
        specifications = Specifications(gateway, workspace)
        table: dict[str, Source] = {
            "jobs": specifications.jobs,
            "assets": specifications.assets,
            "endpoints": specifications.endpoints,
            "settings": specifications.settings,
            "images": Images(gateway, registries, workspace, partner).images,
        }
        for kind in ("notebooks", "artifacts"):
            table[kind] = _of_account(gateway, workspace, known, kind)
        found += [table[kind] for kind in KINDS if kind in kinds]
    return tuple(found)


def _of_account(
    gateway: AzureGateway, workspace: ResourceId, known: Inventory | None, kind: str
) -> Source:
    def source() -> Iterator[Item | Gap]:
        try:
            account = default_account(gateway, workspace, known)
        except AmlRunbookError as error:
            yield Gap(f"default account of {workspace.name}", error.what)
            return
        default = DefaultAccount(gateway, workspace, account)
        yield from default.notebooks() if kind == "notebooks" else default.artifacts()

    return source


def default_account(
    gateway: AzureGateway, workspace: ResourceId, known: Inventory | None
) -> ResourceId:
    """Return a workspace's default account, from the last snapshot where the workspace is dark.

    Raises:
        AzureError: neither tells.
    """
    try:
        document = Document(gateway.get(workspace.text))
    except AzureError:
        held = known.by_id(workspace.text) if known is not None else None
        if held is None or held.unread is not None:
            raise
        document = held
    named = document.field("properties.storageAccount")
    if not isinstance(named, str) or not named:
        raise AzureError(f"{workspace.name} names no default account.")
    return ResourceId.parse(named)


def found_now(all_sources: tuple[Source, ...]) -> Found:
    """List what there is now, all sources at once. Never raises for what Azure does."""
    deadline = Deadline(LONGEST_SECONDS)
    tasks = [lambda source=source: list(source()) for source in all_sources]
    items: dict[str, Item] = {}
    gaps: list[Gap] = []
    folded: set[str] = set()
    for outcome in in_order(tasks, width=len(tasks), deadline=deadline):
        if outcome.error is not None:
            gaps.append(Gap("a list", outcome.error.what))
        for one in outcome.value or ():
            if isinstance(one, Gap):
                gaps.append(one)
            elif one.path.casefold() in folded:
                gaps.append(Gap(one.origin, "another one has the same name but for letter case"))
            else:
                folded.add(one.path.casefold())
                items[one.path] = one
    return Found(items, tuple(gaps))


def kind_of(path: str) -> str:
    """Return which of :data:`KINDS` a path in an export is of."""
    parts = path.split("/")
    if parts[1:2] == ["specifications"]:
        collection = parts[2]
        if collection == "jobs":
            return "jobs"
        if collection in VERSIONED:
            return "assets"
        return "endpoints" if collection in ENDPOINTS else "settings"
    return "images" if parts[-1] == "images.json" else parts[1]


def drift_of(
    found: Found,
    saved: Mapping[str, Kept],
    kinds: frozenset[str],
    target: Target | None = None,
) -> Drift:
    """Compare what there is with what is saved, of some kinds."""
    kept = {path: one for path, one in saved.items() if kind_of(path) in kinds}
    new, changed, same = [], [], 0
    for path, item in found.items.items():
        held = kept.get(path)
        if held is None:
            new.append(path)
        elif held.mark != item.mark or (target is not None and not target.holds(held)):
            changed.append(path)
        else:
            same += 1
    gone = sorted(set(kept) - set(found.items))
    return Drift(new=tuple(new), changed=tuple(changed), gone=tuple(gone), same=same)


@dataclass(slots=True)
class _Count:
    saved: int = 0
    size: int = 0
    gaps: list[Gap] = field(default_factory=list)


def export(
    found: Found,
    ledger: Ledger,
    target: Target,
    *,
    kinds: frozenset[str],
    progress: Progress,
    cancelled: threading.Event | None = None,
) -> Exported:
    """Fetch what is new or changed, and keep it. What is kept stands in the ledger at once.

    Raises:
        AmlRunbookError: the target cannot be written; what was kept before is whole.
    """
    drift = drift_of(found, ledger.kept, kinds, target)
    wanted = [found.items[path] for path in (*drift.new, *drift.changed)]
    count = _Count(gaps=list(found.gaps))
    for batch in _batches(wanted):
        deadline = Deadline(LONGEST_SECONDS, cancelled)
        fan_out: FanOut[Staged] = FanOut(FETCHES, deadline)
        keys = {fan_out.submit(lambda item=item: target.stage(item)): item for item in batch}  # type: ignore[misc]
        for outcome in fan_out.outcomes():
            item = keys[outcome.key]
            if outcome.error is not None and not isinstance(outcome.error, AzureError):
                raise outcome.error
            if outcome.value is None:
                why = outcome.error.what if outcome.error is not None else "nothing came"
                count.gaps.append(Gap(item.origin, why))
            else:
                _keep(item, outcome.value, ledger, target, count)
            progress(count.saved, len(wanted), count.size, item.path)
    return Exported(
        drift=drift,
        saved=count.saved,
        size=count.size,
        gaps=tuple((gap.what, gap.why) for gap in count.gaps),
    )


def _batches(items: list[Item]) -> Iterator[list[Item]]:
    for begin in range(0, len(items), _AHEAD):
        yield items[begin : begin + _AHEAD]


def _keep(item: Item, staged: Staged, ledger: Ledger, target: Target, count: _Count) -> None:
    if item.size is not None and item.size != staged.size:
        Path(staged.file).unlink(missing_ok=True)
        count.gaps.append(
            Gap(
                item.origin,
                f"{staged.size} bytes came, {item.size} were listed: it changed meanwhile",
            )
        )
        return
    target.keep(staged, item.path)
    ledger.add(
        Kept(
            path=item.path,
            origin=item.origin,
            mark=item.mark,
            sha256=staged.sha256,
            size=staged.size,
            at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        )
    )
    count.saved += 1
    count.size += staged.size
