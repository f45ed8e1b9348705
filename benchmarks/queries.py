"""Query sets: each a way in which searches differ, made from the documents themselves.

| set      | what it asks                                         | where its ladder ends   |
|----------|------------------------------------------------------|-------------------------|
| and_hit  | two to four words of one document                    | first rung              |
| drop     | the same and a word of another document              | second rung or later    |
| unknown  | the same and a short word that no document has       | after it is dropped     |
| random   | four words of four documents                         | low                     |
| fallback | the same and the longest word, which no document has | OR                      |
| question | eight words of one document and four of others       | middle to low           |
| common   | two or three of the hundred most common words        | first rung              |
| single   | one word                                             | first rung              |
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from nuthatch import Analyzer, Document

#: Sets whose ladder ends in a conjunction of several words, and those that reach the OR.
AND_SETS = ("and_hit", "drop", "unknown", "random", "question", "common")
OR_SETS = ("fallback",)
SETS = ("and_hit", "drop", "unknown", "random", "fallback", "question", "common", "single")

_UNKNOWN = "zqx"
_LONGEST = "zqxzqxzqxzqxzqxzqxzqxzqx"


def query_sets(
    documents: Iterable[Document], analyzer: Analyzer, each: int, seed: int = 11
) -> Mapping[str, Sequence[str]]:
    """Return `each` queries per set from a sample of the documents."""
    rng = random.Random(seed)
    words, common = _words(documents, analyzer)
    sets: dict[str, list[str]] = {name: [] for name in SETS}
    for _ in range(each):
        held = _some(rng, rng.choice(words), rng.randint(2, 4))
        strange = [rng.choice(rng.choice(words)) for _ in range(4)]
        question = _some(rng, rng.choice(words), 8) + strange
        for tokens in (held, strange, question):
            rng.shuffle(tokens)
        made = {
            "and_hit": held,
            "drop": [*held, strange[0]],
            "unknown": [*held, _UNKNOWN],
            "random": strange,
            "fallback": [*strange, _LONGEST],
            "question": question,
            "common": _some(rng, common, rng.randint(2, 3)),
            "single": held[:1],
        }
        for name, tokens in made.items():
            sets[name].append(" ".join(tokens))
    return sets


def _words(documents: Iterable[Document], analyzer: Analyzer) -> tuple[list[list[str]], list[str]]:
    """Return each document's distinct content words, and the most common ones of all."""
    stopwords: frozenset[str] = getattr(analyzer, "stopwords", frozenset())
    counts: Counter[str] = Counter()
    words = []
    for document in documents:
        tokens = dict.fromkeys(analyzer.tokens(document.text))
        content = [token for token in tokens if len(token) > 1 and token not in stopwords]
        if len(content) >= 8:
            words.append(content)
            counts.update(content)
    return words, [word for word, _ in counts.most_common(100)]


def _some(rng: random.Random, words: Sequence[str], number: int) -> list[str]:
    return rng.sample(words, min(number, len(words)))
