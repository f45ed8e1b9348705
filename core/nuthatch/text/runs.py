"""Runs: the words of a line; in scripts without blanks, pairs of characters in place of words.

    "spider man 東京都 tower"  ->  spider man 東京 京都 tower

Han, kana and Hangul, Thai, Lao, Khmer and Myanmar become overlapping pairs of characters, a
character being a letter with its marks; one alone stays one. Korean does write blanks, yet glues
its particles to the nouns, and there is no stemmer for it: pairs find the noun, as in Lucene.
A change between such a script and another ends a run: "東京tower" is 東京 and tower.

A question for one character (猫) is to find it inside words too. So a text is indexed by its single
characters as well, after its words and pairs (`characters`); a question never asks for those of a
run of two or more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import add

from nuthatch.text.pattern import lazy_pattern

#: Letters of scripts that are cut into pairs: no marks among them.
UNSPACED = (
    "\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303c"  # 々〆〇 and repeat marks
    "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"  # kana
    "\u3105-\u312f\u31a0-\u31bf"  # bopomofo
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"  # Han
    "\u1100-\u11ff\ua960-\ua97f\uac00-\ud7a3\ud7b0-\ud7ff"  # Hangul
    "\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e46"  # Thai
    "\u0e81-\u0eb0\u0eb2\u0eb3\u0ebd\u0ec0-\u0ec6\u0edc-\u0edf"  # Lao
    "\u1000-\u102a\u103f\u1050-\u1055\u105a-\u105d\u1061\u1065\u1066\u106e-\u1070"  # Myanmar
    "\u1075-\u1081\u108e\ua9e0-\ua9e4\ua9e6-\ua9ef\ua9fa-\ua9fe\uaa60-\uaa76\uaa7a\uaa7e\uaa7f"
    "\u1780-\u17b3\u17d7\u17dc"  # Khmer
)
# In a line whatever is neither a word character nor a blank is a mark, hence [^\w\s].
_RUN = lazy_pattern(rf"((?:[{UNSPACED}]+[^\w\s]*)+)|[^\W_{UNSPACED}][^\s{UNSPACED}]*")
_UNSPACED_RUN = lazy_pattern(rf"(?:[{UNSPACED}]+[^\w\s]*)+")
_UNIT = lazy_pattern(rf"[{UNSPACED}][^\w\s]*")
_IS_UNSPACED = lazy_pattern(rf"[{UNSPACED}]")


def is_unspaced(token: str) -> bool:
    """Return whether a token begins in a script that is cut into pairs."""
    return token >= "\u0e01" and _IS_UNSPACED.match(token) is not None


def words(line: str) -> list[str]:
    """Return the words and pairs of a line, in order."""
    found: list[str] = []
    for run in _RUN.finditer(line):
        if run.lastindex:
            found += _pairs(run[0])
        else:
            found.append(run[0])
    return found


def spans(line: str) -> Iterator[tuple[str, int, int]]:
    """Yield the words and pairs, each with its start and end in the line."""
    for run in _RUN.finditer(line):
        if not run.lastindex:
            yield run[0], run.start(), run.end()
            continue
        starts = [unit.start() for unit in _UNIT.finditer(line, run.start(), run.end())]
        starts.append(run.end())
        for start, end in zip(starts, starts[2:] or starts[1:], strict=False):
            yield line[start:end], start, end


def characters(line: str) -> list[str]:
    """Return the characters of unspaced runs that `words` does not give: each of a run of two or
    more, and of a character with marks also the bare letter."""
    found: list[str] = []
    for run in _UNSPACED_RUN.findall(line):
        units: Sequence[str] = run if run.isalnum() else _UNIT.findall(run)
        if len(units) > 1:
            found += units
        if units is not run:
            found += [unit[0] for unit in units if len(unit) > 1]
    return found


def character_spans(line: str) -> Iterator[tuple[str, int, int]]:
    """Yield the same characters, each with the start and end of its unit in the line."""
    for run in _UNSPACED_RUN.finditer(line):
        units = list(_UNIT.finditer(line, run.start(), run.end()))
        if len(units) > 1:
            yield from ((unit[0], unit.start(), unit.end()) for unit in units)
        yield from ((unit[0][0], unit.start(), unit.end()) for unit in units if len(unit[0]) > 1)


def _pairs(run: str) -> list[str]:
    units: Sequence[str] = run if run.isalnum() else _UNIT.findall(run)
    return list(map(add, units, units[1:])) if len(units) > 1 else [run]
