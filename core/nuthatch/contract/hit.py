"""A hit, the strength of its claim (`AuditMode`), its evidence, and where it came from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, StrictInt

from nuthatch.contract.markup import SafeHTML, escape_html, mark_tags

_HitT = TypeVar("_HitT", bound="Hit")


class AuditMode(StrEnum):
    """The strength of the claim behind a hit; a later member is stronger."""

    #: The engine's word; nothing is claimed to be provable.
    UNGROUNDED = "ungrounded"
    #: The hit carries evidence that `nuthatch.verify` checks without any backend.
    GROUNDED = "grounded"


class Evidence(BaseModel):
    """What `nuthatch.verify` needs to check a hit against its document root.

    `header` is the canonical JSON of leaf 0; the text of the hit is leaf `chunk_idx + 1`. The paths
    are RFC 9162 inclusion proofs, nearest sibling first, in hex. `start`, `end` and `marks` say
    how the snippet is cut from the text (code points).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: StrictInt
    header: str
    start: StrictInt
    end: StrictInt
    marks: tuple[tuple[StrictInt, StrictInt], ...]
    header_path: tuple[str, ...]
    chunk_path: tuple[str, ...]


class Origin(BaseModel):
    """The engine whose hit a wrapper passes on, and that engine's own score."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    backend: str
    score: FiniteFloat


#: The values of a hit that cost: a header to parse, a text to unpack, a snippet to cut.
#: Evidence comes first, for the snippet comes with it.
_IN_TURN: Final = (
    "evidence",
    "title",
    "fields",
    "snippet",
    "marks",
    "title_marks",
    "text",
    "start",
)
_DEFERRED: Final = frozenset(_IN_TURN)


class HitSource(Protocol):
    """What the deferred values of a hit are made from: data in memory, and no connection."""

    def read(self, name: str) -> Mapping[str, Any]:
        """Return this value by its name, and those that come with it for nothing."""
        ...


class Highlight(NamedTuple):
    """The title and the snippet of a hit, the matched words marked."""

    title: str
    snippet: str


class Hit(BaseModel):
    """One chunk that matches a search.

    `document_root` (hex) identifies the document's exact content. `text` is the chunk, and `start`
    its offset in the document's text. `snippet` marks matched words as `[word]`; `marks` gives
    their offsets in the snippet, without the brackets, `title_marks` the offsets of those in the
    title. Offsets count code points. `score` is higher for a better hit and comparable within one
    result only; `score_parts` name what it is made of. `rung` is the index of the attempt that
    found the hit.

    A search leaves `title`, `fields`, `snippet`, `text`, `start`, the marks and `evidence` to be
    made when they are first read; to compare, print, copy, pickle or dump a hit reads them all.
    They are those of the state that was searched, whatever is written since, and whether the index
    is closed or not. Reading one raises `IndexCorrupt` where what was stored is damaged, and
    `PluginFailure` where the engine broke the contract in it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    #: What makes the values that are still missing; unset or None where none is.
    __slots__ = ("_source",)

    document_root: str
    document_uri: str
    chunk_idx: StrictInt = Field(ge=0)
    title: str
    snippet: str
    score: FiniteFloat
    # dict, not Mapping: pydantic checks that in compiled code
    score_parts: dict[str, float]
    audit_mode: AuditMode
    fields: dict[str, Any] = Field(default_factory=dict)
    rung: int = 0
    marks: tuple[tuple[StrictInt, StrictInt], ...] = ()
    title_marks: tuple[tuple[StrictInt, StrictInt], ...] = ()
    text: str
    start: StrictInt = Field(ge=0)
    origin: Origin | None = None
    evidence: Evidence | None = None

    if not TYPE_CHECKING:  # type checkers know the fields, and that there is nothing else

        @property
        def __dict__(self) -> dict[str, Any]:
            """All values; pydantic compares, prints, copies, pickles and dumps what is here."""
            if _source_of(self) is not None:
                _make_all(self)
            return _values_of(self)

        @__dict__.setter
        def __dict__(self, values: dict[str, Any]) -> None:
            _set_values(self, values)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with some values changed; what is not made yet stays so."""
        source = _source_of(self)
        if deep or source is None:
            return super().model_copy(update=update, deep=deep)
        changes = dict(update or {})
        values, given = {**_values_of(self), **changes}, self.__pydantic_fields_set__ | set(changes)
        return _make_hit(type(self), values, given, source)

    def highlight(
        self, before: str, after: str, escape: Callable[[str], str] = lambda text: text
    ) -> Highlight:
        """Return title and snippet with the caller's marks, each piece of text after `escape`.

        `html` does this for web pages.

        >>> title, snippet = hit.highlight("**", "**")      # doctest: +SKIP
        """

        def mark(text: str, spans: Iterable[tuple[int, int]], bracket: int) -> str:
            pieces: list[str] = []
            position = 0
            for start, end in spans:
                pieces += (escape(text[position : start - bracket]), before)
                pieces += (escape(text[start:end]), after)
                position = end + bracket
            pieces.append(escape(text[position:]))
            return "".join(pieces)

        return Highlight(mark(self.title, self.title_marks, 0), mark(self.snippet, self.marks, 1))

    def html(self, tag: str = "mark") -> Highlight:
        """Return title and snippet as HTML: escaped, and the matched words within `tag`.

        Both are `SafeHTML`, which templates show without escaping it again. Raise `InvalidQuery`
        for a tag that does not mark words, `script` for one.
        """
        title, snippet = self.highlight(*mark_tags(tag), escape=escape_html)
        return Highlight(SafeHTML(title), SafeHTML(snippet))


_FIELDS: Final = tuple(Hit.model_fields)
_UNGROUNDED: Final = frozenset(_FIELDS) - {"origin", "evidence"}
# The dictionary and the slots themselves, past what `Hit` does when they are read by name.
_values_of: Final[Callable[[Hit], dict[str, Any]]] = vars(BaseModel)["__dict__"].__get__
_set_values: Final[Callable[[Hit, dict[str, Any]], None]] = vars(BaseModel)["__dict__"].__set__
_get_source: Final[Callable[[Hit], HitSource | None]] = vars(Hit)["_source"].__get__
_set_source: Final[Callable[[Hit, HitSource | None], None]] = vars(Hit)["_source"].__set__


class _DeferredValue:
    """A value of a hit that is made when it is read, and then stands in the hit's dictionary.

    Python looks there first, as this has no `__set__`. So a value that is there costs nothing more.
    """

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, hit: Hit | None, kind: type[Hit]) -> Any:
        if hit is not None:
            values = _make_value(hit, self._name)
            if self._name in values:
                return values[self._name]
        raise AttributeError(f"{kind.__name__!r} object has no attribute {self._name!r}")


for _field in _IN_TURN:
    setattr(Hit, _field, _DeferredValue(_field))


class _Exhausted:
    """The source of a hit whose values are all made, but do not stand in order."""

    def read(self, name: str) -> Mapping[str, Any]:
        return {}


_EXHAUSTED: Final = _Exhausted()


def _source_of(hit: Hit) -> HitSource | None:
    try:
        return _get_source(hit)
    except AttributeError:  # a hit that was made from all of its values
        return None


def _make_value(hit: Hit, name: str) -> dict[str, Any]:
    """Make a missing value of a hit, and those that come with it; return all that are there."""
    source, values = _source_of(hit), _values_of(hit)
    if source is None:  # another thread was faster
        return values
    for field, value in source.read(name).items():
        values.setdefault(field, value)
    if len(values) >= len(_FIELDS) and values.keys() >= _DEFERRED:
        _set_source(hit, _EXHAUSTED)
    return values


def _make_all(hit: Hit) -> None:
    """Make the missing values of a hit, and put all into the order of the fields."""
    values = _values_of(hit)
    for name in _IN_TURN:
        if name not in values:
            values = _make_value(hit, name)
    _set_values(hit, {field: values[field] for field in _FIELDS} | values)
    _set_source(hit, None)


def defer_hit(values: dict[str, Any], source: HitSource) -> Hit:
    """Return a hit of these values, which are not checked; the source makes the missing ones."""
    given = set(_UNGROUNDED)
    if "evidence" not in values:
        given.add("evidence")
    return _make_hit(Hit, values, given, source)


def _make_hit(
    kind: type[_HitT], values: dict[str, Any], given: set[str], source: HitSource
) -> _HitT:
    hit = kind.__new__(kind)
    _set_values(hit, values)
    _set_source(hit, source)
    object.__setattr__(hit, "__pydantic_fields_set__", given)
    object.__setattr__(hit, "__pydantic_extra__", None)
    object.__setattr__(hit, "__pydantic_private__", None)
    return hit
