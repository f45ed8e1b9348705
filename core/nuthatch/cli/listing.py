"""How results are shown: with `--explain` the query and its rungs; the hits; then one line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from nuthatch.cli.output import Cell, Style, printable
from nuthatch.cli.screen import Screen
from nuthatch.contract.facet import SortKey
from nuthatch.contract.hit import AuditMode, Hit
from nuthatch.contract.query import EntityQuery, MatchAll
from nuthatch.contract.results import Attempt, Results
from nuthatch.text.normalize import NormalizedQuery
from nuthatch.text.slot import Alternative


def show_hits(
    screen: Screen,
    results: Results,
    *,
    explain: bool = False,
    offset: int = 0,
    sort: Sequence[SortKey] = (),
) -> None:
    """Show the hits in their order; with `explain` the query, its rungs and parts of scores too.

    Sorted hits show the values that they are sorted by, and a score where they have one. Nothing
    is shown where one of the hits turns out to be damaged.
    """
    shown = [(hit, [*_sort_values(hit, sort)], *highlight(hit)) for hit in results]
    if explain:
        _show_explanation(screen, results)
    for rank, (hit, values, title, snippet) in enumerate(shown, start=offset + 1):
        score = f"{hit.score:7.3f}  " if hit.score_parts else ""
        indent = 5 + len(score)
        head: tuple[Cell, Cell] = (f"{rank:>3}  ", "dim"), (score, "name")
        screen.line(*head, *(title or [("(no title)", "strong")]))
        screen.line(*_place(hit), *values, indent=indent)
        if snippet:
            screen.line(*snippet, indent=indent)
        if explain and score:
            where = "" if isinstance(results.query, EntityQuery) else f"rung {hit.rung + 1}: "
            screen.line((where + _parts(hit), "dim"), indent=indent)


def _sort_values(hit: Hit, sort: Sequence[SortKey]) -> Iterator[Cell]:
    for key in sort:
        value = hit.fields.get(key.field)
        if value is not None:
            values = value if isinstance(value, list) else [value]
            yield f"  {key.field} {', '.join(map(str, values))}", "name"


def show_footer(screen: Screen, results: Results, *, offset: int = 0, count: bool = False) -> None:
    """Show the notes, and one line on how the hits were found.

    The total is told with `count`, and where it is known and not the number of hits.
    """
    for note in results.notes:
        screen.line((f"note: {note}", "dim"))
    _show_corrections(screen, results)
    parts = [_number(len(results), offset)]
    if results.total is not None and (count or results.total != len(results)):
        matches = "document matches" if results.total == 1 else "documents match"
        parts.append(f"{results.total:,} {matches}")
    if isinstance(results.query, EntityQuery):
        parts.append("entities")
    elif not isinstance(results.query, MatchAll):
        judged = ", the best judged by their text" if results.relevance == "auto" else ""
        parts.append(f"policy {results.policy} ran {results.ran}{judged}")
    screen.line((", ".join((*parts, _exactness(results), f"{results.took_ms:.1f} ms")), "dim"))


def _show_corrections(screen: Screen, results: Results) -> None:
    """Show what was looked for in place of wrong words, or what could be."""
    query = results.query
    if results.did_you_mean is None or not isinstance(query, NormalizedQuery):
        return
    used = [
        slot
        for slot, word in zip(query.slots, query.words, strict=True)
        if word.surface in results.corrections and not slot.is_plain
    ]
    if used:
        for word, near in results.corrections.items():
            screen.line((f"looked for {', '.join(near)} in place of {word}", "dim"))
    else:
        screen.line("did you mean: ", (results.did_you_mean, "strong"))


def _number(hits: int, offset: int) -> str:
    if not hits:
        return f"no hits after the first {offset:,}" if offset else "no hits"
    if offset:
        return f"hits {offset + 1:,} to {offset + hits:,}" if hits > 1 else f"hit {offset + 1:,}"
    return "1 hit" if hits == 1 else f"{hits} hits"


def _exactness(results: Results) -> str:
    if results.exact:
        return "exact"
    if results.ran == "all":
        return "only with all words"
    return "ordered by rung" if results.ran == "ladder" else "perhaps not the exact top"


def highlight(hit: Hit) -> tuple[list[Cell], list[Cell]]:
    """Return title and snippet as spans, the matched words marked."""
    # No printable text holds a NUL, so it parts a text where the marks are.
    title, snippet = hit.highlight("\0", "\0", escape=printable)
    return _cells(title, "strong"), _cells(snippet, "")


def _cells(text: str, style: Style) -> list[Cell]:
    return [
        (piece, "mark" if number % 2 else style)
        for number, piece in enumerate(text.split("\0"))
        if piece
    ]


def _place(hit: Hit) -> Iterator[Cell]:
    yield hit.document_uri, "dim"
    if hit.chunk_idx:
        yield f" chunk {hit.chunk_idx}", "dim"
    if hit.origin is not None:
        yield f" from {hit.origin.backend} ({hit.origin.score:.3f})", "dim"
    if hit.audit_mode is AuditMode.GROUNDED:
        yield f" grounded in {hit.document_root[:16]}…", "good"


def _parts(hit: Hit) -> str:
    parts = [f"{name} {value:.3f}" for name, value in hit.score_parts.items() if value]
    return " + ".join(parts) or "nothing adds to the score"


def _show_explanation(screen: Screen, results: Results) -> None:
    """Show what was looked for, and the rungs that were tried or skipped."""
    if isinstance(results.query, NormalizedQuery):
        _show_query(screen, results.query)
    elif isinstance(results.query, EntityQuery):
        _show_entities(screen, results.query)
    if results.attempts:
        frequencies = dict(results.frequencies)
        screen.table(
            ("rung", "operator", "tokens (chunks that hold them)", "matched", "ms"),
            [
                _row(number, attempt, frequencies)
                for number, attempt in enumerate(results.attempts, start=1)
            ],
            right=(0, 3, 4),
        )
    screen.line("")


def _show_query(screen: Screen, query: NormalizedQuery) -> None:
    screen.line(("query    ", "dim"), query.text)
    screen.line(("tokens   ", "dim"), (" ".join(query.tokens) or "none", "strong"))
    for slot in dict.fromkeys(query.slots):
        if not slot.is_plain:
            others = ", ".join(map(_name_alternative, slot.alternatives[1:]))
            screen.line(("         ", "dim"), (slot.word, "strong"), f" or {others}")
    for name, phrases in (("phrases  ", query.phrases), ("excluded ", query.excluded)):
        if phrases:
            screen.line((name, "dim"), ", ".join(f'"{" ".join(phrase)}"' for phrase in phrases))
    if query.dropped:
        reasons: dict[str, list[str]] = {}
        for token, reason in query.dropped:
            reasons.setdefault(reason, []).append(token)
        reasons_text = "; ".join(
            f"{' '.join(tokens)} ({reason.replace('_', ' ')})".strip()
            for reason, tokens in reasons.items()
        )
        screen.line(("dropped  ", "dim"), reasons_text)
    if query.extras:
        screen.line(("extras   ", "dim"), " ".join(query.extras))


def _name_alternative(alternative: Alternative) -> str:
    token, weight = alternative
    return token if weight == 1 else f"{token} × {weight:.2g}"


def _show_entities(screen: Screen, query: EntityQuery) -> None:
    for name, buckets in (("include", query.include), ("exclude", query.exclude)):
        for field, phrases in buckets.items():
            screen.line((f"{name}  ", "dim"), f"{field}: ", (", ".join(phrases), "strong"))
    for title in query.titles:
        screen.line(("title    ", "dim"), (title, "strong"))


def _row(number: int, attempt: Attempt, frequencies: Mapping[str, int]) -> Sequence[Cell]:
    def with_count(token: str) -> str:
        return f"{token} ({frequencies[token]:,})" if token in frequencies else token

    tokens = " ".join(with_count(token) for token in attempt.tokens)
    if attempt.dropped:
        tokens += f", without {' '.join(with_count(token) for token in attempt.dropped)}"
    if attempt.skipped:
        return str(number), attempt.operator, (tokens, "dim"), ("skipped", "dim"), ""
    matched = "?" if attempt.matched is None else f"{attempt.matched:,}"
    return str(number), attempt.operator, tokens, matched, f"{attempt.ms:.1f}"
