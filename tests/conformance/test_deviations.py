"""deviations.toml: the only way out is strict, and counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Kit

TEST = "searching.a_word_repeated_in_the_query_weighs_more"
#: A slip: the tokens of a rung are made distinct.
SLIP = """
class Distinct(MemoryReader):
    def match(self, rung, filters, limit):
        tokens = tuple(dict.fromkeys(rung.words))
        return super().match(replace(rung, slots=tuple(map(Slot, tokens))), filters, limit)

@contextmanager
def reader(self, deadline=None):
    yield Distinct(self._documents)

Backend.reader = reader
"""
SELECTED = ("-k", "repeated_in_the_query")


def entry(**changes: str) -> str:
    values = {"test": TEST, "kind": "never", "error": "AssertionError", "reason": "no weights"}
    return "[[deviation]]\n" + "\n".join(f'{k} = "{v}"' for k, v in (values | changes).items())


@pytest.fixture
def declared(author: Kit, tmp_path: Path) -> Kit:
    def kit(text: str, source: str = SLIP, *options: str) -> object:
        (tmp_path / "deviations.toml").write_text(text)
        given = ("--conformance-deviations", "deviations.toml", *SELECTED, *options)
        return author(source, *given)

    return kit  # type: ignore[return-value]


def test_a_declared_deviation_is_counted_and_shown(declared: Kit) -> None:
    run = declared(entry())
    assert run.code == 0
    assert run.having("deviation") == [TEST]
    assert run.card is not None
    assert run.card["counts"]["deviation"] == 1
    [test] = run.card["tests"]
    assert test["deviation"] == {"kind": "never", "error": "AssertionError", "reason": "no weights"}
    assert "deviation (never)" in run.output


def test_a_deviation_may_stand_beside_the_class(author: Kit, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(entry())
    suite = """
class TestMine(BackendConformance):
    deviations = "mine.toml"

    @pytest.fixture
    def url(self):
        return "mine:"
"""
    assert author(SLIP, *SELECTED, suite=suite).having("deviation") == [TEST]


def test_a_deviation_whose_test_passes_fails_it(declared: Kit) -> None:
    run = declared(entry(), "")
    assert run.code == 1
    assert "no longer needed" in run.message(TEST)


def test_a_deviation_for_a_test_that_does_not_apply_fails_it(declared: Kit) -> None:
    book = "replace(MEMORY.capabilities, text=unsupported('x'))"
    run = declared(entry(), f"Backend.spec = replace(Backend.spec, capabilities={book})")
    assert run.code == 1
    assert "does not apply" in run.message(TEST)


def test_another_error_than_the_declared_one_fails(declared: Kit) -> None:
    run = declared(entry(error="KeyError"))
    assert run.code == 1
    assert "declares KeyError; the test raised AssertionError" in run.message(TEST)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (entry(test="searching.a_word_repeated_in_a_query_weigh_more"), f"did you mean {TEST}"),
        (entry(kind="someday"), "kind"),
        (entry(reason=""), "reason"),
        (entry() + "\n" + entry(), "declared twice"),
        ("[[deviations]]\n", "deviations"),
        ("not toml", "cannot be read"),
    ],
)
def test_a_wrong_file_stops_the_run(declared: Kit, text: str, message: str) -> None:
    run = declared(text)
    assert (run.code, run.card) == (4, None)
    assert message in run.output
