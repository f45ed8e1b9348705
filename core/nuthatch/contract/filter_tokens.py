"""The words and signs of the filter language, and the place of an error in a text.

    year>=1990 and genres="Film noir"
    ^^^^                                  word
        ^^                                sign
                          ^^^^^^^^^^^     quoted text, with escapes as in JSON

A word is anything up to a blank, a quote or a sign. Quotes are about characters and not about
types: `"1990"` and `1990` are the same.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, Literal, NamedTuple

from nuthatch.errors import InvalidFilter
from nuthatch.text.pattern import lazy_pattern

#: Words that stand for themselves in quotes only. Capitals make no difference.
RESERVED: Final = frozenset(("and", "or", "not", "in"))
_WORD: Final = r"[^\s\"'()\[\]{},=<>!|&\\\x00-\x1f\x7f-\x9f]+"
_BARE: Final = lazy_pattern(_WORD)
_TOKEN: Final = lazy_pattern(
    rf"(?s:\s+|(?P<word>{_WORD})|(?P<sign>>=|<=|!=|[()=<>,])"
    r"""|(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'))"""
)
_ESCAPE: Final = lazy_pattern(r"(?s:\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.))")
_ESCAPED: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_LITERAL: Final = "\\\"'/"
_HINTS: Final = {
    "|": "write or between conditions, and for one of several values: genres in (Horror, War)",
    "&": "write and between conditions",
    "!": "write not before a condition, or != between field and value",
    "\\": "escapes stand within quotes",
}
_WHOLE: Final = 'a text that holds a quote stands in quotes as a whole, as in "O\'Brien"'
#: How many characters of a text are shown on each side of an error.
_SHOWN: Final = 60


class Token(NamedTuple):
    """A word, a quoted text (without its quotes), a sign, or the end; with its place."""

    kind: Literal["word", "quoted", "sign", "end"]
    text: str
    start: int
    end: int

    @property
    def is_operand(self) -> bool:
        """Whether it can be a field or a value."""
        return self.kind == "quoted" or (self.kind == "word" and self.lower not in RESERVED)

    @property
    def lower(self) -> str:
        """The text without capitals; empty unless it is a word."""
        return self.text.lower() if self.kind == "word" else ""

    @property
    def sign(self) -> str:
        """The sign; empty unless it is one."""
        return self.text if self.kind == "sign" else ""


def tokenize(text: str) -> list[Token]:
    """Return the tokens of a text; the last one is its end. Raise `InvalidFilter`."""
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _refuse_character(text, at)
        end = match.end()
        match match.lastgroup:
            case "word" | "sign" as kind:
                tokens.append(Token(kind, match[0], at, end))
            case "quoted":
                tokens.append(Token("quoted", _unescape(text, at, end), at, end))
        _refuse_joined(text, tokens[-2:])
        at = end
    return [*tokens, Token("end", "", len(text), len(text))]


def quote(text: str) -> str:
    """Return a field's name or a value as a token: in quotes, unless it needs none."""
    if text.isprintable() and _BARE.fullmatch(text) and text.lower() not in RESERVED:
        return text
    return f'"{"".join(map(_escape, text))}"'


def _escape(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _unescape(text: str, start: int, end: int) -> str:
    """Return what a quoted text stands for. Raise `InvalidFilter`."""
    inner = text[start + 1 : end - 1]
    if "\\" not in inner:
        return inner

    def replace(match: re.Match[str]) -> str:
        escaped = match[1]
        if escaped[0] in "uU" and len(escaped) > 1 and int(escaped[1:], 16) < 0x110000:
            return chr(int(escaped[1:], 16))
        if escaped in _ESCAPED:
            return _ESCAPED[escaped]
        if escaped in _LITERAL:
            return escaped
        at = start + 1 + match.start()
        raise invalid(
            text,
            at,
            at + len(match[0]),
            'such an escape is not known; \\\\ is a backslash and \\" a quote, there are \\n, \\t, '
            "\\r and \\u0041, too",
        )

    return _ESCAPE.sub(replace, inner)


def _refuse_joined(text: str, last: list[Token]) -> None:
    """Raise for a quote within a word, such as O'Brien, or text right behind a quote."""
    if len(last) == 2 and last[0].end == last[1].start and not (last[0].sign or last[1].sign):
        raise invalid(text, last[0].start, last[1].end, _WHOLE)


def _refuse_character(text: str, at: int) -> InvalidFilter:
    character = text[at]
    if character in "\"'":
        word = re.search(rf"{_WORD}\Z", text[:at])
        start = at if word is None else word.start()
        return invalid(
            text,
            start,
            len(text),
            f"the quote {character} is not closed; {_WHOLE}",
        )
    hint = _HINTS.get(character, "put a text that holds it into quotes")
    return invalid(text, at, at + 1, f"{character!r} means nothing outside of quotes; {hint}")


def invalid(text: str, start: int, end: int, problem: str) -> InvalidFilter:
    """Return the error on a place in a text, which its message shows with carets."""
    return InvalidFilter(
        f"filter: {problem}\n{_point_at(text, start, end)}", text=text, start=start
    )


def _point_at(text: str, start: int, end: int) -> str:
    """Return the line of a text with this place, and carets under it."""
    before = re.split(r"[\r\n]", text[:start])[-1]
    after = re.split(r"[\r\n]", text[start:])[0]
    place = after[: max(0, min(end - start, _SHOWN))]
    rest = after[len(place) :]
    left = before if len(before) <= _SHOWN else f"…{before[-_SHOWN:]}"
    right = rest if len(rest) <= _SHOWN else f"{rest[:_SHOWN]}…"
    carets = "^" * max(1, _width(_visible(place)))
    return f"    {_visible(left + place + right)}\n    {' ' * _width(_visible(left))}{carets}"


def _visible(text: str) -> str:
    """Return a text of as many characters, each of which a terminal shows."""
    return "".join(
        character if character.isprintable() else " " if character.isspace() else "\ufffd"
        for character in text
    )


def _width(text: str) -> int:
    """Return how many columns a terminal gives to a text."""
    return sum(
        0
        if unicodedata.combining(character)
        else 2
        if unicodedata.east_asian_width(character) in "WF"
        else 1
        for character in text
    )
