"""Text becomes tokens, queries, phrases and snippets; pure functions that know no engine.

    text ── analyzer ──► tokens                          what an engine stores and matches
              │  ascii · standard · snowball                (fold, runs: how; token: its form)
    query ── normalize ─► NormalizedQuery                tokens, what was dropped, synonyms
    phrase ─ phrases ──► "spider man"                    people, studios, characters
    hit ──── snippet ──► Snippet                         (locate: where the tokens stand;
                                                          window, cut: what is shown)

Importers name the module: `from nuthatch.text.analyzer import analyze`.
"""
