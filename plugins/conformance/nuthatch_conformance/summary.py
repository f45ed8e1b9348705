"""The readable summary: one line a topic, one a deviation, one for the whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nuthatch_conformance.card import OUTCOMES


def lines(card: Mapping[str, Any]) -> Iterator[str]:
    """Yield the summary of a report card."""
    kit = card["kit"]
    version = f"{card['distribution']} {card['version']}".strip()
    seed = "" if kit["seed"] is None else f", seed {kit['seed']}"
    yield (
        f"{card['backend']} ({version}), contract {card['contract']}, "
        f"kit {kit['version']}, profile {kit['profile']}{seed}"
    )
    topics = dict.fromkeys(test["topic"] for test in card["tests"])
    width = max(map(len, topics), default=0)
    for topic in topics:
        yield f"  {topic:<{width}}  {_topic([t for t in card['tests'] if t['topic'] == topic])}"
    for test in card["tests"]:
        if test["outcome"] == "deviation":
            told = test["deviation"]
            yield f"  deviation ({told['kind']}): {test['id']}: {told['reason']}"
    counts = card["counts"]
    whole = ", ".join(f"{counts[each]} {each}" for each in OUTCOMES)
    yield whole if card["complete"] else f"{whole}; not all tests were run"


def _topic(tests: list[Mapping[str, Any]]) -> str:
    """Return how many tests of a topic ended in which way, and the reason not to apply."""
    parts = []
    for outcome in OUTCOMES:
        of = [test for test in tests if test["outcome"] == outcome]
        if of:
            parts.append(f"{len(of)} {outcome}")
    reasons = {test["message"] for test in tests if test["outcome"] == "not applicable"}
    told = ", ".join(parts)
    return f"{told} ({'; '.join(sorted(reasons))})" if reasons else told
