"""Searches that mix every feature, drawn from documents, and what of an answer engines share.

    documents ──▶ Draw ──▶ Search(TextQuery | EntityQuery | MatchAll with filters, sort, facets, …)
    Search ── asked of an engine and of memory ──▶ Answer, Answer ──▶ differences

Engines share sets, totals, facets, and every order that no score decides and that ends with the
uri. They do not share scores of text (another idf, lengths in one byte), so where a score decides,
sets are compared where all is shown, and numbers of hits where not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

import nuthatch
from nuthatch import (
    All,
    AnyOf,
    BooleanField,
    Document,
    EntityQuery,
    Exists,
    Facet,
    FacetCount,
    Filter,
    KeywordField,
    LexicalBackend,
    MatchAll,
    Mentions,
    Not,
    NuthatchError,
    PhraseField,
    Range,
    Schema,
    StartsWith,
    TextQuery,
)

Query = TextQuery | EntityQuery | MatchAll
POLICIES: Final = ("auto", "ladder", "ranked", "all")
#: A limit that no corpus here reaches.
EVERYTHING: Final = 50_000


@dataclass(frozen=True)
class Search:
    """One search; `is_ordered` where its order is the same on all engines."""

    query: Query

    @property
    def is_ordered(self) -> bool:
        return self.query.sort[-1:] == ("uri",) and "-score" not in self.query.sort

    @property
    def is_collapsed(self) -> bool:
        return isinstance(self.query, TextQuery) and self.query.collapse


@dataclass(frozen=True)
class Answer:
    """What of an answer is compared; `error` is the type of the error in place of one."""

    hits: tuple[tuple[str, int, str], ...] = ()
    scores: tuple[float, ...] = ()
    total: int | None = None
    facets: Mapping[str, Sequence[FacetCount]] = field(default_factory=dict)
    ran: str = ""
    corrections: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    error: str = ""


def ask(index: LexicalBackend, search: Search) -> Answer:
    """Return the answer of an index."""
    try:
        results = index.search(search.query)
    except NuthatchError as error:
        return Answer(error=type(error).__name__)
    return Answer(
        hits=tuple((hit.document_uri, hit.chunk_idx, hit.document_root) for hit in results),
        scores=tuple(round(hit.score, 9) for hit in results),
        total=results.total,
        facets={name: tuple(counts) for name, counts in results.facets.items()},
        ran=results.ran,
        corrections=results.corrections,
    )


def differences(search: Search, found: Answer, expected: Answer) -> Iterator[str]:
    """Yield in what an engine's answer differs from memory's where it must not."""
    if found.error or expected.error:
        if found.error != expected.error:
            yield f"error: {found.error or 'none'}, not {expected.error or 'none'}"
        return
    query = search.query
    if found.ran != expected.ran:
        yield f"ran {found.ran}, not {expected.ran}"
    if found.corrections != expected.corrections:
        yield f"corrections {found.corrections}, not {expected.corrections}"
    if query.count and found.total is None:
        yield "the total that was wanted is not there"
    if None not in (found.total, expected.total) and found.total != expected.total:
        yield f"total {found.total}, not {expected.total}"
    if found.facets != expected.facets:
        yield f"facets {found.facets}, not {expected.facets}"
    if len(found.hits) != len(expected.hits):
        yield f"{len(found.hits)} hits, not {len(expected.hits)}"
    elif search.is_ordered and found.hits != expected.hits:
        yield f"hits {found.hits}, not {expected.hits}"
    elif isinstance(query, EntityQuery) and not query.sort and found.scores != expected.scores:
        yield f"scores {found.scores}, not {expected.scores}"
    elif _is_whole(query, found) and _names(search, found) != _names(search, expected):
        yield f"hits {_names(search, found)}, not {_names(search, expected)}"


def _is_whole(query: Query, answer: Answer) -> bool:
    """Return whether all that matches is shown."""
    return not query.offset and len(answer.hits) < (query.limit or 0)


def _names(search: Search, answer: Answer) -> list[tuple[object, ...]]:
    """Return the hits in no order; which chunk of a document is best may differ."""
    return sorted((uri, 0 if search.is_collapsed else idx, root) for uri, idx, root in answer.hits)


class Draw:
    """Draws searches of documents with values that some of them have."""

    def __init__(
        self,
        random: Random,
        schema: Schema,
        documents: Sequence[Document],
        *,
        is_settled: bool = True,
    ) -> None:
        self._random = random
        self._is_settled = is_settled
        self._texts = [text for document in documents if (text := document.text[:300].strip())]
        self._schema = schema
        self._words = list(
            dict.fromkeys(
                word
                for document in documents[:: max(1, len(documents) // 300)]
                for word in f"{document.title} {document.text[:300]}".split()
            )
        ) or ["nothing"]
        self._titles = [document.title for document in documents if document.title.strip()]
        held: dict[str, list[Any]] = {declared.name: [] for declared in schema.fields}
        for document in documents:
            for name, value in document.fields.items():
                if name in held and value is not None:
                    held[name] += value if isinstance(value, list | tuple) else [value]
        self._values = {name: values for name, values in held.items() if values}
        self._sortable = [
            declared.name for declared in schema.fields if not isinstance(declared, PhraseField)
        ]
        self._phrase_fields = [name for name in self._values if name not in self._sortable]

    def search(self) -> Search:
        """Return a search of any kind."""
        kind = self._random.choice("tttttmme")
        common = self._common()
        if kind == "m":
            return Search(MatchAll(**common))
        if kind == "e" and (self._titles or self._phrase_fields):
            return Search(self._entities(common))
        return Search(
            TextQuery(
                **self._typed(),
                policy=self._random.choice(POLICIES),
                extra_or_tokens=self._sample(self._words, 2) if self._is_likely(0.2) else (),
                collapse=self._is_likely(0.4),
                **common,
            )
        )

    def _is_likely(self, probability: float) -> bool:
        return self._random.random() < probability

    def _sample(self, items: Sequence[Any], most: int) -> list[Any]:
        return self._random.sample(list(items), min(len(items), self._random.randint(1, most)))

    def _common(self) -> dict[str, Any]:
        """Return what searches of all kinds take."""
        sort = self._sample(self._sortable, 2) if self._is_likely(0.7) else []
        signed = [self._random.choice(("", "-")) + name for name in sort]
        return {
            "filters": [self.tree() for _ in range(self._random.choice((0, 0, 1, 2)))],
            "limit": self._random.choice((1, 3, 20, 20, EVERYTHING)),
            "offset": self._random.choice((0, 0, 0, 1, 7, 200)),
            "sort": [*signed, "uri"] if signed or self._is_likely(0.3) else (),
            "facets": self._facets() if self._is_likely(0.6) else (),
            "count": self._is_likely(0.6),
        }

    def _typed(self) -> dict[str, Any]:
        """Return the text of a query and what its words stand for; plain where words may be told
        of that only deleted documents had."""
        words = self._text().split()
        options: dict[str, Any] = {}
        if self._is_settled and self._is_likely(0.6):
            kind = self._random.choice(("phrases", "exclude", "prefix", "corrections", "others"))
            word = self._random.choice(self._words)
            match kind:
                case "phrases" | "exclude":
                    options[kind] = [self._phrase() for _ in range(self._random.randint(1, 2))]
                case "prefix":
                    words.append(word[: self._random.randint(1, 4)])
                    options["prefix"] = True
                case "corrections":
                    place = self._random.randrange(len(word))
                    words.append(word[:place] + word[place + 1 :] + self._random.choice(("", "x")))
                    options["corrections"] = self._random.choice(("suggest", "use"))
                case _:
                    options["alternatives"] = {words[0]: self._sample(self._words, 3)}
        return {"text": " ".join(words), **options}

    def _phrase(self) -> str:
        """Return some words that stand one after another, or do not."""
        words = self._random.choice(self._texts).split() if self._texts else self._words
        begin = self._random.randrange(max(1, len(words) - 1))
        phrase = words[begin : begin + self._random.randint(1, 3)]
        return " ".join(reversed(phrase) if self._is_likely(0.2) else phrase)

    def _text(self) -> str:
        words = self._sample(self._words, 4)
        if self._is_likely(0.1):
            words.append("unheardofanywhere")
        return " ".join(words)

    def _entities(self, common: dict[str, Any]) -> EntityQuery:
        include = {
            name: self._sample(self._values[name], 2)
            for name in self._phrase_fields
            if self._is_likely(0.5)
        }
        titles = []
        if self._titles and (self._is_likely(0.6) or not include):
            title = " ".join(self._random.choice(self._titles).split()[:6])
            place = self._random.randrange(len(title))
            titles.append(title[:place] + title[place + 1 :] if self._is_likely(0.5) else title)
        if not include and not any(titles):
            titles = ["nothing"]
        return EntityQuery(include, {}, titles, **common)

    def _facets(self) -> list[Facet]:
        return [self._facet(name) for name in self._sample(self._sortable, 3)]

    def _facet(self, name: str) -> Facet:
        is_own = self._is_likely(0.4)
        values = self._values.get(name, [])
        if self._is_likely(0.3) and values:
            low, high = self._random.choice(values), self._random.choice(values)
            ranges = [Range(name, lt=low), Range(name, gte=low), Range(name, gte=low, lt=high)]
            return Facet(name, ranges=ranges, without_own_filter=is_own)
        return Facet(name, self._random.choice((1, 3, 10, 1000)), without_own_filter=is_own)

    def tree(self, depth: int = 2) -> Filter:
        """Return a filter tree."""
        if depth and self._is_likely(0.4):
            parts = [self.tree(depth - 1) for _ in range(self._random.randint(0, 3))]
            branches: list[Callable[..., Filter]] = [All, nuthatch.Any]
            branches += [lambda *some: Not(some[0])] if parts else []
            return self._random.choice(branches)(*parts)
        if not self._values:
            return Exists(self._random.choice(self._schema.fields).name)
        return self._leaf(self._random.choice(sorted(self._values)))

    def _leaf(self, name: str) -> Filter:
        value, other = (self._random.choice(self._values[name]) for _ in range(2))
        match self._schema.field(name):
            case PhraseField(match="substring"):
                return Mentions(name, [value[: self._random.randint(1, 9)], other])
            case PhraseField():
                return Mentions(name, [value, "nobody"])
            case BooleanField():
                return self._random.choice([AnyOf(name, [value]), Exists(name)])
            case KeywordField() if self._is_likely(0.3):
                return StartsWith(name, value[: self._random.randint(0, 3)])
        bound = self._random.choice(("gt", "gte", "lt", "lte"))
        leaves = [AnyOf(name, [value, other]), AnyOf(name, [value]), Exists(name)]
        leaves += [Range(name, **{bound: value}), Range(name, gte=value, lt=other)]
        return self._random.choice(leaves)
