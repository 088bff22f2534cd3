"""The Merkle tree over a journal's lines: RFC 6962 hashes, one pass, constant memory.

A line's leaf hash is also the ``prev`` of the next entry: one hash, two uses, so chain and tree
cannot tell two stories. Source: https://www.rfc-editor.org/rfc/rfc6962#section-2.1
"""

from __future__ import annotations

from hashlib import sha256

EMPTY_ROOT = sha256(b"").digest()
"""The root of a tree without leaves."""


def leaf_hash(line: bytes) -> bytes:
    """Return the leaf hash of one line, given without its LF."""
    return sha256(b"\x00" + line).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


class CompactRange:
    """The roots of the perfect subtrees over the leaves seen so far; log2(n) hashes, no more."""

    __slots__ = ("_peaks", "size")

    def __init__(self) -> None:
        self.size = 0
        """The number of leaves seen."""
        self._peaks: list[bytes] = []

    def push(self, leaf: bytes) -> None:
        """Take the next leaf hash."""
        peaks, size = self._peaks, self.size
        while size & 1:
            leaf = node_hash(peaks.pop(), leaf)
            size >>= 1
        peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Return the root over all leaves seen; ``EMPTY_ROOT`` for none."""
        if not self._peaks:
            return EMPTY_ROOT
        *rest, root = self._peaks
        for peak in reversed(rest):
            root = node_hash(peak, root)
        return root
