"""nuthatch: one search contract, many engines, swapped on evidence.

    import nuthatch

    with nuthatch.open("sqlite:films.db", create=True) as index:
        index.add([nuthatch.Document("heat", "Heat", "A thief and a detective in Los Angeles.")])
        for hit in index.search("thief in los angeles"):
            print(hit.score, hit.title, hit.snippet)

Everything public is named in `__all__`, but for `open`: a star import must not hide Python's own.
Public too, for engines, are `nuthatch.entities`, `nuthatch.scoring` (needs numpy) and
`nuthatch.postings` (numpy and zstandard). Nothing else of this package is imported by backends or
plugins.

Nothing is imported before it is used, so that the command line starts at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nuthatch.combine.failover import Failover
    from nuthatch.combine.fuse import Fuse
    from nuthatch.combine.interleave import Interleave
    from nuthatch.combine.shadow import Shadow, ShadowCounts, ShadowPair
    from nuthatch.combine.split import Split
    from nuthatch.contract.analyzed_document import AnalyzedChunk, AnalyzedDocument
    from nuthatch.contract.audit import AuditMode
    from nuthatch.contract.backend import SearchBackend
    from nuthatch.contract.capability import (
        EMULATED,
        NATIVE,
        Capabilities,
        FilterSupport,
        Support,
        unsupported,
    )
    from nuthatch.contract.document import Document, document_from_json
    from nuthatch.contract.filters import AnyOf, Filter, Range, matches_filter
    from nuthatch.contract.hit import Evidence, Hit, Origin
    from nuthatch.contract.index_info import IndexInfo
    from nuthatch.contract.leases import Lease, Leases
    from nuthatch.contract.query import EntityQuery, Policy, Query, TextQuery
    from nuthatch.contract.reader import (
        AsyncExplainingReader,
        AsyncFirstMatchReader,
        AsyncReader,
        Candidate,
        ExplainingReader,
        ExportingReader,
        FirstMatch,
        FirstMatchReader,
        Matches,
        Reader,
        StoredChunk,
    )
    from nuthatch.contract.report import AddReport, Durability, WriteOutcome
    from nuthatch.contract.request import SearchRequest
    from nuthatch.contract.results import Attempt, Results
    from nuthatch.contract.rung import Operator, Rung
    from nuthatch.contract.schema import (
        DateField,
        FilterValue,
        IntegerField,
        KeywordField,
        NumberField,
        PhraseField,
        Schema,
    )
    from nuthatch.contract.skipped_document import OnError, SkippedDocument
    from nuthatch.contract.spec import CONTRACT, BackendConfig, BackendSpec, Create, LexicalConfig
    from nuthatch.corpora.corpus import Corpus
    from nuthatch.errors import (
        AnalyzerMismatch,
        BackendUnavailable,
        Fault,
        FormatMismatch,
        IndexCorrupt,
        IndexExists,
        IndexLocked,
        IndexNotFound,
        InvalidConfig,
        InvalidDocument,
        InvalidQuery,
        NuthatchError,
        PluginFailure,
        QueryTimeout,
        SchemaMismatch,
        UnknownBackend,
        UnsupportedQuery,
        VerificationFailed,
    )
    from nuthatch.grounding.evidence import verify
    from nuthatch.grounding.header import (
        corpus_fingerprint,
        document_from_header,
        document_root,
        parse_header,
    )
    from nuthatch.grounding.merkle import leaf_hash
    from nuthatch.pipeline.index import IndexMetadata
    from nuthatch.pipeline.indexing import chunk_tokens
    from nuthatch.pipeline.lexical import LexicalBackend
    from nuthatch.pipeline.opening import drop
    from nuthatch.pipeline.opening import open as open  # not in `__all__`
    from nuthatch.pipeline.planned_search import PlannedSearch
    from nuthatch.pipeline.readers import run_blocking
    from nuthatch.pipeline.searcher import Searcher
    from nuthatch.registry.analyzers import get_analyzer
    from nuthatch.registry.hooks import hookimpl, register_plugin, unregister_plugin
    from nuthatch.registry.url import redact
    from nuthatch.text.analyzer import Analyzer
    from nuthatch.text.normalize import NormalizedQuery

__version__ = "0.1.0"

__all__ = [
    "CONTRACT",
    "EMULATED",
    "NATIVE",
    "AddReport",
    "AnalyzedChunk",
    "AnalyzedDocument",
    "Analyzer",
    "AnalyzerMismatch",
    "AnyOf",
    "AsyncExplainingReader",
    "AsyncFirstMatchReader",
    "AsyncReader",
    "Attempt",
    "AuditMode",
    "BackendConfig",
    "BackendSpec",
    "BackendUnavailable",
    "Candidate",
    "Capabilities",
    "Corpus",
    "Create",
    "DateField",
    "Document",
    "Durability",
    "EntityQuery",
    "Evidence",
    "ExplainingReader",
    "ExportingReader",
    "Failover",
    "Fault",
    "Filter",
    "FilterSupport",
    "FilterValue",
    "FirstMatch",
    "FirstMatchReader",
    "FormatMismatch",
    "Fuse",
    "Hit",
    "IndexCorrupt",
    "IndexExists",
    "IndexInfo",
    "IndexLocked",
    "IndexMetadata",
    "IndexNotFound",
    "IntegerField",
    "Interleave",
    "InvalidConfig",
    "InvalidDocument",
    "InvalidQuery",
    "KeywordField",
    "Lease",
    "Leases",
    "LexicalBackend",
    "LexicalConfig",
    "Matches",
    "NormalizedQuery",
    "NumberField",
    "NuthatchError",
    "OnError",
    "Operator",
    "Origin",
    "PhraseField",
    "PlannedSearch",
    "PluginFailure",
    "Policy",
    "Query",
    "QueryTimeout",
    "Range",
    "Reader",
    "Results",
    "Rung",
    "Schema",
    "SchemaMismatch",
    "SearchBackend",
    "SearchRequest",
    "Searcher",
    "Shadow",
    "ShadowCounts",
    "ShadowPair",
    "SkippedDocument",
    "Split",
    "StoredChunk",
    "Support",
    "TextQuery",
    "UnknownBackend",
    "UnsupportedQuery",
    "VerificationFailed",
    "WriteOutcome",
    "chunk_tokens",
    "corpus_fingerprint",
    "document_from_header",
    "document_from_json",
    "document_root",
    "drop",
    "get_analyzer",
    "hookimpl",
    "leaf_hash",
    "matches_filter",
    "parse_header",
    "redact",
    "register_plugin",
    "run_blocking",
    "unregister_plugin",
    "unsupported",
    "verify",
]

#: The module that each public name lives in, for `__getattr__`; a test holds the three lists equal.
_HOMES = {
    "combine.failover": "Failover",
    "combine.fuse": "Fuse",
    "combine.interleave": "Interleave",
    "combine.shadow": "Shadow ShadowCounts ShadowPair",
    "combine.split": "Split",
    "contract.analyzed_document": "AnalyzedChunk AnalyzedDocument",
    "contract.audit": "AuditMode",
    "contract.backend": "SearchBackend",
    "contract.capability": "Capabilities EMULATED FilterSupport NATIVE Support unsupported",
    "contract.document": "Document document_from_json",
    "contract.filters": "AnyOf Filter Range matches_filter",
    "contract.hit": "Evidence Hit Origin",
    "contract.index_info": "IndexInfo",
    "contract.leases": "Lease Leases",
    "contract.query": "EntityQuery Policy Query TextQuery",
    "contract.reader": (
        "AsyncExplainingReader AsyncFirstMatchReader AsyncReader Candidate ExplainingReader "
        "ExportingReader FirstMatch FirstMatchReader Matches Reader StoredChunk"
    ),
    "contract.report": "AddReport Durability WriteOutcome",
    "contract.request": "SearchRequest",
    "contract.results": "Attempt Results",
    "contract.rung": "Operator Rung",
    "contract.schema": (
        "DateField FilterValue IntegerField KeywordField NumberField PhraseField Schema"
    ),
    "contract.skipped_document": "OnError SkippedDocument",
    "contract.spec": "BackendConfig BackendSpec CONTRACT Create LexicalConfig",
    "corpora.corpus": "Corpus",
    "errors": (
        "AnalyzerMismatch BackendUnavailable Fault FormatMismatch IndexCorrupt IndexExists "
        "IndexLocked IndexNotFound InvalidConfig InvalidDocument InvalidQuery NuthatchError "
        "PluginFailure QueryTimeout SchemaMismatch UnknownBackend UnsupportedQuery "
        "VerificationFailed"
    ),
    "grounding.evidence": "verify",
    "grounding.header": "corpus_fingerprint document_root parse_header document_from_header",
    "grounding.merkle": "leaf_hash",
    "pipeline.planned_search": "PlannedSearch",
    "pipeline.index": "IndexMetadata",
    "pipeline.indexing": "chunk_tokens",
    "pipeline.lexical": "LexicalBackend",
    "pipeline.opening": "drop open",
    "pipeline.readers": "run_blocking",
    "pipeline.searcher": "Searcher",
    "registry.analyzers": "get_analyzer",
    "registry.hooks": "hookimpl register_plugin unregister_plugin",
    "registry.url": "redact",
    "text.analyzer": "Analyzer",
    "text.normalize": "NormalizedQuery",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF})
