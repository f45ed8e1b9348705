"""How hits are shown: rank, score, title, uri and snippet, then one line on the search."""

from __future__ import annotations

from collections.abc import Iterator

from nuthatch.cli.screen import Screen
from nuthatch.cli.span import Cell, printable
from nuthatch.contract.audit import AuditMode
from nuthatch.contract.hit import Hit
from nuthatch.contract.query import EntityQuery
from nuthatch.contract.results import Results


def show_hits(screen: Screen, results: Results, *, explain: bool = False) -> None:
    """Show the hits, best first; with `explain`, what each score is made of."""
    for rank, hit in enumerate(results, start=1):
        screen.line(
            (f"{rank:>3}", "dim"),
            (f"  {hit.score:7.3f}  ", "name"),
            (hit.title or "(no title)", "strong"),
        )
        screen.line(*_place(hit), indent=14)
        if hit.snippet:
            screen.line(*highlight(hit), indent=14)
        if explain:
            where = "" if isinstance(results.query, EntityQuery) else f"rung {hit.rung + 1}: "
            screen.line((where + _parts(hit), "dim"), indent=14)


def show_footer(screen: Screen, results: Results) -> None:
    """Show the notes, and one line on how the hits were come by."""
    for note in results.notes:
        screen.line((f"note: {note}", "dim"))
    count = "no hits" if not results.hits else f"{len(results)} hits"
    how = f"policy {results.policy} ran {results.ran}"
    parts = (
        "1 hit" if len(results) == 1 else count,
        "entities" if isinstance(results.query, EntityQuery) else how,
        _exactness(results),
        f"{results.took_ms:.1f} ms",
    )
    screen.line((", ".join(parts), "dim"))


def _exactness(results: Results) -> str:
    if results.exact:
        return "exact"
    return "ordered by rung" if results.ran == "ladder" else "perhaps not the exact top"


def highlight(hit: Hit) -> Iterator[Cell]:
    """Yield the snippet as spans, the matched words marked."""
    # No printable text holds a NUL, so it parts the snippet where the marks are.
    pieces = hit.highlight("\0", "\0", escape=printable).split("\0")
    for number, piece in enumerate(pieces):
        yield piece, "mark" if number % 2 else ""


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
