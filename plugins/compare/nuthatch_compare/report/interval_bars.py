"""Intervals as bars against zero: the marks of a card and of a forest plot, as inline SVG.

    ├────────┼░░░░│░░░░┼──●━━━━━┤      zero in the middle, ░ what is too small to matter,
                                       ● the difference, ━ its interval

A bar is as wide as its place: lengths scale, and strokes do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from markupsafe import Markup

from nuthatch_compare.significance import Difference, Outcome
from nuthatch_compare.wording import format_interval

_WIDTH, _HEIGHT = 200, 20
_MIDDLE = _HEIGHT / 2
_CLASSES: Final[dict[Outcome, str]] = {
    "better": "better",
    "worse": "worse",
    "equivalent": "equivalent",
    "same": "equivalent",
    "too few": "few",
}


def tone(found: Difference) -> str:
    """Return the class of a difference; what its colour tells is told by words beside it too."""
    if found.queries < found.least_differing:
        return _CLASSES["too few"]
    return _CLASSES[found.outcome]


def reach(differences: list[Difference]) -> float:
    """Return how far a scale must reach on either side of zero for all of these."""
    ends = [abs(end) for found in differences for end in (found.low, found.high)]
    margins = [found.equivalence.margin for found in differences if found.equivalence]
    return max([*ends, *margins, 1e-9]) * 1.08


def interval_bar(found: Difference, scale: float) -> Markup:
    """Return a difference and its interval on a scale from −scale to +scale."""
    return Markup(
        '<svg class="bar {}" role="img" aria-label="{}" viewBox="0 0 {} {}" '
        'preserveAspectRatio="none">{}</svg>'
    ).format(
        tone(found),
        _label(found),
        _WIDTH,
        _HEIGHT,
        Markup("").join(_marks(found, scale)),
    )


def _marks(found: Difference, scale: float) -> Iterator[Markup]:
    def x(value: float) -> float:
        return _WIDTH / 2 * (1 + max(-1.0, min(1.0, value / scale)))

    if found.equivalence is not None:
        margin = found.equivalence.margin
        yield Markup('<rect class="margin" x="{:.2f}" y="0" width="{:.2f}" height="{}"/>').format(
            x(-margin), x(margin) - x(-margin), _HEIGHT
        )
    yield _line("zero", x(0), x(0), 0, _HEIGHT)
    yield _line("interval", x(found.low), x(found.high), _MIDDLE, _MIDDLE)
    for end in (found.low, found.high):
        if abs(end) <= scale:  # an interval that goes on beyond the scale has no end here
            yield _line("end", x(end), x(end), _MIDDLE - 5, _MIDDLE + 5)
    yield _line("point", x(found.delta), x(found.delta), _MIDDLE, _MIDDLE)


def _line(name: str, left: float, right: float, top: float, bottom: float) -> Markup:
    return Markup(
        '<line class="{}" vector-effect="non-scaling-stroke" x1="{:.2f}" x2="{:.2f}" '
        'y1="{:.2f}" y2="{:.2f}"/>'
    ).format(name, left, right, top, bottom)


def _label(found: Difference) -> str:
    delta, low, high = format_interval(found.delta, found.low, found.high)
    return f"{found.measure}: {delta}, interval {low} to {high}"
