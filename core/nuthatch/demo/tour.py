"""The tour: what the demo does, in order, as values that can be shown or printed as JSON.

It uses every installed engine that keeps its index at a path. Which ones these are is not written
down anywhere: each engine is given a URL in the demo's folder. One that needs a server refuses it,
and is left out with its reason, unless servers are wanted and its spec says how to start one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from nuthatch.contract.batch import AddReport
from nuthatch.contract.filters import AnyOf, Filter, Range
from nuthatch.contract.hit import AuditMode, Hit
from nuthatch.contract.query import EntityQuery, Policy
from nuthatch.contract.results import Results
from nuthatch.corpora import Corpus
from nuthatch.demo.judged import JudgedCorpus, Quality, measure
from nuthatch.errors import BackendUnavailable, NuthatchError, PluginFailure, VerificationFailed
from nuthatch.grounding import verify
from nuthatch.pipeline.lexical import LexicalBackend
from nuthatch.pipeline.opening import open as open_url
from nuthatch.registry.backends import list_backends


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine with the corpus in it, or the reason why it is left out.

    `path` is where the index lies, None if it is gone after the demo.
    """

    name: str
    url: str
    path: Path | None = None
    index: LexicalBackend | None = None
    report: AddReport = field(default_factory=AddReport)
    skipped: str = ""


def fill_engines(
    directory: Path, judged: JudgedCorpus, servers: ExitStack | None = None
) -> list[Engine]:
    """Index the corpus in every engine that can have an index in the directory.

    With `servers` engines that can start a server of their own do so, and it stops with them. What
    is there from an earlier demo is used again. Close the indexes after use.
    """
    listed = list_backends()
    names = [item.name for item, _ in listed]
    engines: list[Engine] = []
    for item, spec in listed:
        name = item.name if names.count(item.name) == 1 else item.qualified
        path = directory / f"films.{item.name}"
        url = f"{name}:{_escape(path)}"
        if isinstance(spec, PluginFailure):
            engines.append(Engine(name, url, skipped=str(spec)))
            continue
        try:
            has_server = servers is not None and spec.server is not None
            if servers is not None and spec.server is not None:
                url = servers.enter_context(_start_server(spec.server, path))
            engines.append(_fill_engine(name, url, path, judged, has_server=has_server))
        except NuthatchError as error:
            engines.append(Engine(name, url, skipped=str(error)))
    return engines


def _fill_engine(
    name: str, url: str, path: Path, judged: JudgedCorpus, *, has_server: bool
) -> Engine:
    index = open_url(url, create=True, schema=judged.schema)
    try:
        report = index.add(Corpus([str(judged.corpus)]))
    except BaseException:
        index.close()
        raise
    # A server of the demo's own is gone with it, whatever it leaves in its folder.
    is_kept = path.exists() and not has_server
    return Engine(name, url, path if is_kept else None, index, report)


def _start_server(reference: str, folder: Path) -> AbstractContextManager[str]:
    """Return the server that a spec names; it yields the URL of an index."""
    module, _, name = reference.partition(":")
    server: AbstractContextManager[str] = getattr(import_module(module), name)(folder)
    return server


def _escape(path: Path) -> str:
    return str(path).replace("%", "%25").replace("?", "%3F")


@dataclass(frozen=True, slots=True)
class Question:
    """A search that the demo shows; `options` are what the command line says for it."""

    query: str | EntityQuery
    filters: tuple[Filter, ...] = ()
    policy: Policy | None = None
    explain: bool = False
    options: tuple[str, ...] = ()


#: Written for the demo and not among the judged queries.
QUESTIONS: Final = (
    Question("stolen bicycle"),
    Question("bank robbers and a detective"),
    Question(
        "the thief plans one last robbery",
        policy="ladder",
        explain=True,
        options=("--policy", "ladder", "--explain"),
    ),
    Question(
        "a private detective",
        filters=(AnyOf("genres", ["Film noir", "Crime"]), Range("year", lte=1960)),
        options=("--filter", 'genres in ("Film noir", Crime) and year<=1960'),
    ),
    Question(
        EntityQuery(
            {"people": ["robert de niro"]},
            {"characters": ["travis"]},
            ["goodfelas"],
            [Range("year", gte=1975)],
        ),
        explain=True,
        options=(
            *("--include", "people=robert de niro", "--title", "goodfelas"),
            *("--exclude", "characters=travis", "--filter", "year>=1975", "--explain"),
        ),
    ),
)
SHOWN: Final = 3
#: So few postings that `auto`, for which a small corpus is all cheap, has to climb at times.
SMALL_BUDGET: Final = 20


@dataclass(frozen=True, slots=True)
class PolicyQuality:
    """How a policy did on an engine; `budget` is None where it is the engine's own."""

    engine: str
    policy: Policy
    quality: Quality
    budget: int | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """A grounded hit that was verified, where it is saved, and how a forgery failed."""

    hit: Hit
    file: Path
    refused: str


