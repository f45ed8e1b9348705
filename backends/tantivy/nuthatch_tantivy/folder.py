"""The folder of an index: making it, opening it, and seeing what others commit to it.

create   a sibling folder is filled and renamed: an index is there whole or not at all
open     Tantivy's own way where the folder can be written (it locks a file to read), else
         by way of a folder of links
state    a commit replaces meta.json; one look at that file tells whether to load again, and it
         says which part of the journal belongs to the commit
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from tempfile import gettempdir
from threading import Lock
from time import sleep
from typing import TYPE_CHECKING, Any, NamedTuple

import tantivy

from nuthatch import (
    BackendUnavailable,
    CollectionStatistics,
    Create,
    IndexCorrupt,
    IndexExists,
    IndexMetadata,
    IndexNotFound,
    Schema,
)
from nuthatch_tantivy import journal, schema
from nuthatch_tantivy.caches import Caches
from nuthatch_tantivy.checksum import Meta, Seen, damages
from nuthatch_tantivy.config import TantivyConfig
from nuthatch_tantivy.journal import Journal

if TYPE_CHECKING:
    from nuthatch.entities import EntityTable
    from nuthatch.postings import StoredDocument, Vocabulary

#: Tries to open a read-only folder that another process is changing meanwhile.
_TRIES = 5
#: Looks at an index that another process is committing to, and the seconds between them.
_LOOKS = 100
_PAUSE = 0.005

#: Device, inode, size and time of meta.json: differs after every commit.
Signature = tuple[int, ...]


class State(NamedTuple):
    """One state of the index; `signature` names it, `layout` is Tantivy's schema.

    `meta` is what meta.json says. `counted` is for document frequencies that were asked for in this
    state, `tables` for what its documents mention, once an entity search has read it, `statistics`
    for its counts, `words` for its surface words, and `stored` for documents that were looked up by
    uri: a batch is so twice.
    `caches` are those of all states.
    """

    searcher: tantivy.Searcher
    layout: tantivy.Schema
    signature: Signature
    meta: Meta
    journal: Journal
    counted: dict[str, int]
    tables: list[EntityTable]
    statistics: list[CollectionStatistics]
    words: list[Vocabulary]
    stored: dict[str, StoredDocument | None]
    caches: Caches


class Folder:
    """An opened index. It gives the newest state; safe to share between threads."""

    def __init__(self, config: TantivyConfig, declared: Schema, path: Path | None = None) -> None:
        """Open the index of a configuration, or one in another folder."""
        self._path = config.path if path is None else path
        self._meta = str(self._path / schema.META)
        self._config = config
        self._declared = declared
        self._intact: set[Seen] = set()
        self._lock = Lock()
        self._index: tantivy.Index | None = None
        self._state: State | None = None
        self.closed = False

    def state(self) -> State:
        """Return the newest committed state."""
        with self._lock:
            return self._newest()[1]

    def writer(self, heap: int) -> tantivy.IndexWriter:
        """Return a writer of one thread: it makes one segment, the smallest and fastest to read.

        It holds the index's lock until it is consumed by `wait_merging_threads`.
        """
        with self._lock:
            return self._newest()[0].writer(heap, 1)

    def forget_old_journal(self) -> None:
        """Forget a state whose journal was written anew, for a writer who goes on from it.

        A commit makes a new state of that, but one who was interrupted, or killed, between the two
        left it out. The caller holds the index's lock.
        """
        with self._lock:
            if self._state is not None and not self._state.journal.is_current:
                self._state = None

    def close(self) -> None:
        """Close the index's files."""
        with self._lock:
            self.closed = True
            self._index = self._state = None

    def _newest(self) -> tuple[tantivy.Index, State]:
        if self.closed:
            raise BackendUnavailable(f"{self._path} was closed; open it again")
        for _ in range(_LOOKS):
            signature = self._signature()
            if self._index is None or self._state is None or signature != self._state.signature:
                self._index, state = self._load(signature)
                if signature != self._signature():  # and only part of this is of that commit
                    sleep(_PAUSE)
                    continue
                _compare_counts(self._path, state)
                self._state = state
            return self._index, self._state
        raise BackendUnavailable(
            f"{self._path} changes faster than it can be read; try again", transient=True
        )

    def _signature(self) -> Signature:
        try:
            found = os.stat(self._meta)  # the way of every search, hence by a ready name
        except FileNotFoundError as error:
            check_present(self._path, error)
            raise
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns

    def _load(self, signature: Signature) -> tuple[tantivy.Index, State]:
        """Load what the folder holds now."""
        meta = Meta.read(self._path)
        self._refuse_damaged(meta)
        known = self._state
        journal = Journal.open(
            self._path / schema.JOURNAL,
            meta.commit,
            None if known is None else known.journal,
            verify=self._config.checksums,
        )
        index = self._index
        if index is None or is_frozen(self._path):
            index = _open_frozen(self._path) if is_frozen(self._path) else _open(self._path)
        else:
            index.reload()
        caches = None if known is None else known.caches
        if caches is None or caches.identity != journal.identity:
            caches = Caches(journal.identity, self._declared, self._config.cache_bytes)
        searcher, layout = index.searcher(), index.schema
        return index, State(searcher, layout, signature, meta, journal, {}, [], [], [], {}, caches)

    def _refuse_damaged(self, meta: Meta) -> None:
        """Raise `IndexCorrupt` if a file that is new here does not match its checksum."""
        damaged = [*damages(self._path, meta, self._intact)] if self._config.checksums else []
        if damaged:
            raise IndexCorrupt(
                f"{self._path} is damaged: {'; '.join(damaged[:3])}; restore it from a copy, or "
                "index the corpus again (checksums=false opens it for what can still be read)"
            )


