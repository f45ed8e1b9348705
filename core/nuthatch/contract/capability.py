"""What a backend can do: one frozen `Capabilities`, an entry per operation and per argument.

Core reads the entries before it calls the backend, so a backend never has to refuse by itself, and
a reader knows what will happen. There is no "unknown": every entry has a value. A spec
starts from a profile and says only what differs:

    Capabilities.lexical(timeout=EMULATED, optimize=unsupported("the engine compacts by itself"))
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from operator import attrgetter
from typing import Final, Literal, Self

from nuthatch.errors import InvalidConfig


@dataclass(frozen=True, slots=True)
class Support:
    """Who does it: the engine itself (`native`), nuthatch for the engine (`emulated`), or none
    (`unsupported`, with the reason). True unless it is unsupported."""

    level: Literal["native", "emulated", "no"]
    reason: str = ""

    def __post_init__(self) -> None:
        if self.level == "no" and not self.reason:
            raise InvalidConfig("a capability that is absent needs a reason that users can read")

    def __bool__(self) -> bool:
        return self.level != "no"

    def __str__(self) -> str:
        return f"{self.level} ({self.reason})" if self.reason else self.level


#: The engine does it itself.
NATIVE: Final = Support("native")
#: nuthatch does it for the engine.
EMULATED: Final = Support("emulated")
#: The entries that core can emulate: only these may be `EMULATED`.
EMULATED_BY_CORE: Final = frozenset(
    {
        "entities",  # by the look-ups of an `EntityReader`
        "fuzzy",
        "substring",
        "timeout",  # between the calls of a reader
        "native_top_k",  # by what `auto` costs, and the ladder above its budget
        "async_native",  # by a thread
        # by `matching` and `columns`, else by every match and every document
        "sort",
        "facets",
        "count",
        "filters.range",
        "filters.any_of",
        "filters.tree",
        # by the text of what matches
        "phrases",
        "exclusions",
    }
)


def unsupported(reason: str) -> Support:
    """Return the entry for what a backend cannot do; the reason is shown to users."""
    return Support("no", reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterSupport:
    """The entries of filters, for text and entity queries alike.

    An engine that knows lists of `Range` and `AnyOf` gives the first two. Core makes a `Range` of
    `StartsWith`, and of `Exists` but for phrase fields, and opens `All`. What is `EMULATED` core
    looks up in the columns of all that match; only text queries and `MatchAll` take it.
    """

    #: `Range` on all fields but phrases, with the bounds `gte` and `lte` alone.
    range: Support = EMULATED
    #: `AnyOf` on all fields but phrases.
    any_of: Support = EMULATED
    #: Trees: `Any`, `Not`, and `All` within them.
    tree: Support = EMULATED
    #: `Mentions`, and `Exists` on phrase fields.
    mentions: Support = Support("no", "its backend does not filter by phrases")

    @classmethod
    def complete(cls) -> Self:
        """Return the entries of an engine that knows all filters."""
        return cls(range=NATIVE, any_of=NATIVE, tree=NATIVE, mentions=NATIVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What one backend can do."""

    #: Free-text queries (`TextQuery`).
    text: Support
    #: Entity queries (`EntityQuery`).
    entities: Support
    #: Typing errors in title searches are forgiven.
    fuzzy: Support
    #: Phrase fields declared with `match="substring"`.
    substring: Support
    #: Hard filters.
    filters: FilterSupport
    #: `audit=AuditMode.GROUNDED`.
    grounding: Support
    #: `explain=True` gives each token's part of the score (a hint: it degrades with a note).
    explain: Support
    #: `timeout` stops work inside the engine; otherwise it is checked between engine calls.
    timeout: Support
    #: A search sees one state of the index from its first request to its last.
    snapshot: Support
    #: The engine finds the exact top k of a disjunction by itself, so `auto` always ranks.
    native_top_k: Support
    #: `add`.
    write: Support
    #: `delete`.
    delete: Support
    #: `documents()`, for copy, audit and reindexing.
    export: Support
    #: The index outlives the object and the process: what was acknowledged is there again.
    persistent: Support
    #: `check()`.
    check: Support
    #: `optimize()`.
    optimize: Support
    #: `search_async` talks to the engine without a thread.
    async_native: Support
    #: The largest limit of one search; None for no bound but the index's size.
    max_limit: int | None
    #: `nuthatch.drop`: the index goes, with everything that belongs to it. This entry and those
    #: after it may be left out, as they came later than the others.
    drop: Support = Support("no", "its backend knows no way; remove what it is stored in")
    #: A batch of documents, or of uris to delete, is written as a whole or not at all, whatever
    #: ends it: an error, an interrupt, a kill. No reader sees a part of it. Without it a part may
    #: stand after a failure; adding or deleting the same again makes the whole of it.
    atomic_batches: Support = NATIVE
    #: A search of this process that begins after a write was acknowledged sees that write. Without
    #: it a search may see it later, at the latest after `optimize()`, which the backend then has;
    #: and `add` analyzes and writes documents that are stored already.
    immediate_visibility: Support = NATIVE
    #: The same search of the same state gives the same hits with the same scores, in the same
    #: order. Without it no ranked results are called `exact`, and a larger limit, or the next page,
    #: may begin in another order.
    stable_scores: Support = NATIVE
    #: Several processes use one index at a time: a search sees what another process acknowledged
    #: before; of two that write, one waits or raises `IndexLocked`. Without it a process raises
    #: `IndexLocked` while another one has the index open.
    many_processes: Support = Support("no", "its backend does not say that it can")
    #: Hits in the order of fields, and `MatchAll`. This entry and the next two are `NATIVE` where a
    #: reader has `matching` and `columns`. Where it has not, core reads every match and every
    #: document for each search: complete, and slow.
    sort: Support = Support("no", "its backend does not say that it can")
    #: `Results.facets`.
    facets: Support = Support("no", "its backend does not say that it can")
    #: `Results.total`.
    count: Support = Support("no", "its backend does not say that it can")
    #: Phrases that must stand in what is found. Without positions core reads the text of what
    #: matches, as far as a bound; so it does for an index that keeps none.
    phrases: Support = Support("no", "its backend does not say that it can")
    #: Words and phrases that may not stand in a document.
    exclusions: Support = Support("no", "its backend does not say that it can")
    #: Slots with alternatives: synonyms, and what prefixes and corrections become.
    alternatives: Support = Support("no", "its backend looks for plain words alone")
    #: The surface words of the index, for prefixes, corrections and suggestions.
    dictionary: Support = Support("no", "its backend keeps no words before stemming")

    @classmethod
    def lexical(
        cls,
        *,
        filters: FilterSupport | None = None,
        max_limit: int | None = None,
        **entries: Support,
    ) -> Self:
        """Return the entries of a complete engine for `LexicalBackend`; give those that differ.

        Everything is `NATIVE` but this: core prunes a disjunction to its top k within the budget
        (`native_top_k`), a thread serves `search_async` (`async_native`), and core sorts and
        counts (`sort`, `facets`, `count`) and reads texts for `phrases` and `exclusions`;
        `alternatives` and the `dictionary` are to be declared. `TypeError` for an entry that there
        is not.
        """
        profile = cls(
            text=NATIVE,
            entities=NATIVE,
            fuzzy=NATIVE,
            substring=NATIVE,
            filters=filters or FilterSupport.complete(),
            grounding=NATIVE,
            explain=NATIVE,
            timeout=NATIVE,
            snapshot=NATIVE,
            native_top_k=EMULATED,
            write=NATIVE,
            delete=NATIVE,
            export=NATIVE,
            persistent=NATIVE,
            check=NATIVE,
            optimize=NATIVE,
            async_native=EMULATED,
            max_limit=max_limit,
            drop=NATIVE,
            atomic_batches=NATIVE,
            immediate_visibility=NATIVE,
            stable_scores=NATIVE,
            many_processes=NATIVE,
            sort=EMULATED,
            facets=EMULATED,
            count=EMULATED,
            phrases=EMULATED,
            exclusions=EMULATED,
        )
        return replace(profile, **entries)  # type: ignore[arg-type]  # replace() refuses others

    def __iter__(self) -> Iterator[tuple[str, Support]]:
        """Yield (dotted name, entry) in the order of declaration."""
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, Support):
                yield item.name, value
            elif isinstance(value, FilterSupport):
                for part in fields(value):
                    yield f"{item.name}.{part.name}", getattr(value, part.name)

    def support(self, feature: str) -> Support:
        """Return the entry of a dotted name, such as `filters.range`; `AttributeError` if none."""
        support: Support = attrgetter(feature)(self)
        return support
