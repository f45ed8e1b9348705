"""The reference search: progressive AND with an OR fallback, straight over an FTS5 table.

Written from the description of the algorithm, with nothing of nuthatch in it. It is slow and
plain: one statement a rung, one COUNT a token, filters applied to the full list afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import apsw

_PUNCTUATION = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'

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
        pool: list[str] = []
        for token in [*tokens, *(() if only_stopwords else extras)]:
            if token not in pool:
                pool.append(token)
        counts = {token: self.count(token) for token in pool}
        useful = [token for token in pool if counts[token] != 0 and counts[token] <= max_frequency]
        longest = sorted(useful or pool, key=lambda token: -len(token))[:5]
        return Answer("OR", longest, self.match("OR", longest, keep) if longest else [])

    @staticmethod
    def _expression(operator: str, tokens: Sequence[str]) -> str:
        return f" {operator} ".join('"{}"'.format(token.replace('"', '""')) for token in tokens)
