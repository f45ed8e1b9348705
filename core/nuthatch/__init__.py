"""nuthatch: one search contract, many engines, swapped on evidence.

    import nuthatch

    with nuthatch.open("sqlite:films.db", create=True) as index:
        index.add([nuthatch.Document("heat", "Heat", "A thief and a detective in Los Angeles.")])
        for hit in index.search("thief in los angeles"):
            print(hit.score, hit.title, hit.snippet)

Imports go down only:

    cli
    demo
    combine · corpora · memory
    pipeline                            what core does once for every engine
    registry                            what is installed
    postings, scoring                   for engines; nothing above imports them
    entities · grounding · matching     pure
    contract                            abstract classes and values
    text                                analyzers, snippets
    errors

`__init__.pyi` lists the public names, for type checkers and for this file. `__all__` has all of
them but `open`: a star import must not hide Python's own. Public too, for engines, are
`nuthatch.entities`, `nuthatch.scoring` (needs numpy) and `nuthatch.postings` (needs numpy and
zstandard). Backends and plugins import nothing else of this package.

A name is imported when it is first used, so that the command line starts at once.
"""

from nuthatch.stub import attach_stub

__version__ = "0.1.0"

_HOME_OF, __getattr__, __dir__ = attach_stub(__name__, __file__)
__all__ = sorted(_HOME_OF.keys() - {"open"})
