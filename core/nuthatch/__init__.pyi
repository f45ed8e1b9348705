"""The public names of nuthatch, each imported from its home: the one list of them.

`nuthatch/__init__.py` reads this file, and imports a name when it is first used.
"""

from nuthatch.columns import (
    DocumentRow as DocumentRow,
    PlainColumns as PlainColumns,
)
from nuthatch.combine.experiment import (
    Interleave as Interleave,
    Split as Split,
)
from nuthatch.combine.failover import Failover as Failover
from nuthatch.combine.fuse import Fuse as Fuse
from nuthatch.combine.shadow import (
    Shadow as Shadow,
    ShadowCounts as ShadowCounts,
    ShadowPair as ShadowPair,
)
from nuthatch.contract.backend import SearchBackend as SearchBackend
from nuthatch.contract.batch import (
    AddReport as AddReport,
    AnalyzedBatch as AnalyzedBatch,
    AnalyzedChunk as AnalyzedChunk,
    AnalyzedDocument as AnalyzedDocument,
    Durability as Durability,
    OnError as OnError,
    SkippedDocument as SkippedDocument,
    WriteOutcome as WriteOutcome,
)
from nuthatch.contract.capability import (
    EMULATED as EMULATED,
    NATIVE as NATIVE,
    Capabilities as Capabilities,
    FilterSupport as FilterSupport,
    Support as Support,
    unsupported as unsupported,
)
from nuthatch.contract.columns import (
    Columns as Columns,
    Keys as Keys,
)
from nuthatch.contract.document import (
    Chunk as Chunk,
    Document as Document,
    document_from_json as document_from_json,
)
from nuthatch.contract.facet import (
    Facet as Facet,
    FacetCount as FacetCount,
    SortKey as SortKey,
)
from nuthatch.contract.filter_language import parse_filter as parse_filter
from nuthatch.contract.filter_matching import (
    matches_filter as matches_filter,
    values_by_field as values_by_field,
)
from nuthatch.contract.filter_validation import check_filters as check_filters
from nuthatch.contract.filters import (
    All as All,
    Any as Any,
    AnyOf as AnyOf,
    Exists as Exists,
    Filter as Filter,
    Leaf as Leaf,
    Mentions as Mentions,
    Not as Not,
    Range as Range,
    StartsWith as StartsWith,
)
from nuthatch.contract.hit import (
    AuditMode as AuditMode,
    Evidence as Evidence,
    Highlight as Highlight,
    Hit as Hit,
    Origin as Origin,
)
from nuthatch.contract.leases import (
    Lease as Lease,
    Leases as Leases,
)
from nuthatch.contract.markup import SafeHTML as SafeHTML
from nuthatch.contract.query import (
    AnyQuery as AnyQuery,
    Corrections as Corrections,
    EntityQuery as EntityQuery,
    MatchAll as MatchAll,
    Operator as Operator,
    Policy as Policy,
    Query as Query,
    Relevance as Relevance,
    Rung as Rung,
    SearchRequest as SearchRequest,
    Syntax as Syntax,
    TextQuery as TextQuery,
)
from nuthatch.contract.reader import (
    Answer as Answer,
    AnsweringReader as AnsweringReader,
    AnswerRequest as AnswerRequest,
    AsyncAnsweringReader as AsyncAnsweringReader,
    AsyncColumnReader as AsyncColumnReader,
    AsyncDictionaryReader as AsyncDictionaryReader,
    AsyncExplainingReader as AsyncExplainingReader,
    AsyncFirstMatchReader as AsyncFirstMatchReader,
    AsyncReader as AsyncReader,
    Budget as Budget,
    Candidate as Candidate,
    ColumnReader as ColumnReader,
    DictionaryReader as DictionaryReader,
    ExplainingReader as ExplainingReader,
    ExportingReader as ExportingReader,
    FetchedChunk as FetchedChunk,
    FirstMatch as FirstMatch,
    FirstMatchReader as FirstMatchReader,
    KnownWord as KnownWord,
    Matches as Matches,
    Reader as Reader,
    StoredChunk as StoredChunk,
)
from nuthatch.contract.results import (
    Attempt as Attempt,
    Results as Results,
)
from nuthatch.contract.schema import (
    AnyField as AnyField,
    BooleanField as BooleanField,
    DateField as DateField,
    DateTimeField as DateTimeField,
    FilterValue as FilterValue,
    IndexInfo as IndexInfo,
    IntegerField as IntegerField,
    KeywordField as KeywordField,
    NumberField as NumberField,
    PhraseField as PhraseField,
    Schema as Schema,
)
from nuthatch.contract.spec import (
    CONTRACT as CONTRACT,
    BackendConfig as BackendConfig,
    BackendSpec as BackendSpec,
    Create as Create,
    LexicalConfig as LexicalConfig,
)
from nuthatch.contract.statistics import CollectionStatistics as CollectionStatistics
from nuthatch.corpora.corpus import Corpus as Corpus
from nuthatch.errors import (
    AnalyzerMismatch as AnalyzerMismatch,
    BackendUnavailable as BackendUnavailable,
    Fault as Fault,
    FormatMismatch as FormatMismatch,
    IndexCorrupt as IndexCorrupt,
    IndexExists as IndexExists,
    IndexLocked as IndexLocked,
    IndexNotFound as IndexNotFound,
    InvalidConfig as InvalidConfig,
    InvalidDocument as InvalidDocument,
    InvalidFilter as InvalidFilter,
    InvalidQuery as InvalidQuery,
    NuthatchError as NuthatchError,
    PluginFailure as PluginFailure,
    QueryTimeout as QueryTimeout,
    SchemaMismatch as SchemaMismatch,
    UnknownBackend as UnknownBackend,
    UnsupportedQuery as UnsupportedQuery,
    VerificationFailed as VerificationFailed,
)
from nuthatch.grounding import (
    corpus_fingerprint as corpus_fingerprint,
    document_from_header as document_from_header,
    document_root as document_root,
    leaf_hash as leaf_hash,
    parse_header as parse_header,
    verify as verify,
)
from nuthatch.pipeline.answers import answer_by_calls as answer_by_calls
from nuthatch.pipeline.filtered_index import (
    Conditions as Conditions,
    FilteredIndex as FilteredIndex,
)
from nuthatch.pipeline.index import IndexMetadata as IndexMetadata
from nuthatch.pipeline.indexing import chunk_tokens as chunk_tokens, chunk_words as chunk_words
from nuthatch.pipeline.lexical import LexicalBackend as LexicalBackend
from nuthatch.pipeline.opening import (
    drop as drop,
    open as open,
)
from nuthatch.pipeline.readers import run_blocking as run_blocking
from nuthatch.pipeline.search import PlannedSearch as PlannedSearch
from nuthatch.pipeline.suggesting import Suggestion as Suggestion
from nuthatch.pipeline.lexical import Searcher as Searcher
from nuthatch.registry.analyzers import get_analyzer as get_analyzer
from nuthatch.registry.hookspecs import hookimpl as hookimpl
from nuthatch.registry.plugins import (
    register_plugin as register_plugin,
    unregister_plugin as unregister_plugin,
)
from nuthatch.registry.url import redact as redact
from nuthatch.text.analyzer import (
    Analyzer as Analyzer,
    SurfaceWords as SurfaceWords,
)
from nuthatch.text.fold import fold_surface as fold_surface
from nuthatch.text.normalize import NormalizedQuery as NormalizedQuery
from nuthatch.text.slot import (
    Alternative as Alternative,
    Phrase as Phrase,
    Slot as Slot,
)

__version__: str
__all__: list[str]
_HOME_OF: dict[str, str]
