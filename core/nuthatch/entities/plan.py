"""From an entity query to what an engine looks up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from nuthatch.contract.entity_settings import EntitySettings
from nuthatch.contract.filters import Filter
from nuthatch.contract.query import EntityQuery
from nuthatch.contract.schema import PhraseField, Schema
from nuthatch.entities.fuzzy import allowed_edits
from nuthatch.entities.terms import title_tokens
from nuthatch.errors import InvalidQuery
from nuthatch.text.phrases import normalize_phrase


class PhraseLookup(NamedTuple):
    """Asks for a normalized phrase of a field: for itself, or for the phrases that contain it, of
    these the first `cap` by length and code point (None: all)."""

    field: str
    phrase: str
    match: Literal["exact", "substring"]
    cap: int | None


class TitleLookup(NamedTuple):
    """Asks for the title tokens within so many edits of a token."""

    token: str
    edits: int


@dataclass(frozen=True, slots=True)
class EntityPlan:
    """Holds what is looked up, in query order: distinct phrases, and the tokens of each title
    search. `notes` tell what held no letter or digit and was left out."""

    include: tuple[PhraseLookup, ...]
    exclude: tuple[PhraseLookup, ...]
    titles: tuple[tuple[str, ...], ...]
    filters: tuple[Filter, ...]
    settings: EntitySettings = field(default_factory=EntitySettings)
    notes: tuple[str, ...] = ()

    @property
    def possible(self) -> int:
        """Is the number of phrases and title searches: the most that a document can score."""
        return len(self.include) + len(self.titles)

    @property
    def phrases(self) -> tuple[PhraseLookup, ...]:
        """Are all phrases to look up: those to include, then those to exclude."""
        return (*self.include, *self.exclude)

    @property
    def tokens(self) -> list[TitleLookup]:
        """Are the distinct tokens of all title searches, with the edits that each may be away."""
        distinct = dict.fromkeys(token for tokens in self.titles for token in tokens)
        return [TitleLookup(token, allowed_edits(token, self.settings)) for token in distinct]

    def query(self) -> EntityQuery:
        """Returns the query as it is looked up."""
        titles = [" ".join(tokens) for tokens in self.titles]
        return EntityQuery(_buckets(self.include), _buckets(self.exclude), titles, self.filters)


def plan_of(
    query: EntityQuery, schema: Schema, filters: tuple[Filter, ...], settings: EntitySettings
) -> EntityPlan:
    """Returns the plan of a query whose filters were checked.

    Raises `InvalidQuery` for a field that is not declared as a phrase field.
    """
    notes: list[str] = []
    include = _lookups("include", query.include, schema, settings.phrase_cap, notes)
    exclude = _lookups("exclude", query.exclude, schema, None, notes)
    titles = []
    for text in query.titles:
        tokens = title_tokens(text)
        if tokens:
            titles.append(tokens)
        else:
            notes.append(_left_out("the title", text))
    return EntityPlan(include, exclude, tuple(titles), filters, settings, tuple(notes))


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
            names = [each.name for each in schema.fields if isinstance(each, PhraseField)]
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


def _left_out(what: str, text: str) -> str:
    return f"{what} {text!r} holds no letter or digit and is left out"


def _buckets(lookups: Iterable[PhraseLookup]) -> dict[str, list[str]]:
    buckets: dict[str, list[str]] = {}
    for lookup in lookups:
        buckets.setdefault(lookup.field, []).append(lookup.phrase)
    return buckets
