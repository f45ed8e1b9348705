"""Merkle trees as in RFC 9162 (Certificate Transparency 2.0), section 2.1, with SHA-256.

    leaf hash   SHA-256(0x00 ‖ entry)
    node hash   SHA-256(0x01 ‖ left ‖ right)
    tree of n   left subtree: the largest power of two below n; right subtree: the rest
    empty tree  SHA-256("")

All functions take and give leaf hashes of 32 bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of one leaf."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def tree_root(leaves: Iterable[bytes]) -> bytes:
    """Return the root over leaf hashes; read them once and keep O(log n) of them."""
    stack: list[tuple[int, bytes]] = []  # complete subtrees: (size, hash), sizes falling
    for leaf in leaves:
        size, node = 1, leaf
        while stack and stack[-1][0] == size:
            node = node_hash(stack.pop()[1], node)
            size *= 2
        stack.append((size, node))
    if not stack:
        return sha256(b"").digest()
    node = stack.pop()[1]
    while stack:
        node = node_hash(stack.pop()[1], node)
    return node


def inclusion_path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the siblings that lead from a leaf to the root, nearest first (section 2.1.3.1)."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"leaf {index} of a tree of {len(leaves)}")
    path: list[bytes] = []
    while len(leaves) > 1:
        split = 1 << ((len(leaves) - 1).bit_length() - 1)
        if index < split:
            path.append(tree_root(leaves[split:]))
            leaves = leaves[:split]
        else:
            path.append(tree_root(leaves[:split]))
            leaves, index = leaves[split:], index - split
    return path[::-1]


def root_from_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root that a leaf and its path lead to (section 2.1.3.2).

    None if the path cannot belong to this index in a tree of this size.
    """
    if not 0 <= index < size:
        return None
    first, second, node = index, size - 1, leaf
    for sibling in path:
        if second == 0:
            return None
        if first & 1 or first == second:
            node = node_hash(sibling, node)
            while not first & 1 and first:
                first >>= 1
                second >>= 1
        else:
            node = node_hash(node, sibling)
        first >>= 1
        second >>= 1
    return node if second == 0 else None
