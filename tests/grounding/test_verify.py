"""Verification: every grounded hit verifies, and whatever is changed in it, it does not."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

import nuthatch
from nuthatch import AuditMode, Document, Hit, Schema, VerificationFailed, leaf_hash, verify
from nuthatch.grounding import tree_root
from support.few_words import any_text, corpora, field_values, queries, sentences

#: Words, blanks in runs, brackets, ellipses and controls: all that a snippet treats in its own way.
untidy = st.lists(
    st.sampled_from(["aa", "bb", "ccc", " ", "  ", "\n\n", "\x00", "[", "]", "…", "é", "東京"]),
    max_size=30,
).map("".join)
chunkers = st.sampled_from(["whole", "words:2:0", "words:3:1"])


def grounded(
    documents: list[Document], text: str, chunker: str = "whole", snippet: int = 240
) -> list[Any]:
    with nuthatch.open("memory:", schema=Schema(chunker=chunker), snippet=snippet) as index:
        index.add(documents)
        found = index.search(text, 50, audit=AuditMode.GROUNDED)
        return [json.loads(hit.model_dump_json()) for hit in found]


@pytest.fixture(scope="module")
def hit() -> Any:
    """A hit on the second of three chunks, with fields, marks and a snippet cut on both sides."""
    text = "first " * 12 + "end.\n\n" + "filler " * 10 + "needle " + "filler " * 10 + "end.\n\nlast"
    document = Document("films/1", "Heat", text, {"year": 1995, "cast": ["x", {"y": True}]})
    (found,) = grounded([document], "needle", "words:22:0", snippet=40)
    return found


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value of a JSON value that holds no other."""
    if isinstance(value, dict | list) and value:
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(item, (*path, key))
    else:
        yield path


