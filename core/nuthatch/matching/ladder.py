"""The ladder: the ordered rungs of a query.

    the quick brown fox jumps     query
    AND  quick brown fox jumps    all tokens
    AND  quick brown jumps        without the shortest (fox)
    AND  quick brown              … ties: the earlier one goes (of quick, brown, jumps: quick)
    …                             down to one token
    OR   quick brown fox jumps    only when every chain was empty: up to five longest tokens,
                                  none that is in no chunk or in more than 50,000

Each rung's matches contain those of the rung before it, up to the disjunction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from nuthatch.contract.rung import Rung

#: Tokens in more chunks than this say too little to be worth a disjunction.
FALLBACK_MAX_FREQUENCY = 50_000
FALLBACK_TOKENS = 5


def and_rungs(tokens: Sequence[str]) -> Iterator[Rung]:
    """Yields the progressive conjunction: each rung drops the shortest token of the last.

    Length is counted in code points; of equally short tokens the earlier one goes. A token that
    occurs twice is dropped one occurrence at a time.
    """
    remaining = list(tokens)
    dropped: list[str] = []
    while remaining:
        yield Rung("AND", tuple(remaining), tuple(dropped))
        shortest = min(range(len(remaining)), key=lambda index: len(remaining[index]))
        dropped.append(remaining.pop(shortest))


def fallback_rung(
    tokens: Sequence[str], extras: Sequence[str], frequencies: Mapping[str, int]
) -> Rung:
    """Returns the disjunction that is tried when every conjunction was empty.

    `frequencies` gives the number of chunks that hold each token. Where the bounds on it would
    leave nothing the whole pool stays.
    """
    pool = list(dict.fromkeys((*tokens, *extras)))
    useful = [token for token in pool if 0 < frequencies[token] <= FALLBACK_MAX_FREQUENCY]
    kept = sorted(useful or pool, key=len, reverse=True)[:FALLBACK_TOKENS]
    # In query order again, so that scores are summed, and rounded, as in the ranked disjunction.
    tokens = tuple(token for token in pool if token in kept)
    return Rung("OR", tokens, tuple(token for token in pool if token not in kept))


def ranked_rung(tokens: Sequence[str], extras: Sequence[str]) -> Rung:
    """Returns the disjunction of everything, for exact ranking; repeated tokens weigh double."""
    return Rung("OR", (*tokens, *extras))


def can_match(rung: Rung, frequencies: Mapping[str, int]) -> bool:
    """Tells whether document frequencies leave the rung a chance."""
    chances = (frequencies[token] > 0 for token in rung.tokens)
    return all(chances) if rung.operator == "AND" else any(chances)


def same_as_ranked(rung: Rung, ranked: Rung, frequencies: Mapping[str, int]) -> bool:
    """Tells whether a rung scores and matches exactly as the ranked disjunction does.

    So it is when both hold the same occurrences of tokens that exist in the index, in the same
    order, and the rung is a disjunction or has one distinct token only.
    """
    if rung.operator == "AND" and len(set(rung.tokens)) > 1:
        return False
    held = [[token for token in each.tokens if frequencies[token]] for each in (rung, ranked)]
    return held[0] == held[1]
