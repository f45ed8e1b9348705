"""Windows against an oracle that tries every place, and the reference's against its description."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nuthatch.text import window as module
from nuthatch.text.analyzer import Analyzer, analyze, builtin_analyzer
from nuthatch.text.locate import Match, locator
from nuthatch.text.snippet import settle_span, snippet
from nuthatch.text.window import densest

THOROUGH = settings(max_examples=max(200, settings().max_examples))


def analyzer_of(name: str) -> Analyzer:
    analyzer = builtin_analyzer(name)
    assert analyzer is not None
    return analyzer


class Trigrams:
    """A third party's analyzer whose tokens overlap and lie inside one another."""

    name = "trigrams"
    fingerprint = "1"

    def tokens(self, text: str) -> list[str]:
        words = re.findall(r"\w+", text.lower())
        return [w[a : a + n] for w in words for n in (1, 2, 3) for a in range(len(w) - n + 1)]


def best_by_trying(matches: Sequence[Match], width: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the rank and the stretch of the earliest of the best windows, by trying every one."""
    best = ((0, 0), (0, 0))
    for start in range(max(last for _, last, _ in matches) + 1):
        inside = [match for match in matches if start <= match[0] and match[1] <= start + width]
        if inside:
            rank = (len({token for _, _, token in inside}), len(inside))
            if rank > best[0]:
                best = rank, (inside[0][0], max(last for _, last, _ in inside))
    return best


MATCHES = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 6), st.sampled_from("abcd")).map(
        lambda drawn: (drawn[0], drawn[0] + drawn[1], drawn[2])
    ),
    min_size=1,
    max_size=25,
    unique=True,
).map(sorted)


@THOROUGH
@given(MATCHES, st.integers(6, 40))
def test_the_densest_stretch_is_the_one_that_trying_all_finds(
    matches: list[Match], width: int
) -> None:
    assert densest(matches, width) == best_by_trying(matches, width)


WORDS = ("run", "Running", "runs,", "cat", "Café", "straße", "3d", "of", "x", "end.", "東京都")
TEXTS = st.lists(st.sampled_from(WORDS), max_size=60).map(" ".join)


@st.composite
def searches(draw: st.DrawFn) -> tuple[Analyzer, str, frozenset[str]]:
    drawn = draw(st.sampled_from(("standard", "english", "german", "trigrams")))
    analyzer = Trigrams() if drawn == "trigrams" else analyzer_of(drawn)
    text = draw(TEXTS)
    tokens = sorted(set(analyze(analyzer, text)))
    chosen = draw(st.sets(st.sampled_from(tokens), max_size=5)) if tokens else set()
    return analyzer, text, frozenset(chosen)


@THOROUGH
@given(searches(), st.integers(8, 120))
def test_a_snippet_shows_the_best_window(
    search: tuple[Analyzer, str, frozenset[str]], width: int
) -> None:
    analyzer, text, tokens = search
    assume(tokens)
    found = snippet(analyzer, text, tokens, width=width)
    matches = [m for m in locator(analyzer, tokens)(text) if m[1] - m[0] <= width]
    if not matches:
        assert found.marks == ()
        return
    rank, (first, last) = best_by_trying(matches, width)
    assert found.start <= first
    assert last <= found.end
    shown = [m for m in matches if found.start <= m[0] and m[1] <= found.end]
    assert (len({token for _, _, token in shown}), len(shown)) >= rank
    marked = {place for mark in found.marks for place in range(*mark)}
    assert marked == {place for a, b, _ in shown for place in range(a, b)}


@THOROUGH
@given(searches(), st.integers(8, 40))
def test_what_is_read_in_blocks_shows_as_many_distinct_tokens(
    search: tuple[Analyzer, str, frozenset[str]], width: int
) -> None:
    """Reading ends early only where all tokens are shown."""
    analyzer, text, tokens = search
    assume(tokens)
    matches = [m for m in locator(analyzer, tokens)(text) if m[1] - m[0] <= width]
    assume(matches)
    rank, _ = best_by_trying(matches, width)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", 50)
        found = snippet(analyzer, text, tokens, width=width)
    shown = {token for a, b, token in matches if found.start <= a and b <= found.end}
    assert len(shown) >= rank[0]


SENTENCES = st.lists(
    st.lists(st.sampled_from(("one", "two", "Three", "J.", "approx. ten", "3.5")), max_size=5).map(
        lambda words: " ".join(["Start", *words, "stop"])
    ),
    min_size=1,
    max_size=12,
)


@given(SENTENCES, SENTENCES, st.sampled_from((". ", "! ", '." ', ".\n\n")))
def test_the_context_begins_with_a_sentence(before: list[str], after: list[str], stop: str) -> None:
    text = stop.join([*before, "Start a duck stop", *after]) + "."
    found = snippet(analyzer_of("english"), text, ["duck"], width=80)
    assert text[found.start :].startswith("Start")
    assert found.text.count("[duck]") == 1


def test_an_initial_or_an_abbreviation_ends_no_sentence() -> None:
    filler = "word " * 30
    for left in ("by J. Smith, ", "of approx. ten ", "see Fig. 3 "):
        found = snippet(analyzer_of("english"), f"{filler}{left}duck {filler}", ["duck"], width=60)
        assert not text_begins(found.text, ("Smith", "ten", "3"))
    text = "字" * 300 + "。" + "語" * 9 + "鴨" + "字" * 300
    found = snippet(analyzer_of("standard"), text, ["鴨"])
    assert found.text.startswith("…語")


def text_begins(text: str, starts: tuple[str, ...]) -> bool:
    return text.removeprefix("…").startswith(starts)


def test_a_window_ends_with_a_sentence_that_ends_near() -> None:
    text = "A duck swims here. " + "It is " * 60
    assert snippet(analyzer_of("english"), text, ["duck"], width=30).text == "A [duck] swims here.…"


def reference_window(text: str, tokens: set[str]) -> tuple[int, int, set[int]]:
    """Return the reference's window and the characters in brackets, as it is described."""
    line = "".join(c.lower() if c in string.ascii_uppercase else c for c in text)
    places = [line.find(token) for token in tokens if token in line]
    pieces = [piece.span() for piece in re.finditer(r"\S+", text)]
    if not places:
        return 0, pieces[:32][-1][1] if pieces else len(text), set()
    at = min(places)
    (number,) = (n for n, (first, last) in enumerate(pieces) if first <= at < last)
    start, end = pieces[max(0, number - 16)][0], pieces[: number + 17][-1][1]
    if number <= 16:
        start = 0
    if number + 17 >= len(pieces):
        end = len(text)
    marked = {
        at
        for token in tokens
        for first in range(start, end - len(token) + 1)
        if line.startswith(token, first)
        for at in range(first, first + len(token))
    }
    return start, end, marked


REFERENCE = st.lists(
    st.sampled_from(("run", "Prune", "RERUN", "duck", "3d", "é2run", "caté", "İ", "aaa", "-", "x")),
    max_size=80,
).flatmap(
    lambda words: st.sampled_from((" ", "  ", "\n", "\t")).map(lambda blank: blank.join(words))
)


@THOROUGH
@given(REFERENCE, st.sets(st.sampled_from(("run", "d", "aa", "prune", "duck", "cat"))))
def test_ascii_shows_what_the_reference_shows(text: str, tokens: set[str]) -> None:
    start, end, marked = reference_window(text, tokens)
    found = snippet(analyzer_of("ascii"), text, tokens)
    assert (found.start, found.end) == settle_span(text, start, end)
    assert {place for mark in found.marks for place in range(*mark)} == marked
    for first, last in found.marks:
        assert first - 1 not in marked
        assert last not in marked


@pytest.mark.parametrize(
    ("text", "query", "rendered"),
    [
        ("3d d3 D", "d", "3[d] [d]3 [D]"),
        ("rerun prunes é2RUN", "run", "re[run] p[run]es é2[RUN]"),
        ("cat catalog", "cat catalog", "[cat] [catalog]"),
        ("a duck", "goose", "a duck"),
    ],
)
def test_ascii_marks_inside_words(text: str, query: str, rendered: str) -> None:
    assert snippet(analyzer_of("ascii"), text, query.split()).text == rendered


def test_ascii_shows_sixteen_words_on_either_side() -> None:
    text = "a " * 40 + "duck " + "b " * 40
    found = snippet(analyzer_of("ascii"), text, ["duck"])
    assert found.text == "…" + "a " * 16 + "[duck]" + " b" * 16 + "…"
    assert snippet(analyzer_of("ascii"), text, ["cow"]).text == ("a " * 32).strip() + "…"
