"""Curves as inline SVG: they take the page's colours, print well, and need no library."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from markupsafe import Markup

from nuthatch_compare.latency import Latency
from nuthatch_compare.wording import format_number

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 640, 240, 74, 30, 14, 36
#: Height of a plot whose x axis has no labels.
_BARS = 216
#: Bars that a plot has room for; of more values so many are drawn, evenly spaced.
_MOST_BARS = 400


def ecdf(latency: Latency) -> Markup | None:
    """Return the share of samples answered within a time (log axis); None without samples."""
    curves = [(each.system, each.curve) for each in latency.systems if each.curve]
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

    parts = [_grid(y(share), f"{share:.0%}") for share in (0, 0.5, 0.9, 1)]
    for power in range(math.floor(low), math.ceil(high) + 1):
        for digit in (1, 3):
            ms = digit * 10.0**power
            if low <= math.log10(ms) <= low + span:
                parts.append(_tick(x(ms), f"{ms:g} ms"))
    for number, (_, curve) in enumerate(curves):
        steps = max(1, len(curve) - 1)
        points = " ".join(f"{x(ms):.1f},{y(at / steps):.1f}" for at, ms in enumerate(curve))
        parts.append(Markup('<polyline class="line s{}" points="{}"/>').format(number % 6, points))
    return _svg("Share of answers within a time", parts)


def differences(values: Sequence[float]) -> Markup | None:
    """Return one bar per query, sorted; None where there is nothing to draw."""
    if not values:
        return None
    top = max(map(abs, values)) or 1.0
    middle = _BARS / 2
    scale = (middle - _TOP) / top
    parts = [
        _grid(middle, "0"),
        _grid(_TOP, f"+{format_number(top)}"),
        _grid(_BARS - _TOP, f"-{format_number(top)}"),
        *_bars(values, middle, scale),
    ]
    return _svg("Difference of each query, sorted", parts, _BARS)


def shares(values: Sequence[float]) -> Markup | None:
    """Return one bar per query, from 0 to 1, sorted; None where there is nothing to draw."""
    if not values:
        return None
    bottom, scale = _BARS - _TOP, _BARS - 2 * _TOP
    parts = [_grid(bottom - scale * share, f"{share:.0%}") for share in (0, 0.5, 1)]
    parts += _bars(values, bottom, scale)
    return _svg("Share of common documents of each query, sorted", parts, _BARS)


def _bars(values: Sequence[float], zero: float, scale: float) -> Iterator[Markup]:
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


def _grid(y: float, label: str) -> Markup:
    return Markup(
        '<line class="grid" x1="{0}" x2="{1}" y1="{2:.1f}" y2="{2:.1f}"/>'
        '<text x="{3}" y="{4:.1f}" text-anchor="end">{5}</text>'
    ).format(_LEFT, _WIDTH - _RIGHT, y, _LEFT - 6, y + 4, label)


def _tick(x: float, label: str) -> Markup:
    return Markup('<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>').format(
        x, _HEIGHT - 14, label
    )


def _svg(label: str, parts: Sequence[Markup], height: int = _HEIGHT) -> Markup:
    return Markup('<svg role="img" aria-label="{}" viewBox="0 0 {} {}">{}</svg>').format(
        label, _WIDTH, height, Markup("").join(parts)
    )
