"""Words that stand for others: alternatives, beginnings of words, and words with errors."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import cast

from hypothesis import strategies as st

from nuthatch import (
    Alternative,
    DictionaryReader,
    Document,
    ExplainingReader,
    KnownWord,
    LexicalBackend,
    Operator,
    Rung,
    Schema,
    Slot,
)
from nuthatch_conformance.corpora import OPERATORS, any_query, corpora, operators, words
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.expect import equal, holds, same_set
from nuthatch_conformance.observe import list_uris, match_rungs, name_chunks
from nuthatch_conformance.topic import Topic, case

_STEMMED = Schema(analyzer="english")
_weights = st.sampled_from([1.0, 0.5, 1 / 3])
_alternatives = st.lists(st.builds(Alternative, words, _weights), max_size=3)
_slots = st.lists(st.builds(Slot, words, _alternatives.map(tuple)), min_size=1, max_size=3)
#: Words with common beginnings and common stems, near each other, with and without accents.
_SURFACES = (
    *("cat", "cats", "catalogue", "catalogues", "catalog", "category", "cut", "coat"),
    *("computer", "computing", "computation", "happy", "happily"),
    *("naïve", "naive", "uber", "über", "über42", "uberr"),
)
_texts = st.lists(st.lists(st.sampled_from(_SURFACES), max_size=5).map(" ".join), max_size=6)
_asked = st.sampled_from([*_SURFACES, "c", "ca", "com", "comp", "hap", "nai", "naï", "u", "zz", ""])


class Alternatives(Topic, topic="alternatives", needs="write text alternatives"):
    """Slots with alternatives, and what callers and prefixes make of them."""

    @case(since=(2, 0), documents=corpora(), slots=_slots, operator=operators)
    def test_a_slot_holds_where_any_of_its_alternatives_does(
        self, engine: Engine, documents: list[Document], slots: list[Slot], operator: Operator
    ) -> None:
        """AND finds the chunks in which each slot holds, OR those in which any does.

        Likely causes: alternatives as words of their own, which AND then asks for as well; the
        first alternative alone.
        """
        rungs = [(Rung(operator, tuple(slots)), ())]
        (found,) = match_rungs(engine.index(documents), rungs)
        (right,) = match_rungs(engine.oracle(documents), rungs)
        same_set(found, right, f"chunks for {operator} of {slots}")

    @case(since=(2, 0), needs="stable_scores", documents=corpora(min_size=1), slot=_slots)
    def test_the_best_alternative_gives_the_score(
        self, engine: Engine, documents: list[Document], slot: list[Slot]
    ) -> None:
        """A slot's score is the greatest of weight × score of its alternatives alone.

        Likely causes: scores that are summed; weights left out; one document frequency for all.
        """
        index = engine.index(documents)
        first = slot[0]
        expected: dict[Hashable, float] = {}
        for token, weight in first.alternatives:
            for key, score in _scores(index, Rung.of("OR", [token])).items():
                expected[key] = max(expected.get(key, 0.0), weight * score)
        for operator in OPERATORS:
            found = _scores(index, Rung(operator, (first,)))
            equal(set(found), set(expected), f"chunks for {operator} of {first}")
            for key, score in found.items():
                close = abs(score - expected[key]) <= 1e-5 * max(abs(expected[key]), 1e-9)
                holds(close, f"the score of {first} is {score}, and {expected[key]} the best alone")

    @case(since=(2, 0), needs="explain", documents=corpora(min_size=1), slots=_slots)
    def test_parts_of_alternatives_add_up(
        self, engine: Engine, documents: list[Document], slots: list[Slot]
    ) -> None:
        """Explain tells of each slot the alternative that counts, so that parts add up.

        Likely causes: parts of all alternatives; a part under the word as it was typed.
        """
        index, rung = engine.index(documents), Rung("OR", tuple(slots))
        with index.reader() as reader:
            candidates = reader.match(rung, (), engine.everything).candidates
            keys = [candidate.key for candidate in candidates]
            parts = cast(ExplainingReader, reader).explain(rung, keys) if keys else ()
        for (_, score), part in zip(candidates, parts, strict=True):
            close = abs(sum(part.values()) - score) <= 1e-5 * max(abs(score), 1e-9)
            holds(close, f"the parts {dict(part)} of {slots} add up to another score than {score}")
            holds(set(part) <= set(rung.tokens), f"the parts {dict(part)} name other tokens")

    @case(since=(2, 0))
    def test_a_synonym_works_in_a_conjunction(self, engine: Engine) -> None:
        """Alternatives of a caller stand for a word wherever it does, and never for another.

        Likely causes: synonyms as further words of a conjunction.
        """
        rows = [
            Document("tv", "", "a cheap tv"),
            Document("telly", "", "a cheap telly"),
            Document("dear", "", "a dear television"),
            Document("cheap", "", "cheap"),
        ]
        index = engine.index(rows, schema=_STEMMED)
        synonyms = {"tv": ["television", "telly"]}
        found = index.search("cheap tv", alternatives=synonyms, policy="all")
        same_set(list_uris(found), ["tv", "telly"], "documents for a cheap tv or telly")
        found = index.search("cheap television", alternatives=synonyms, policy="all")
        same_set(list_uris(found), [], "documents for a cheap television")


class Dictionary(Topic, topic="dictionary", needs="write text alternatives dictionary"):
    """The surface words of an index: prefixes and corrections."""

    @case(
        since=(2, 0), texts=_texts, prefix=_asked, limit=st.integers(1, 6), edits=st.integers(0, 1)
    )
    def test_words_begin_with_a_prefix(
        self, engine: Engine, texts: list[str], prefix: str, limit: int, edits: int
    ) -> None:
        """`words` gives the most frequent words that begin with a prefix, or with what is one edit
        from it, one for each token.

        Likely causes: stems in place of words, which `computati` does not begin; words of deleted
        documents; accents that are compared; an order of one's own.
        """
        found, right = self._ask(engine, texts, lambda reader: reader.words(prefix, limit, edits))
        equal(found, right, f"the first words that begin within {edits} edits of {prefix!r}")

    @case(since=(2, 0), texts=_texts, word=_asked, edits=st.integers(1, 2))
    def test_neighbours_are_near_a_word(
        self, engine: Engine, texts: list[str], word: str, edits: int
    ) -> None:
        """`neighbours` gives words within one or two edits, of one chunk only where no other is.

        Likely causes: a transposition that is two edits; words that one chunk has beside others; an
        order by frequency alone.
        """
        texts = [*texts, *texts[::2]]
        found, right = self._ask(engine, texts, lambda reader: reader.neighbours(word, edits, 4))
        equal(found, right, f"the words within {edits} edits of {word!r}")

    def _ask(
        self,
        engine: Engine,
        texts: list[str],
        ask: Callable[[DictionaryReader], Sequence[KnownWord]],
    ) -> tuple[list[KnownWord], list[KnownWord]]:
        rows = [Document(f"d{n}", "", text) for n, text in enumerate(texts)]
        tested = engine.index(rows, schema=_STEMMED)
        if engine.can("optimize"):  # an index used before may have kept the words it had then
            tested.optimize()
        answers = []
        for index in (tested, engine.oracle(rows, schema=_STEMMED)):
            with index.reader() as reader:
                found = ask(cast(DictionaryReader, reader))
                answers.append([KnownWord(*word) for word in found])
        return answers[0], answers[1]

    @case(since=(2, 0))
    def test_a_prefix_finds_words_whose_stem_it_does_not_begin(self, engine: Engine) -> None:
        """The last word of a text stands for what begins with it, before stemming.

        Likely causes: a prefix that is stemmed, or compared with stems; one that is compared in
        the middle of a query.
        """
        rows = [
            Document("pc", "", "a computation"),
            Document("joy", "", "be happy"),
            Document("hap", "", "hap"),
        ]
        index = engine.index(rows, schema=_STEMMED)
        for text, expected in (
            ("computati", "pc"),
            ("happ", "joy"),
            ("hap", "joy hap"),
            ("happ hap", "joy hap"),
            ("hap computation", "pc hap"),
            ("zz", ""),
        ):
            found = index.search(text, prefix=True, policy="ranked")
            same_set(list_uris(found), expected.split(), f"documents for {text}*")
        found = index.search("hap*", syntax="web", policy="all")
        same_set(list_uris(found), ["joy", "hap"], "documents for hap* in web syntax")
        found = index.search('"happ*"', syntax="web", policy="all")
        same_set(list_uris(found), [], 'documents for "happ*"')

    @case(since=(2, 0), needs="delete")
    def test_the_dictionary_follows_what_is_written(self, engine: Engine) -> None:
        """New words are there with their documents; of deleted ones none is told of.

        Likely causes: a dictionary of another state; frequencies that count what is deleted.
        """
        index = engine.index([Document("a", "", "laptop"), Document("b", "", "lapland")])
        _equal_words(index, "lap", ["lapland", "laptop"], "at first")
        index.add([Document("c", "laptop", "lap"), Document("d", "", "lapel")])
        _equal_words(index, "lap", ["laptop", "lap", "lapel", "lapland"], "after new ones")
        index.delete(["a", "b", "c"])
        _equal_words(index, "lap", ["lapel"], "after all but one were deleted")

    @case(since=(2, 0))
    def test_only_unknown_words_are_corrected(self, engine: Engine) -> None:
        """A word that some chunk has is not corrected, nor one with digits, in quotes, or short.

        Likely causes: neighbours of every word; corrections that are used where they were only
        to be told of.
        """
        rows = [
            Document(f"{word}{n}", "", f"{word} filler")
            for word in ("samsung", "phone", "phones42", "cat")
            for n in range(2)
        ]
        rows.append(Document("rare", "", "samsun samsnx"))
        rows.append(Document("quokka", "", "quokka"))
        index = engine.index(rows, schema=Schema())
        both = ["samsung0", "samsung1"]
        for text, expected, told in (
            ("samsng", both, {"samsng": ("samsung",)}),
            ("samsnug", both, {"samsnug": ("samsung",)}),
            ("samsun", ["rare"], {}),
            ("samsunn", both, {"samsunn": ("samsung",)}),  # and not what one chunk has
            ("quoka", ["quokka"], {"quoka": ("quokka",)}),  # where there is no other word
            ("phones43", [], {}),
            ("cta", [], {}),
            ('"samsng"', [], {}),
            ("samsng phone", [*both, "phone0", "phone1"], {"samsng": ("samsung",)}),
        ):
            results = index.search(text, syntax="web", corrections="use", policy="ranked")
            same_set(list_uris(results), expected, f"documents for {text}, corrected")
            equal(dict(results.corrections), told, f"the corrections of {text}")
            plain = index.search(text, syntax="web", policy="ranked")
            hinted = index.search(text, syntax="web", corrections="suggest", policy="ranked")
            found, right = (engine.in_order(name_chunks(one)) for one in (hinted, plain))
            equal(found, right, f"hits for {text}, not corrected")
            equal(dict(hinted.corrections), told, f"what is suggested for {text}")

    @case(since=(2, 0), text=any_query)
    def test_any_text_is_legal_in_web_syntax(self, engine: Engine, text: str) -> None:
        """No text is an error, whatever is in it.

        Likely causes: a query that is given to the engine's own parser; patterns of a prefix.
        """
        index = engine.index([Document("a", "", "aa bb"), Document("b", text="*\"-aa' é")])
        for asked in (text, f'{text}"', f"-{text}", f'"{text}" -"{text}" {text}*'):
            for policy in ("ranked", "all"):
                found = index.search(asked, syntax="web", corrections="use", policy=policy)
                holds(len(found) <= 2, f"{len(found)} hits of two documents for {asked!r}")


def _scores(index: LexicalBackend, rung: Rung) -> dict[Hashable, float]:
    with index.reader() as reader:
        return dict(reader.match(rung, (), 1000).candidates)


def _equal_words(index: LexicalBackend, prefix: str, expected: list[str], when: str) -> None:
    with index.reader() as reader:
        words = cast(DictionaryReader, reader).words(prefix, 9)
        found = [word.surface for word in words]
    equal(found, expected, f"the words that begin with {prefix!r} {when}")
