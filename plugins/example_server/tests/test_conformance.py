"""The conformance kit on this backend, as `nuthatch conform` runs it."""

from __future__ import annotations

import pytest
from nuthatch_conformance import BackendConformance


class TestTernBackend(BackendConformance):
    """Every promise of the contract, one test each."""

    @pytest.fixture
    def url(self, server: str) -> str:
        """Return the URL of a new index: the kit puts another name in place of {n}."""
        return server
