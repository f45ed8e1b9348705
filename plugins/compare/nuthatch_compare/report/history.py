"""History: what earlier comparisons in the same folder found, a line each.

DIR/history.jsonl    {"created", "measure", "means": {system: mean}, "queries"}
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import ValidationError

from nuthatch import InvalidConfig
from nuthatch_compare.comparison import Comparison, Past

FILE: Final = "history.jsonl"


def read_history(folder: Path) -> tuple[Past, ...]:
    """Return the earlier comparisons of a folder, the oldest first; none where there is none.

    Raise `InvalidConfig` that names the line that cannot be read.
    """
    path = folder / FILE
    if not path.exists():
        return ()
    history = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        try:
            history.append(Past.model_validate_json(line))
        except ValidationError as error:
            raise InvalidConfig(
                f"{path}:{number} is no line of a history; take it out, or name another --out"
            ) from error
    return tuple(history)


def append_history(comparison: Comparison, folder: Path) -> None:
    """Add a comparison to the history of a folder."""
    measure = comparison.primary
    past = Past(
        created=comparison.created,
        measure=measure if comparison.means else "",
        means={name: table[measure].mean for name, table in comparison.means.items()},
        queries=len(comparison.queries),
    )
    with (folder / FILE).open("a", encoding="utf-8") as stream:
        stream.write(past.model_dump_json() + "\n")
