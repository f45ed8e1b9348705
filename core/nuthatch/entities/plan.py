"""From documents to what entity search indexes, and from a query to what it looks up.

document ── entity_terms ──▶ phrases, title tokens
query    ── plan_of ───────▶ PhraseLookup, TitleLookup ──▶ an engine
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, Literal, NamedTuple

from nuthatch.contract.filters import Filter, Mentions
from nuthatch.contract.query import EntityQuery
from nuthatch.contract.schema import PhraseField, Schema
from nuthatch.contract.spec import EntitySettings
from nuthatch.entities.fuzzy import max_edits
from nuthatch.errors import InvalidQuery, check_deadline
from nuthatch.text.standard import StandardAnalyzer, normalize_phrase
from nuthatch.text.token import shorten_all

#: Titles are compared by the same tokens in every index, whatever its analyzer.
_TITLES: Final = StandardAnalyzer()


class EntityTerms(NamedTuple):
    """A document's distinct (field, phrase) pairs, and its title's tokens with repeats."""

    phrases: tuple[tuple[str, str], ...]
    title: tuple[str, ...]

    @property
    def repeated(self) -> list[str]:
        """The entries of tokens that the title repeats: `the 2` for a second `the`."""
        return [repetition(token, nth) for token, nth in number_repeats(self.title) if nth > 1]

    @property
    def whole(self) -> str:
        """The whole title, its tokens joined by blanks; empty if it has none."""
        return " ".join(self.title)


def entity_terms(schema: Schema, title: str, fields: Mapping[str, Any]) -> EntityTerms:
    """Return what an engine indexes of a document with this title and these fields."""
    phrases: dict[tuple[str, str], None] = {}
    for declared, value in schema.field_values(fields):
        if not isinstance(declared, PhraseField):
            continue
        for text in value if isinstance(value, list) else [value]:
            phrase = normalize_phrase(text)
            if phrase:
                phrases[declared.name, phrase] = None
    return EntityTerms(tuple(phrases), title_tokens(title) if schema.titles else ())


def title_tokens(title: str) -> tuple[str, ...]:
    """Return the tokens of a title, or of a title search."""
    return tuple(shorten_all(_TITLES.surfaces(title)))


def number_repeats(tokens: Sequence[str]) -> list[tuple[str, int]]:
    """Return tokens, each with the number of times that it has come so far."""
    counts: dict[str, int] = {}
    found = []
    for token in tokens:
        counts[token] = counts.get(token, 0) + 1
        found.append((token, counts[token]))
    return found


def repetition(token: str, nth: int) -> str:
    """Return the entry of a token's n-th occurrence; no token has a blank."""
    return f"{token} {nth}"


def squeeze(whole: str) -> str:
    """Return a whole title without its blanks."""
    return whole.replace(" ", "")


#: Tokens of one title search: each may stand for fifty, and each pair is joined.
MAX_TITLE_TOKENS: Final = 32


class PhraseLookup(NamedTuple):
    """A look-up of a normalized phrase of a field: for itself, or for the phrases that contain it.

    Of these count the first `cap` by length and code point (None: all).
    """

    field: str
    phrase: str
    match: Literal["exact", "substring"]
    cap: int | None


class TitleLookup(NamedTuple):
    """A look-up of the title tokens within so many edits of a token.

    Of another `kind` it is for the entry of a repeated token that is `token`, or for the whole
    titles that are `token` without blanks.
    """

    token: str
    edits: int
    kind: Literal["token", "repeated", "title"] = "token"


@dataclass(frozen=True, slots=True)
class EntityPlan:
    """What is looked up, in query order: distinct phrases, and the tokens of each title
    search. `notes` tell what held no letter or digit and was left out; `deadline` is a
    `time.monotonic` reading."""

    include: tuple[PhraseLookup, ...]
    exclude: tuple[PhraseLookup, ...]
    titles: tuple[tuple[str, ...], ...]
    filters: tuple[Filter, ...]
    settings: EntitySettings = field(default_factory=EntitySettings)
    notes: tuple[str, ...] = ()
    deadline: float | None = None

    @property
    def possible(self) -> int:
        """The most that a document can score: a point for each phrase, and for titles one in
        all, or one for each search."""
        titles = min(len(self.titles), 1) if self.settings.best_title else len(self.titles)
        return len(self.include) + titles

    @property
    def phrases(self) -> tuple[PhraseLookup, ...]:
        """All phrases to look up: those to include, then those to exclude."""
        return (*self.include, *self.exclude)

    @property
    def tokens(self) -> list[TitleLookup]:
        """The distinct look-ups of all title searches, but for `title_halves`, which depend on
        the answers to these."""
        return list(
            dict.fromkeys(
                lookup for title in self.titles for lookup in _title_lookups(title, self.settings)
            )
        )

    def check_deadline(self) -> None:
        """Raise `QueryTimeout` where the search has taken too long: for loops of look-ups."""
        check_deadline(self.deadline)

    def query(self) -> EntityQuery:
        """Return the query as it is looked up."""
        titles = [" ".join(tokens) for tokens in self.titles]
        return EntityQuery(_buckets(self.include), _buckets(self.exclude), titles, self.filters)


