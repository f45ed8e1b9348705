"""The example keeps the whole contract, and declares what it does not do."""

from __future__ import annotations

import pytest

from nuthatch import Capabilities, Support
from nuthatch_conformance import BackendConformance


class TestTheExample(BackendConformance):
    """The kit, run in this process."""

    @pytest.fixture
    def url(self) -> str:
        return "whoosh:{dir}/index"


def test_it_has_no_deviations() -> None:
    assert TestTheExample.deviations is None


def test_it_says_no_with_a_reason() -> None:
    from nuthatch_whoosh.plugin import SPEC

    assert isinstance(SPEC.capabilities, Capabilities)
    refused = {name: support for name, support in SPEC.capabilities if not support}
    assert {"entities", "filters.mentions", "grounding"} <= refused.keys()
    assert all(isinstance(support, Support) and support.reason for support in refused.values())
