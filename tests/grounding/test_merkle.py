"""Merkle trees against Certificate Transparency's own vectors and the RFC's recursive words."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch.grounding import (
    inclusion_path,
    leaf_hash,
    node_hash,
    root_from_path,
    tree_root,
)

#: The leaves and roots of merkle_tree_test.cc, which every implementation of CT is tested with.
CT_LEAVES = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
#: Inclusion proofs from the same file: (leaf index from 0, tree size, path).
CT_PATHS = [
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
]


def hashes(count: int) -> list[bytes]:
    return [leaf_hash(str(number).encode()) for number in range(count)]


def recursive_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 9162, section 2.1.1, as it stands there."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    joined = b"\x01" + recursive_root(leaves[:k]) + recursive_root(leaves[k:])
    return sha256(joined).digest()


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_certificate_transparency(size: int) -> None:
    leaves = [leaf_hash(bytes.fromhex(entry)) for entry in CT_LEAVES[:size]]
    assert tree_root(leaves).hex() == CT_ROOTS[size - 1]


@pytest.mark.parametrize(("index", "size", "path"), CT_PATHS)
def test_inclusion_paths_are_those_of_certificate_transparency(
    index: int, size: int, path: list[str]
) -> None:
    leaves = [leaf_hash(bytes.fromhex(entry)) for entry in CT_LEAVES[:size]]
    assert [node.hex() for node in inclusion_path(leaves, index)] == path


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert tree_root([]) == sha256(b"").digest()


def test_leaves_and_nodes_are_told_apart() -> None:
    """Or an inner node could be passed off as a leaf of 64 bytes."""
    left, right = hashes(2)
    assert leaf_hash(b"x") == sha256(b"\x00x").digest()
    assert node_hash(left, right) == sha256(b"\x01" + left + right).digest()
    assert leaf_hash(left + right) != node_hash(left, right)


@pytest.mark.parametrize("size", range(41))
def test_the_root_is_the_recursive_one_and_needs_one_pass(size: int) -> None:
    assert tree_root(iter(hashes(size))) == recursive_root(hashes(size))


@pytest.mark.parametrize("size", range(1, 41))
def test_every_path_of_every_tree_leads_to_its_root(size: int) -> None:
    leaves = hashes(size)
    for index in range(size):
        path = inclusion_path(leaves, index)
        assert root_from_path(leaves[index], index, size, path) == tree_root(leaves)


@pytest.mark.parametrize("size", range(1, 41))
def test_a_path_proves_no_other_index_and_no_other_leaf(size: int) -> None:
    leaves = hashes(size)
    root = tree_root(leaves)
    for index in range(size):
        path = inclusion_path(leaves, index)
        proven = [
            at for at in range(size + 3) if root_from_path(leaves[index], at, size, path) == root
        ]
        assert proven == [index]
        assert root_from_path(leaf_hash(b"other"), index, size, path) != root


@pytest.mark.parametrize("size", range(1, 41))
def test_a_path_of_another_length_proves_nothing(size: int) -> None:
    leaves = hashes(size)
    for index in range(size):
        path = inclusion_path(leaves, index)
        assert root_from_path(leaves[index], index, size, [*path, leaves[0]]) is None
        if path:
            assert root_from_path(leaves[index], index, size, path[:-1]) is None


@given(st.integers(1, 40), st.integers(1, 80), st.data())
def test_a_path_fits_another_size_only_where_the_leaf_lies_in_a_tree_of_the_same_shape(
    size: int, other: int, data: st.DataObject
) -> None:
    """A size is not proven by itself: it is what the header says, and the header is proven."""
    index = data.draw(st.integers(0, size - 1))
    leaves = hashes(size)
    path = inclusion_path(leaves, index)
    found = root_from_path(leaves[index], index, other, path)
    if other <= index or len(inclusion_path(hashes(other), index)) != len(path):
        assert found is None


@pytest.mark.parametrize("index", [-1, 3, 100])
def test_a_leaf_outside_the_tree_has_no_path(index: int) -> None:
    with pytest.raises(IndexError, match=f"leaf {index} of a tree of 3"):
        inclusion_path(hashes(3), index)
    assert root_from_path(hashes(1)[0], index, 3, hashes(2)) is None