def changed(hit: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return a copy of the hit with another value at a path."""
    result = copy.deepcopy(hit)
    holder = result
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return result


def at(hit: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        hit = hit[key]
    return hit


#: What is the engine's word and not proven.
UNPROVEN = {"score", "score_parts", "rung", "origin", "start", "title_marks"}


def proven_leaves(hit: Any) -> list[tuple[Any, ...]]:
    return [path for path in leaves(hit) if path[0] not in UNPROVEN]


def other_values(value: Any) -> st.SearchStrategy[Any]:
    """Draw near and far changes of a value; far ones may be of another type."""
    near: list[st.SearchStrategy[Any]] = [st.just(str(value)), st.just([value]), st.none()]
    if isinstance(value, str):
        near += [
            st.just(value + "x"),
            st.just(value[:-1]),
            st.just(value + " "),
            st.just(value.upper()),
            st.just(value.swapcase()),
            st.just(value[::-1]),
        ]
    if isinstance(value, int | float):
        near += [st.just(bool(value)), st.just(float(value)), st.integers(-2, 2).map(value.__add__)]
    return st.one_of(*near) | field_values


@given(corpora(min_size=1, text=untidy | sentences), queries, chunkers, st.integers(20, 40))
def test_every_grounded_hit_verifies(
    documents: list[Document], text: str, chunker: str, snippet: int
) -> None:
    hits = grounded(documents, text, chunker, snippet)
    roots = {row["document_uri"]: row["document_root"] for row in hits}
    for row in hits:
        verify(row)
        verify(Hit.model_validate(row), root=roots[row["document_uri"]])


@given(
    corpora(min_size=1, max_size=3, text=untidy),
    queries,
    chunkers,
    st.integers(20, 40),
    st.data(),
)
def test_whatever_is_changed_in_a_hit_it_does_not_verify(
    documents: list[Document], text: str, chunker: str, snippet: int, data: st.DataObject
) -> None:
    hits = grounded(documents, text, chunker, snippet)
    assume(hits)
    row = data.draw(st.sampled_from(hits))
    path = data.draw(st.sampled_from(proven_leaves(row)))
    value = data.draw(other_values(at(row, path)))
    assume(json.dumps(value) != json.dumps(at(row, path)))
    with pytest.raises(VerificationFailed):
        verify(changed(row, path, value))


def test_the_example_has_everything_that_can_be_changed(hit: Any) -> None:
    verify(hit)
    assert (hit["chunk_idx"], len(hit["evidence"]["chunk_path"])) == (1, 2)
    assert len(hit["evidence"]["header_path"]) == 2
    assert hit["snippet"].startswith("…")
    assert hit["snippet"].endswith("…")
    assert "[needle]" in hit["snippet"]
    assert {path[0] for path in proven_leaves(hit)} == {
        "document_root",
        "document_uri",
        "chunk_idx",
        "title",
        "snippet",
        "text",
        "audit_mode",
        "fields",
        "marks",
        "evidence",
    }


def test_each_value_of_a_hit_is_proven(hit: Any) -> None:
    """Every leaf in turn, so that nothing is left to the luck of the draw."""
    for path in proven_leaves(hit):
        value = at(hit, path)
        near = [value + 1, value - 1] if isinstance(value, int) else []
        if isinstance(value, str):
            near = [value + "x", value[:-1], value + " ", value.upper() + value]
        for other in [*near, None, [value], {"x": value}]:
            with pytest.raises(VerificationFailed):
                verify(changed(hit, path, other))


@pytest.mark.parametrize("span", ["start", "end"])
def test_the_span_is_proven_to_the_character(hit: Any, span: str) -> None:
    right = hit["evidence"][span]
    for place in range(-1, len(hit["text"]) + 2):
        if place != right:
            with pytest.raises(VerificationFailed):
                verify(changed(hit, ("evidence", span), place))


@given(untidy, untidy, st.integers(20, 30))
@example("…", "", 20)
@example("", "…", 20)
@example("\x00", " aa bb\x00\x00cc dd", 20)
def test_no_other_span_looks_the_same(before: str, after: str, snippet: int) -> None:
    """Blanks are tidied and … is what a cut is shown as: neither may hide where the cut is."""
    text = f"{before}needle{after}"
    for row in grounded([Document("a", text=text)], "needle", snippet=snippet):
        verify(row)
        for span in ("start", "end"):
            for place in set(range(len(text) + 1)) - {row["evidence"][span]}:
                with pytest.raises(VerificationFailed):
                    verify(changed(row, ("evidence", span), place))


@pytest.mark.parametrize("name", ["header_path", "chunk_path"])
def test_a_path_is_taken_as_a_whole(hit: Any, name: str) -> None:
    path = hit["evidence"][name]
    wrong = [path[:-1], path[1:], [*path, path[0]], path[::-1], [], [path[0].upper(), path[1]]]
    wrong += [[path[0][:-2], path[1]], ["zz" * 32, path[1]], [path[0] + " ", path[1]]]
    for item in wrong:
        with pytest.raises(VerificationFailed):
            verify(changed(hit, ("evidence", name), item))


def test_the_proof_of_one_chunk_does_not_prove_another() -> None:
    document = Document("a", text="needle one needle two needle three")
    hits = grounded([document], "needle", "words:2:0")
    assert len(hits) == 3
    for row in hits:
        for other in hits:
            swapped = changed(row, ("evidence",), other["evidence"])
            if row is other:
                verify(swapped)
            else:
                with pytest.raises(VerificationFailed):
                    verify(swapped)


@pytest.mark.parametrize(
    "fields",
    [
        {"year": 1995.0, "cast": ["x", {"y": True}]},
        {"year": 1995, "cast": ["x", {"y": 1}]},
        {"year": 1995, "cast": ["x", {"y": True}], "more": None},
        {"year": 1995},
        {},
    ],
)
def test_fields_that_python_holds_to_be_equal_are_not(hit: Any, fields: Any) -> None:
    with pytest.raises(VerificationFailed, match="fields are not the header's"):
        verify(hit | {"fields": fields})


def test_the_order_of_keys_proves_nothing_and_harms_nothing(hit: Any) -> None:
    verify(hit | {"fields": dict(reversed(hit["fields"].items()))})


@pytest.mark.parametrize(
    "header",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        "[" * 100_000,
        '{"chunks":true,"uri":"films/1","title":"Heat","fields":{}}',
        '{"chunks":1e9,"uri":"films/1","title":"Heat","fields":{}}',
    ],
)
def test_a_header_that_cannot_be_read_is_a_failed_verification(hit: Any, header: str) -> None:
    with pytest.raises(VerificationFailed):
        verify(changed(hit, ("evidence", "header"), header))


@given(any_text)
def test_a_header_that_only_looks_the_same_is_refused(extra: str) -> None:
    (row,) = grounded([Document("a", "T", "needle")], "needle")
    header = row["evidence"]["header"]
    assume(extra)
    with pytest.raises(VerificationFailed):
        verify(changed(row, ("evidence", "header"), header + extra))
    with pytest.raises(VerificationFailed):
        verify(changed(row, ("evidence", "header"), header.replace(":", ": ")))


def test_the_trusted_root_decides(hit: Any) -> None:
    """Without one a hit that was made up from end to end would verify."""
    (forged,) = grounded([Document("films/1", "Heat", "a needle, forged")], "needle")
    verify(forged)
    verify(hit, root=hit["document_root"])
    with pytest.raises(VerificationFailed, match="not the trusted one"):
        verify(forged, root=hit["document_root"])
    with pytest.raises(VerificationFailed, match="not the trusted one"):
        verify(hit, root="")


def test_an_ungrounded_hit_is_no_proof(hit: Any) -> None:
    with nuthatch.open("memory:") as index:
        index.add(Document("a", text="needle"))
        (plain,) = index.search("needle")
    for row in (plain, plain.model_dump(mode="json"), hit | {"audit_mode": "ungrounded"}):
        with pytest.raises(VerificationFailed, match="carries no evidence"):
            verify(row)
    with pytest.raises(VerificationFailed, match="carries no evidence"):
        verify(hit | {"evidence": None})


@pytest.mark.parametrize("row", [{}, {"score": 1}, [], None, "hit", 7, {"document_uri": []}])
def test_what_is_no_hit_is_refused_as_such(row: Any) -> None:
    with pytest.raises(VerificationFailed, match="this is not a hit"):
        verify(row)


def test_another_key_makes_it_no_hit(hit: Any) -> None:
    with pytest.raises(VerificationFailed, match="'extra' is not known"):
        verify(hit | {"extra": 1})
    with pytest.raises(VerificationFailed, match="not a hit"):
        verify(changed(hit, ("evidence", "extra"), 1))


def test_another_format_of_evidence_is_told(hit: Any) -> None:
    with pytest.raises(VerificationFailed, match="its format is 2"):
        verify(changed(hit, ("evidence", "format"), 2))


def test_scores_are_not_proven(hit: Any) -> None:
    """The design says so; this test makes a change of mind a change of this line."""
    verify(hit | {"score": 99.0, "score_parts": {}, "rung": 3})


def test_marks_of_the_title_stand_in_it(hit: Any) -> None:
    verify(hit | {"title_marks": [[0, 2], [2, 4]]})
    for marks in ([[0, 5]], [[2, 2]], [[3, 1]], [[1, 3], [0, 1]], [[1, 3], [2, 4]], [[-1, 2]]):
        with pytest.raises(VerificationFailed, match="the marks of its title are none"):
            verify(hit | {"title_marks": marks})


def test_verification_asks_no_backend(hit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nuthatch.memory.MemoryBackend.reader", None)
    verify(hit)


@pytest.mark.parametrize(
    "change", [{"chunk_idx": "0"}, {"title": None}, {"evidence": 7}, {"marks": "none"}]
)
def test_a_hit_that_was_copied_with_wrong_values_is_no_hit(hit: Any, change: Any) -> None:
    with pytest.raises(VerificationFailed, match="this is not a hit"):
        verify(Hit.model_validate(hit).model_copy(update=change))


def test_the_trusted_root_may_be_written_in_capitals(hit: Any) -> None:
    verify(hit, root=hit["document_root"].upper())


@pytest.mark.parametrize("name", ["title", "document_root", "document_uri", "snippet"])
def test_what_json_cannot_hold_is_no_hit(hit: Any, name: str) -> None:
    """pydantic would read bytes as the text that they encode."""
    change = {name: hit[name].encode()}
    for row in (hit | change, Hit.model_validate(hit).model_copy(update=change)):
        with pytest.raises(VerificationFailed, match="this is not a hit"):
            verify(row)


def test_results_and_lists_are_no_hit(hit: Any) -> None:
    with nuthatch.open("memory:") as index:
        index.add(Document("a", text="needle"))
        results = index.search("needle", audit=AuditMode.GROUNDED)
    for row in (results, list(results), results.to_json(), [hit]):
        with pytest.raises(VerificationFailed, match="this is not a hit"):
            verify(row)  # type: ignore[arg-type]


def test_a_class_that_lies_about_itself_is_looked_through(hit: Any) -> None:
    right = Hit.model_validate(hit)

    class Liar(Hit):
        def model_dump(self, **_: Any) -> dict[str, Any]:
            return right.model_dump()

    verify(Liar.model_validate(hit))
    with pytest.raises(VerificationFailed):
        verify(Liar.model_validate(hit | {"title": "forged"}))


def test_any_mapping_may_hold_a_hit(hit: Any) -> None:
    verify(MappingProxyType(hit))


@pytest.mark.parametrize(
    "twice", ['"title":"forged",', '"fields":{"year":1},', '"uri":"forged",', '"chunks":9,']
)
def test_a_root_over_a_header_of_two_minds_proves_nothing(twice: str) -> None:
    """Under a key that stands twice two readers find two documents."""
    document = Document("films/1", "Heat", "a needle", {"year": 1995})
    (row,) = grounded([document], "needle")
    for header in (
        row["evidence"]["header"].replace("{", "{" + twice, 1),
        row["evidence"]["header"].replace(":", ": ", 1),
    ):
        leaves = [leaf_hash(header.encode()), leaf_hash(row["text"].encode())]
        evidence = row["evidence"] | {
            "header": header,
            "header_path": [leaves[1].hex()],
            "chunk_path": [leaves[0].hex()],
        }
        forged = row | {"evidence": evidence, "document_root": tree_root(leaves).hex()}
        with pytest.raises(VerificationFailed, match="not canonical"):
            verify(forged)
