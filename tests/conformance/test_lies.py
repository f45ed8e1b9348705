"""Capabilities both ways, and the report of a failure: wrong declarations are detected."""

from __future__ import annotations

from .conftest import Kit

REFUSED = "capabilities.what_is_not_declared_is_refused"


FRESH = """
class TestMine(BackendConformance):
    @pytest.fixture
    def url(self):
        return "mine:{n}"
"""


def book(**changes: str) -> str:
    values = ", ".join(f"{name}={value}" for name, value in changes.items())
    return (
        "Backend.spec = replace(Backend.spec, "
        f"capabilities=replace(MEMORY.capabilities, {values}))\n"
    )


def test_what_is_declared_must_work(author: Kit) -> None:
    run = author(book(check="NATIVE"), "-k", "check_finds")
    assert run.having("failed") == ["capabilities.check_finds_a_good_index_good"]
    assert "PluginFailure" in run.message("capabilities.check_finds_a_good_index_good")


def test_what_is_not_declared_must_be_refused(author: Kit) -> None:
    quiet = book(delete="unsupported('nobody wrote it')") + (
        "Backend.delete = lambda self, uris, durability=None: self.remove([uris], 'process')\n"
    )
    run = author(quiet, "-k", "not_declared or deleting_removes")
    assert run.having("failed") == [REFUSED]
    assert "quietly returned 1 where UnsupportedQuery was due" in run.message(REFUSED)
    message = run.message("writing.deleting_removes_the_document_and_nothing_else")
    assert message == "declares no delete: nobody wrote it"


def test_what_is_gone_after_closing_must_not_be_declared_persistent(author: Kit) -> None:
    run = author(book(persistent="NATIVE"), "-k", "reopening", suite=FRESH)
    assert "reopening.a_reopened_index_is_the_same" in run.having("failed")


def test_what_is_kept_must_be_declared_persistent(author: Kit) -> None:
    kept = """
_all = {}
_open, _close = Backend.open.__func__, Backend.close

def open(cls, config, *, create, schema):
    return _all.setdefault(config.location, _open(cls, config, create=create, schema=schema))

Backend.open = classmethod(open)
Backend.close = lambda self: None
"""
    run = author(kept, "-k", "not_declared", suite=FRESH)
    assert run.having("failed") == [REFUSED]
    assert "where persistent is denied" in run.message(REFUSED)


def test_a_failure_tells_the_smallest_example_and_the_likely_causes(author: Kit) -> None:
    """AND taken for OR: one document of one word and two tokens show it."""
    either = """
class Either(MemoryReader):
    def match(self, rung, filters, limit):
        return super().match(replace(rung, operator="OR"), filters, limit)

@contextmanager
def reader(self, deadline=None):
    yield Either(self._documents)

Backend.reader = reader
"""
    test = "searching.a_rung_matches_the_chunks_that_hold_its_tokens"
    run = author(either, "-k", "a_rung_matches", "--conformance-examples", "50")
    assert run.having("failed") == [test]
    message = run.message(test)
    for part in (
        f"{test} (contract 2.0, needs write text)",
        "must hold: AND finds the chunks that hold all tokens",
        "too much  [('d0', 0)]",
        "documents=[Document(uri='d0', title='', text='aa', fields={})]",
        "tokens=['aa', 'bb']",
        "likely causes:\n    - documents matched in place of chunks",
        "searching.py:",
    ):
        assert part in message
    assert message in run.output


def test_an_error_of_the_engine_is_told_with_its_place(author: Kit) -> None:
    broken = "def get(self, uri):\n    raise KeyError(uri)\nBackend.get = get\n"
    run = author(broken, "-k", "empty or without_documents")
    message = run.message("shape.an_index_without_documents_answers")
    assert "found: KeyError: 'd0'" in message
    assert "test_mine.py" in message


def test_a_failure_tells_what_the_test_drew_by_itself(author: Kit) -> None:
    eager = "Backend.remove = lambda self, uris, durability: len(uris)\n"
    test = "writing.deleting_removes_the_document_and_nothing_else"
    run = author(eager, "-k", "deleting_removes")
    assert "deleted=['d" in run.message(test)
    assert "data(...)" not in run.message(test)


def test_a_failure_of_the_machine_tells_its_steps(author: Kit) -> None:
    eager = "Backend.remove = lambda self, uris, durability: len(uris)\n"
    run = author(eager, "-k", "any_sequence")
    message = run.message("machine.any_sequence_of_calls_gives_what_the_oracle_gives")
    assert "    state.begin(documents=[" in message
    assert "    state.delete(numbers=" in message


def test_a_backend_that_loses_what_it_acknowledged_is_found_out(author: Kit) -> None:
    """A process of the kit's own writes to the index, whether or not the backend is installed."""
    kept = """
import pickle
from pathlib import Path

_open, _close = Backend.open.__func__, Backend.close

def open(cls, config, *, create, schema):
    path = Path(config.location)
    index = _open(cls, config, create=create, schema=schema)
    index._stored = pickle.loads(path.read_bytes()) if path.exists() else {}
    return index

def close(self):
    if self._stored is not None:
        Path(self.config.location).write_bytes(pickle.dumps(self._stored))
    _close(self)

Backend.open, Backend.close = classmethod(open), close
"""
    suite = FRESH.replace("mine:{n}", "mine:{dir}/index")
    run = author(book(persistent="NATIVE") + kept, "-k", "crashes", suite=suite)
    test = "crashes.what_was_acknowledged_survives_a_kill"
    assert run.having("failed") == [test]
    assert "0 documents are left of " in run.message(test)
