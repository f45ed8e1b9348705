"""The class that `nuthatch conform` runs: as short as an author's own."""

from __future__ import annotations

import pytest

from nuthatch_conformance.suite import BackendConformance


class TestBackend(BackendConformance):
    """Tests the backend of the URL on the command line."""

    @pytest.fixture
    def url(self, request: pytest.FixtureRequest) -> str:
        """Is the URL as it was given, placeholders included."""
        url: str = request.config.getoption("conformance_url")
        return url
