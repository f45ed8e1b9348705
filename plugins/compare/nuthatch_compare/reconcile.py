"""What fits together of queries, judgments and corpus; what does not is counted and told."""

from __future__ import annotations

from collections.abc import Container, Iterable

from pydantic import BaseModel, ConfigDict

from nuthatch import InvalidConfig
from nuthatch_compare.judgments import Grades

_EXAMPLES = 5


class Reconciled(BaseModel):
    """Tells which queries can be measured and what is left out.

    `measured` are the queries that were asked and judged, in the order asked. Of these
    `without_relevant` have no relevant document and count as 0. Left out are
    `unjudged_queries`, asked but not judged, and `unknown_queries`, judged but not asked.
    `unknown_documents` judgments are of documents that the corpus does not hold; they stay, for
    no engine could find them and all lose alike.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    asked: int
    measured: tuple[str, ...]
    without_relevant: tuple[str, ...] = ()
    unjudged_queries: tuple[str, ...] = ()
    unknown_queries: tuple[str, ...] = ()
    unknown_documents: int = 0
    unknown_examples: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """Are the exclusions, each a sentence."""
        told = (
            (
                len(self.unjudged_queries),
                "were asked but never judged; left out of the metrics",
                self.unjudged_queries,
            ),
            (
                len(self.unknown_queries),
                "were judged but not asked; left out",
                self.unknown_queries,
            ),
            (
                len(self.without_relevant),
                "have no relevant document and count as 0",
                self.without_relevant,
            ),
        )
        notes = [
            f"{count:,} queries {what}: {_shown(names)}" for count, what, names in told if count
        ]
        if self.unknown_documents:
            notes.append(
                f"{self.unknown_documents:,} judgments are of documents that the corpus does not "
                f"hold; they stay, so nobody can reach 1: {_shown(self.unknown_examples)}"
            )
        return tuple(notes)


def reconcile(
    grades: Grades, queries: Iterable[str], documents: Container[str] | None = None
) -> Reconciled:
    """Returns what can be measured; `documents` are the corpus's, None where they are not known.

    Raises `InvalidConfig` where nothing can be, as with the judgments of another set of queries.
    """
    asked = tuple(dict.fromkeys(queries))
    measured = tuple(name for name in asked if grades.get(name))
    if not measured:
        raise InvalidConfig(
            f"none of the {len(asked):,} queries ({_shown(asked)}) is among the {len(grades):,} "
            f"judged ones ({_shown(tuple(grades))}); are these the judgments of other queries?"
        )
    missing: list[str] = []
    if documents is not None:
        missing = [uri for name in measured for uri in grades[name] if uri not in documents]
    known = set(asked)
    return Reconciled(
        asked=len(asked),
        measured=measured,
        without_relevant=tuple(
            name for name in measured if not any(grade > 0 for grade in grades[name].values())
        ),
        unjudged_queries=tuple(name for name in asked if not grades.get(name)),
        unknown_queries=tuple(name for name in grades if name not in known),
        unknown_documents=len(missing),
        unknown_examples=tuple(dict.fromkeys(missing))[:_EXAMPLES],
    )


def _shown(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:_EXAMPLES])
    return f"{shown}, …" if len(names) > _EXAMPLES else shown
