"""`SearchBackend`: what every searcher signs, engines and wrappers around engines alike."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import ClassVar, Self

from nuthatch.contract.capability import Capabilities
from nuthatch.contract.document import Document
from nuthatch.contract.facet import Facet
from nuthatch.contract.filters import Filter
from nuthatch.contract.hit import AuditMode
from nuthatch.contract.query import Corrections, Policy, Query, Relevance, Syntax
from nuthatch.contract.results import Results
from nuthatch.contract.spec import BackendConfig


class SearchBackend(ABC):
    """Anything that answers queries.

    Nobody need write `search`: an engine extends `LexicalBackend`, and a wrapper or a searcher of
    another kind extends `Searcher` and writes `execute`.
    """

    #: What the `config` of a spec that names this class must extend.
    config_model: ClassVar[type[BackendConfig]] = BackendConfig

    @property
    @abstractmethod
    def name(self) -> str:
        """The name under which the backend is registered."""

    @property
    @abstractmethod
    def audit_mode(self) -> AuditMode:
        """The strongest claim that the backend can make about a hit."""

    @property
    @abstractmethod
    def capabilities(self) -> Capabilities:
        """What the backend can do."""

    @abstractmethod
    def search(
        self,
        query: Query,
        limit: int | None = None,
        *,
        offset: int | None = None,
        filters: Filter | Sequence[Filter] | None = None,
        sort: str | Sequence[str] | None = None,
        facets: Facet | str | Sequence[Facet | str] | None = None,
        count: bool | None = None,
        collapse: bool | None = None,
        policy: Policy | None = None,
        syntax: Syntax | None = None,
        phrases: Sequence[str] | None = None,
        exclude: Sequence[str] | None = None,
        prefix: bool | None = None,
        corrections: Corrections | None = None,
        alternatives: Mapping[str, Sequence[str]] | None = None,
        relevance: Relevance | None = None,
        extra_or_tokens: Sequence[str] | None = None,
        audit: AuditMode | None = None,
        explain: bool = False,
        timeout: float | None = None,
    ) -> Results:
        """Return the best hits for a query; an argument that is given overrides the query's.

        `limit` defaults to 20, and `offset` hits are left out before the first. `sort` names the
        fields to order by, `-year` from the greatest on. `facets` are counted, and so is `total`
        with `count`, over all that match. `collapse` keeps a document's best chunk. `relevance`
        says whether the best are judged once more by their text. How the text is read, and what its
        words stand for too, is told by `TextQuery`. `timeout` is in seconds. Raise `InvalidQuery`,
        `UnsupportedQuery`, `QueryTimeout`, `BackendUnavailable`, `IndexCorrupt`; never returns an
        empty result for an error.
        """

    @abstractmethod
    async def search_async(
        self,
        query: Query,
        limit: int | None = None,
        *,
        offset: int | None = None,
        filters: Filter | Sequence[Filter] | None = None,
        sort: str | Sequence[str] | None = None,
        facets: Facet | str | Sequence[Facet | str] | None = None,
        count: bool | None = None,
        collapse: bool | None = None,
        policy: Policy | None = None,
        syntax: Syntax | None = None,
        phrases: Sequence[str] | None = None,
        exclude: Sequence[str] | None = None,
        prefix: bool | None = None,
        corrections: Corrections | None = None,
        alternatives: Mapping[str, Sequence[str]] | None = None,
        relevance: Relevance | None = None,
        extra_or_tokens: Sequence[str] | None = None,
        audit: AuditMode | None = None,
        explain: bool = False,
        timeout: float | None = None,
    ) -> Results:
        """Do the same for asynchronous callers."""

    @abstractmethod
    def get(self, uri: str) -> Document | None:
        """Return the document with this uri, as it was added; None if there is none."""

    @abstractmethod
    def close(self) -> None:
        """Free what the backend holds. Closing twice is fine; using it afterwards is not."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
