"""nuthatch: one search contract, many engines, swapped on evidence.

    import nuthatch

    with nuthatch.open("sqlite:films.db", create=True) as index:
        index.add([nuthatch.Document("heat", "Heat", "A thief and a detective in Los Angeles.")])
        for hit in index.search("thief in los angeles"):
            print(hit.score, hit.title, hit.snippet)

`__init__.pyi` lists the public names, for type checkers and for this file. `__all__` has all of
them but `open`: a star import must not hide Python's own. Public too, for engines, are
`nuthatch.entities` and `nuthatch.scoring`, which needs numpy. Backends and plugins import nothing
else of this package.

A name is imported when it is first used, so that the command line starts at once.
"""

import re
from importlib import import_module
from pathlib import Path

__version__ = "0.1.0"

_IMPORT = re.compile(r"^from (nuthatch\.\S+) import (?:\(([^)]*)\)|(.+))", re.MULTILINE)


def _read_homes() -> dict[str, str]:
    """Return the module of each public name, as `__init__.pyi` imports it."""
    stub = Path(__file__).with_suffix(".pyi").read_text("utf-8")
    return {
        line.split(" as ")[-1]: home
        for home, several, one in _IMPORT.findall(stub)
        for line in re.findall(r"\w+ as \w+", several or one)
    }


_HOME_OF = _read_homes()
__all__ = sorted(_HOME_OF.keys() - {"open"})


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF})
