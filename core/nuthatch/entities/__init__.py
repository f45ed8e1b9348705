"""Entity search: people, characters, studios and titles with typing errors, as one arithmetic.

    EntityQuery ──▶ plan ──▶ look-ups in an engine ──▶ arithmetic ──▶ the same hits on every engine

An engine answers four look-ups and leaves the rest to `match_by_lookups`. One with postings in
arrays scores with `nuthatch.scoring.entity_top_k`, or does it all by itself: in a way that gives
the same documents with the same scores. Public, for engines.
"""

from nuthatch.stub import attach_stub

_HOME_OF, __getattr__, __dir__ = attach_stub(__name__, __file__)
__all__ = sorted(_HOME_OF)
