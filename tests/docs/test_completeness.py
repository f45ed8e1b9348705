"""Nothing public is missing from the pages that promise it all."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import nuthatch
from nuthatch import LexicalConfig, errors
from nuthatch.cli.commands import COMMANDS
from nuthatch.cli.exits import exit_code
from nuthatch.registry import hookspecs
from nuthatch_postgres import schema as postgres_schema
from nuthatch_postgres.config import PostgresConfig
from nuthatch_sqlite import schema as sqlite_schema
from nuthatch_sqlite.config import SqliteConfig
from nuthatch_sqlite.plugin import SPEC

from .pages import ROOT

DOCS = ROOT / "docs"


def _page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def _rows(name: str) -> dict[str, list[str]]:
    """Return the rows of a page's tables whose first cell is code, by that code."""
    found = re.findall(r"^\| `([^`]+)` \|(.*)\|$", _page(name), re.MULTILINE)
    return {code: [cell.strip() for cell in rest.split(" | ")] for code, rest in found}


def _comments(kind: type) -> dict[str, str]:
    """Return the `#:` comment above each attribute of a class."""
    found = re.findall(r"((?: +#: .*\n)+) +(\w+):", inspect.getsource(kind))
    return {name: " ".join(re.findall(r"#: (.*)", comment)) for comment, name in found}


def test_the_reference_is_up_to_date() -> None:
    script = DOCS / "make_reference.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_capability_is_told_with_its_comment() -> None:
    rows = _rows("write-a-backend.md")
    comments = _comments(nuthatch.Capabilities) | {
        f"filters.{name}": text for name, text in _comments(nuthatch.FilterSupport).items()
    }
    for name in [*(name for name, _ in SPEC.capabilities), "max_limit"]:
        assert rows[name][0] == comments[name]
        assert len(rows[name]) == 3, f"{name}: what core emulates it by, and what is lost without"


def test_every_hook_has_a_section_with_its_signature() -> None:
    module = ast.parse(inspect.getsource(hookspecs))
    hooks = [node for node in module.body if isinstance(node, ast.FunctionDef)]
    assert hooks
    for hook in hooks:
        assert hook.returns is not None
        signature = f"{hook.name}({ast.unparse(hook.args)}) -> {ast.unparse(hook.returns)}"
        assert f"\n### `{signature}`\n" in _page("plugins.md")


def test_every_environment_variable_is_told() -> None:
    core = Path(nuthatch.__file__).parent
    sources = [path.read_text(encoding="utf-8") for path in core.rglob("*.py")]
    named = set(re.findall(r"NUTHATCH_[A-Z_]+", "\n".join(sources)))
    assert named == set(re.findall(r"NUTHATCH_[A-Z_]+", _page("plugins.md")))


def test_every_error_has_a_row_with_its_exit_code() -> None:
    rows = _rows("errors.md")
    classes = filter(inspect.isclass, vars(errors).values())
    kinds = [member for member in classes if issubclass(member, errors.NuthatchError)]
    assert {kind.__name__ for kind in kinds} == {name for name in rows if name in vars(errors)}
    for kind in kinds:
        assert rows[kind.__name__][-1] == str(exit_code(kind.__new__(kind)))


def test_every_option_of_sqlite_is_told() -> None:
    rows = _rows("sqlite.md")
    assert SqliteConfig.model_fields.keys() - {"location"} <= rows.keys()


@pytest.mark.parametrize(
    "table",
    re.findall(r"CREATE (?:VIRTUAL )?TABLE (\w+)", sqlite_schema.create_sql(nuthatch.Schema())),
)
def test_every_table_of_sqlite_is_told(table: str) -> None:
    assert table in _rows("sqlite.md")


def test_every_option_and_every_table_of_postgresql_is_told() -> None:
    rows = _rows("postgres.md")
    assert PostgresConfig.model_fields.keys() - LexicalConfig.model_fields.keys() <= rows.keys()
    assert set(postgres_schema.TABLES) <= rows.keys()


def test_every_command_has_a_row() -> None:
    assert {f"nuthatch {name}" for name in COMMANDS} <= _rows("tutorial.md").keys()
