"""The passages of examples/documents: whole, proven, and of one tenant alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType

import pytest

import nuthatch
from nuthatch import AnyOf, Corpus, Document, FilteredIndex, LexicalBackend
from parity.engines import Engine

from .conftest import EXAMPLES

QUESTIONS = ("leave for the birth of a child", "hotel in paris", "lost machine", "receipts", "days")


@pytest.fixture
def citing() -> Iterator[ModuleType]:
    folder = str(EXAMPLES / "documents")
    sys.path.insert(0, folder)
    try:
        yield import_module("citing")
    finally:
        sys.path.remove(folder)
        del sys.modules["citing"]


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_passage_is_an_exact_slice_of_a_document_of_the_tenant(
    citing: ModuleType, engine: Engine, question: str
) -> None:
    documents = {row.uri: row for row in Corpus([str(citing.HANDBOOKS)])}
    with engine.index(citing.SCHEMA) as whole:
        whole.add(documents.values())
        for tenant in ("acme", "bolt"):
            view = FilteredIndex(whole, AnyOf("tenant", [tenant]))
            passages = list(citing.find_passages(view, question))
            names = [passage.hit.document_uri for passage in passages]
            assert len(names) == len(set(names))
            assert all(name.startswith(tenant) for name in names)
            for passage in passages:
                text = documents[passage.hit.document_uri].text
                assert text[passage.start :].startswith(passage.text)
                assert passage.hit.text in passage.text


def test_a_document_that_is_replaced_meanwhile_gives_the_proven_chunk(citing: ModuleType) -> None:
    index: LexicalBackend
    with nuthatch.open("memory:", schema=citing.SCHEMA) as index:
        index.add(Corpus([str(citing.HANDBOOKS)]))
        (hit,) = index.search("sabbatical at half pay", 1)
        index.add(Document("bolt/leave", "Gone", "Something else."))
        passage = citing.widen(index, hit)
        assert (passage.text, passage.start) == (hit.text, hit.start)


def test_it_runs_as_the_page_says() -> None:
    script = str(EXAMPLES / "documents" / "citing.py")
    done = subprocess.run(
        [sys.executable, script, "bolt", "hotel"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("[1] Journeys at Bolt (bolt/travel, ")
    done = subprocess.run([sys.executable, script, "bolt"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "usage: citing.py TENANT QUESTION\n")
