"""An index in memory, as results come from one."""

from __future__ import annotations

from support.varied import index, make_backend

__all__ = ["index", "make_backend"]
