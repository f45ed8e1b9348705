"""What users type: quotes, a minus, a star. Every text is legal, and means something.

    "new york" lap* -noir      new york       to stand there word by word
                               lap            to be completed
                               noir           not to stand there

A quote opens where no letter or digit stands before it (`17" monitor` has inches) and needs another
to close it; all kinds of double quotes do. A minus excludes where a blank, or nothing, stands
before it and a word or a quote after it (`e-mail` has a hyphen). A star completes the word at the
end of the text. What is left, a lone quote too, is text like any other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from nuthatch.text.pattern import lazy_pattern
from nuthatch.text.runs import is_unspaced

_QUOTES = '"“”„‟«»＂'
_MINUS = "-\u2212"
_MARK = lazy_pattern(f"[{_MINUS}{_QUOTES}]")
_QUOTE = lazy_pattern(f"[{_QUOTES}]")
_WORD = lazy_pattern(rf"[^\W_][^\s{_QUOTES}]*")
_STAR = lazy_pattern(r"(?<=\w)\*+\s*\Z")


class Segment(NamedTuple):
    """A part of a query's text; in quotes its words must stand one after another."""

    text: str
    is_quoted: bool = False


class TypedQuery(NamedTuple):
    """A query's text, and its parts.

    Words are looked for in `segments`, none of `excluded` may be found. `completes` tells that the
    last word may be the beginning of one.
    """

    text: str
    segments: tuple[Segment, ...]
    excluded: tuple[str, ...] = ()
    completes: bool = False

    def extended(
        self, phrases: Iterable[str] = (), excluded: Iterable[str] = (), *, completes: bool = False
    ) -> TypedQuery:
        """Return the query with more phrases and exclusions."""
        # The word to complete is the last of the text, so phrases stand before it.
        quoted = (Segment(phrase, is_quoted=True) for phrase in phrases)
        return self._replace(
            segments=(*quoted, *self.segments),
            excluded=(*self.excluded, *excluded),
            completes=self.completes or completes,
        )


def read_plain(text: str) -> TypedQuery:
    """Return a text in which every character is text."""
    return TypedQuery(text, (Segment(text),))


def read_web(text: str) -> TypedQuery:
    """Return the parts of a text with quotes, minuses and a star."""
    segments: list[Segment] = []
    excluded: list[str] = []
    done = place = 0
    while (mark := _MARK.search(text, place)) is not None:
        begin = mark.start()
        found = _read_condition(text, begin)
        if found is None:
            place = begin + 1
            continue
        segments += _plain(text[done:begin])
        inner, place, is_excluded = found
        done = place
        if is_excluded:
            excluded.append(inner)
        else:
            segments.append(Segment(inner, is_quoted=True))
    segments += _plain(text[done:])
    completes = False
    if segments and not segments[-1].is_quoted:
        rest, stars = _STAR.subn("", segments[-1].text)
        completes = bool(stars)
        segments[-1] = Segment(rest)
    return TypedQuery(text, tuple(segments), tuple(excluded), completes)


def _plain(text: str) -> list[Segment]:
    return [Segment(text)] if text.strip() else []


def _read_condition(text: str, begin: int) -> tuple[str, int, bool] | None:
    """Return the phrase or exclusion that begins with this mark: its text, its end, and whether it
    is excluded. None where the mark is text."""
    before = text[begin - 1 : begin]
    if text[begin] in _MINUS:
        if before.strip():
            return None
        word = _WORD.match(text, begin + 1)
        if word is not None:
            return word[0], word.end(), True
        if text[begin + 1 : begin + 2] not in tuple(_QUOTES):
            return None
        begin += 1
        closed = _QUOTE.search(text, begin + 1)
        return None if closed is None else (text[begin + 1 : closed.start()], closed.end(), True)
    if before.isalnum() and not is_unspaced(before):
        return None
    closed = _QUOTE.search(text, begin + 1)
    return None if closed is None else (text[begin + 1 : closed.start()], closed.end(), False)
