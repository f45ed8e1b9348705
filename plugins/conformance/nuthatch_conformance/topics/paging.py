"""Paging: offset and limit cut one list."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from nuthatch import Document
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.expect import equal
from nuthatch_conformance.filter_trees import TREE_SCHEMA, typed_documents
from nuthatch_conformance.listing import text_searches
from nuthatch_conformance.observe import list_uris, name_chunks
from nuthatch_conformance.topic import Topic, case


class Paging(Topic, topic="paging", needs="write text stable_scores"):
    """Offsets of ranked lists; those of sorted ones are in `sorting` and `counting`."""

    @case(
        since=(2, 0),
        documents=typed_documents(),
        search=text_searches,
        collapse=st.booleans(),
        size=st.integers(1, 4),
    )
    def test_pages_partition_the_list(
        self,
        engine: Engine,
        documents: list[Document],
        search: dict[str, Any],
        collapse: bool,
        size: int,
    ) -> None:
        """Pages of any size, one after the other, are the list that one large limit gives.

        Likely causes: an order that depends on how much is wanted; ties that come in another
        order from page to page; an answer in one trip that knows nothing of the offset.
        """
        index = engine.index(documents, schema=TREE_SCHEMA)
        options = {**search, "collapse": collapse}
        whole = name_chunks(index.search(limit=engine.everything, **options))
        pages = [
            index.search(limit=size, offset=offset, **options)
            for offset in range(0, len(whole) + 1, size)
        ]
        found = [name for page in pages for name in name_chunks(page)]
        equal(found, whole, f"pages of {size} hits, one after the other")

    @case(since=(2, 0))
    def test_an_offset_leaves_out_so_many_hits(self, engine: Engine) -> None:
        """An offset counts chunks, and with `collapse` documents; beyond the end there is nothing.

        Likely causes: an offset that is added twice, or off by one; one that counts chunks where
        documents are meant.
        """
        documents = [Document(f"d{n}", "", "aa " * (2 * n + 1)) for n in range(4)]
        index = engine.index(documents, schema=TREE_SCHEMA)
        for collapse, size in ((False, 10), (True, 4)):
            for policy in ("ranked", "ladder"):
                whole = name_chunks(index.search("aa", policy=policy, collapse=collapse))
                equal(len(whole), size, f"the number of hits with collapse={collapse}")
                for offset in (1, 2, size - 1, size, size + 5):
                    found = index.search("aa", 2, offset=offset, policy=policy, collapse=collapse)
                    what = f"hits from offset {offset} on, collapse={collapse}, under {policy}"
                    equal(name_chunks(found), whole[offset : offset + 2], what)
        equal(list_uris(index.search("zz", offset=1)), [], "hits of a word that is nowhere")
