"""The public names of `nuthatch.postings`, each imported from its home: the one list of them."""

from nuthatch.contract.filters import (
    leaves as leaves,
)
from nuthatch.postings.array_columns import (
    ArrayColumns as ArrayColumns,
    DocumentIds as DocumentIds,
)
from nuthatch.postings.batch import (
    BatchPlan as BatchPlan,
    StoredDocument as StoredDocument,
    number_documents as number_documents,
    plan_batch as plan_batch,
)
from nuthatch.postings.block_layout import (
    BLOCK_IDS as BLOCK_IDS,
    scan_block as scan_block,
)
from nuthatch.postings.caches import (
    IndexCounts as IndexCounts,
    LatestMap as LatestMap,
    LatestValue as LatestValue,
    PostingCaches as PostingCaches,
)
from nuthatch.postings.codec import (
    CompressedChunk as CompressedChunk,
    compress_text as compress_text,
    decode_document as decode_document,
    decompress as decompress,
    is_document_intact as is_document_intact,
    join_leaves as join_leaves,
)
from nuthatch.postings.column import (
    Column as Column,
)
from nuthatch.postings.column_block import (
    EMPTY_BLOCK as EMPTY_BLOCK,
    FieldValues as FieldValues,
    pack_blocks as pack_blocks,
    unpack_blocks as unpack_blocks,
)
from nuthatch.postings.column_log import (
    ColumnLog as ColumnLog,
    LoggedDocument as LoggedDocument,
)
from nuthatch.postings.column_merge import (
    ColumnBatch as ColumnBatch,
    block_numbers as block_numbers,
    merge_blocks as merge_blocks,
)
from nuthatch.postings.column_store import (
    DOCUMENTS_PLACE as DOCUMENTS_PLACE,
    ColumnRequest as ColumnRequest,
    LoggedChanges as LoggedChanges,
    ColumnSource as ColumnSource,
    ColumnStore as ColumnStore,
    StoredField as StoredField,
    stored_fields as stored_fields,
)
from nuthatch.postings.entries import (
    TITLE_PLACES as TITLE_PLACES,
    Entry as Entry,
    EntryScheme as EntryScheme,
)
from nuthatch.postings.filters import (
    FilterSets as FilterSets,
    fields_of as fields_of,
    restrict as restrict,
    unread_filters as unread_filters,
)
from nuthatch.postings.forks import (
    ForkAware as ForkAware,
    keep_inherited as keep_inherited,
    watch_forks as watch_forks,
)
from nuthatch.postings.logged_batch import (
    LoggedBatch as LoggedBatch,
    LoggedColumns as LoggedColumns,
)
from nuthatch.postings.packed import (
    UNREADABLE as UNREADABLE,
    PackedChunk as PackedChunk,
    corrupted as corrupted,
    readable as readable,
    split_leaves as split_leaves,
)
from nuthatch.postings.rungs import (
    explain_rung as explain_rung,
    find_first_match as find_first_match,
    to_matches as to_matches,
)
from nuthatch.postings.vocabulary import (
    FrequenciesOf as FrequenciesOf,
    Vocabulary as Vocabulary,
    rank_neighbours as rank_neighbours,
    rank_words as rank_words,
    tokens_of as tokens_of,
)
