"""What an index records of itself: so that it is never read with the wrong schema or analyzer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final, Self

from nuthatch.contract.schema import Schema
from nuthatch.errors import (
    AnalyzerMismatch,
    BackendUnavailable,
    FormatMismatch,
    IndexCorrupt,
    InvalidConfig,
    SchemaMismatch,
)
from nuthatch.registry.analyzers import get_analyzer
from nuthatch.text.analyzer import Analyzer

#: Why an index refuses what needs its analyzer.
EXPORT_ONLY: Final = "the index was opened with export_only; open it without, to search or write"


@dataclass(frozen=True, slots=True)
class IndexMetadata:
    """The format version, schema and analyzer fingerprint that an index was made with."""

    format: int
    schema: Schema
    fingerprint: str

    @classmethod
    def create(cls, format: int, schema: Schema) -> Self:
        """Return the record for a new index. Raise `InvalidConfig` for an unknown analyzer."""
        return cls(format, schema, get_analyzer(schema.analyzer).fingerprint)

    def to_json(self) -> str:
        """Return the text that an engine stores."""
        return json.dumps(
            {
                "format": self.format,
                "schema": self.schema.model_dump(mode="json"),
                "fingerprint": self.fingerprint,
            }
        )

    @classmethod
    def from_json(cls, text: str | bytes, *, place: str, format: int) -> Self:
        """Return the record that an engine stored.

        Raise `FormatMismatch` unless it is of the given format version, `IndexCorrupt` if it
        cannot be read. `place` names the index in the error.
        """
        try:
            values = json.loads(text)
            found = int(values["format"])
            if found != format:
                raise FormatMismatch(
                    f"{place} has format {found} and this backend reads format {format}; "
                    "open it with the version that wrote it and copy it into a new index"
                )
            schema = Schema.model_validate(values["schema"])
            return cls(found, schema, str(values["fingerprint"]))
        except (ValueError, KeyError, TypeError, InvalidConfig) as error:
            raise IndexCorrupt(
                f"{place} does not say with which schema it was made; restore it from a copy "
                "or index the corpus again"
            ) from error

    def check(self, wanted: Schema | None, *, place: str, export_only: bool = False) -> Analyzer:
        """Return the analyzer of the index, once it and the schema are the wanted ones.

        `export_only` (of the configuration) looks for no analyzer and returns one that refuses
        every text. Raise `SchemaMismatch`, `AnalyzerMismatch`, and for an analyzer that is not
        installed `InvalidConfig`.
        """
        if wanted is not None and wanted != self.schema:
            if wanted.analyzer != self.schema.analyzer:
                raise AnalyzerMismatch(
                    f"{place} was made with the analyzer {self.schema.analyzer!r}, not "
                    f"{wanted.analyzer!r}; open it without a schema, or copy it into a new index"
                )
            raise SchemaMismatch(
                f"{place} was made with another schema ({_difference(self.schema, wanted)}); "
                "open it without a schema, or copy it into a new index"
            )
        if export_only:
            return _NoAnalyzer(self.schema.analyzer, self.fingerprint)
        try:
            analyzer = get_analyzer(self.schema.analyzer)
        except InvalidConfig as error:
            raise InvalidConfig(
                f"{place} was made with an analyzer that is not installed ({error}): install it, "
                "or copy it into a new index (nuthatch copy --analyzer NAME does)"
            ) from error
        if analyzer.fingerprint != self.fingerprint:
            raise AnalyzerMismatch(
                f"{place} holds tokens of {self.schema.analyzer!r} with the fingerprint "
                f"{self.fingerprint}; the installed one has {analyzer.fingerprint}: install the "
                "version that made it, or copy it into a new index (nuthatch copy does)"
            )
        return analyzer


@dataclass(frozen=True, slots=True)
class _NoAnalyzer:
    """The analyzer of an index that is only exported."""

    name: str
    fingerprint: str

    def tokens(self, text: str) -> list[str]:
        raise BackendUnavailable(EXPORT_ONLY)


def _difference(found: Schema, wanted: Schema) -> str:
    for name in type(found).model_fields:
        ours, theirs = getattr(found, name), getattr(wanted, name)
        if ours != theirs:
            return f"{name}: {ours!r} there, {theirs!r} here"
    return "no visible difference"
