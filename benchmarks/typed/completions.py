"""What a query finds while its last word is still being typed.

    title or judged query ─▶ its last word cut to 2, 3, 4 letters
                          ├─ nDCG@10 of what is left of it as a word, and as the beginning of one
                          └─ beside that of the whole query

Only queries whose last word has more letters are counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import nuthatch
from benchmarks.report import Row
from benchmarks.typed.corrections import Judged, corpora
from benchmarks.typed.place import Place
from nuthatch import LexicalBackend
from nuthatch.demo.judged import ndcg

SECTION = "Beginnings of words: nDCG@10"
LETTERS = (2, 3, 4)
_LIMIT = 10
_LAST = re.compile(r"[^\W\d_]+$")


def measure(place: Place, data: Path, queries: int) -> Iterator[Row]:
    """Yield what is found of each corpus, by the letters that are typed."""
    for judgments in corpora(data, queries):
        asked = {one.text: one for one in judgments.queries[:queries]}.values()
        with (
            place.index("completions", judgments.documents) as url,
            nuthatch.open(url) as index,
        ):
            for letters in LETTERS:
                what = f"{place.engine}, {judgments.name}, {letters} letters"
                yield _row(index, what, [*asked], letters)


def _row(index: LexicalBackend, what: str, queries: Sequence[Judged], letters: int) -> Row:
    gains = []
    for judged in queries:
        last = _LAST.search(judged.text)
        if last is None or len(last[0]) <= letters:
            continue
        typed = judged.text[: last.start() + letters]
        gains.append(
            (
                _gain(index, judged, judged.text, prefix=False),
                _gain(index, judged, typed, prefix=False),
                _gain(index, judged, typed, prefix=True),
            )
        )
    whole, word, beginning = (sum(column) / len(gains) for column in zip(*gains, strict=True))
    return Row(
        SECTION,
        f"{what}, {len(gains):,} queries",
        f"whole {whole:.3f}, as a word {word:.3f}, as a beginning {beginning:.3f}",
        value=f"**{beginning / whole:.3f}**",
    )


def _gain(index: LexicalBackend, judged: Judged, text: str, *, prefix: bool) -> float:
    results = index.search(text, _LIMIT, prefix=prefix)
    return ndcg([*dict.fromkeys(hit.document_uri for hit in results)], judged.grades)