def plan_of(
    query: EntityQuery, schema: Schema, filters: tuple[Filter, ...], settings: EntitySettings
) -> EntityPlan:
    """Return the plan of a query whose filters were checked.

    Raise `InvalidQuery` for a field that is not declared as a phrase field, for a title search
    of too many words, and for any where the schema does without.
    """
    if query.titles and not schema.titles:
        raise InvalidQuery(
            f"the title {query.titles[0]!r} cannot be looked up: the schema has titles=False, so "
            "the index keeps nothing for title searches; search it as text, or copy the index into "
            "a new one whose schema has titles"
        )
    notes: list[str] = []
    include = _lookups("include", query.include, schema, settings.phrase_cap, notes)
    exclude = _lookups("exclude", query.exclude, schema, None, notes)
    titles = []
    for text in query.titles:
        tokens = title_tokens(text)
        if len(tokens) > MAX_TITLE_TOKENS:
            raise InvalidQuery(
                f"a title search has at most {MAX_TITLE_TOKENS} words; found {len(tokens)} in "
                f"{text[:60]!r}…: leave words out, or search for them as text"
            )
        if tokens:
            titles.append(tokens)
        else:
            notes.append(_left_out("the title", text))
    return EntityPlan(include, exclude, tuple(titles), filters, settings, tuple(notes))


def position_lookup(token: str, nth: int, settings: EntitySettings) -> TitleLookup:
    """Return the look-up of a token of a title search that stands there for the n-th time."""
    if nth > 1 and settings.repeats:
        return TitleLookup(repetition(token, nth), 0, "repeated")
    return TitleLookup(token, max_edits(token, settings))


def _title_lookups(tokens: Sequence[str], settings: EntitySettings) -> Iterator[TitleLookup]:
    for token, nth in number_repeats(tokens):
        yield position_lookup(token, nth, settings)
    if settings.joins:
        for one, other in pairwise(tokens):
            yield TitleLookup(one + other, 0)
    if settings.exact_titles:
        yield TitleLookup("".join(tokens), 0, "title")


def _lookups(
    part: str,
    buckets: Mapping[str, Sequence[str]],
    schema: Schema,
    cap: int | None,
    notes: list[str],
) -> tuple[PhraseLookup, ...]:
    found: dict[PhraseLookup, None] = {}
    for name, texts in buckets.items():
        declared = schema.field(name)
        if not isinstance(declared, PhraseField):
            names = [field.name for field in schema.fields if isinstance(field, PhraseField)]
            raise InvalidQuery(
                f"{part} {name!r}: the schema declares no such phrase field; phrase fields: "
                f"{', '.join(names) or 'none'}"
            )
        for text in texts:
            phrase = normalize_phrase(text)
            if not phrase:
                notes.append(_left_out(f"{part} {name}", text))
                continue
            bound = cap if declared.match == "substring" else None
            found[PhraseLookup(name, phrase, declared.match, bound)] = None
    return tuple(found)


def mention_lookups(schema: Schema, condition: Mentions) -> list[PhraseLookup]:
    """Return the look-ups of a checked filter; what any of them finds passes, without a cap."""
    declared = schema.field(condition.field)
    assert isinstance(declared, PhraseField)
    return [
        PhraseLookup(declared.name, phrase, declared.match, None) for phrase in condition.phrases
    ]


def _left_out(what: str, text: str) -> str:
    return f"{what} {text!r} holds no letter or digit and is left out"


def _buckets(lookups: Iterable[PhraseLookup]) -> dict[str, list[str]]:
    buckets: dict[str, list[str]] = {}
    for lookup in lookups:
        buckets.setdefault(lookup.field, []).append(lookup.phrase)
    return buckets
