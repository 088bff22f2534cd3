"""The one-pass tree equals RFC 6962's recursive definition."""

from __future__ import annotations

from hashlib import sha256

from amlrunbook.journal.merkle import EMPTY_ROOT, CompactRange, leaf_hash, node_hash


def by_definition(leaves: list[bytes]) -> bytes:
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(by_definition(leaves[:split]), by_definition(leaves[split:]))


def test_the_root_of_every_size_up_to_130_is_the_recursive_one() -> None:
    tree, leaves = CompactRange(), []
    assert tree.root() == EMPTY_ROOT == by_definition([])
    for number in range(130):
        leaves.append(leaf_hash(b"line %d" % number))
        tree.push(leaves[-1])
        assert tree.root() == by_definition(leaves)
        assert tree.size == len(leaves)


def test_a_leaf_and_a_node_of_the_same_bytes_differ() -> None:
    assert leaf_hash(bytes(64)) != node_hash(bytes(32), bytes(32))
