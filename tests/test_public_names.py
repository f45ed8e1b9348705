"""The public names: one list, complete, documented, and cheap to import."""

from __future__ import annotations

import ast
import builtins
import inspect
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import nuthatch
import nuthatch.entities
import nuthatch.postings
import nuthatch.scoring

PUBLIC = [nuthatch, nuthatch.postings, nuthatch.entities, nuthatch.scoring]
NAMES = [(module, name) for module in PUBLIC for name in module.__all__]
IDS = [f"{module.__name__}.{name}" for module, name in NAMES]


@pytest.mark.parametrize("module", PUBLIC, ids=lambda module: module.__name__)
def test_the_list_names_each_once(module: ModuleType) -> None:
    assert len(module.__all__) == len(set(module.__all__)) > 20


@pytest.mark.parametrize("package", PUBLIC, ids=lambda package: package.__name__)
def test_the_stub_is_the_list(package: ModuleType) -> None:
    """What type checkers read of it is what the package gives."""
    stub = ast.parse(Path(str(package.__file__)).with_suffix(".pyi").read_text("utf-8"))
    imported = {
        alias.asname: node.module
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname == alias.name
    }
    assert imported == package._HOME_OF
    assert imported.keys() - {"open"} == set(package.__all__)


@pytest.mark.parametrize(("module", "name"), NAMES, ids=IDS)
def test_every_public_name_is_there_and_says_what_it_is(module: ModuleType, name: str) -> None:
    """Classes and functions by a docstring of their own, anything else by a comment `#:`."""
    value = getattr(module, name)
    if inspect.isclass(value) or inspect.isroutine(value):
        doc = vars(value).get("__doc__") if inspect.isclass(value) else value.__doc__
        # Tuples and dataclasses without one are given their signature for a docstring.
        assert doc
        assert not doc.startswith(f"{name}(")
    else:
        home = import_module(vars(module)["_HOME_OF"][name])
        lines = inspect.getsource(home).splitlines()
        (line,) = (at for at, text in enumerate(lines) if re.match(rf"{name}(:.*)? = ", text))
        assert lines[line - 1].startswith("#:"), f"{home.__name__}.{name} has no comment"


def test_another_name_is_an_attribute_error_and_all_are_listed() -> None:
    with pytest.raises(AttributeError, match="'nuthatch' has no attribute 'Serch'"):
        nuthatch.Serch  # noqa: B018
    assert set(nuthatch.__all__) <= set(dir(nuthatch))


def test_a_star_import_hides_nothing_of_pythons_own() -> None:
    assert set(nuthatch.__all__).isdisjoint(dir(builtins))
    assert "open" in dir(nuthatch)


def loaded_after(statement: str) -> set[str]:
    program = f"{statement}\nimport sys\nprint('\\n'.join(sys.modules))"
    # -P: the working directory is no place to import from.
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


HEAVY = [
    "numpy",
    "apsw",
    "click",
    "rich",
    "pytest",
    "hypothesis",
    "zstandard",
    "psycopg",
    "tantivy",
]


@pytest.mark.parametrize(
    "statement",
    [
        "import nuthatch",
        "from nuthatch import *",
        "import nuthatch; nuthatch.Document('a'); nuthatch.TextQuery('b')",
    ],
)
def test_importing_the_package_imports_no_driver_no_backend_and_no_command_line(
    statement: str,
) -> None:
    loaded = loaded_after(statement)
    assert "nuthatch" in loaded
    assert loaded.isdisjoint(HEAVY)
    assert {"nuthatch.memory", "nuthatch.postings", "nuthatch.scoring", "nuthatch.cli"}.isdisjoint(
        loaded
    )
    assert not [name for name in loaded if name.startswith("nuthatch_")]


def test_listing_backends_imports_their_specs_and_no_driver() -> None:
    loaded = loaded_after("from nuthatch.registry.backends import list_backends as i; i()")
    assert "nuthatch.memory" in loaded
    assert loaded.isdisjoint(["apsw", "psycopg", "tantivy", "numpy"])


def test_the_package_is_typed() -> None:
    assert (Path(nuthatch.__file__).parent / "py.typed").is_file()
