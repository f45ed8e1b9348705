"""Imports and files: what members may import, circles of files, libraries, the length of a file.

The layers of core are a contract of import-linter in pyproject.toml. What engines and plugins may
import is checked here, by name: import-linter knows modules only, and would need a list of members.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import nuthatch
import nuthatch.entities
import nuthatch.postings
import nuthatch.scoring

ROOT = Path(__file__).parents[1]
LONGEST_FILE = 600
#: Every package of a backend or plugin: `backends/sqlite/nuthatch_sqlite`, …
MEMBERS = sorted(
    path for kind in ("backends", "plugins") for path in ROOT.glob(f"{kind}/*/nuthatch_*")
)
#: Every folder whose files are looked at for circles.
PACKAGES = [ROOT / "core" / "nuthatch", *MEMBERS, ROOT / "benchmarks"]
#: What core needs to be installed, by the names that are imported.
LIBRARIES = {"Stemmer", "click", "pluggy", "pydantic", "rich"}
#: What some packages of core need besides: extras.
EXTRAS = {"postings": {"numpy", "zstandard"}, "scoring": {"numpy"}}
#: Public submodules of core, with the names that may be imported from them.
PUBLIC = {
    package.__name__: set(package.__all__)
    for package in (nuthatch, nuthatch.entities, nuthatch.postings, nuthatch.scoring)
}
PUBLIC["nuthatch"].add("__version__")


def sources(*folders: Path) -> Iterator[Path]:
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            if not any(part.startswith(".") or part == "build" for part in path.parts):
                yield path


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


@cache
def imports(path: Path) -> list[tuple[str, str | None]]:
    """Return (module, name) for `from module import name`, (module, None) for `import module`."""
    return imports_of(parsed(path))


def imports_of(tree: ast.Module) -> list[tuple[str, str | None]]:
    found: list[tuple[str, str | None]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, None) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = "." * node.level + (node.module or "")
            found += [(package, alias.name) for alias in node.names]
    return found


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_there_is_something_to_look_at() -> None:
    assert any(member.name == "nuthatch_sqlite" for member in MEMBERS)
    assert len(list(sources(ROOT / "core" / "nuthatch"))) > 50


def test_core_imports_the_libraries_that_it_declares() -> None:
    """No engine, no plugin, no driver; each of these would be a library more."""
    offences = [
        f"{shown(path)} imports {module}"
        for path in sources(ROOT / "core" / "nuthatch")
        for module, _ in imports(path)
        if (top := module.partition(".")[0]) not in {"nuthatch", *sys.stdlib_module_names}
        and top not in LIBRARIES | EXTRAS.get(path.parent.name, set())
    ]
    assert offences == []


def module_of(path: Path) -> str:
    """Return the dotted name of a file of a member, of core or of the benchmarks."""
    folder = next(folder for folder in PACKAGES if path.is_relative_to(folder))
    parts = path.relative_to(folder.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def targets(module: str, name: str | None, files: Collection[str]) -> Iterator[str]:
    """Yield the file that an import reaches: a public name of core is imported from its home."""
    home = nuthatch._HOME_OF.get(name or "") if module == "nuthatch" else None
    inner = home or f"{module}.{name}"
    yield from [candidate for candidate in (inner, module) if candidate in files][:1]


def circle(imported: Mapping[str, Iterable[str]]) -> list[str]:
    """Return files that import each other in a circle, the first also last; [] if none do."""
    try:
        tuple(TopologicalSorter(imported).static_order())
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


def test_no_files_import_each_other_in_a_circle() -> None:
    """Imports inside functions and for type checkers count; only the list of names that the
    facade of core is for type checkers does not."""
    files = {module_of(path): path for path in sources(*PACKAGES)}
    imported = {
        module: {
            target
            for given in imports(path)
            for target in targets(*given, files)
            if module not in ("nuthatch", target)
        }
        for module, path in files.items()
    }
    assert sum(map(len, imported.values())) > 1000
    assert circle(imported) == []


def test_a_circle_is_seen() -> None:
    assert circle({"a": ["b"], "b": ["c"], "c": ["a"], "d": ["a"]})
    assert not circle({"a": ["b", "c"], "b": ["c"], "c": []})
    source = "if TYPE_CHECKING:\n    from one import two\ndef f():\n    import three"
    given = imports_of(ast.parse(source))
    files = {"one", "one.two", "three"}
    found = {target for module, name in given for target in targets(module, name, files)}
    assert found == {"one.two", "three"}
    assert [*targets("nuthatch", "Hit", {"nuthatch", "nuthatch.contract.hit"})] == [
        "nuthatch.contract.hit"
    ]


def is_public(module: str, name: str | None, own: str) -> bool:
    """Return whether a member called `own` may import this: no secrets of core, no neighbours."""
    top = module.partition(".")[0]
    if top.startswith("nuthatch_"):
        return top == own
    if top != "nuthatch" or f"{module}.{name}" in PUBLIC:
        return True
    return module in PUBLIC and (name is None or name in PUBLIC[module])


def offences_of(path: Path, own: str) -> list[str]:
    return [
        f"{shown(path)} imports {name or module} from {module}"
        for module, name in imports(path)
        if not is_public(module, name, own)
    ]


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_a_member_imports_only_public_names_of_core_and_nothing_of_another(member: Path) -> None:
    assert [wrong for path in sources(member) for wrong in offences_of(path, member.name)] == []


def test_the_memory_backend_keeps_to_the_rules_of_all_backends() -> None:
    assert offences_of(ROOT / "core" / "nuthatch" / "memory.py", "nuthatch_memory") == []


@pytest.mark.parametrize(
    ("line", "allowed"),
    [
        ("import apsw", True),
        ("from nuthatch import Document", True),
        ("from nuthatch import scoring", True),
        ("from nuthatch.scoring import BM25", True),
        ("import nuthatch.scoring", True),
        ("from nuthatch.postings import readable", True),
        ("from nuthatch.postings.codec import CompressedChunk", False),
        ("from nuthatch_mine.config import Config", True),
        ("from nuthatch import _HOME_OF", False),
        ("from nuthatch.contract.document import Document", False),
        ("from nuthatch.scoring.arrays import anything", False),
        ("import nuthatch.memory", False),
        ("import nuthatch_other", False),
        ("def f():\n    from nuthatch.text.analyzer import analyze", False),
    ],
)
def test_the_rule_sees_what_it_forbids(line: str, allowed: bool) -> None:
    ((module, name),) = imports_of(ast.parse(line))
    assert is_public(module, name, "nuthatch_mine") is allowed


def test_specs_import_no_driver() -> None:
    """`plugin.py` and `config.py` are read to list a backend; its driver may be absent."""
    core = {"nuthatch", "pydantic", "__future__"}
    offences = [
        f"{shown(path)} imports {module}"
        for member in MEMBERS
        if member.parts[-3] == "backends"
        for path in (member / "plugin.py", member / "config.py")
        if path.exists()
        for module, _ in imports(path)
        if (top := module.partition(".")[0]) not in core | {member.name}
        and top not in sys.stdlib_module_names
    ]
    assert offences == []


def test_no_file_is_longer_than_a_reader_takes_in() -> None:
    folders = [ROOT / name for name in ("core", "backends", "plugins", "benchmarks")]
    lengths = {shown(path): len(path.read_text("utf-8").splitlines()) for path in sources(*folders)}
    assert {path: length for path, length in lengths.items() if length > LONGEST_FILE} == {}


def asserts(path: Path) -> bool:
    return any(
        isinstance(node, ast.Assert) or (isinstance(node, ast.Attribute) and node.attr == "raises")
        for node in ast.walk(parsed(path))
    )


def test_every_test_file_asserts_something_and_says_what_it_holds() -> None:
    files = list(ROOT.glob("tests/**/test_*.py"))
    assert files
    assert [shown(path) for path in files if not asserts(path)] == []
    bare = [shown(path) for path in files if not ast.get_docstring(parsed(path))]
    assert bare == []


def test_every_module_says_what_it_is() -> None:
    folders = [ROOT / "core", *MEMBERS]
    bare = [shown(path) for path in sources(*folders) if not ast.get_docstring(parsed(path))]
    assert bare == []
