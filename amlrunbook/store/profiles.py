"""Profiles on disk: one TOML file each, named after the profile."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec
import tomli_w

from amlrunbook.errors import AmlRunbookError, DocumentError, UsageError
from amlrunbook.model.profile import Profile, validated
from amlrunbook.model.strict_toml import decode_toml
from amlrunbook.store.files import read_whole, write_whole
from amlrunbook.store.paths import profiles_folder

_NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,62}$")


@dataclass(frozen=True, slots=True)
class Listed:
    """One profile's file, readable or not."""

    name: str
    path: Path
    profile: Profile | None
    problem: str
    """Why it cannot be used; empty where it can."""


def profile_path(name: str) -> Path:
    """Return where the profile ``name`` lies.

    Raises:
        UsageError: it is no name of a profile.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no profile's name.",
            next_step="Lower-case letters, digits and hyphens, 63 at most, beginning with no hyphen.",
        )
    return profiles_folder() / f"{name}.toml"


def read_profile_file(path: Path) -> Profile:
    """Return the profile in a TOML file.

    Raises:
        DocumentError: it cannot be read, or does not fit; the text names file, place and the nearest valid key.
    """
    content = read_whole(path, "The profile")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise DocumentError(f"{path}: this is not UTF-8 text.") from error
    profile = decode_toml(text, Profile, where=str(path))
    try:
        return validated(profile)
    except UsageError as error:
        raise DocumentError(f"{path}: {error.what}", next_step=error.next_step) from error


def load_profile(name: str) -> Profile:
    """Return the profile ``name``.

    Raises:
        UsageError: there is none of that name, or its file does not fit.
    """
    path = profile_path(name)
    if not path.exists():
        names = [listed.name for listed in list_profiles()]
        near = get_close_matches(name, names, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(names) or 'none'}."
        raise UsageError(
            f"There is no profile {name!r} in {path.parent}.",
            next_step=f"{hint} `amlrunbook workspace onboard` writes one.",
        )
    profile = read_profile_file(path)
    if profile.name != name:
        raise DocumentError(
            f"{path} holds the profile {profile.name!r}.",
            next_step="Name the file as the profile is named.",
        )
    return profile


def list_profiles() -> tuple[Listed, ...]:
    """Return all profiles by name; those that cannot be used with the reason."""
    return tuple(_listed(path) for path in sorted(profiles_folder().glob("*.toml")))


def _listed(path: Path) -> Listed:
    try:
        profile = load_profile(path.stem)
    except AmlRunbookError as error:
        return Listed(path.stem, path, None, error.what)
    return Listed(path.stem, path, profile, "")


def profile_text(profile: Profile) -> str:
    """Return a profile as TOML, what is at its default left out."""
    tree = msgspec.to_builtins(profile)
    defaults = {
        field.name: msgspec.to_builtins(field.default)
        for field in msgspec.structs.fields(Profile)
        if field.default is not msgspec.NODEFAULT
    }
    kept = {
        key: value
        for key, value in tree.items()
        if value is not None and (key not in defaults or value != defaults[key])
    }
    return tomli_w.dumps(_plain(kept))


def _plain(value: Any) -> Any:
    """Return a value of which TOML has a form: tuples as lists, nothing that is absent."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def save_profile(profile: Profile, *, replace: bool = False) -> Path:
    """Write a profile and return its file.

    Raises:
        UsageError: there is one of that name already and ``replace`` is false, or the profile does not fit.
        AmlRunbookError: it cannot be written.
    """
    path = profile_path(validated(profile).name)
    if path.exists() and not replace:
        raise UsageError(
            f"There is a profile {profile.name!r} already: {path}.",
            next_step="Choose another name, or edit that one.",
        )
    write_whole(path, profile_text(profile).encode())
    return path


def remove_profile(name: str) -> Path:
    """Remove a profile's file; its snapshots and journals stay.

    Raises:
        UsageError: there is none of that name.
        AmlRunbookError: it cannot be removed.
    """
    path = profile_path(name)
    try:
        path.unlink()
    except FileNotFoundError as error:
        raise UsageError(f"There is no profile {name!r} in {path.parent}.") from error
    except OSError as error:
        raise AmlRunbookError(f"{path} cannot be removed: {error.strerror or error}.") from error
    return path
