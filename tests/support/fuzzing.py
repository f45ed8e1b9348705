"""A fuzzer over stored files: damages copies of an index and looks at what each still answers.

    python -m support.fuzzing ENGINE MUTANTS [FIRST SEED]      from the folder of the tests

The oracle is the undamaged index. Of each mutant becomes one of:

    refused      it is not opened: a typed error
    failed       some questions get a typed error, all others the right answer
    found        all answers are right, and `check` finds the damage
    right        all answers are right, and `check` finds nothing
    wrong        an answer is wrong; another question fails, or `check` finds the damage
    older        all answers are those of an earlier state, and nothing says so: SQLite's log has
                 lost its end, as it may by a power cut
    unnoticed    an answer is wrong, and nothing says so
    raw          an exception that is no NuthatchError
    crash, hang  the process died, or did not come back

`unnoticed`, `raw`, `crash` and `hang` are faults; the share of
`wrong` is to fall.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Any

import nuthatch
from nuthatch import (
    AnyOf,
    DateField,
    Document,
    EntityQuery,
    IntegerField,
    KeywordField,
    LexicalBackend,
    NumberField,
    NuthatchError,
    PhraseField,
    Range,
    Schema,
)
from support.mutation import damage
from support.processes import memory_folder

FAULTS = ("unnoticed", "raw", "crash", "hang")
#: Seconds after which a child that says nothing is taken for hung; a mutant takes .1.
PATIENCE = 120
SCHEMA = Schema(
    analyzer="english",
    chunker="words:16:4",
    fields=(
        PhraseField("cast"),
        PhraseField("place", match="substring"),
        KeywordField("genre"),
        IntegerField("year"),
        NumberField("rating"),
        DateField("shown"),
    ),
)
_NAMES = ("Al Pacino", "Val Kilmer", "Ashley Judd", "Jon Voight", "Amy Brenneman", "Tom Noonan")
_PLACES = ("Los Angeles", "Los Alamos", "Saint Angel", "New York", "York", "Angers")
_WORDS = [
    *("thief", "detective", "bank", "night", "heist", "crew", "road", "desert", "signal"),
    *("harbour", "engine", "winter", "letters", "music", "garden", "machine", "silver", "border"),
    *("station", "bridge", "doctor", "painter", "island", "colour", "memory", "ship"),
]


def document(number: int) -> Document:
    draw = Random(number)
    words = [
        draw.choice(_WORDS) + draw.choice(("", "", "s", "ing")) for _ in range(5 + number % 60)
    ]
    return Document(
        f"film-{number}",
        f"The {draw.choice(_WORDS)} of {draw.choice(_WORDS)} {number % 9}",
        "every " + " ".join(words),
        {
            "cast": draw.sample(_NAMES, 2),
            "place": draw.choice(_PLACES),
            "genre": [draw.choice(("crime", "drama", "western"))],
            "year": 1950 + number % 70,
            "rating": number % 40 / 4,
            "shown": (date(1990, 1, 1) + timedelta(days=37 * number)).isoformat(),
        },
    )


@dataclass(frozen=True)
class Engine:
    """An engine whose files are damaged: how many bytes a block has, where its index lies."""

    name: str
    block: int
    file: str = ""
    options: str = ""

    def url(self, folder: Path) -> str:
        return f"{self.name}:{folder / self.file if self.file else folder}{self.options}"

    def make(self, folder: Path, logged: bool) -> None:
        """Make the index; `logged` leaves what was written last in SQLite's write-ahead log.

        The states before that are kept too, in folders beside it.
        """
        draft = folder.with_name(folder.name + ".draft")
        if self.file:
            draft.mkdir()
        with nuthatch.open(self.url(draft), create="new", schema=SCHEMA) as index:
            for first in (0, 90):
                index.add(map(document, range(first, first + 90)))
        with nuthatch.open(self.url(draft)) as index:
            if logged:
                _copy(draft, folder.with_name(folder.name + ".before"))
            index.delete(f"film-{number}" for number in range(0, 180, 11))
            if logged:
                _copy(draft, folder.with_name(folder.name + ".between"))
            index.add(map(document, range(150, 200)))
            if logged:
                _copy(draft, folder)
        if not logged:
            _copy(draft, folder)


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("*-shm", "*.lock"))


ENGINES = {
    "sqlite": Engine("sqlite", 4096, "films.db"),
    "tantivy": Engine("tantivy", 256),
    "tantivy, unchecked": Engine("tantivy", 256, options="?checksums=false"),
}


def _show(results: Iterable[Any]) -> list[object]:
    return [
        (hit.document_uri, hit.chunk_idx, hit.score, hit.title, hit.snippet, repr(hit.fields))
        for hit in results
    ]


def _text(query: str, limit: int = 300, **how: Any) -> Callable[[LexicalBackend], object]:
    return lambda index: _show(index.search(query, limit, **how))


def _verify(index: LexicalBackend) -> object:
    hits = index.search("thief bridge", 30, audit=nuthatch.AuditMode.GROUNDED)
    for hit in hits:
        nuthatch.verify(hit)
    return [(hit.document_uri, hit.document_root, hit.score) for hit in hits]


def _info(index: LexicalBackend) -> object:
    info = index.info(fingerprint=True)
    return info.documents, info.chunks, info.corpus_fingerprint


QUESTIONS: Mapping[str, Callable[[LexicalBackend], object]] = {
    "auto": _text("every thief"),
    "auto, few": _text("machines island", 5),
    "ranked": _text("silver winter doctor", policy="ranked"),
    "ladder": _text("night garden engine", policy="ladder"),
    "ladder again": _text("night garden engine", policy="ladder"),
    "keyword": _text("music every", filters=[AnyOf("genre", ["crime", "western"])]),
    "numbers": _text(
        "every", filters=[Range("year", gte=1970, lte=1999), Range("rating", gte=2.5)]
    ),
    "date": _text(
        "road letters",
        filters=[Range("shown", gte="1995-01-01", lte="2005-12-31")],
        policy="ladder",
    ),
    "phrases": lambda index: _show(
        index.search(EntityQuery(include={"cast": ["al pacino"], "place": ["angel"]}), 300)
    ),
    "titles": lambda index: _show(
        index.search(EntityQuery(titles=["The theif of silver"]), filters=[Range("year", gte=1960)])
    ),
    "grounded": _verify,
    "get": lambda index: [index.get(f"film-{number}") for number in range(0, 210, 7)],
    "documents": lambda index: list(index.documents()),
    "info": _info,
}
_WRITES: Mapping[str, Callable[[LexicalBackend], object]] = {
    "add": lambda index: index.add([document(3), document(500)]),
    "delete": lambda index: index.delete(["film-3", "film-160"]),
    "optimize": lambda index: index.optimize(),
}


def _options(engine: Engine, seed: int) -> dict[str, Any]:
    """Return the options that a mutant is opened with: half of SQLite's go without a cache."""
    return {"cache_bytes": 0} if engine.name == "sqlite" and seed % 2 else {}


