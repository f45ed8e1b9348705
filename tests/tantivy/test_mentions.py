"""Phrases that are longer than Tantivy's terms are mentioned as others are."""

from __future__ import annotations

from pathlib import Path

import nuthatch
from nuthatch import Document, Exists, Mentions, PhraseField, Schema
from nuthatch_tantivy.schema import MAX_TERM

SCHEMA = Schema(fields=(PhraseField("whole"), PhraseField("part", match="substring")))


def test_a_phrase_too_long_for_a_term_is_found_whole_and_by_its_parts(tmp_path: Path) -> None:
    long = "ab " * MAX_TERM + "end"
    with nuthatch.open(f"tantivy:{tmp_path}/index", create="new", schema=SCHEMA) as index:
        index.add(
            [
                Document("long", "", "word", {"whole": long, "part": long}),
                Document("short", "", "word", {"whole": "end", "part": "the end"}),
                Document("bare", "", "word"),
            ]
        )
        for condition, expected in (
            (Mentions("whole", [long]), {"long"}),
            (Mentions("whole", [long[3:]]), set()),
            (Mentions("whole", ["End!"]), {"short"}),
            (Mentions("part", ["b end"]), {"long"}),
            (Mentions("part", ["end", "#"]), {"long", "short"}),
            (Exists("part"), {"long", "short"}),
        ):
            hits = index.search("word", filters=condition)
            assert {hit.document_uri for hit in hits} == expected
        assert index.check() == []
