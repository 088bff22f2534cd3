"""Where a journal should not lie: network shares and folders that a sync client watches.

Appending is not atomic over NFS, and sync clients rename and fork files.
"""

from __future__ import annotations

import stat
from pathlib import Path

_MOUNTS = Path("/proc/self/mounts")
_SHARED_TYPES = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "fuse.rclone", "fuse.s3fs")
_SYNCED = ("OneDrive", "Dropbox", "Google Drive", "GoogleDrive", "iCloud", "Mobile Documents")


def placement_warnings(folder: Path) -> tuple[str, ...]:
    """Say what is wrong with keeping a journal in ``folder``; nothing if all is well."""
    place = folder.resolve()
    warnings = []
    kind = _mount_type(place)
    if kind in _SHARED_TYPES:
        warnings.append(f"{place} lies on a network share ({kind}): appending is not atomic there")
    synced = [part for part in place.parts if part.startswith(_SYNCED)]
    if synced:
        warnings.append(f"{place} seems to be watched by a sync client ({synced[0]})")
    mode = stat.S_IMODE(place.stat().st_mode)
    if mode & 0o077:
        warnings.append(f"{place} is open to others (mode {mode:04o}): chmod 700 is better")
    return tuple(warnings)


def _mount_type(place: Path) -> str:
    """Return the file system's type below which ``place`` lies; nothing where none is told."""
    try:
        table = _MOUNTS.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    best, kind = -1, ""
    for line in table.split("\n"):
        fields = line.split(" ")
        if len(fields) < 3:  # noqa: PLR2004 - device, mount point, type
            continue
        point = Path(fields[1].replace("\\040", " "))
        if place.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), fields[2]
    return kind
