"""Slips in opening, closing and keeping, and books of capabilities that lie."""

from __future__ import annotations

import pickle
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Self

from nuthatch import (
    NATIVE,
    IndexCorrupt,
    LexicalConfig,
    Range,
    Schema,
    UnsupportedQuery,
    unsupported,
)

from .working import Working


class TheLastBatchIsNotSaved(Working):
    """The file is written before a batch is applied, so that the last one is lost."""

    def write(self, documents: Any, durability: Any) -> Any:
        self.save()
        return super(Working, self).write(documents, durability)


class AcknowledgedBeforeItIsSaved(Working):
    """What is written is saved when the index is closed."""

    def write(self, documents: Any, durability: Any) -> Any:
        return super(Working, self).write(documents, durability)

    def close(self) -> None:
        if self._stored is not None:
            self.save()
        super().close()


class TheFileIsWrittenInPlace(Working):
    """The file is emptied before it is written, and a kill between the two leaves no index."""

    def save(self) -> None:
        Path(self.config.location).write_bytes(b"")
        time.sleep(0.05)
        super().save()


class DeletesAreNotSaved(Working):
    """Deleted documents come back with the next opening."""

    def remove(self, uris: Any, durability: Any) -> int:
        return super(Working, self).remove(uris, durability)


class AnOpenedIndexHasTheDefaultSchema(Working):
    """The schema is read and checked, and the default one is used."""

    @classmethod
    def open(cls, config: Any, *, create: Any, schema: Any) -> Self | None:
        opened = super().open(config, create=create, schema=schema)
        if opened is not None:
            opened.schema = schema or Schema()
        return opened


class TheSchemaIsNotLookedAt(Working):
    """An index that exists is opened with any schema."""

    @classmethod
    def open(cls, config: Any, *, create: Any, schema: Any) -> Self | None:
        wanted = None if Path(config.location).exists() else schema
        return super().open(config, create=create, schema=wanted)


class TheAnalyzersFingerprintIsNotCompared(Working):
    """The analyzer is known again by its name alone."""

    @classmethod
    def open(cls, config: Any, *, create: Any, schema: Any) -> Self | None:
        if not config.export_only and Path(config.location).exists():
            config = config.model_copy(update={"export_only": True})
            opened = super().open(config, create=create, schema=schema)
            if opened is not None:
                opened.config = config.model_copy(update={"export_only": False})
            return opened
        return super().open(config, create=create, schema=schema)


class OpeningCreates(Working):
    """A driver creates what it opens."""

    @classmethod
    def open(cls, config: Any, *, create: Any, schema: Any) -> Self | None:
        there = Path(config.location).exists()
        return super().open(config, create=create or (not there and "new"), schema=schema)


class AnIndexIsMadeBeforeItsFirstBatch(Working):
    """create=True makes an empty index at once, which a failed load leaves behind."""

    @classmethod
    def open(cls, config: Any, *, create: Any, schema: Any) -> Self | None:
        there = Path(config.location).exists()
        return super().open(config, create=create if there else create and "new", schema=schema)


class NewIsTakenForTrue(Working):
    """create="new" opens what is there, "new" being true."""

    @classmethod
    def open(cls, config: Any, *, create: Any, schema: Any) -> Self | None:
        there = Path(config.location).exists()
        return super().open(config, create=bool(create) if there else create, schema=schema)


class NewOverwrites(Working):
    """create="new" begins with an empty file."""

    @classmethod
    def open(cls, config: Any, *, create: Any, schema: Any) -> Self | None:
        if create == "new":
            Path(config.location).unlink(missing_ok=True)
        return super().open(config, create=create, schema=schema)


class DamageIsTheDriversError(Working):
    """The file is read without a check, and what the driver raises goes through."""

    @staticmethod
    def load(path: Path) -> Any:
        return pickle.loads(path.read_bytes()[32:])


class ADamagedIndexIsTakenForNone(Working):
    """What cannot be read is begun anew."""

    @classmethod
    def open(cls, config: Any, *, create: Any, schema: Any) -> Self | None:
        try:
            return super().open(config, create=create, schema=schema)
        except IndexCorrupt:
            Path(config.location).unlink()
            return super().open(config, create="new", schema=schema)


class TheStateIsKeptOnTheClass(Working):
    """All indexes of the process share one dictionary."""

    shared: ClassVar[list[Any]] = [{}]

    @property
    def _stored(self) -> Any:
        return self.shared[0]

    @_stored.setter
    def _stored(self, value: Any) -> None:
        self.shared[0] = value


class ClosingDoesNothing(Working):
    """A closed index goes on answering."""

    def close(self) -> None:
        pass


class InfoFillsInDefaults(Working):
    """info() gives the default schema."""

    def info(self, *, fingerprint: bool = False) -> Any:
        return replace(super().info(fingerprint=fingerprint), schema=Schema())


class Loose(LexicalConfig):
    """Takes the options that it knows and no notice of the rest."""

    @classmethod
    def from_url(cls, location: str, options: Mapping[str, Any]) -> Self:
        known = {name: value for name, value in options.items() if name in cls.model_fields}
        return super().from_url(location, known)


class UnknownOptionsAreIgnored(Working):
    """A misspelt option is a silent default."""

    spec = replace(Working.spec, config=Loose)


class TheBudgetIsIgnored(Working):
    """The configuration's budget is replaced by the default."""

    @classmethod
    def open(cls, config: Any, *, create: Any, schema: Any) -> Self | None:
        fixed = config.model_copy(update={"budget": 2_000_000})
        return super().open(fixed, create=create, schema=schema)


class OptimizingBringsDocumentsBack(Working):
    """A merge reads what was deleted."""

    def remove(self, uris: Any, durability: Any) -> int:
        self.before = self._documents
        return super().remove(uris, durability)

    def optimize(self) -> None:
        self._stored = {**getattr(self, "before", {}), **self._documents}


class OptimizingReordersTies(Working):
    """A merge renumbers documents."""

    def optimize(self) -> None:
        self._stored = dict(sorted(self._documents.items(), reverse=True))


class CheckCountsReplacedDocumentsTwice(Working):
    """The count that check() compares with drifts with every upsert."""

    written = 0

    def write(self, documents: Any, durability: Any) -> Any:
        self.written += len(documents)
        return super().write(documents, durability)

    def check(self) -> list[str]:
        there = len(self._documents)
        return [f"{there} documents of {self.written}"] if there > self.written / 2 else ["drift"]


class DeclaresAPartWithoutTheWhole(
    Working, entities=unsupported("not yet"), substring=unsupported("not yet"), fuzzy=NATIVE
):
    """Forgiving title searches are declared, and no entity search that they belong to."""


class DeletesAndDeniesIt(Working, delete=unsupported("documents cannot be deleted")):
    """What the book denies is done all the same."""

    def delete(self, uris: Any, **given: Any) -> int:
        return self.remove([uris] if isinstance(uris, str) else list(uris), "process")


class KeepsAndDeniesIt(Working, persistent=unsupported("nothing is kept")):
    """An index that is there again was declared to be gone."""


class DeclaresACheckThatNobodyWrote(Working):
    """The book was copied, with a check() that raises what core raises."""

    def check(self) -> list[str]:
        return super(Working, self).check()


class DeclaresFiltersThatItRefuses(Working):
    """The book was copied from an engine that can filter by range."""

    def search(self, query: Any, limit: int | None = None, **options: Any) -> Any:
        if any(isinstance(condition, Range) for condition in options.get("filters") or ()):
            raise UnsupportedQuery(self.name, "filters.range", "not written yet", [])
        return super().search(query, limit, **options)
