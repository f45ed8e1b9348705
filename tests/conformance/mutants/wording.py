"""Slips in phrases and exclusions, in alternatives, and in the dictionary of words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, ClassVar

from nuthatch import (
    AnalyzedChunk,
    Filter,
    InvalidQuery,
    KnownWord,
    Matches,
    Phrase,
    Results,
    Rung,
    SearchRequest,
    TextQuery,
)
from nuthatch.memory import MemoryReader

from .working import Working


class PhrasesCrossTheSeam(Working):
    """A title's last words and a text's first ones make phrases."""

    class Reader(MemoryReader):
        def _has(self, phrase: Phrase, chunks: Sequence[AnalyzedChunk]) -> bool:
            return any(f" {' '.join(phrase)} " in f" {chunk.line} " for chunk in chunks)


class PhrasesAreConjunctions(Working):
    """Words of a phrase stand anywhere, in any order."""

    class Reader(MemoryReader):
        def _has(self, phrase: Phrase, chunks: Sequence[AnalyzedChunk]) -> bool:
            return any(set(phrase) <= set(chunk.tokens) for chunk in chunks)


class StopWordsAreNoWordsOfPhrases(Working):
    """A phrase is looked for without its stop words."""

    class Reader(MemoryReader):
        def _has(self, phrase: Phrase, chunks: Sequence[AnalyzedChunk]) -> bool:
            kept = tuple(word for word in phrase if word not in ("the", "of", "to", "be"))
            return super()._has(kept or phrase, chunks)


class PhrasesRepeatNoWord(Working):
    """The tokens of a phrase are made distinct."""

    class Reader(MemoryReader):
        def _has(self, phrase: Phrase, chunks: Sequence[AnalyzedChunk]) -> bool:
            return super()._has(tuple(dict.fromkeys(phrase)), chunks)


class ChunksAreExcluded(Working):
    """An exclusion leaves out the chunks that hold it, and not their documents."""

    class Reader(MemoryReader):
        def _meets(self, rung: Rung, document: Any, index: int) -> bool:
            bare = replace(rung, excluded=())
            chunk = [document.chunks[index]]
            unwanted = any(self._has(phrase, chunk) for phrase in rung.excluded)
            return super()._meets(bare, document, index) and not unwanted


class ConditionsActAfterTheCut(Working):
    """The best hits are looked up, and those without the phrases left out."""

    class Reader(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            bare = replace(rung, phrases=(), excluded=())
            best = super().match(bare, filters, limit).candidates
            right = {one.key for one in super().match(rung, filters, 10**6).candidates}
            found = [candidate for candidate in best if candidate.key in right]
            return Matches(found, None, exact=True)


class PhrasesAddToTheScore(Working):
    """A chunk with a phrase is worth more."""

    class Reader(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            found, total, exact = super().match(rung, filters, limit)
            more = float(len(rung.phrases))
            return Matches([one._replace(score=one.score + more) for one in found], total, exact)


class PhrasesAreForgottenInTotals(Working):
    """All that matches is told of without regard to phrases and exclusions."""

    class Reader(MemoryReader):
        def matching(self, rung: Rung | None, filters: Sequence[Filter]) -> list[int]:
            bare = rung and replace(rung, phrases=(), excluded=())
            return super().matching(bare, filters)


class QuotesAreOnlyWords(Working):
    """A phrase asks for its words, which the query holds anyway."""

    class Reader(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            return super().match(replace(rung, phrases=()), filters, limit)


class PhrasesAreOfTheirFirstText(Working):
    """Which documents have a phrase is kept by uri, and never looked up again."""

    class Reader(MemoryReader):
        def _meets(self, rung: Rung, document: Any, index: int) -> bool:
            kept = self._schema.__dict__.setdefault("_kept", {})
            key = (rung.phrases, rung.excluded, document.document.uri, index)
            if key not in kept:
                kept[key] = super()._meets(rung, document, index)
            return bool(kept[key])


class UnbalancedQuotesAreErrors(Working):
    """The engine's own parser reads the query first."""

    def execute(self, request: SearchRequest) -> Results:
        query = request.query
        if isinstance(query, TextQuery) and query.text.count('"') % 2:
            raise InvalidQuery("unbalanced quotes")
        return super().execute(request)


class AlternativesAddUp(Working):
    """A slot's score is the sum over its alternatives."""

    class Reader(MemoryReader):
        def _scorer(self, rung: Rung) -> Any:
            flat = [
                Rung("OR", (replace(slot, alternatives=(one,), word=one.token),))
                for slot in rung.slots
                for one in slot.alternatives
            ]
            scorers = [(super(type(self), self)._scorer(one)) for one in flat]
            return lambda tf: (part for score in scorers for part in score(tf))


class WeightsAreLeftOut(Working):
    """All alternatives weigh the same."""

    class Reader(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            slots = [
                replace(
                    slot, alternatives=tuple(one._replace(weight=1.0) for one in slot.alternatives)
                )
                for slot in rung.slots
            ]
            return super().match(replace(rung, slots=tuple(slots)), filters, limit)


class OnlyTheWordItselfCounts(Working):
    """Alternatives are not looked at."""

    class Reader(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            plain = Rung.of(rung.operator, rung.words)
            bare = replace(plain, phrases=rung.phrases, excluded=rung.excluded)
            return super().match(bare, filters, limit)


class AlternativesAreFurtherWords(Working):
    """A conjunction asks for all alternatives of a slot."""

    class Reader(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            words = [token for slot in rung.slots for token in slot.tokens]
            flat = Rung.of(rung.operator, words)
            flat = replace(flat, phrases=rung.phrases, excluded=rung.excluded)
            return super().match(flat, filters, limit)


class PartsAreOfTheTypedWord(Working):
    """Explain tells what the typed word adds, whatever stood for it."""

    class Reader(MemoryReader):
        def explain(self, rung: Rung, keys: Sequence[Any]) -> list[dict[str, float]]:
            return super().explain(Rung.of(rung.operator, rung.words), keys)


class PrefixesAreOfStems(Working):
    """A prefix is compared with tokens, which are stems."""

    class Reader(MemoryReader):
        def words(self, prefix: str, limit: int, edits: int = 0) -> list[KnownWord]:
            found = [word for word in self._words if word.token.startswith(prefix)]
            first = {word.token: word for word in reversed(found)}
            return sorted(first.values(), key=lambda word: (-word.frequency, word.surface))[:limit]


class RareWordsAreNeighbours(Working):
    """A word that one chunk has corrects beside others, though it may be an error too."""

    class Reader(MemoryReader):
        def neighbours(self, word: str, edits: int, limit: int) -> list[KnownWord]:
            rare = [one._replace(frequency=one.frequency + 1) for one in self._words]
            self.__dict__["_words"] = rare
            found = super().neighbours(word, edits, limit)
            return [one._replace(frequency=one.frequency - 1) for one in found]


class TheDictionaryIsOfTheFirstState(Working):
    """Words are read once, and never again."""

    kept: ClassVar[Any] = None

    @contextmanager
    def reader(self, deadline: float | None = None) -> Iterator[Any]:
        with super().reader(deadline) as reader:
            if self._stored:
                self.__dict__.setdefault("kept", reader._words)
                reader.__dict__["_words"] = self.kept
            yield reader
