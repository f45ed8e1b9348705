"""Queries: free text, entities (people, characters, titles), or all documents.

str, TextQuery, EntityQuery, MatchAll ── validated ──▶ SearchRequest ── matching ──▶ Rung, Rung, …
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Self, get_args

from nuthatch.contract.facet import SCORE, Facet, as_facets, as_sort
from nuthatch.contract.filters import Filter, as_filters
from nuthatch.contract.hit import AuditMode
from nuthatch.errors import InvalidQuery
from nuthatch.text.slot import PLAIN_SLOTS, Phrase, Slot, tokens_of

#: How a text query climbs: see `nuthatch.matching`.
Policy = Literal["auto", "ladder", "ranked", "all"]
#: How a query's text is read: see `nuthatch.text.syntax`.
Syntax = Literal["plain", "web"]
#: What becomes of a word that no chunk has.
Corrections = Literal["off", "suggest", "use"]
#: Whether the best candidates are judged once more by their text: see `nuthatch.relevance`.
Relevance = Literal["auto", "bm25"]
DEFAULT_LIMIT = 20
#: What one entity query may ask for: each title search reads thousands of postings.
MAX_TITLES: Final = 64
MAX_PHRASES: Final = 1000
#: What most queries ask beside their text.
_NOTHING: Final[tuple[()]] = ()


@dataclass(frozen=True, slots=True)
class TextQuery:
    """A search for chunks by free text.

    In `plain` syntax every character is text; `web` reads quotes, a minus and a trailing star
    (`nuthatch.text.syntax`). `phrases` must stand word by word in what is found, and are looked for
    like the text; nothing of `exclude`, words or phrases, may stand in its document. With `prefix`
    the last word of the text also stands for all that begins with it. A word that no chunk has may
    be corrected: `corrections="use"` looks for what is near it, `suggest` only tells of it.
    `alternatives` are by word the words that may stand for it; `extra_or_tokens` are synonyms that
    only disjunctions use.

    `collapse` keeps a document's best chunk. `relevance="auto"` judges the best 30 once more by
    their text where they are ranked by score; "bm25" leaves them as the engine ranks them. `offset`
    hits are left out before the first, `sort` orders by declared fields (`-year` descends),
    `facets` and `count` ask for counts over all that match. What is None is left to the backend's
    configuration. Raises `InvalidQuery`.
    """

    text: str
    extra_or_tokens: Sequence[str] = ()
    filters: Sequence[Filter] = ()
    limit: int | None = None
    audit: AuditMode | None = None
    policy: Policy | None = None
    collapse: bool = False
    relevance: Relevance | None = None
    offset: int = 0
    sort: Sequence[str] = ()
    facets: Sequence[Facet | str] = ()
    count: bool = False
    syntax: Syntax = "plain"
    phrases: Sequence[str] = ()
    exclude: Sequence[str] = ()
    prefix: bool = False
    corrections: Corrections = "off"
    alternatives: Mapping[str, Sequence[str]] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise InvalidQuery(f"the text of a query must be a str; found {self.text!r}")
        for name in ("extra_or_tokens", "phrases", "exclude"):
            given = getattr(self, name)
            if given is not _NOTHING:
                object.__setattr__(self, name, _texts(name, given))
        object.__setattr__(self, "alternatives", _buckets("alternatives", self.alternatives))
        _check_flag("collapse", self.collapse)
        _check_flag("prefix", self.prefix)
        _check_choice("syntax", self.syntax, get_args(Syntax))
        _check_choice("corrections", self.corrections, get_args(Corrections))
        if self.policy is not None:
            _check_choice("policy", self.policy, get_args(Policy))
        if self.relevance is not None:
            _check_choice("relevance", self.relevance, get_args(Relevance))
        _check_common(self)


@dataclass(frozen=True, slots=True)
class EntityQuery:
    """A search for documents by phrases in declared fields and by fuzzy titles.

    `include` and `exclude` map a phrase field to phrases; `titles` are title searches. At least
    one phrase to include or one title is needed, at most 64 titles and 1,000 phrases are taken. A
    title search has at most 32 words. All else is as in `TextQuery`. Raises `InvalidQuery`.
    """

    include: Mapping[str, Sequence[str]] = field(default_factory=dict)
    exclude: Mapping[str, Sequence[str]] = field(default_factory=dict)
    titles: Sequence[str] = ()
    filters: Sequence[Filter] = ()
    limit: int | None = None
    audit: AuditMode | None = None
    offset: int = 0
    sort: Sequence[str] = ()
    facets: Sequence[Facet | str] = ()
    count: bool = False

    def __post_init__(self) -> None:
        for name in ("include", "exclude"):
            object.__setattr__(self, name, _buckets(name, getattr(self, name)))
        object.__setattr__(self, "titles", _texts("titles", self.titles))
        _check_common(self)
        if not self.titles and not any(self.include.values()):
            raise InvalidQuery(
                "an entity query needs something to include or a title; excludes and filters "
                "alone would match everything else: MatchAll is for that"
            )
        _refuse_above(MAX_TITLES, len(self.titles), "title searches")
        phrases = sum(map(len, (*self.include.values(), *self.exclude.values())))
        _refuse_above(MAX_PHRASES, phrases, "phrases to include and exclude")


@dataclass(frozen=True, slots=True)
class MatchAll:
    """A request for every document that passes the filters: for browsing.

    A document's hit is its first chunk. Hits come as `sort` says, without it in document order;
    no hit has a score but 0. All else is as in `TextQuery`. Raises `InvalidQuery`.
    """

    filters: Sequence[Filter] = ()
    limit: int | None = None
    audit: AuditMode | None = None
    offset: int = 0
    sort: Sequence[str] = ()
    facets: Sequence[Facet | str] = ()
    count: bool = False

    def __post_init__(self) -> None:
        _check_common(self)
        if any(key in (SCORE, f"-{SCORE}") for key in self.sort):
            raise InvalidQuery(
                "MatchAll gives no scores to sort by; sort by fields, or search for words"
            )


#: What a search looks for, once a str has become a `TextQuery`.
AnyQuery = TextQuery | EntityQuery | MatchAll
#: What `search` takes; a str is a `TextQuery` of that text.
Query = str | AnyQuery


def _check_common(query: AnyQuery) -> None:
    """Check, and put into their final form, what all kinds of queries have."""
    if query.audit is not None:
        object.__setattr__(query, "audit", _audit(query.audit))
    if query.filters is not _NOTHING:
        object.__setattr__(query, "filters", as_filters(query.filters))
    if query.sort is not _NOTHING:
        object.__setattr__(query, "sort", as_sort(query.sort))
    if query.facets is not _NOTHING:
        object.__setattr__(query, "facets", as_facets(query.facets))
    check_limit(query.limit)
    offset = query.offset
    if isinstance(offset, bool) or not isinstance(offset, int) or offset < 0:
        raise InvalidQuery(f"the offset must be an integer from 0; found {offset!r}")
    _check_flag("count", query.count)


def _check_flag(name: str, value: object) -> None:
    if not isinstance(value, bool):
        raise InvalidQuery(f"{name} is True or False; found {value!r}")


def _check_choice(name: str, value: object, known: Sequence[str]) -> None:
    if value not in known:
        raise InvalidQuery(f"{name} {value!r} is not known; use one of {', '.join(known)}")


def check_limit(limit: int | None) -> None:
    """Raise `InvalidQuery` unless the limit is None or a positive integer."""
    if limit is None:
        return
    if isinstance(limit, bool) or not isinstance(limit, int):
        raise InvalidQuery(f"the limit must be an integer; found {limit!r}")
    if limit < 1:
        raise InvalidQuery(f"the limit must be at least 1; found {limit}")


def _refuse_above(most: int, found: int, what: str) -> None:
    if found > most:
        raise InvalidQuery(
            f"an entity query takes at most {most:,} {what}; found {found:,}: ask several queries"
        )


def _texts(name: str, values: Iterable[str]) -> tuple[str, ...]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise InvalidQuery(f"{name} must be a list of texts; found {values!r}")
    texts = tuple(values)
    for text in texts:
        if not isinstance(text, str):
            raise InvalidQuery(f"{name} must hold texts; found {text!r}")
    return texts


def _buckets(name: str, buckets: object) -> dict[str, tuple[str, ...]]:
    """Return lists of texts by name."""
    if not isinstance(buckets, Mapping) or not all(isinstance(key, str) for key in buckets):
        raise InvalidQuery(f"{name} must map names to lists of texts; found {buckets!r}")
    return {key: _texts(f"{name}[{key!r}]", texts) for key, texts in buckets.items()}


def _audit(value: object) -> AuditMode:
    if isinstance(value, AuditMode):
        return value
    try:
        return AuditMode(str(value))
    except ValueError:
        names = ", ".join(mode.value for mode in AuditMode)
        raise InvalidQuery(f"audit {value!r} is not known; use one of {names}") from None


#: Whether a chunk holds all slots of a rung or any of them.
Operator = Literal["AND", "OR"]


@dataclass(frozen=True, slots=True)
class Rung:
    """A request for chunks that hold all (AND) or any (OR) of its slots.

    Slots are in query order. `dropped` are the words of the query that this rung does without.
    Each of `phrases` must stand in the title or in the chunk's text, none reaches from one into the
    other. None of `excluded` may stand in the title or in any chunk of the document. Both only
    filter: they are no part of the score, nor of the document frequencies.
    """

    operator: Operator
    slots: tuple[Slot, ...]
    dropped: tuple[str, ...] = ()
    phrases: tuple[Phrase, ...] = ()
    excluded: tuple[Phrase, ...] = ()

    @classmethod
    def of(cls, operator: Operator, words: Iterable[str], dropped: tuple[str, ...] = ()) -> Self:
        """Return a rung of plain words, by their tokens."""
        return cls(operator, tuple(map(PLAIN_SLOTS.__getitem__, words)), dropped)

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the slots: all that an engine without alternatives need look at."""
        return tuple([slot.word for slot in self.slots])

    @property
    def tokens(self) -> tuple[str, ...]:
        """The distinct tokens of all alternatives, in order."""
        return tokens_of(self.slots)

    @property
    def is_plain(self) -> bool:
        """Whether each slot is a plain word, and nothing is asked of phrases."""
        return not (self.phrases or self.excluded) and all(slot.is_plain for slot in self.slots)


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """One search: the query, in which the arguments of `search` stand in place of its own.

    The searcher's capabilities allow it. `timeout` is in seconds, None where none was given.
    `fixed` are those of the query's filters that no facet leaves out: the ones that the index was
    opened with.
    """

    query: AnyQuery
    explain: bool = False
    timeout: float | None = None
    fixed: tuple[Filter, ...] = ()
