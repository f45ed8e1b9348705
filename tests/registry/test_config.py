"""nuthatch.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from nuthatch import InvalidConfig
from nuthatch.registry.config import read_indexes, resolve_name


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NUTHATCH_CONFIG", raising=False)
    return tmp_path


def test_a_name_stands_for_a_url_and_options(folder: Path) -> None:
    (folder / "nuthatch.toml").write_text(
        '[indexes.movies]\nurl = "sqlite:movies.db"\nbudget = 0\n[compare]\nruns = 3\n'
    )
    assert resolve_name("movies") == ("sqlite:movies.db", {"budget": 0})
    assert list(read_indexes()) == ["movies"]


def test_the_filters_of_an_index_are_an_option(folder: Path) -> None:
    (folder / "nuthatch.toml").write_text(
        "[indexes.acme]\nurl = \"sqlite:shop.db\"\nfilters = 'tenant=acme and exists(price)'\n"
    )
    assert resolve_name("acme")[1] == {"filters": "tenant=acme and exists(price)"}


def test_a_url_stands_for_itself() -> None:
    assert resolve_name("sqlite:movies.db?budget=0") == ("sqlite:movies.db?budget=0", {})
    assert resolve_name("./movies.db") == ("./movies.db", {})


def test_an_unknown_name_is_told_what_there_is(folder: Path) -> None:
    with pytest.raises(InvalidConfig, match="there is no such file"):
        resolve_name("movies")
    (folder / "nuthatch.toml").write_text('[indexes.movies]\nurl = "sqlite:movies.db"\n')
    with pytest.raises(InvalidConfig, match="did you mean movies"):
        resolve_name("moveis")
    with pytest.raises(InvalidConfig, match=r"it names movies.*sqlite:papers"):
        resolve_name("papers")


def test_another_file_can_be_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "other.toml").write_text('[indexes.a]\nurl = "memory:"\n')
    monkeypatch.setenv("NUTHATCH_CONFIG", "other.toml")
    assert resolve_name("a") == ("memory:", {})
    monkeypatch.setenv("NUTHATCH_CONFIG", "gone.toml")
    with pytest.raises(InvalidConfig, match=r"gone.toml, which is not there"):
        resolve_name("a")


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        (b'[indexes.movies]\nurl = "sqlite:x"\nbudget = \n', 3, "TOML"),
        (b'[indexes.movies]\nurl = "sqlite:x', 2, "TOML"),
        (b"\n\n[indexes.movies]\n", 3, "needs a url"),
        (b'\n[indexes.movies]\nurl = "sqlite:x"\ncreate = true\n', 2, "'create'"),
        (b'\n[indexes.movies]\nurl = "movies"\n', 2, "no URL"),
        (b'\n[indexes."a b"]\nurl = "memory:"\n', 2, "letters"),
        (b'[indexes.movies]\nurl = "\xff"\n', 2, "UTF-8"),
    ],
)
def test_a_broken_file_is_told_with_its_line(
    folder: Path, text: bytes, line: int, problem: str
) -> None:
    (folder / "nuthatch.toml").write_bytes(text)
    with pytest.raises(InvalidConfig, match=rf"nuthatch\.toml, line {line}: .*{problem}"):
        resolve_name("movies")


def test_an_index_is_a_table(folder: Path) -> None:
    for text in ("indexes = 3", 'indexes.movies = "sqlite:movies.db"'):
        (folder / "nuthatch.toml").write_text(text)
        with pytest.raises(InvalidConfig, match=r"\[indexes.movies\]"):
            resolve_name("movies")
