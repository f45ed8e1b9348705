"""Real distributions, most of them broken, on a path of their own."""

from __future__ import annotations

from support.site import site

__all__ = ["site"]
