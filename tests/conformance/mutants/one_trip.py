"""Slips in a whole search that is answered in one trip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from nuthatch import (
    Answer,
    AnswerRequest,
    CollectionStatistics,
    Filter,
    Matches,
    Rung,
    answer_by_calls,
)
from nuthatch.memory import MemoryReader

from .working import Working


class TotalsCountWhatWasSent(Working):
    """The total of a rung is the number of candidates that came back."""

    class Reader(MemoryReader):
        def answer(self, request: AnswerRequest) -> Answer:
            answer = answer_by_calls(self, request)
            counts = {rung: len(found.candidates) for rung, found in answer.matches.items()}
            sent = {rung: answer.matches[rung]._replace(total=n) for rung, n in counts.items()}
            return replace(answer, matches=sent)


class RungsAreAnsweredInReverse(Working):
    """Of several searches in one request the answers come last first."""

    class Reader(MemoryReader):
        def answer(self, request: AnswerRequest) -> Answer:
            answer = answer_by_calls(self, request)
            answers = reversed(list(answer.matches.values()))
            return replace(answer, matches=dict(zip(answer.matches, answers, strict=True)))


class ProofsAreLeftOut(Working):
    """The chunks of an answer come without header and leaves."""

    class Reader(MemoryReader):
        def answer(self, request: AnswerRequest) -> Answer:
            answer = answer_by_calls(self, request)
            bare = {k: r and r._replace(header=b"", leaves=()) for k, r in answer.stored.items()}
            return replace(answer, stored=bare)


class RowsOfAnAnswerAreMixed(Working):
    """Chunks are matched with keys by their place, and come in the order of the table."""

    class Reader(MemoryReader):
        def answer(self, request: AnswerRequest) -> Answer:
            answer = answer_by_calls(self, request)
            rows = [answer.stored[key] for key in sorted(answer.stored)]  # type: ignore[type-var]
            return replace(answer, stored=dict(zip(answer.stored, rows, strict=True)))


class AnAnswerFiltersFrequencies(Working):
    """Frequencies are counted in the search itself, behind its filters."""

    class Reader(MemoryReader):
        def answer(self, request: AnswerRequest) -> Answer:
            answer = answer_by_calls(self, request)
            rungs = {token: Rung.of("OR", (token,)) for token in request.tokens}
            kept = {t: self.match(rung, request.filters, 1).total for t, rung in rungs.items()}
            return replace(answer, frequencies=kept)


class OnlyTheFirstRungIsFiltered(Working):
    """Of several searches in one request the first alone has the filters."""

    class Reader(MemoryReader):
        first: Any = None

        def answer(self, request: AnswerRequest) -> Answer:
            self.first = request.ranked or request.ladder[0]
            answer = answer_by_calls(self, request)
            self.first = None
            return answer

        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            kept = filters if self.first in (None, rung) else ()
            return super().match(rung, kept, limit)


class TheLadderIsAllThatIsAnswered(Working):
    """A request that names no ladder gets nothing."""

    class Reader(MemoryReader):
        def answer(self, request: AnswerRequest) -> Answer:
            return answer_by_calls(self, replace(request, ranked=None))


class ChunksAreLeftToFetch(Working):
    """An answer holds keys, and the chunks cost another trip."""

    class Reader(MemoryReader):
        def answer(self, request: AnswerRequest) -> Answer:
            return replace(answer_by_calls(self, request), stored={})


class CollapsedAnswersAreShort(Working):
    """The best chunks are taken first and then collapsed, so that documents are missing."""

    class Reader(MemoryReader):
        def answer(self, request: AnswerRequest) -> Answer:
            whole = answer_by_calls(self, request)
            if not request.collapse:
                return whole
            owner = {key: row.uri for key, row in whole.stored.items() if row}
            return replace(whole, matches={r: self.cut(m, owner) for r, m in whole.matches.items()})

        def cut(self, matches: Matches, owner: Any) -> Matches:
            best = {owner[one.key]: one for one in reversed(matches.candidates)}
            return matches._replace(candidates=sorted(best.values(), key=lambda one: -one.score))


class AnAnswerCountsWhatWasSent(Working):
    """The statistics in an answer are those of the chunks that came back."""

    class Reader(MemoryReader):
        def answer(self, request: AnswerRequest) -> Answer:
            answer = answer_by_calls(self, request)
            if answer.statistics is None:
                return answer
            sent = CollectionStatistics(len(answer.stored), answer.statistics.tokens)
            return replace(answer, statistics=sent)


class AnswersLeaveStatisticsOut(Working):
    """Statistics are wanted in an answer, and cost a trip of their own."""

    class Reader(MemoryReader):
        def answer(self, request: AnswerRequest) -> Answer:
            return replace(answer_by_calls(self, request), statistics=None)
