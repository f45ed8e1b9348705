"""The formula of relevance, word by word as it is written down: slow, and easy to check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import log, sqrt
from typing import NamedTuple

from nuthatch.relevance import PlacedSlot, RelevanceSettings, ScoredText
from nuthatch.text.analyzer import Analyzer
from nuthatch.text.runs import is_unspaced
from nuthatch.text.words import WordReader


class Words(NamedTuple):
    words: list[str]
    tokens: list[str]
    title: int


def read(analyzer: Analyzer, candidate: ScoredText) -> Words:
    reader = WordReader(analyzer)
    title = reader.line(candidate.title).split()
    words = title + reader.line(candidate.text).split()
    return Words(words, reader.tokens(words), len(title))


def grams(word: str) -> list[str]:
    padded = f" {word} "
    return [padded[at : at + 4] for at in range(max(1, len(padded) - 3))]


def oracle(
    analyzer: Analyzer,
    slots: Sequence[PlacedSlot],
    candidates: Sequence[ScoredText],
    frequencies: Mapping[str, int],
    chunks: int,
    average: float,
    settings: RelevanceSettings,
) -> list[dict[str, float]]:
    """Return the parts of each candidate's new score."""
    texts = [read(analyzer, candidate) for candidate in candidates]
    return [
        {
            "bm25": candidate.score,
            **_parts(text, texts, slots, frequencies, chunks, average, settings),
        }
        for candidate, text in zip(candidates, texts, strict=True)
    ]


def _parts(
    text: Words,
    texts: Sequence[Words],
    slots: Sequence[PlacedSlot],
    frequencies: Mapping[str, int],
    chunks: int,
    average: float,
    settings: RelevanceSettings,
) -> dict[str, float]:
    k1, b = settings.k1, settings.b

    def idf(token: str) -> float:
        n = frequencies[token]
        return log(1 + (chunks - n + 0.5) / (n + 0.5))

    def known(slot: PlacedSlot) -> list[str]:
        return [token for token in slot.tokens if frequencies.get(token)]

    def places(slot: PlacedSlot) -> list[int]:
        return [place for place, token in enumerate(text.tokens) if token in known(slot)]

    def weight(slot: PlacedSlot) -> float:
        return max((idf(token) for token in known(slot) if token in text.tokens), default=0.0)

    def saturate(count: float, length: float) -> float:
        return count * (k1 + 1) / (count + k1 * length)

    relative = 1 - b + b * len(text.tokens) / average
    distinct = {slot.tokens: slot for slot in slots}.values()
    held = [slot for slot in distinct if places(slot)]

    position = sum(weight(slot) / (1 + places(slot)[0] / settings.half_place) for slot in held)

    titles = [other.title for other in texts if other.title]
    mean_title = sum(titles) / len(titles) if titles else 1.0
    title = 0.0
    for slot in held:
        count = sum(place < text.title for place in places(slot))
        repetitions = sum(slot.tokens == other.tokens for other in slots)
        shape = 1 - settings.title_b + settings.title_b * text.title / mean_title
        title += repetitions * weight(slot) * saturate(count, shape)

    def tf(gram: str, of: Words) -> int:
        return sum(grams(word).count(gram) for word in of.words)

    def rarity(gram: str) -> float:
        holders = sum(tf(gram, other) > 0 for other in texts)
        return settings.least_gram + log(1 + (len(texts) - holders + 0.5) / (holders + 0.5))

    gram_sum = 0.0
    for slot in slots:
        unknown = settings.unknown * log(1 + (chunks + 0.5) / 0.5)
        word_weight = max(map(idf, known(slot)), default=unknown)
        own = set(grams(slot.word))
        shared = sum(rarity(gram) * saturate(tf(gram, text), relative) for gram in own)
        length = sqrt(len(own) / settings.usual_grams)
        gram_sum += word_weight * length * shared / sum(map(rarity, own))

    pairs = 0.0
    for first, second in pairwise(slot for slot in slots if known(slot)):
        if first.tokens == second.tokens or is_unspaced(first.word) or is_unspaced(second.word):
            continue
        after = places(second)
        distance = second.place - first.place
        count = sum(place + distance in after for place in places(first))
        pairs += (weight(first) + weight(second)) / 2 * saturate(count, relative)

    return {
        "early words": settings.position * position,
        "shared grams": settings.grams * gram_sum,
        "title words": settings.title * title,
        "word pairs": settings.pairs * pairs,
    }