class _Examined:
    """Gathers what became of one mutant."""

    def __init__(self) -> None:
        self.raw: list[str] = []
        self.errors: list[str] = []
        self.wrong: list[str] = []

    def ask(self, name: str, question: Callable[[], object]) -> object:
        try:
            return question()
        except NuthatchError as error:
            self.errors.append(f"{name}: {type(error).__name__}: {error}")
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001  # a panic of Rust's is no Exception
            where = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{Path(where.filename).name}:{where.lineno}"
            self.raw.append(f"{name}: {type(error).__name__}: {error} ({place})")
        return None


def examine(
    engine: Engine,
    folder: Path,
    right: Mapping[str, object],
    older: Sequence[Mapping[str, object]],
    seed: int,
) -> tuple[str, list[str]]:
    """Return what became of a mutant, and what was seen."""
    answers: dict[str, object] = {}
    seen = _Examined()
    index: Any = seen.ask(
        "open", lambda: nuthatch.open(engine.url(folder), **_options(engine, seed))
    )
    if index is None:
        return ("raw", seen.raw) if seen.raw else ("refused", seen.errors)
    with index:
        for name, question in QUESTIONS.items():
            before = len(seen.errors) + len(seen.raw)
            answer = seen.ask(name, lambda question=question: question(index))  # type: ignore[misc]
            if len(seen.errors) + len(seen.raw) == before and answer != right[name]:
                seen.wrong.append(name)
            answers[name] = answer
        problems: Any = seen.ask("check", index.check)
        failed = list(seen.errors)
        for name, write in _WRITES.items():
            seen.ask(name, lambda write=write: write(index))  # type: ignore[misc]
    if seen.raw:
        return "raw", seen.raw
    if seen.wrong:
        silent = "older" if answers in older else "unnoticed"
        return "wrong" if failed or problems else silent, [
            *seen.wrong,
            *failed[:1],
            *(problems or [])[:1],
        ]
    if failed:
        return "failed", failed[:1]
    return ("found", problems[:1]) if problems else ("right", [])


