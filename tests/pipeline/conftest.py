"""Backends made of the memory backend, and distributions on a path of their own."""

from __future__ import annotations

from support.site import site
from support.varied import index, make_backend

__all__ = ["index", "make_backend", "site"]
