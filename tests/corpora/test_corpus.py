"""A corpus streams documents from files, folders and standard input."""

import errno
import gzip
import io
import json
import sys
import tracemalloc
from pathlib import Path

import pytest

from nuthatch import Document
from nuthatch.corpora import Corpus
from nuthatch.corpora.source import locate, open_source
from nuthatch.errors import InvalidConfig, InvalidDocument


def lines(*uris: str) -> bytes:
    return b"".join(json.dumps({"uri": uri, "text": "x"}).encode() + b"\n" for uri in uris)


def uris(*paths: object) -> list[str]:
    return [document.uri for document in Corpus([str(path) for path in paths])]


class Pipe:
    """Stands for sys.stdin: gives its bytes in small pieces, as a pipe may."""

    def __init__(self, data: bytes, piece: int) -> None:
        self.buffer = self
        self._data = io.BytesIO(data)
        self._piece = piece

    def read1(self, size: int) -> bytes:
        return self._data.read(min(size, self._piece))


class Broken:
    """Stands for sys.stdin on a disk that fails."""

    def __init__(self) -> None:
        self.buffer = self

    def read1(self, size: int) -> bytes:
        raise OSError(errno.EIO, "Input/output error")


def test_both_shapes_of_documents_are_read(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text(
        '{"uri": "a", "title": "A", "text": "t", "fields": {"year": 1}}\n'
        '{"_id": "b", "title": "B", "text": "t", "metadata": {"year": 2}}\n'
    )
    assert list(Corpus([str(path)])) == [
        Document("a", "A", "t", {"year": 1}),
        Document("b", "B", "t", {"year": 2}),
    ]


def test_gzip_is_told_by_its_first_bytes_not_by_its_name(tmp_path: Path) -> None:
    packed, plain = tmp_path / "packed.jsonl", tmp_path / "plain.jsonl.gz"
    packed.write_bytes(gzip.compress(lines("a")) + gzip.compress(lines("b")))
    plain.write_bytes(lines("c"))
    assert uris(packed, plain) == ["a", "b", "c"]


@pytest.mark.parametrize("name", ["corpus.jsonl", "corpus.jsonl.gz"])
def test_a_folder_in_beirs_layout_stands_for_its_corpus(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(gzip.compress(lines("a")))
    (tmp_path / "queries.jsonl").write_bytes(b"{}")
    assert uris(tmp_path) == ["a"]


@pytest.mark.parametrize("piece", [1, 7, 10_000])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_standard_input_is_read_plain_or_packed(
    monkeypatch: pytest.MonkeyPatch, piece: int, pack: type[bytes]
) -> None:
    monkeypatch.setattr(sys, "stdin", Pipe(pack(lines("a", "b")), piece))
    assert uris("-") == ["a", "b"]


def test_standard_input_is_read_once() -> None:
    with pytest.raises(InvalidConfig, match="give - once"):
        Corpus(["-", "-"])


def test_a_source_that_is_not_there_is_told_before_anything_is_read(tmp_path: Path) -> None:
    good = tmp_path / "a.jsonl"
    good.write_bytes(lines("a"))
    with pytest.raises(InvalidConfig, match=r"there is no corpus .*b\.jsonl"):
        Corpus([str(good), str(tmp_path / "b.jsonl")])
    with pytest.raises(InvalidConfig, match=r"holds no corpus\.jsonl"):
        Corpus([str(tmp_path)])


def test_a_source_that_the_system_refuses_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 300)
    with pytest.raises(InvalidConfig, match=r"the corpus .*xxx cannot be read: File name too long"):
        Corpus([str(long)])
    path = tmp_path / "a.jsonl"
    path.write_bytes(lines("a"))
    corpus = Corpus([str(path)])
    path.unlink()
    path.mkdir()
    with pytest.raises(InvalidConfig, match=r"a\.jsonl cannot be read: Is a directory"):
        list(corpus)
    monkeypatch.setattr(sys, "stdin", Broken())
    with pytest.raises(InvalidConfig, match="<stdin> cannot be read: Input/output error"):
        uris("-")


def test_an_error_of_the_one_who_reads_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(lines("a"))
    with pytest.raises(OSError, match="mine"), open_source(locate(str(path))):
        raise OSError("mine")


def test_a_bad_document_is_named_by_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_bytes(lines("a") + b'{"uri": "", "text": "x"}\n')
    with pytest.raises(InvalidDocument, match=rf"{path}:2: a document needs a uri"):
        uris(path)
    path.write_bytes(lines("a") + b"[1]")
    with pytest.raises(InvalidDocument, match=rf"{path}:2: expected a JSON object"):
        uris(path)


def test_position_and_size_are_those_of_the_packed_bytes(tmp_path: Path) -> None:
    packed, plain = tmp_path / "a", tmp_path / "b"
    packed.write_bytes(gzip.compress(lines("a")))
    plain.write_bytes(lines("b"))
    corpus = Corpus([str(packed), str(plain)])
    assert corpus.position == 0
    list(corpus)
    assert corpus.position == corpus.size == packed.stat().st_size + plain.stat().st_size


def test_a_pipe_has_no_size(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(lines("a"))
    assert Corpus([str(path), "-"]).size is None


def test_places_are_known_until_they_are_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_bytes(lines("a", "b", "c", "a"))
    corpus = Corpus([str(path)])
    list(corpus)
    assert corpus.acknowledge(2) == f"{path}:2"
    assert corpus.locate_error(InvalidDocument("no", position=1)).where is None  # forgotten
    assert corpus.locate_error(InvalidDocument("no")).where is None
    assert corpus.locate_error(InvalidDocument("no", position=3)).where == f"{path}:4"
    assert corpus.place(2) == f"{path}:3"
    assert corpus.acknowledge(4) == f"{path}:4"


def test_memory_does_not_grow_with_the_corpus(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl.gz"

    def peak(documents: int) -> int:
        with gzip.open(path, "wb", compresslevel=1) as file:
            for number in range(documents):
                file.write(lines(f"uri-{number}"))
        tracemalloc.start()
        corpus = Corpus([str(path)])
        for document in corpus:
            assert document.uri
            if corpus.read % 100 == 0:
                corpus.acknowledge(corpus.read)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(8_000) < 1.2 * peak(1_000)
