"""What `search --explain` shows before the hits: the normalized query and every rung."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nuthatch.cli.screen import Screen
from nuthatch.cli.span import Cell
from nuthatch.contract.query import EntityQuery
from nuthatch.contract.results import Attempt, Results
from nuthatch.text.normalize import NormalizedQuery


def show_explanation(screen: Screen, results: Results) -> None:
    """Show what was looked for, and the rungs that were tried or skipped."""
    if isinstance(results.query, NormalizedQuery):
        _show_query(screen, results.query)
    else:
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
    if query.dropped:
        reasons: dict[str, list[str]] = {}
        for token, reason in query.dropped:
            reasons.setdefault(reason, []).append(token)
        told = "; ".join(
            f"{' '.join(tokens)} ({reason.replace('_', ' ')})".strip()
            for reason, tokens in reasons.items()
        )
        screen.line(("dropped  ", "dim"), told)
    if query.extras:
        screen.line(("extras   ", "dim"), " ".join(query.extras))


def _show_entities(screen: Screen, query: EntityQuery) -> None:
    for name, buckets in (("include", query.include), ("exclude", query.exclude)):
        for field, phrases in buckets.items():
            screen.line((f"{name}  ", "dim"), f"{field}: ", (", ".join(phrases), "strong"))
    for title in query.titles:
        screen.line(("title    ", "dim"), (title, "strong"))


def _row(number: int, attempt: Attempt, frequencies: Mapping[str, int]) -> Sequence[Cell]:
    def counted(token: str) -> str:
        return f"{token} ({frequencies[token]:,})" if token in frequencies else token

    tokens = " ".join(counted(token) for token in attempt.tokens)
    if attempt.dropped:
        tokens += f", without {' '.join(counted(token) for token in attempt.dropped)}"
    if attempt.skipped:
        return str(number), attempt.operator, (tokens, "dim"), ("skipped", "dim"), ""
    matched = "?" if attempt.matched is None else f"{attempt.matched:,}"
    return str(number), attempt.operator, tokens, matched, f"{attempt.ms:.1f}"