def _serve(engine: Engine, originals: list[Path], folder: Path) -> None:
    """Examine the mutants whose seeds come in, a line each."""
    right: dict[Path, dict[str, object]] = {}
    older: dict[Path, list[dict[str, object]]] = {}
    for original in originals:
        right[original] = _answers(engine, original, folder)
        older[original] = [
            _answers(engine, path, folder) for path in original.parent.glob(f"{original.name}.be*")
        ]
    for line in sys.stdin:
        draw = Random(seed := int(line))
        original = draw.choice(originals)
        # A folder of its own: threads of Tantivy's may still be at work in the last one.
        mutant = folder.with_name(f"{folder.name}-{seed}")
        shutil.copytree(original, mutant)
        file, kind = damage(mutant, draw, engine.block)
        verdict, messages = examine(engine, mutant, right[original], older[original], seed)
        shutil.rmtree(mutant, ignore_errors=True)
        print(json.dumps([verdict, _part(file), kind, messages]), flush=True)


def _answers(engine: Engine, original: Path, folder: Path) -> dict[str, object]:
    """Return what an undamaged index answers."""
    shutil.copytree(original, folder)
    with nuthatch.open(engine.url(folder)) as index:
        found = {name: question(index) for name, question in QUESTIONS.items()}
        assert index.check() == [], original
    shutil.rmtree(folder)
    return found


def _part(name: str) -> str:
    """Return which part of an index a file is: without the names that Tantivy makes up."""
    stem, dot, ending = name.partition(".")
    return name if name.startswith(".") or len(stem) < 32 else dot + ending.rpartition(".")[2]


@dataclass(frozen=True)
class Verdict:
    """What became of the mutant of a seed."""

    seed: int
    verdict: str
    file: str
    kind: str
    messages: list[str]


class _Child:
    """A process that examines mutants, as one may end it."""

    def __init__(self, arguments: list[str], errors: IO[Any]) -> None:
        self._errors = errors
        here = str(Path(__file__).parents[1])
        paths = os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.fuzzing", "--serve", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, "PYTHONPATH": paths, "RUST_BACKTRACE": "0"},
            text=True,
        )

    def examine(self, seed: int) -> Verdict:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{seed}\n")
        self._process.stdin.flush()
        if not select.select([self._process.stdout], [], [], PATIENCE)[0]:
            return Verdict(seed, "hang", "", "", [f"nothing for {PATIENCE} s"])
        line = self._process.stdout.readline()
        if not line.endswith("\n"):
            said = f"exit code {self._process.wait()}"
            return Verdict(seed, "crash", "", "", [said, *self._last_words()])
        return Verdict(seed, *json.loads(line))

    def _last_words(self) -> list[str]:
        self._errors.seek(0)
        return self._errors.read().splitlines()[-5:]

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


def name_of(engine: Engine) -> str:
    return next(name for name, member in ENGINES.items() if member == engine)


def fuzz(engine: Engine, seeds: Iterable[int]) -> Iterator[Verdict]:
    """Yield what becomes of the mutant of each seed."""
    with (
        TemporaryDirectory(dir=memory_folder(), ignore_cleanup_errors=True) as name,
        TemporaryFile("w+") as errors,
    ):
        folder = Path(name)
        originals = [folder / "settled", *([folder / "logged"] if engine.name == "sqlite" else [])]
        for original in originals:
            engine.make(original, logged=original.name == "logged")
        places = [str(original) for original in originals]
        child: _Child | None = None
        try:
            for at, seed in enumerate(seeds):
                child = child or _Child(
                    [name_of(engine), str(folder / f"mutant{at}"), *places], errors
                )
                verdict = child.examine(seed)
                if verdict.verdict in ("crash", "hang"):
                    child.end()
                    child = None
                yield verdict
        finally:
            if child is not None:
                child.end()


def report(verdicts: Iterable[Verdict]) -> str:
    """Return a table of what became of the mutants of each file, and of each kind of damage."""
    verdicts = list(verdicts)
    lines = []
    for title, key in (("file", "file"), ("damage", "kind")):
        groups = {
            name: [verdict for verdict in verdicts if getattr(verdict, key) == name]
            for name in sorted({getattr(verdict, key) for verdict in verdicts})
        }
        for name, group in {**groups, f"all ({title})": verdicts}.items():
            counts = Counter(verdict.verdict for verdict in group).most_common()
            text = ", ".join(f"{verdict} {count}" for verdict, count in counts)
            lines.append(f"{name or '?':18}{len(group):6}  {text}")
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    if arguments[0] == "--serve":
        engine, folder, *originals = arguments[1:]
        _serve(ENGINES[engine], [*map(Path, originals)], Path(folder))
        return
    name, count, first = [*arguments, "0"][:3]
    verdicts = []
    for verdict in fuzz(ENGINES[name], range(int(first), int(first) + int(count))):
        verdicts.append(verdict)
        if verdict.verdict in (*FAULTS, "wrong"):
            print(*vars(verdict).values(), flush=True)
    print(report(verdicts))


if __name__ == "__main__":
    main(sys.argv[1:])
