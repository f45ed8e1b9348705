"""Damage is told as such, never as a bare error or a panic; `check` finds what reading does not."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import nuthatch
from nuthatch import BackendUnavailable, IndexCorrupt, IndexLocked, NuthatchError, Range
from nuthatch_tantivy.failure import translated

#: Endings of an index's files, and whether opening finds that half of one is missing.
FILES = (
    "meta.json",
    "nuthatch.json",
    "nuthatch.log",
    ".store",
    ".term",
    ".idx",
    ".fast",
    ".fieldnorm",
    ".del",
)


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def blank(content: bytes) -> bytes:
    third = len(content) // 3
    return content[:third] + bytes(third) + content[2 * third :]


@pytest.fixture
def copy(seeded_path: Path, path: Path) -> Path:
    shutil.copytree(seeded_path, path)
    return path


def damage(path: Path, ending: str, how: Callable[[bytes], bytes]) -> None:
    files = [file for file in path.iterdir() if file.name.endswith(ending)]
    assert files
    for file in files:
        file.write_bytes(how(file.read_bytes()))


@pytest.mark.parametrize("ending", FILES)
def test_a_file_that_lost_its_end_is_found_when_the_index_is_opened(
    copy: Path, ending: str
) -> None:
    damage(copy, ending, cut)
    with pytest.raises(IndexCorrupt, match=re.escape(str(copy))) as caught:
        nuthatch.open(f"tantivy:{copy}")
    assert caught.value.__cause__ is not None or ending in str(caught.value)


@pytest.mark.parametrize("name", ["meta.json", "nuthatch.json"])
def test_a_missing_description_is_no_missing_index(copy: Path, name: str) -> None:
    (copy / name).unlink()
    for create in (False, True, "new"):
        with pytest.raises((IndexCorrupt, nuthatch.IndexExists)) as caught:
            nuthatch.open(f"tantivy:{copy}", create=create)  # type: ignore[arg-type]
        assert create == "new" or isinstance(caught.value, IndexCorrupt)


@pytest.mark.parametrize("ending", [name for name in FILES if name[0] == "."])
def test_a_file_that_was_overwritten_is_found_when_the_index_is_opened(
    copy: Path, ending: str
) -> None:
    damage(copy, ending, blank)
    with pytest.raises(
        IndexCorrupt, match=rf"{ending} (does not match its checksum|cannot be read)"
    ):
        nuthatch.open(f"tantivy:{copy}")


def test_a_segment_that_another_writer_adds_is_looked_at_before_it_is_searched(copy: Path) -> None:
    with nuthatch.open(f"tantivy:{copy}") as index, nuthatch.open(f"tantivy:{copy}") as other:
        before = {file.name for file in copy.iterdir()}
        other.add(nuthatch.Document("new", "", "ba co di"))
        for file in copy.iterdir():
            if file.name not in before and file.name.endswith(".idx"):
                file.write_bytes(blank(file.read_bytes()))
        with pytest.raises(IndexCorrupt, match=r"\.idx (does not match|cannot be read)"):
            index.search("ba co di")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda meta: meta["segments"][0].update(max_doc=10**9), "chunks"),
        (lambda meta: meta["segments"][0].update(max_doc=-1), "no number of chunks"),
        (lambda meta: meta["segments"][0]["deletes"].update(num_deleted_docs=0), "chunks"),
        (lambda meta: meta["segments"][0]["deletes"].update(num_deleted_docs=1), "chunks"),
        (lambda meta: meta.update(segments=None), "does not list the segments"),
        (lambda meta: meta["segments"].append("x"), "does not list the segments"),
    ],
)
def test_a_list_of_segments_that_is_not_true_is_refused(
    copy: Path, change: Callable[[Any], object], match: str
) -> None:
    meta = json.loads((copy / "meta.json").read_text())
    meta["segments"].sort(key=lambda segment: segment["deletes"] is None)
    change(meta)
    (copy / "meta.json").write_text(json.dumps(meta))
    with pytest.raises(IndexCorrupt, match=match):
        nuthatch.open(f"tantivy:{copy}")


@pytest.mark.parametrize("ending", [name for name in FILES if name[0] == "."])
def test_check_finds_what_was_overwritten(copy: Path, ending: str) -> None:
    """Without a look at the checksums, too, nothing but typed errors comes out."""
    damage(copy, ending, blank)
    try:
        index = nuthatch.open(f"tantivy:{copy}?checksums=false")
    except IndexCorrupt:
        return
    with index:
        for ask in (
            lambda: index.search(
                "ba co di", 10**6, filters=[Range("year", gte=2000), Range("tags", gte="a")]
            ),
            lambda: list(index.documents()),
            lambda: index.get("doc-77"),
            lambda: index.info(),
        ):
            with suppress(IndexCorrupt):
                ask()
        assert index.check()


def test_an_intact_index_checks_clean(copy: Path) -> None:
    with nuthatch.open(f"tantivy:{copy}") as index:
        assert index.check() == []
        index.delete("doc-1")
        assert index.check() == []


def test_a_stored_document_that_does_not_prove_its_root_is_found(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with nuthatch.open(f"tantivy:{copy}") as index:
        monkeypatch.setattr("nuthatch_tantivy.check.leaf_hash", lambda text: bytes(32))
        assert "does not match its root" in index.check()[0]


class PanicException(BaseException):
    """Has the name of that of pyo3, which cannot be imported."""


@pytest.mark.parametrize(
    ("native", "expected"),
    [
        (PanicException("assertion failed"), IndexCorrupt),
        (ValueError("Failed to acquire Lockfile: LockBusy. Some(…)"), IndexLocked),
        (
            ValueError("An IO error occurred: 'No space left on device (os error 28)'"),
            BackendUnavailable,
        ),
        (ValueError("IoError(Os { code: 13, kind: PermissionDenied })"), BackendUnavailable),
        (ValueError("An index writer was killed.. A worker thread"), BackendUnavailable),
        (ValueError("Data corrupted: '…'"), IndexCorrupt),
        (OSError(5, "Input/output error (os error 5)"), BackendUnavailable),
    ],
)
def test_native_errors_are_translated_and_chained(
    native: BaseException, expected: type[NuthatchError]
) -> None:
    with pytest.raises(expected) as caught, translated(Path("films.idx")):
        raise native
    assert caught.value.__cause__ is native
    assert "films.idx" in str(caught.value)


def test_a_real_panic_is_translated(copy: Path) -> None:
    with (
        nuthatch.open(f"tantivy:{copy}") as index,
        index.reader() as reader,
        pytest.raises(IndexCorrupt, match="Tantivy gave up"),
        translated(copy),
    ):
        reader._searcher.search(reader._queries.every(), 0)  # type: ignore[attr-defined]
