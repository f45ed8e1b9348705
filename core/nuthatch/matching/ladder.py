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
    """Yield the progressive conjunction: each rung drops the shortest token of the last.

    Length is counted in code points; of equally short tokens the earlier one goes. A token that
    occurs twice is dropped one occurrence at a time.
    """
    remaining = list(tokens)
    dropped: list[str] = []
    for shortest in sorted(range(len(remaining)), key=lambda place: len(tokens[place])):
        yield Rung("AND", tuple(remaining), tuple(dropped))
        # Of equal words the first still there goes, and all before it that are shorter are gone.
        remaining.remove(tokens[shortest])
        dropped.append(tokens[shortest])


def fallback_rung(
    tokens: Sequence[str], extras: Sequence[str], frequencies: Mapping[str, int]
) -> Rung:
    """Return the disjunction that is tried when every conjunction was empty.

    The pool is the tokens with their repetitions, then the extras; a word that stands twice counts
    twice, in the score and as two of the five. `frequencies` gives the number of chunks that hold
    each token. Where the bounds on it would leave nothing the whole pool stays.
    """
    pool = (*tokens, *extras)
    useful = [place for place, token in enumerate(pool) if _is_useful(frequencies[token])]
    longest = sorted(useful or range(len(pool)), key=lambda place: -len(pool[place]))
    # In query order again, so that scores are summed, and rounded, as in the ranked disjunction.
    kept = frozenset(longest[:FALLBACK_TOKENS])
    chosen = tuple(token for place, token in enumerate(pool) if place in kept)
    dropped = tuple(token for place, token in enumerate(pool) if place not in kept)
    return Rung("OR", chosen, dropped)


def _is_useful(frequency: int) -> bool:
    return 0 < frequency <= FALLBACK_MAX_FREQUENCY


def ranked_rung(tokens: Sequence[str], extras: Sequence[str]) -> Rung:
    """Return the disjunction of everything, for exact ranking; repeated tokens weigh double."""
    return Rung("OR", (*tokens, *extras))


def can_match(rung: Rung, frequencies: Mapping[str, int]) -> bool:
    """Return whether document frequencies leave the rung a chance."""
    chances = (frequencies[token] > 0 for token in rung.tokens)
    return all(chances) if rung.operator == "AND" else any(chances)


def same_as_ranked(rung: Rung, ranked: Rung, frequencies: Mapping[str, int]) -> bool:
    """Return whether a rung scores and matches exactly as the ranked disjunction does.

    So it is when both hold the same occurrences of tokens that exist in the index, in the same
    order, and the rung is a disjunction or has one distinct token only.
    """
    if rung.operator == "AND" and len(set(rung.tokens)) > 1:
        return False
    held = [[token for token in each.tokens if frequencies[token]] for each in (rung, ranked)]
    return held[0] == held[1]
