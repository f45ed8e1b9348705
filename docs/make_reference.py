"""Writes docs/reference.md from the signatures and docstrings of the public names.

    python docs/make_reference.py            write it
    python docs/make_reference.py --check    end with 1 if it is not up to date

All is taken from the source as it is written, so that the version of Python does not matter.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from textwrap import dedent
from types import FunctionType, ModuleType

import nuthatch
from nuthatch import entities, postings, scoring

PAGE = Path(__file__).with_name("reference.md")
INTRO = "# Reference\n\nMade by `python docs/make_reference.py`. Nothing else of core is public.\n"
GROUPS = {
    "Opening": "open drop redact Create Schema IntegerField NumberField DateField KeywordField "
    "BooleanField DateTimeField PhraseField AnyField FilterValue",
    "Documents": "Document document_from_json Corpus AddReport SkippedDocument OnError Durability",
    "Queries": "Query AnyQuery TextQuery EntityQuery MatchAll Policy Syntax Corrections Relevance "
    "Filter Leaf Range AnyOf "
    "Exists StartsWith Mentions All Any Not parse_filter check_filters Facet FacetCount SortKey "
    "AuditMode",
    "Combinations": "Shadow ShadowPair ShadowCounts Split Interleave Fuse Failover",
    "Indexes and results": "SearchBackend Searcher SearchRequest LexicalBackend FilteredIndex "
    "Conditions PlannedSearch run_blocking Results Attempt NormalizedQuery Suggestion Hit "
    "Highlight SafeHTML Chunk Origin IndexInfo",
    "Grounding": "Evidence verify corpus_fingerprint document_root leaf_hash parse_header "
    "document_from_header",
    "Writing engines": "BackendSpec CONTRACT BackendConfig LexicalConfig Capabilities "
    "FilterSupport Support NATIVE EMULATED unsupported Reader FirstMatchReader AnsweringReader "
    "ColumnReader DictionaryReader KnownWord ExplainingReader ExportingReader AsyncReader "
    "AsyncFirstMatchReader AsyncDictionaryReader "
    "AsyncAnsweringReader AsyncColumnReader Keys Columns PlainColumns DocumentRow "
    "AsyncExplainingReader AnswerRequest Budget Answer answer_by_calls "
    "Rung Operator Slot Alternative Phrase Candidate Matches CollectionStatistics "
    "FirstMatch StoredChunk FetchedChunk AnalyzedBatch AnalyzedDocument AnalyzedChunk WriteOutcome "
    "IndexMetadata matches_filter values_by_field SurfaceWords fold_surface chunk_tokens "
    "chunk_words Lease Leases",
    "Text and plugins": "Analyzer get_analyzer hookimpl register_plugin unregister_plugin",
    "Errors": "NuthatchError UnknownBackend PluginFailure InvalidConfig InvalidDocument "
    "Fault InvalidQuery InvalidFilter UnsupportedQuery IndexNotFound IndexExists SchemaMismatch "
    "AnalyzerMismatch FormatMismatch IndexLocked IndexCorrupt BackendUnavailable QueryTimeout "
    "VerificationFailed",
    "Entities": " ".join(entities.__all__),
    "Scoring": " ".join(scoring.__all__),
    "Postings": " ".join(postings.__all__),
}
Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def reference() -> str:
    """Return the page. Raise `ValueError` unless every public name is in one group."""
    grouped = [name for names in GROUPS.values() for name in names.split()]
    packages = (nuthatch, entities, scoring, postings)
    public = {"open", *(name for package in packages for name in package.__all__)}
    wrong = public ^ set(grouped)
    if wrong or len(grouped) != len(set(grouped)):
        raise ValueError(f"each public name belongs into one group; see {sorted(wrong)}")
    parts = [INTRO]
    for title, names in GROUPS.items():
        home = {"Scoring": scoring, "Entities": entities, "Postings": postings}.get(title, nuthatch)
        parts += [f"## {title}\n", *(_entry(home, name) for name in names.split())]
    return "\n".join(parts)


def _entry(package: ModuleType, name: str) -> str:
    value = getattr(package, name)
    defined = isinstance(value, type | FunctionType)
    home = value.__module__ if defined else package._HOME_OF[name]
    source = inspect.getsource(import_module(home)).splitlines()
    called = value.__name__ if defined else name
    for node in ast.parse("\n".join(source)).body:
        if isinstance(node, Definition) and node.name == called:
            return "\n".join(_definition(name, node, source))
        if isinstance(node, ast.Assign | ast.AnnAssign) and _target(node) == name:
            note = _note(source, node.lineno - 1)
            return f"### `{name}`\n\n{_code(source[node.lineno - 1 : node.end_lineno])}\n{note}"
    raise ValueError(f"{name} is not defined in {home}")


def _definition(name: str, node: Definition, source: list[str]) -> Iterator[str]:
    yield f"### `{name}`\n"
    lines = _head(node, source)
    members = node.body if isinstance(node, ast.ClassDef) else []
    fields = [member for member in members if isinstance(member, ast.AnnAssign | ast.Assign)]
    for member in fields:
        if not _target(member).startswith(("_", "model_config")):
            note = _note(source, member.lineno - 1)
            lines += [f"    #: {note.strip()}"] if note else []
            lines += source[member.lineno - 1 : member.end_lineno]
    yield _code(lines)
    yield f"{inspect.cleandoc(ast.get_docstring(node) or '')}\n"
    methods = (member for member in members if isinstance(member, Definition))
    for method in methods:
        if not method.name.startswith("_") and (told := ast.get_docstring(method)):
            yield f"{_code(_head(method, source))}\n{told}\n"


def _head(node: Definition, source: list[str]) -> list[str]:
    """Return the lines from the decorators to the colon."""
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    lines = source[first - 1 : max(node.lineno, node.body[0].lineno - 1)]
    return [line for line in lines if not line.strip().startswith(("#", "@abstractmethod"))]


def _note(source: list[str], row: int) -> str:
    """Return the `#:` comment above a line."""
    notes: list[str] = []
    while source[row - 1].strip().startswith("#:"):
        row -= 1
        notes.insert(0, source[row].strip().removeprefix("#:").strip())
    return f"{' '.join(notes)}\n" if notes else ""


def _target(node: ast.Assign | ast.AnnAssign) -> str:
    return ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target)


def _code(lines: list[str]) -> str:
    return f"```python notest\n{dedent(chr(10).join(lines))}\n```\n"


if __name__ == "__main__":
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(reference(), encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != reference():
        sys.exit("docs/reference.md is out of date; run python docs/make_reference.py")
