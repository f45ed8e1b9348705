"""The conformance kit on this backend, as `nuthatch conform` runs it."""

from __future__ import annotations

import pytest
from nuthatch_conformance import BackendConformance


class TestWhooshBackend(BackendConformance):
    """Every promise of the contract, one test each."""

    @pytest.fixture
    def url(self) -> str:
        return "whoosh:{dir}/index"
