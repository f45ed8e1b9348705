"""Slips in what a rung matches and in which order."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, ClassVar

from nuthatch import Candidate, CollectionStatistics, Filter, FirstMatch, Matches, Rung
from nuthatch.memory import MemoryReader

from .working import Working


class AndMeansOr(Working):
    """The operator of a rung is not looked at."""

    class Reader(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            return super().match(replace(rung, operator="OR"), filters, limit)


class OnlyTheFirstChunkMatches(Working):
    """Documents are matched by their first chunk."""

    class Reader(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            found = super().match(rung, filters, len(self._chunks)).candidates
            first = [candidate for candidate in found if self._chunks[candidate.key][1] == 0]
            return Matches(first[:limit], len(first), True)


class TheLimitIsOffByOne(Working):
    """One candidate fewer than the limit is returned."""

    class Reader(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            return super().match(rung, filters, limit - 1)


class TheTotalIsOffByOne(Working):
    """The total counts one chunk too many."""

    class Reader(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            found = super().match(rung, filters, limit)
            return found._replace(total=found.total + 1 if found.candidates else 0)


class TheTotalIsOfThePage(Working):
    """The total is counted after the cut."""

    class Reader(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            found = super().match(rung, filters, limit)
            return found._replace(total=len(found.candidates))


class TiesAreReversed(Working):
    """Equal scores stand in the opposite of document order."""

    class Reader(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            found = super().match(rung, filters, len(self._chunks))
            ordered = sorted(
                found.candidates, key=lambda candidate: (-candidate.score, -candidate.key)
            )
            return found._replace(candidates=ordered[:limit])


class TiesDependOnTheLimit(Working):
    """Short lists are taken with a heap that breaks ties its own way."""

    class Reader(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            found = super().match(rung, filters, len(self._chunks)).candidates
            turn = -1 if limit < 4 else 1
            ordered = sorted(found, key=lambda candidate: (-candidate.score, turn * candidate.key))
            return Matches(ordered[:limit], len(found), True)


class ScoresAscend(Working):
    """The sort has the wrong sign: the best come last."""

    class Reader(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            found = super().match(rung, filters, len(self._chunks))
            return found._replace(candidates=found.candidates[::-1][:limit])


class ANumberThatIsNone(Working):
    """Scores are scaled to 0…1: where all are equal that is 0/0, not a number."""

    class Reader(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            found = super().match(rung, filters, limit)
            scores = [candidate.score for candidate in found.candidates]
            if len(scores) > 1 and min(scores) == max(scores):
                scaled = [Candidate(candidate.key, float("nan")) for candidate in found.candidates]
                return found._replace(candidates=scaled)
            return found


class ScoresAreDividedByTheBest(Working):
    """Scores are scaled by the first one, which an index without a match does not have."""

    class Reader(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            found = super().match(rung, filters, limit)
            best = found.candidates[0].score
            scaled = [
                Candidate(candidate.key, candidate.score / best) for candidate in found.candidates
            ]
            return found._replace(candidates=scaled)


class TheHeadIsApproximate(Working):
    """The cut takes the best by the first token, and only they are ranked by all."""

    class Reader(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            whole = super().match(rung, filters, 10**6)
            first = super().match(Rung.of("OR", rung.words[:1]), filters, limit).candidates
            keys = [candidate.key for candidate in first]
            kept = sorted(whole.candidates, key=lambda candidate: candidate.key not in keys)[:limit]
            return whole._replace(candidates=sorted(kept, key=lambda c: (-c.score, c.key)))


class TheFirstMatchIsTheSecond(Working):
    """The winning rung found in one pass is off by one."""

    class Reader(MemoryReader):
        def first_match(self, rungs: Any, filters: Any, limit: int) -> FirstMatch | None:
            for number in range(1, len(rungs)):
                found = self.match(rungs[number], filters, limit)
                if found.candidates:
                    return FirstMatch(number, found)
            return None


class TokensAreMadeDistinct(Working):
    """A rung is read as a set: a repeated word weighs once."""

    class Reader(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            tokens = tuple(dict.fromkeys(rung.words))
            return super().match(Rung.of(rung.operator, tokens), filters, limit)


class OccurrencesAreNotStored(Working):
    """Term frequencies are all one."""

    class Reader(MemoryReader):
        def _scorer(self, rung: Rung) -> Any:
            score = super()._scorer(rung)
            return lambda tf: score(Counter(set(tf)))


class WordsThatMostChunksHoldMatchNothing(Working):
    """Robertson's idf is negative in more than half of the chunks, and the sign is filtered."""

    class Reader(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            counts = self.document_frequencies(rung.words)
            rare = tuple(t for t in rung.words if 2 * counts[t] <= len(self._chunks))
            return super().match(Rung.of(rung.operator, rare), filters, limit)


class OperatorsAreObeyed(Working):
    """Tokens are pasted into a query string, whose parser takes some for operators."""

    class Reader(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            plain = tuple(t for t in rung.words if t not in ("and", "or", "not", "near"))
            return super().match(Rung.of(rung.operator, plain), filters, limit)


class OnlyAsciiIsLookedFor(Working):
    """Query tokens beyond ASCII are dropped on the way to the engine."""

    class Reader(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            plain = tuple(token for token in rung.words if token.isascii())
            return super().match(Rung.of(rung.operator, plain), filters, limit)


class ThreadsShareACursor(Working):
    """What was matched lies in one place for all threads until it is read."""

    class Reader(MemoryReader):
        cursor: ClassVar[dict[str, Matches]] = {}

        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            self.cursor["found"] = super().match(rung, filters, limit)
            time.sleep(0.0005)
            return self.cursor["found"]


class FrequenciesCountDocuments(Working):
    """A token's frequency is the number of documents, not of chunks."""

    class Reader(MemoryReader):
        def document_frequencies(self, tokens: Sequence[str]) -> dict[str, int]:
            holders = [set(chain(*(c.tokens for c in d.chunks))) for d in self._documents.values()]
            return {token: sum(token in holder for holder in holders) for token in tokens}


class UnknownTokensHaveNoFrequency(Working):
    """Tokens without postings are left out of the frequencies."""

    class Reader(MemoryReader):
        def document_frequencies(self, tokens: Sequence[str]) -> dict[str, int]:
            counts = super().document_frequencies(tokens)
            return {token: count for token, count in counts.items() if count}


class StatisticsCountDocuments(Working):
    """The number of chunks is that of documents."""

    class Reader(MemoryReader):
        def statistics(self) -> CollectionStatistics:
            return replace(super().statistics(), chunks=len(self._documents))


class StatisticsLeaveOutTitles(Working):
    """The tokens of titles are in no length."""

    class Reader(MemoryReader):
        def statistics(self) -> CollectionStatistics:
            counts = super().statistics()
            titles = (c.title_line.split() for d in self._documents.values() for c in d.chunks)
            return replace(counts, tokens=counts.tokens - sum(map(len, titles)))


class ExplainTellsARepeatedTokenOnce(Working):
    """The parts of the score are those of distinct tokens."""

    class Reader(MemoryReader):
        def explain(self, rung: Rung, keys: Sequence[Any]) -> list[dict[str, float]]:
            return super().explain(Rung.of("OR", dict.fromkeys(rung.words)), keys)