@dataclass(frozen=True, slots=True)
class Tour:
    """The results of the demo; `engine` is the one that answered the questions, and
    `alike` are all that answer the entity searches among them with the same scores."""

    directory: Path
    engines: list[Engine]
    engine: Engine
    answers: list[tuple[Question, Results]]
    alike: list[str]
    qualities: list[PolicyQuality]
    proof: Proof | None

    def to_json(self) -> dict[str, Any]:
        """Return the tour as JSON values."""
        return {
            "directory": str(self.directory),
            "engines": [_engine_json(engine) for engine in self.engines],
            "searches": [
                {
                    "engine": self.engine.name,
                    "text": question.query if isinstance(question.query, str) else None,
                    "results": results.to_json(),
                }
                for question, results in self.answers
            ],
            "alike": self.alike,
            "policies": [
                {
                    "engine": item.engine,
                    "policy": item.policy,
                    "budget": item.budget,
                    **asdict(item.quality),
                }
                for item in self.qualities
            ],
            "verified": None if self.proof is None else str(self.proof.file),
        }


def take_tour(directory: Path, judged: JudgedCorpus, *, servers: bool = False) -> Tour:
    """Index, search, measure and verify. Raise `BackendUnavailable` without an engine.

    With `servers` engines that need one start it for the tour.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with _open_engines(directory, judged, servers=servers) as engines:
        usable = [(engine, engine.index) for engine in engines if engine.index is not None]
        if not usable:
            reasons = "; ".join(f"{engine.name}: {engine.skipped}" for engine in engines)
            raise BackendUnavailable(f"no engine can have an index in {directory}: {reasons}")
        # The one that is still there afterwards, so that what is shown can be tried again.
        engine, index = max(usable, key=lambda item: _handiness(item[0]))
        answers = [(question, _ask(index, question)) for question in QUESTIONS]
        alike = [one.name for one, other in usable if _answers_alike(other, answers)]
        proof = _prove(index, answers, directory)
        qualities = [item for one, index in usable for item in _measure(one, index, judged)]
    return Tour(directory, engines, engine, answers, alike, qualities, proof)


def _handiness(engine: Engine) -> int:
    """Rank engines for the questions: one file is the easiest to go on with, memory is gone."""
    return 0 if engine.path is None else 1 + engine.path.is_file()


#: The policies that are measured; `all` is for those who want no hit without all words.
_RANKING: Final[tuple[Policy, ...]] = ("ladder", "auto", "ranked")


def _measure(
    engine: Engine, index: LexicalBackend, judged: JudgedCorpus
) -> Iterator[PolicyQuality]:
    for policy in _RANKING:
        yield PolicyQuality(engine.name, policy, measure(index, judged, policy))
        if policy == "auto" and engine.path is not None:
            with open_url(engine.url, budget=SMALL_BUDGET) as small:
                quality = measure(small, judged, policy)
            yield PolicyQuality(engine.name, policy, quality, SMALL_BUDGET)


def _ask(index: LexicalBackend, question: Question) -> Results:
    return index.search(
        question.query,
        SHOWN,
        filters=question.filters or None,
        policy=question.policy,
        explain=question.explain,
    )


def _answers_alike(index: LexicalBackend, answers: list[tuple[Question, Results]]) -> bool:
    """Return whether an engine answers entity searches with the same documents and score."""
    if not (index.capabilities.entities and index.capabilities.fuzzy):
        return False
    asked = [item for item in answers if isinstance(item[0].query, EntityQuery)]
    return all(_scores(_ask(index, question)) == _scores(results) for question, results in asked)


def _scores(results: Results) -> list[tuple[str, float]]:
    return [(hit.document_uri, round(hit.score, 9)) for hit in results]


@contextmanager
def _open_engines(
    directory: Path, judged: JudgedCorpus, *, servers: bool
) -> Iterator[list[Engine]]:
    with ExitStack() as stack:
        engines = fill_engines(directory, judged, stack if servers else None)
        try:
            yield engines
        finally:
            for engine in engines:
                if engine.index is not None:
                    engine.index.close()


def _prove(
    index: LexicalBackend, answers: list[tuple[Question, Results]], directory: Path
) -> Proof | None:
    """Verify the first hit, saves it, and show that a changed one does not pass."""
    question = next((question for question, results in answers if results), None)
    if question is None or not index.capabilities.grounding:
        return None
    filters = question.filters or None
    results = index.search(question.query, 1, filters=filters, audit=AuditMode.GROUNDED)
    hit = results[0]
    verify(hit)
    file = directory / "hits.json"
    file.write_text(json.dumps(results.to_json(), ensure_ascii=False), encoding="utf-8")
    try:
        verify(hit.model_copy(update={"title": f"{hit.title} II"}))
    except VerificationFailed as error:
        return Proof(hit, file, str(error))
    raise VerificationFailed("a hit with another title passed as proven; report this as a bug")


def _engine_json(engine: Engine) -> dict[str, Any]:
    report = engine.report
    return {
        "name": engine.name,
        "url": engine.url if engine.path is not None else None,
        "documents": report.read,
        "unchanged": report.unchanged,
        "seconds": round(report.seconds, 3),
        "skipped": engine.skipped or None,
    }
