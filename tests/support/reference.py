"""The reference search: progressive AND with an OR fallback, straight over an FTS5 table.

Written from the description of the algorithm, with nothing of nuthatch in it. It is slow and
plain: one statement a rung, one COUNT a token, filters applied to the full list afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import apsw

_PUNCTUATION = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'

_STOPWORDS = """
    a about all an and another anything are as at be been being but by can could currently describe
    did do does everything explain find for from give had has have he her him how i in into is it
    just know list make may me might no nor not of on one or please say she should show so some
    something soon such summarize tell that the them there these they this those through to too us
    very was we were what when where which who why will with without would yet you also during
"""
#: The words of a question that the algorithm leaves out, all of them.
STOPWORDS = frozenset(_STOPWORDS.split())

Keep = Callable[[int], bool]


class Row(NamedTuple):
    rowid: int
    score: float


class Answer(NamedTuple):
    """The winning rung and everything it matched, best first."""

    operator: str
    tokens: list[str]
    rows: list[Row]


def everything(rowid: int) -> bool:
    return True


class Reference:
    """An FTS5 table of its own, with the tokens of each chunk as its text; rowids from 1."""

    def __init__(self, chunks: Iterable[Sequence[str]]) -> None:
        self._db = apsw.Connection(":memory:")
        tokenize = "ascii tokenchars '" + _PUNCTUATION + "'''"
        self._db.execute(
            f"""CREATE VIRTUAL TABLE f USING fts5(body, tokenize="{tokenize.replace('"', '""')}")"""
        )
        rows = ((number, " ".join(tokens)) for number, tokens in enumerate(chunks, 1))
        with self._db:
            self._db.executemany("INSERT INTO f(rowid, body) VALUES (?, ?)", rows)

    def close(self) -> None:
        self._db.close()

    def match(self, operator: str, tokens: Sequence[str], keep: Keep = everything) -> list[Row]:
        """Everything that matches, by FTS5's own bm25, ties by rowid."""
        sql = "SELECT rowid, bm25(f) AS s FROM f WHERE f MATCH ? ORDER BY s, rowid"
        found = self._db.execute(sql, (self._expression(operator, tokens),))
        return [Row(rowid, -score) for rowid, score in found if keep(rowid)]

    def count(self, token: str) -> int:
        sql = "SELECT count(*) FROM f WHERE f MATCH ?"
        return self._db.execute(sql, (self._expression("AND", [token]),)).fetchone()[0]

    def ladder(
        self,
        tokens: Sequence[str],
        extras: Sequence[str] = (),
        *,
        only_stopwords: bool = False,
        keep: Keep = everything,
        max_frequency: int = 50_000,
    ) -> Answer:
        chain = list(tokens)
        while chain and not only_stopwords:
            rows = self.match("AND", chain, keep)
            if rows:
                return Answer("AND", chain, rows)
            chain = list(chain)
            chain.remove(min(chain, key=len))
        pool = list(tokens)
        for token in () if only_stopwords else extras:
            if token not in pool:
                pool.append(token)
        counts = {token: self.count(token) for token in pool}
        useful = [token for token in pool if counts[token] != 0 and counts[token] <= max_frequency]
        longest = sorted(useful or pool, key=lambda token: -len(token))[:5]
        return Answer("OR", longest, self.match("OR", longest, keep) if longest else [])

    def search(self, text: str, extras: Sequence[str] = (), keep: Keep = everything) -> Answer:
        """The answer to a text as it was typed; extras are single words."""
        raw = re.findall("[A-Za-z][A-Za-z0-9]*", text)
        words = [word for word in raw if len(word) > 1]
        meant = [word for word in words if word.lower() not in STOPWORDS]
        new = [extra.lower() for extra in extras if extra.lower() not in STOPWORDS]
        return self.ladder(
            [word.lower() for word in meant or words], new, only_stopwords=not meant, keep=keep
        )

    @staticmethod
    def _expression(operator: str, tokens: Sequence[str]) -> str:
        return f" {operator} ".join('"{}"'.format(token.replace('"', '""')) for token in tokens)
