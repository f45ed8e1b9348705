"""What a combination can do: what all of its engines can, and never more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace

from nuthatch.contract.capability import (
    EMULATED,
    NATIVE,
    Capabilities,
    FilterSupport,
    Support,
    unsupported,
)

#: Operations on an index. A combination has none of its own: they are done on its engines.
_KEEPING = ("write", "delete", "export", "persistent", "check", "optimize", "drop")
_ARITHMETIC = unsupported("every engine gives the same answers to it; ask one of them")
#: What a combination that mixes lists cannot do. The scores of entities are the same on every
#: engine, and would not be any more.
MIXING: Mapping[str, Support] = {
    **dict.fromkeys(("entities", "fuzzy", "substring"), _ARITHMETIC),
    "snapshot": unsupported("each engine is asked for its own state"),
}


def shared_book(
    books: Mapping[str, Capabilities], kind: str, **denied: Support | int
) -> Capabilities:
    """Return the book of a combination of this kind; `denied` are entries of its own."""
    any_book = next(iter(books.values()))
    entries: dict[str, Support | FilterSupport | int | None] = {}
    for item in fields(any_book):
        value = getattr(any_book, item.name)
        if item.name in _KEEPING:
            entries[item.name] = unsupported(f"{kind} only searches; do this on its engines")
        elif isinstance(value, Support):
            entries[item.name] = _shared({n: getattr(b, item.name) for n, b in books.items()})
        elif isinstance(value, FilterSupport):
            parts = {part.name for part in fields(value)}
            entries[item.name] = FilterSupport(
                **{p: _shared({n: getattr(b.filters, p) for n, b in books.items()}) for p in parts}
            )
    limits = [book.max_limit for book in books.values() if book.max_limit is not None]
    entries["max_limit"] = min(limits, default=None)
    return replace(any_book, **{**entries, **denied})  # type: ignore[arg-type]  # as declared


def _shared(supports: Mapping[str, Support]) -> Support:
    """Return the weakest entry; if it is `unsupported`, with the name of the engine to blame."""
    for name, support in supports.items():
        if not support:
            return unsupported(f"{name}: {support.reason}")
    natively = all(support.level == "native" for support in supports.values())
    return NATIVE if natively else EMULATED
