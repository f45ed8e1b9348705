"""Documents with fields of every type, and trees of filters on them, as Hypothesis draws them.

Each field has few values, so that conditions meet some documents and not others, and each may be
missing, a single value or a list.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from functools import partial
from typing import Any, Final

from hypothesis import strategies as st

import nuthatch
from nuthatch import (
    All,
    AnyOf,
    BooleanField,
    DateField,
    DateTimeField,
    Document,
    Exists,
    Filter,
    IntegerField,
    KeywordField,
    Mentions,
    Not,
    NumberField,
    PhraseField,
    Range,
    Schema,
    StartsWith,
)

#: Every type of field, and chunks of two words.
TREE_SCHEMA = Schema(
    chunker="words:2:0",
    fields=(
        KeywordField("tags"),
        IntegerField("sizes"),
        NumberField("rating"),
        BooleanField("seen"),
        DateField("released"),
        DateTimeField("added"),
        PhraseField("people"),
        PhraseField("studios", match="substring"),
    ),
)

_EAST: Final = timezone(timedelta(hours=9))
#: By field what documents have there; the letters with accents are one code point and two.
VALUES: Final[dict[str, Sequence[Any]]] = {
    "tags": ("", "a", "ab", "e\u0301t", "\u00e9t", "\ud7ff", "\ue000", "\U0010ffff"),
    "sizes": (-(2**63), -1, 0, 1, 2, 2**53 + 1, 2**63 - 1),
    "rating": (-1.5, 0.0, 5e-324, 0.1, 1e300),
    "seen": (True, False),
    "released": ("0001-01-01", "1999-12-31", "2000-01-01", "9999-12-31"),
    "added": (
        "1999-12-31T23:59:59.999999Z",
        "2000-01-01T00:00Z",
        "2000-01-01T08:00:00+09:00",
        datetime(2000, 1, 1, 9, tzinfo=_EAST),
        datetime(2000, 1, 1, 23, 59, 59, 999999, UTC),
        "2000-01-02T00:00:00-00:30",
    ),
    "people": ("Ann Lee", "ANN  LEE!", "Bob", "?"),
    "studios": ("Warner Bros", "Warner", "Bros & Co", "Ö"),
}
#: Besides these, what filters compare with.
_BOUNDS: Final[dict[str, Sequence[Any]]] = {
    "tags": ("b", "e", "\u00e9"),
    "sizes": (0.5, -0.5),
    "rating": (0, 1),
    "seen": (),
    "released": (date(2000, 1, 1),),
    "added": (date(2000, 1, 1), date(1999, 12, 31), "2000-01-02"),
}
_PHRASES: Final = {
    "people": ("ann lee", "Ann", "bob", "!"),
    "studios": ("warner", "bros", "ner b", "ö", ""),
}


def _values(name: str) -> st.SearchStrategy[Any]:
    value = st.sampled_from(VALUES[name])
    return value | st.lists(value, max_size=3)


_DOCUMENT_FIELDS = st.fixed_dictionaries({}, optional={name: _values(name) for name in VALUES})
_TEXTS = st.lists(st.sampled_from(["aa", "bb"]), min_size=1, max_size=4).map(" ".join)


@st.composite
def typed_documents(draw: st.DrawFn, max_size: int = 6) -> list[Document]:
    """Draw documents `d0`, `d1`, … of up to four words `aa` and `bb`, all of which have an `aa`."""
    rows = draw(st.lists(st.tuples(_TEXTS, _DOCUMENT_FIELDS), min_size=1, max_size=max_size))
    return [
        Document(f"d{number}", "aa", text, fields) for number, (text, fields) in enumerate(rows)
    ]


@st.composite
def value_conditions(draw: st.DrawFn) -> Filter:
    """Draw a condition of any kind on a field that is not a phrase field."""
    name = draw(st.sampled_from(sorted(_BOUNDS)))
    bound = st.sampled_from([*VALUES[name], *_BOUNDS[name]])
    # No integer equals a fraction, so only bounds may be one.
    value = bound.filter(lambda value: name != "sizes" or isinstance(value, int))
    kinds: list[st.SearchStrategy[Filter]] = [
        st.just(Exists(name)),
        st.lists(value, min_size=1, max_size=3).map(lambda values: AnyOf(name, values)),
        _ranges(name, bound),
    ]
    if name == "tags":
        kinds.append(st.sampled_from([*VALUES[name], "e", "z"]).map(lambda t: StartsWith(name, t)))
    return draw(st.one_of(kinds))


def _ranges(name: str, bound: st.SearchStrategy[Any]) -> st.SearchStrategy[Filter]:
    low, high = st.sampled_from(["gt", "gte"]), st.sampled_from(["lt", "lte"])
    both = st.tuples(low, bound, high, bound)
    return st.one_of(
        st.tuples(low | high, bound).map(lambda one: Range(name, **{one[0]: one[1]})),
        both.map(lambda ends: Range(name, **{ends[0]: ends[1], ends[2]: ends[3]})),
    )


def _nest(conditions: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    """Return trees of any shape, empty branches among them."""
    return st.recursive(
        conditions,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map(lambda parts: All(*parts)),
            st.lists(inner, max_size=3).map(lambda parts: nuthatch.Any(*parts)),
            inner.map(Not),
        ),
        max_leaves=6,
    )


#: Conditions on phrase fields.
mentions: st.SearchStrategy[Filter] = st.one_of(
    *(
        st.lists(st.sampled_from(phrases), min_size=1, max_size=2).map(partial(Mentions, name))
        for name, phrases in _PHRASES.items()
    ),
    st.sampled_from(sorted(_PHRASES)).map(Exists),
)
#: Trees without phrases, and trees of everything.
value_trees = _nest(value_conditions())
trees = _nest(value_conditions() | mentions)
