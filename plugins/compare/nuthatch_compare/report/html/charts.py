"""The charts of a report, as inline SVG: they take the page's colours, print well, need no library.

    interval bar   a difference and its interval against zero, in a card or a forest plot

        ├────────┼░░░░│░░░░┼──●━━━━━┤      zero in the middle, ░ what is too small to matter,
                                           ● the difference, ━ its interval

    ecdf           the share of answers within a time, on a log axis
    query bars     one bar a query, sorted: differences, or shares of common documents

An interval bar fills the width of its place: lengths scale, and strokes do not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

from markupsafe import Markup

from nuthatch_compare.formatting import format_interval, format_number
from nuthatch_compare.performance.latency import Latency
from nuthatch_compare.statistics.significance import Difference, Outcome

#: The size of an interval bar, in units of its view box.
_BAR_WIDTH, _BAR_HEIGHT = 200, 20
_BAR_MIDDLE = _BAR_HEIGHT / 2
#: The size of a plot and its margins.
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 640, 240, 74, 30, 14, 36
#: Height of a plot whose x axis has no labels.
_UNLABELLED_HEIGHT = 216
#: Bars that a plot has room for; of more values as many are drawn, evenly spaced.
_MOST_BARS = 400
_CLASSES: Final[dict[Outcome, str]] = {
    "better": "better",
    "worse": "worse",
    "equivalent": "equivalent",
    "same": "equivalent",
    "too few": "few",
}


def choose_class(difference: Difference) -> str:
    """Return the CSS class of a difference. Words beside the bar say what its colour says."""
    if difference.queries < difference.least_differing:
        return _CLASSES["too few"]
    return _CLASSES[difference.outcome]


def fit_scale(differences: list[Difference]) -> float:
    """Return how far a scale must reach on either side of zero for all of these."""
    ends = [abs(end) for difference in differences for end in (difference.low, difference.high)]
    margins = [
        difference.equivalence.margin for difference in differences if difference.equivalence
    ]
    return max([*ends, *margins, 1e-9]) * 1.08


def draw_interval_bar(difference: Difference, scale: float) -> Markup:
    """Return a difference and its interval on a scale from −scale to +scale."""
    return Markup(
        '<svg class="bar {}" role="img" aria-label="{}" viewBox="0 0 {} {}" '
        'preserveAspectRatio="none">{}</svg>'
    ).format(
        choose_class(difference),
        _describe_bar(difference),
        _BAR_WIDTH,
        _BAR_HEIGHT,
        Markup("").join(_draw_marks(difference, scale)),
    )


def _draw_marks(difference: Difference, scale: float) -> Iterator[Markup]:
    def x(value: float) -> float:
        return _BAR_WIDTH / 2 * (1 + max(-1.0, min(1.0, value / scale)))

    if difference.equivalence is not None:
        margin = difference.equivalence.margin
        yield Markup('<rect class="margin" x="{:.2f}" y="0" width="{:.2f}" height="{}"/>').format(
            x(-margin), x(margin) - x(-margin), _BAR_HEIGHT
        )
    yield _draw_line("zero", x(0), x(0), 0, _BAR_HEIGHT)
    yield _draw_line("interval", x(difference.low), x(difference.high), _BAR_MIDDLE, _BAR_MIDDLE)
    for end in (difference.low, difference.high):
        if abs(end) <= scale:  # an interval that goes on beyond the scale has no end here
            yield _draw_line("end", x(end), x(end), _BAR_MIDDLE - 5, _BAR_MIDDLE + 5)
    yield _draw_line("point", x(difference.delta), x(difference.delta), _BAR_MIDDLE, _BAR_MIDDLE)


def _draw_line(name: str, left: float, right: float, top: float, bottom: float) -> Markup:
    return Markup(
        '<line class="{}" vector-effect="non-scaling-stroke" x1="{:.2f}" x2="{:.2f}" '
        'y1="{:.2f}" y2="{:.2f}"/>'
    ).format(name, left, right, top, bottom)


def _describe_bar(difference: Difference) -> str:
    delta, low, high = format_interval(difference.delta, difference.low, difference.high)
    return f"{difference.measure}: {delta}, interval {low} to {high}"


def draw_ecdf(latency: Latency) -> Markup | None:
    """Return the share of samples answered within a time (log axis); None without samples."""
    curves = [(system.system, system.curve) for system in latency.systems if system.curve]
    if not curves:
        return None
    low = math.log10(max(1e-6, min(curve[0] for _, curve in curves)))
    high = math.log10(max(1e-6, *(curve[-1] for _, curve in curves)))
    low, high = math.floor(low * 4) / 4, math.ceil(high * 4 + 1e-9) / 4
    span = max(high - low, 0.25)

    def x(ms: float) -> float:
        place = (math.log10(max(ms, 1e-6)) - low) / span
        return _LEFT + place * (_WIDTH - _LEFT - _RIGHT)

    def y(share: float) -> float:
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)

    parts = [_draw_grid_line(y(share), f"{share:.0%}") for share in (0, 0.5, 0.9, 1)]
    for power in range(math.floor(low), math.ceil(high) + 1):
        for digit in (1, 3):
            ms = digit * 10.0**power
            if low <= math.log10(ms) <= low + span:
                parts.append(_draw_tick(x(ms), f"{ms:g} ms"))
    for number, (_, curve) in enumerate(curves):
        steps = max(1, len(curve) - 1)
        points = " ".join(f"{x(ms):.1f},{y(at / steps):.1f}" for at, ms in enumerate(curve))
        parts.append(Markup('<polyline class="line s{}" points="{}"/>').format(number % 6, points))
    return _wrap_svg("Share of answers within a time", parts)


def draw_differences(values: Sequence[float]) -> Markup | None:
    """Return one bar per query, sorted; None where there is nothing to draw."""
    if not values:
        return None
    top = max(map(abs, values)) or 1.0
    middle = _UNLABELLED_HEIGHT / 2
    scale = (middle - _TOP) / top
    parts = [
        _draw_grid_line(middle, "0"),
        _draw_grid_line(_TOP, f"+{format_number(top)}"),
        _draw_grid_line(_UNLABELLED_HEIGHT - _TOP, f"-{format_number(top)}"),
        *_draw_bars(values, middle, scale),
    ]
    return _wrap_svg("Difference of each query, sorted", parts, _UNLABELLED_HEIGHT)


def draw_shares(values: Sequence[float]) -> Markup | None:
    """Return one bar per query, from 0 to 1, sorted; None where there is nothing to draw."""
    if not values:
        return None
    bottom, scale = _UNLABELLED_HEIGHT - _TOP, _UNLABELLED_HEIGHT - 2 * _TOP
    parts = [_draw_grid_line(bottom - scale * share, f"{share:.0%}") for share in (0, 0.5, 1)]
    parts += _draw_bars(values, bottom, scale)
    return _wrap_svg("Share of common documents of each query, sorted", parts, _UNLABELLED_HEIGHT)


def _draw_bars(values: Sequence[float], zero: float, scale: float) -> Iterator[Markup]:
    ordered = sorted(values, reverse=True)
    count = min(len(ordered), _MOST_BARS)
    step = (_WIDTH - _LEFT - _RIGHT) / count
    for at in range(count):
        value = ordered[round(at * (len(ordered) - 1) / max(1, count - 1))]
        height = abs(value) * scale
        yield Markup(
            '<rect class="{}" x="{:.2f}" y="{:.2f}" width="{:.2f}" height="{:.2f}"/>'
        ).format(
            "up" if value > 0 else "down",
            _LEFT + at * step,
            zero - height if value > 0 else zero,
            max(0.5, step * 0.8),
            height,
        )


def _draw_grid_line(y: float, label: str) -> Markup:
    return Markup(
        '<line class="grid" x1="{0}" x2="{1}" y1="{2:.1f}" y2="{2:.1f}"/>'
        '<text x="{3}" y="{4:.1f}" text-anchor="end">{5}</text>'
    ).format(_LEFT, _WIDTH - _RIGHT, y, _LEFT - 6, y + 4, label)


def _draw_tick(x: float, label: str) -> Markup:
    return Markup('<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>').format(
        x, _HEIGHT - 14, label
    )


def _wrap_svg(label: str, parts: Sequence[Markup], height: int = _HEIGHT) -> Markup:
    return Markup('<svg role="img" aria-label="{}" viewBox="0 0 {} {}">{}</svg>').format(
        label, _WIDTH, height, Markup("").join(parts)
    )
