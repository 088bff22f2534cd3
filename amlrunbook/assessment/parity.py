"""What the primary workspace has and the secondary lacks: the comparison that several rules share."""

from __future__ import annotations

from collections.abc import Callable

from amlrunbook.assessment.documents import is_gone
from amlrunbook.assessment.landscape import Landscape, Side
from amlrunbook.assessment.reading import shown
from amlrunbook.assessment.rule import Ruling, failed, passed, unconcerned, warned
from amlrunbook.errors import IncompleteError
from amlrunbook.model.profile import Strategies, Strategy
from amlrunbook.model.snapshot import Document

_NAMED = 5
"""How many names an observation lists."""

Lacking = Callable[[str], Ruling]
"""How a lack is judged: as a failure or as a warning."""


def lacking(strategy: Strategy) -> Lacking:
    """Return how a lack weighs: with hot/cold it is made by hand on the day, so it only warns."""
    return warned if strategy is Strategy.HOT_COLD else failed


def strategy_of(landscape: Landscape, component: str) -> Strategy:
    """Return the strategy of a class of component: inference, data or experiments."""
    strategies: Strategies = landscape.strategies
    return {
        "inference": strategies.inference,
        "data": strategies.data,
        "experiments": strategies.experiments,
    }[component]


def readable_secondary(landscape: Landscape) -> Document | None:
    """Return the secondary workspace; ``None`` where there is none, or where Azure says that it is gone.

    Raises:
        IncompleteError: it could not be read.
    """
    secondary = landscape.workspace_on(Side.SECONDARY)
    if secondary is None or is_gone(secondary):
        return None
    if secondary.unread is not None:
        raise IncompleteError(
            f"the secondary workspace {secondary.name} could not be read: {secondary.unread}"
        )
    return secondary


def seen_from_primary(landscape: Landscape, document: Document) -> Ruling | None:
    """Return why a child is not compared; ``None`` where its workspace is the primary of a pair."""
    workspace = landscape.workspace_of(document)
    if workspace is None:
        return unconcerned("its workspace is not among the documents")
    match landscape.side(workspace):
        case Side.PRIMARY:
            return None
        case Side.SECONDARY:
            return unconcerned("it is the secondary's own")
        case Side.OUTSIDE:
            return unconcerned("its workspace belongs to no known pair")


def twin(landscape: Landscape, document: Document) -> Document | None:
    """Return the child of the secondary workspace with the same name; ``None`` where there is none.

    Raises:
        IncompleteError: the secondary, or its collection, could not be read.
    """
    secondary = readable_secondary(landscape)
    if secondary is None:
        return None
    collection = document.key.rsplit("/", 2)[1]
    same = landscape.named_child(secondary, collection, document.name)
    if same is None or is_gone(same):
        return None
    if same.unread is not None:
        raise IncompleteError(f"the secondary's {same.name} could not be read: {same.unread}")
    return same


def counterpart(landscape: Landscape, document: Document, what: str) -> Document | Ruling:
    """Return the secondary's child of the same name, or why nothing is compared; ``what`` it is, in a word.

    Raises:
        IncompleteError: the secondary, or its collection, could not be read.
    """
    outside = seen_from_primary(landscape, document)
    if outside is not None:
        return outside
    return twin(landscape, document) or unconcerned(f"the secondary has no {what} of this name")


def has_twin(landscape: Landscape, document: Document, lack: Lacking) -> Ruling:
    """Judge whether the secondary has a child of the same name."""
    outside = seen_from_primary(landscape, document)
    if outside is not None:
        return outside
    if twin(landscape, document) is not None:
        return passed(f"{shown(document.name)} is in both workspaces")
    return lack(_absence(landscape, shown(document.name)))


def all_in_both(
    landscape: Landscape,
    workspace: Document,
    collection: str,
    lack: Lacking,
    *,
    skip: Callable[[Document], bool] = lambda _: False,
) -> Ruling:
    """Judge whether the secondary has everything of a collection, by name."""
    if landscape.side(workspace) is not Side.PRIMARY:
        return unconcerned("it is not the primary of a known pair")
    mine = {d.name.lower(): d for d in _read(landscape, workspace, collection) if not skip(d)}
    if not mine:
        return unconcerned(f"no {collection} of it among the documents")
    secondary = readable_secondary(landscape)
    theirs = (
        {d.name.lower() for d in _read(landscape, secondary, collection)} if secondary else set()
    )
    missing = [document.name for key, document in mine.items() if key not in theirs]
    if not missing:
        return passed(f"all {len(mine)} {collection} are in both workspaces")
    names = ", ".join(shown(name) for name in missing[:_NAMED])
    more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
    return lack(_absence(landscape, f"{len(missing)} of {len(mine)} {collection} ({names}{more})"))


def _read(landscape: Landscape, workspace: Document, collection: str) -> tuple[Document, ...]:
    """Return a workspace's children of a collection, those that are gone left out.

    Raises:
        IncompleteError: one of them, or the list of them, could not be read.
    """
    children = [d for d in landscape.children(workspace, collection) if not is_gone(d)]
    unread = next((d for d in children if d.unread is not None), None)
    if unread is not None:
        raise IncompleteError(f"{unread.name} could not be read: {unread.unread}")
    return tuple(children)


def _absence(landscape: Landscape, what: str) -> str:
    """Say where ``what`` is lacking."""
    if readable_secondary(landscape) is None:
        return f"{what}: in the primary only, there is no secondary workspace"
    return f"{what}: in the primary only"
