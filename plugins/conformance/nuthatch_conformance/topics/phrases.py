"""Phrases and exclusions: what must stand in a chunk, and what must not in its document."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from nuthatch import Document, LexicalBackend, Policy, Schema
from nuthatch_conformance.corpora import SCHEMA, corpora, queries, sentences, token_lists
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.expect import equal, same_set
from nuthatch_conformance.observe import ChunkName, list_uris, name_chunks
from nuthatch_conformance.topic import Topic, case

#: Chunks of three words that share none.
_THREE = Schema(chunker="words:3:0")
#: Words that are near each other in two ways, and far from each other in two.
_SEAMS = [
    Document("text", "", "alpha beta gamma"),
    Document("title", "alpha beta", "delta"),
    Document("seam", "gamma alpha", "beta gamma"),
    Document("chunks", "", "delta gamma alpha beta gamma delta"),
    Document("apart", "", "alpha delta beta"),
    Document("turned", "", "beta alpha gamma"),
]
_policies: st.SearchStrategy[Policy] = st.sampled_from(["ranked", "all"])
_phrases = st.lists(token_lists.map(" ".join), max_size=2)


class Phrases(Topic, topic="phrases", needs="write text phrases exclusions"):
    """`phrases` and `exclude` of a text query, and what `web` syntax makes of quotes and minus."""

    @case(
        since=(2, 0),
        documents=corpora(),
        text=queries,
        phrases=_phrases,
        exclude=_phrases,
        policy=_policies,
    )
    def test_phrases_and_exclusions_only_filter(
        self,
        engine: Engine,
        documents: list[Document],
        text: str,
        phrases: list[str],
        exclude: list[str],
        policy: Policy,
    ) -> None:
        """A chunk is found if and only if it has the phrases and its document nothing excluded;
        it has the score then that it has without them.

        Likely causes: a phrase that reaches from the title into the text, or from chunk to chunk;
        stop words dropped in quotes; an exclusion that looks at the chunk alone; a phrase that
        adds to the score.
        """
        index, oracle = engine.index(documents), engine.oracle(documents)
        options: dict[str, Any] = {"phrases": phrases, "exclude": exclude, "policy": policy}
        options["relevance"] = "bm25"
        found = index.search(text, engine.everything, **options)
        right = oracle.search(text, engine.everything, **options)
        what = f"chunks for {text!r} with {phrases}, without {exclude}"
        same_set(name_chunks(found), name_chunks(right), what)
        if engine.can("stable_scores") and policy == "ranked":
            words = " ".join([*phrases, text])
            plain = index.search(words, engine.everything, policy=policy, relevance="bm25")
            scores = {(hit.document_uri, hit.chunk_idx): hit.score for hit in plain}
            for hit in found:
                expected = scores[hit.document_uri, hit.chunk_idx]
                equal(hit.score, expected, f"the score of {hit.document_uri} {what}")

    @case(since=(2, 0))
    def test_a_phrase_reaches_across_no_seam(self, engine: Engine) -> None:
        """Words of a phrase stand one after another in the title, or in the text of one chunk.

        Likely causes: title and text in one field; a gap of positions that is too small, or none
        between chunks; AND in place of a phrase; words in any order.
        """
        index = engine.index(_SEAMS, schema=_THREE)
        for phrase, expected in (
            ("alpha beta", "text title"),
            ("gamma alpha", "seam chunks"),
            ("beta gamma", "text seam chunks"),
            ("alpha beta gamma", "text"),
            ("beta", "text title seam chunks apart turned"),
            ("alpha omega", ""),
            ("beta beta", ""),
        ):
            same_set(_uris(index, phrase), expected.split(), f'documents with "{phrase}"')
        if engine.can("stable_scores"):
            equal(_scores(index, "", "alpha beta"), _scores(index, "alpha beta"), "scores of hits")

    @case(since=(2, 0))
    def test_a_phrase_of_a_word_twice_needs_it_twice(self, engine: Engine) -> None:
        """A word that a phrase repeats must stand there as often, one after another.

        Likely causes: tokens of a phrase made distinct; a distance that may be zero.
        """
        rows = [Document("once", "", "duran"), Document("twice", "", "duran duran")]
        rows += [Document("apart", "", "duran and duran"), Document("both", "duran", "duran")]
        index = engine.index(rows, schema=Schema())
        equal(_uris(index, "duran duran"), {"twice"}, 'documents with "duran duran"')

    @case(since=(2, 0))
    def test_stop_words_count_in_quotes(self, engine: Engine) -> None:
        """Stop words are words of a phrase like others, and those alone may be one.

        Likely causes: a phrase that is looked for without its stop words; a text that is indexed
        without them.
        """
        rows = [Document("art", "", "the state of the art"), Document("other", "", "the state art")]
        rows += [Document("of", "", "art of the state"), Document("be", "", "not to be or to be")]
        index = engine.index(rows, schema=Schema(analyzer="english"))
        for phrase, expected in (
            ("state of the art", ["art"]),
            ("state art", ["other"]),
            ("art of the states", ["of"]),
            ("to be not", []),
            ("to be or to be", ["be"]),
        ):
            same_set(_uris(index, phrase), expected, f'documents with "{phrase}"')

    @case(since=(2, 0))
    def test_an_exclusion_is_of_the_whole_document(self, engine: Engine) -> None:
        """No chunk of a document is found where its title, or any of its chunks, has what is
        excluded.

        Likely causes: a condition on the chunk that matches; the title left out.
        """
        rows = [
            Document("clean", "", "alpha beta gamma alpha"),
            Document("later", "", "alpha beta gamma delta omega"),
            Document("title", "omega", "alpha beta"),
            Document("phrase", "", "alpha beta gamma omega"),
        ]
        index = engine.index(rows, schema=_THREE)
        found = index.search("alpha", exclude=["omega"], policy="ranked")
        same_set(name_chunks(found), [("clean", 0), ("clean", 1)], "chunks without omega")
        found = index.search("alpha", exclude=["delta omega"], collapse=True, policy="ranked")
        same_set(list_uris(found), ["clean", "title", "phrase"], 'documents without "delta omega"')
        found = index.search("alpha", exclude=["unheard", "of it"], collapse=True, policy="ranked")
        same_set(list_uris(found), [row.uri for row in rows], "documents without unknown words")

    @case(since=(2, 0))
    def test_conditions_act_before_the_cut(self, engine: Engine) -> None:
        """The limit counts what passes, also where all of the best hits do not.

        Likely causes: phrases or exclusions that are looked at after the engine's own limit.
        """
        rows = [Document(f"good{n}", "", "alpha alpha alpha beta omega") for n in range(30)]
        rows.append(Document("poor", "", "zeta eta theta iota alpha beta kappa lambda mu nu xi"))
        rows.append(Document("phrase", "", "zeta eta theta iota beta alpha kappa omega mu nu xi"))
        index = engine.index(rows, schema=Schema())
        for policy in ("ranked", "all"):
            found = index.search("alpha", 1, exclude=["omega"], policy=policy)
            equal(list_uris(found), ["poor"], "the best hit without omega")
            found = index.search("alpha", 1, phrases=["beta alpha"], policy=policy)
            equal(list_uris(found), ["phrase"], 'the best hit with "beta alpha"')

    @case(since=(2, 0), needs="delete")
    def test_conditions_follow_what_is_written(self, engine: Engine) -> None:
        """A document that is replaced or deleted has the phrases of its new text, or none.

        Likely causes: positions that a replaced document leaves behind; a cached list of a phrase.
        """
        rows = [Document("a", "", "alpha beta"), Document("b", "", "beta alpha")]
        index = engine.index(rows, schema=Schema())
        equal(_uris(index, "alpha beta"), {"a"}, 'documents with "alpha beta" at first')
        index.add([Document("b", "", "alpha beta"), Document("a", "", "beta alpha")])
        equal(_uris(index, "alpha beta"), {"b"}, "after the texts were exchanged")
        index.add([Document("c", "alpha beta", "")])
        index.delete(["b"])
        equal(_uris(index, "alpha beta"), {"c"}, "after one was deleted and another added")

    @case(since=(2, 0), needs="count facets sort filters.any_of", text=sentences, phrases=_phrases)
    def test_totals_count_what_passes(self, engine: Engine, text: str, phrases: list[str]) -> None:
        """Total, facets and orders are of the documents that have the phrases.

        Likely causes: `matching` that knows nothing of phrases; a total from document frequencies.
        """
        rows = [
            Document(f"d{n}", title, words, {"tags": [tag]})
            for n, (title, words, tag) in enumerate(
                [
                    ("aa", "bb ccc ddd eeee aa bb", "x"),
                    ("ccc ddd", "aa bb of the ccc", "y"),
                    ("", "the of aa bb ccc ddd aa", "x"),
                    ("of the", "eeee fffff aa", "z"),
                ]
            )
        ]
        index, oracle = engine.index(rows), engine.oracle(rows, schema=SCHEMA)
        seen = []
        for searched in (index, oracle):
            results = searched.search(
                text or "aa",
                phrases=phrases,
                exclude=["eeee fffff"],
                count=True,
                sort="uri",
                facets=["tags"],
                collapse=True,
                policy="ranked",
            )
            counts = [(value, documents) for value, documents in results.facets["tags"]]
            seen.append((list_uris(results), results.total, counts))
        equal(seen[0], seen[1], f"hits, total and facets for {text!r} with {phrases}")

    @case(since=(2, 0))
    def test_web_syntax_reads_quotes_and_minus(self, engine: Engine) -> None:
        """Quotes make a phrase and a minus an exclusion; unbalanced quotes and hyphens are text.

        Likely causes: a query that is given to the engine's own parser.
        """
        rows = [
            Document("tower", "", 'a 17" tall paper tower'),
            Document("paper", "", "tall tower of paper e mail"),
            Document("mail", "", "e mail of the tower"),
        ]
        index = engine.index(rows, schema=Schema())
        for text, expected in (
            ('"tall paper" tower', "tower"),
            ('"tall paper tower', "tower paper mail"),
            ("tower -paper", "mail"),
            ('tower -"tall paper"', "paper mail"),
            ("e-mail", "paper mail"),
            ('17" tall 9" mail', "tower paper mail"),
            ("-tower", ""),
            ('""', ""),
            ("“tall tower”", "paper"),
        ):
            found = index.search(text, syntax="web", policy="ranked")
            same_set(list_uris(found), expected.split(), f"documents for {text}")


def _scores(index: LexicalBackend, text: str, *phrases: str) -> dict[ChunkName, float]:
    """Return the scores of the chunks of `text` and `title`, which have the phrase."""
    options: dict[str, Any] = {"phrases": phrases, "policy": "ranked", "relevance": "bm25"}
    found = [hit for hit in index.search(text, **options) if hit.document_uri in ("text", "title")]
    return {(hit.document_uri, hit.chunk_idx): hit.score for hit in found}


def _uris(index: LexicalBackend, phrase: str) -> set[str]:
    """Return the documents of which a chunk has a phrase."""
    return set(list_uris(index.search("", phrases=[phrase], policy="ranked", limit=50)))