def _compare_counts(path: Path, state: State) -> None:
    """Raise `IndexCorrupt` unless the segments hold as many chunks as meta.json says."""
    searcher, meta = state.searcher, state.meta
    every = tantivy.Query.term_query(state.layout, schema.EVERY, 1, "basic")
    left: Any = searcher.search(every, 1, count=True)
    counted = searcher.doc_freq(schema.EVERY, 1), int(left.count)
    said = meta.chunks, meta.chunks - meta.deleted
    if counted != said:
        raise IndexCorrupt(
            f"{path} holds {counted[0]} chunks, {counted[1]} of them not deleted, and its "
            f"{schema.META} says {said[0]} and {said[1]}; restore the index from a copy, or index "
            "the corpus again"
        )


def check_present(path: Path, cause: OSError | None = None) -> None:
    """Raise `BackendUnavailable` where the folder of an open index is not there any more."""
    if not path.exists():
        raise BackendUnavailable(
            f"{path} is gone: it was dropped or moved; open it where it is"
        ) from cause


def is_frozen(path: Path) -> bool:
    """Return whether Tantivy, which locks a file in the folder to read it, cannot do so."""
    return not os.access(path, os.W_OK)


def _open(path: Path) -> tantivy.Index:
    index = tantivy.Index.open(str(path))
    schema.register(index)
    index.config_reader("manual")
    return index


def _open_frozen(path: Path) -> tantivy.Index:
    """Open a folder that cannot be written, by links to its files from a folder of our own.

    What is open stays readable without its name, so that the links can go at once.
    """
    for attempt in range(1, _TRIES + 1):
        links = Path(gettempdir(), f"nuthatch-{token_hex(8)}")
        try:
            links.mkdir(0o700)
            # A copy, as it must go with the files that are linked now.
            (links / schema.META).write_bytes((path / schema.META).read_bytes())
            for file in path.iterdir():
                if file.name != schema.META and file.suffix != ".lock":
                    (links / file.name).symlink_to(file.absolute())
            return _open(links)
        except ValueError:  # a file that meta.json names is gone: the writer is tidying up
            if attempt == _TRIES:
                raise
        finally:
            shutil.rmtree(links, ignore_errors=True)
    raise AssertionError("the last try returns or raises")


def size(path: Path) -> int:
    """Return what the files of the folder take, in bytes."""
    total = 0
    for file in path.iterdir():
        with suppress(FileNotFoundError):  # merged away meanwhile
            total += file.stat().st_size
    return total


def find(path: Path, create: Create) -> IndexMetadata | None:
    """Return what the index in the folder says of itself; None where there is nothing yet.

    Raise `IndexExists` or `IndexNotFound` for a path with other content: an index must not be
    put into it.
    """
    try:
        found = (path / schema.RECORD).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        _check_no_record(path, create)
        return None
    except OSError as error:
        raise BackendUnavailable(
            f"{path} cannot be read ({error.strerror}); check the path and its rights"
        ) from error
    return IndexMetadata.from_json(found, place=str(path), format=schema.FORMAT)


def _check_no_record(path: Path, create: Create) -> None:
    """Raise unless the path, at which there is no record, is free or an empty folder.

    A file, or a folder with other content, is not to be filled: raise `IndexExists` under
    `create`, else `IndexNotFound`. An index without its record is damaged: `IndexCorrupt`.
    """
    kind = IndexExists if create else IndexNotFound
    if path.is_dir():
        meta = path / schema.META
        if meta.exists() and f'"{schema.EVERY}"' in meta.read_text(errors="replace"):
            raise IndexCorrupt(
                f"{path} has lost its {schema.RECORD}; restore the file from a copy of the index, "
                "or index the corpus again"
            )
        if any(path.iterdir()):
            raise kind(f"{path} is a folder of another kind; name another path")
    elif path.exists():
        raise kind(f"{path} is a file; name a folder")


def check_creation(path: Path, create: Create, read_only: bool) -> None:
    """Raise `IndexNotFound` unless the caller may create the index that is missing, and
    `BackendUnavailable` unless its folder can be written."""
    if not create:
        raise IndexNotFound(f"there is no index at {path}; create it first")
    if read_only:
        raise IndexNotFound(f"there is no index at {path}; read_only makes none")
    parent = path.absolute().parent
    if not (parent.is_dir() and os.access(parent, os.W_OK)):
        found = "cannot be written" if parent.is_dir() else "is not there"
        raise BackendUnavailable(
            f"{path} cannot be made: its folder {found}; make the folder, or check its rights"
        )


def create(path: Path, record: IndexMetadata, fill: Callable[[Path], None] | None) -> bool:
    """Make an index, filled with its first documents, all or nothing.

    Return False if another process was faster.
    """
    path = path.absolute()
    # Named before it is made, so that it goes whatever happens in between.
    draft = path.with_name(f".{path.name}.{token_hex(8)}")
    try:
        try:
            draft.mkdir(0o700)
        except OSError as error:
            raise BackendUnavailable(
                f"{path} cannot be made ({error.strerror}); check the path and the rights of its "
                "folder"
            ) from error
        tantivy.Index(schema.build(record.schema), path=str(draft))
        journal.create(draft / schema.JOURNAL)
        with open(draft / schema.RECORD, "w", encoding="utf-8") as file:
            file.write(record.to_json())
            file.flush()
            os.fsync(file.fileno())
        if fill is not None:
            fill(draft)
        sync(draft)
        try:
            draft.rename(path)  # takes the place of an empty folder, never of a full one
        except OSError:
            if (path / schema.RECORD).exists():
                return False
            raise
        sync(path.parent)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return True


def sync(folder: Path) -> None:
    """Make the names in a folder outlast a power cut, where folders can be synced."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
