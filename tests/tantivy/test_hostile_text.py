"""Any text whatever is a legal document and a legal query."""

from __future__ import annotations

import pytest

import nuthatch
from nuthatch import Document, LexicalBackend

QUERIES = [
    '"', "(a", "-a", "a:b", "tokens:thief", "key:heat", "*", "a*", "[a TO b]", "a^", "a~2", "\\",
    "/", "AND", "thief AND", "NOT thief", "{a}", "IN [a]", "\0", "thief\0end", "\ud800thief", "🦆",
    "\u202e", "' OR 1=1", "thief" * 30_000, "thief " * 30_000, "\ufeff", "ａｎｇｅｌｅｓ",
]  # fmt: skip


@pytest.mark.parametrize("text", QUERIES, ids=range(len(QUERIES)))
def test_any_query_is_legal(seeded_few: LexicalBackend, text: str) -> None:
    for policy in ("auto", "ladder", "ranked"):
        results = seeded_few.search(text, policy=policy, extra_or_tokens=[text])
        assert all(hit.document_uri in {"heat", "thief", "ducks"} for hit in results)


@pytest.fixture(scope="module")
def seeded_few(tmp_path_factory: pytest.TempPathFactory, few: list[Document]) -> LexicalBackend:

    index = nuthatch.open(f"tantivy:{tmp_path_factory.mktemp('few')}/index", create=True)
    index.add(few)
    return index


def test_any_text_comes_back_unchanged(index: LexicalBackend) -> None:
    texts = [text.replace("\ud800", "") for text in QUERIES]
    documents = [Document(f"doc-{at}", text, text) for at, text in enumerate(texts)]
    index.add(documents)
    assert list(index.documents()) == documents
    assert index.check() == []
    for at, document in enumerate(documents):
        found = {hit.document_uri for hit in index.search(document.text, 100)}
        assert not found or f"doc-{at}" in found
