"""What a journal needs of the host: clocks, randomness, and a disk that keeps its word.

All of it is handed in, so that a test can stop the clock or fail the disk.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from uuid import uuid4

_FULL_SYNC: int | None = getattr(fcntl, "F_FULLFSYNC", None)
_LINUX_BOOT = Path("/proc/sys/kernel/random/boot_id")


class Disk:
    """The file calls whose failing matters."""

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        """Write once and return how many bytes went."""
        return os.write(descriptor, data)

    def write_all(self, descriptor: int, data: bytes) -> None:
        """Write until all of it went."""
        view = memoryview(data)
        while view:
            view = view[self.write(descriptor, view) :]

    def sync(self, descriptor: int) -> None:
        """Return when what was written is on the medium.

        On macOS fsync may leave data in the drive's cache, and F_FULLFSYNC is needed; not every
        file system there has it. Source: macOS fsync(2).
        """
        if _FULL_SYNC is None:
            os.fsync(descriptor)
            return
        try:
            fcntl.fcntl(descriptor, _FULL_SYNC)
        except OSError:
            os.fsync(descriptor)

    def lock(self, descriptor: int) -> None:
        """Lock the file against every other writer, or raise ``BlockingIOError`` at once."""
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def truncate(self, descriptor: int, size: int) -> None:
        """Cut the file to ``size`` bytes."""
        os.ftruncate(descriptor, size)

    def size(self, descriptor: int) -> int:
        """Return the file's size in bytes."""
        return os.fstat(descriptor).st_size

    def free(self, folder: Path) -> int:
        """Return how many bytes may still be written below ``folder``."""
        figures = os.statvfs(folder)
        return figures.f_bavail * figures.f_frsize

    def sync_folder(self, folder: Path) -> None:
        """Make the names in ``folder`` durable."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self.sync(descriptor)
        finally:
            os.close(descriptor)


def wall_clock() -> datetime:
    """Return the time of day, in UTC."""
    return datetime.now(UTC)


def monotonic_microseconds() -> int:
    """Return microseconds of a clock that never goes back within one boot."""
    return time.monotonic_ns() // 1000


@cache
def boot_id() -> str:
    """Return which boot of this host it is; on a host that does not tell, which process."""
    if _LINUX_BOOT.exists():
        return _LINUX_BOOT.read_text(encoding="ascii").strip()
    if sys.platform == "darwin":
        command = ["/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"]
        answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=5)
        if answer.returncode == 0:
            return answer.stdout.strip().lower()
    return str(uuid4())


@dataclass(frozen=True, kw_only=True)
class Host:
    """Clocks, randomness and disk, together."""

    wall: Callable[[], datetime] = wall_clock
    mono: Callable[[], int] = monotonic_microseconds
    boot: Callable[[], str] = boot_id
    entropy: Callable[[int], bytes] = os.urandom
    disk: Disk = field(default_factory=Disk)
