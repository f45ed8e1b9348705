"""The report card: what a backend promises and which tests of the kit it passed.

    format, kit, profile        what was run
    backend, distribution, …    what it was run against, its capabilities included
    counts, complete            how it went; complete: no test was left out
    tests                       id, topic, since, needs, outcome, message

Two runs of the same tests on the same backend give the same card: it holds no times.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from nuthatch_conformance.verdict import OUTCOMES

FORMAT: Final = 1


def make_card(
    kit: Mapping[str, Any],
    backend: Mapping[str, Any],
    case_ids: Iterable[str],
    verdicts: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """Return the card; tests stand in the kit's order, those that were not run are left out."""
    ids = list(case_ids)
    tests = [verdicts[case_id] for case_id in ids if case_id in verdicts]
    counts = {outcome: sum(test["outcome"] == outcome for test in tests) for outcome in OUTCOMES}
    return {
        "format": FORMAT,
        "kit": dict(kit),
        **backend,
        "complete": len(tests) == len(ids),
        "counts": counts,
        "tests": tests,
    }


def to_text(card: Mapping[str, Any]) -> str:
    """Return the card as it is written to files."""
    return json.dumps(card, ensure_ascii=True, indent=2) + "\n"


def summarize(card: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a summary: one a topic, one a deviation, one for the whole."""
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
        tests = [test for test in card["tests"] if test["topic"] == topic]
        yield f"  {topic:<{width}}  {_summarize_topic(tests)}"
    for test in card["tests"]:
        if test["outcome"] == "deviation":
            deviation = test["deviation"]
            yield f"  deviation ({deviation['kind']}): {test['id']}: {deviation['reason']}"
    counts = card["counts"]
    whole = ", ".join(f"{counts[outcome]} {outcome}" for outcome in OUTCOMES)
    yield whole if card["complete"] else f"{whole}; not all tests were run"


def summarize_left(urls: Sequence[str]) -> Iterator[str]:
    """Yield the lines that say which indexes the run has left where they were made."""
    if urls:
        yield f"{len(urls)} indexes of this run were not removed; remove them by hand:"
        yield from (f"  {url}" for url in urls)


def _summarize_topic(tests: list[Mapping[str, Any]]) -> str:
    """Return the number of tests for each outcome, and the reasons not to apply."""
    counts = {outcome: sum(test["outcome"] == outcome for test in tests) for outcome in OUTCOMES}
    text = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
    reasons = {test["message"] for test in tests if test["outcome"] == "not applicable"}
    return f"{text} ({'; '.join(sorted(reasons))})" if reasons else text
