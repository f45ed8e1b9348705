"""nuthatch_conformance: proves that a backend keeps nuthatch's contract.

    class TestMine(nuthatch_conformance.BackendConformance):
        @pytest.fixture
        def url(self):
            return "mine:{dir}/index"

or, without code, `nuthatch conform 'mine:{dir}/index'`. Both run the same tests and write the
same report card.
"""

from typing import TYPE_CHECKING

from nuthatch import __version__

if TYPE_CHECKING:
    from nuthatch_conformance.suite import BackendConformance

__all__ = ["BackendConformance", "__version__"]


def __getattr__(name: str) -> object:
    # Not before it is used: every run of pytest on this machine imports this package.
    if name != "BackendConformance":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from nuthatch_conformance.suite import BackendConformance

    return BackendConformance
