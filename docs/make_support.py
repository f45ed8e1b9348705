"""Writes docs/support.md from the report cards of nuthatch's own engines.

    python docs/make_support.py                     write the page from the cards in docs/cards
    python docs/make_support.py --check             end with 1 if it is not up to date
    python docs/make_support.py --run               run the kit on every engine first
    python docs/make_support.py --run sqlite        … on one
    python docs/make_support.py --run 'postgresql://user@host/db?index={n}'

Nothing on the page is typed: an engine has a column once there is a card of it, a capability has a
row once a card tells of it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
PAGE = DOCS / "support.md"
CARDS = DOCS / "cards"
INTRO = """\
# Support

What each engine of nuthatch does, as the conformance kit found it: what is declared was tested to
work, what is not was tested to raise `UnsupportedQuery`. Made from the report cards in
`docs/cards` by `python docs/make_support.py`; `nuthatch conform URL` makes a card for any engine.
"""
LEVELS = {"native": "native", "emulated": "emulated", "no": "–"}

Card = dict[str, Any]


def own_engines() -> list[str]:
    """Return the names of the backends that the bundle's distributions bring, core's first."""
    project = tomllib.loads((DOCS.parent / "pyproject.toml").read_text("utf-8"))["project"]
    bundle = [
        requirement.partition(" @ ")[0].partition("[")[0] for requirement in project["dependencies"]
    ]
    found = [
        (bundle.index(point.dist.name), point.name)
        for point in entry_points(group="nuthatch.backends")
        if point.dist is not None and point.dist.name in bundle
    ]
    return [name for _, name in sorted(found)]


def cards() -> list[Card]:
    """Return the cards in the order of the engines."""
    order = own_engines()
    read: list[Card] = [json.loads(path.read_text("utf-8")) for path in CARDS.glob("*.json")]
    return sorted(read, key=lambda card: (order.index(card["backend"]), card["backend"]))


def page(found: Sequence[Card]) -> str:
    """Return the page."""
    return "\n".join((INTRO, *_engines(found), *_capabilities(found), *_tests(found)))


def _engines(found: Sequence[Card]) -> Iterator[str]:
    yield from _head("Engine", ("distribution", "contract", "hits", "tests", "deviations"))
    for card in found:
        counts = card["counts"]
        ran = counts["passed"] + counts["failed"] + counts["deviation"]
        yield _row(
            f"`{card['backend']}`",
            f"{card['distribution']} {card['version']}",
            card["contract"],
            card["audit_mode"],
            f"{counts['passed']} of {ran} passed, {counts['not applicable']} do not apply",
            str(counts["deviation"] or "none"),
        )
    yield ""


def _capabilities(found: Sequence[Card]) -> Iterator[str]:
    yield "## Capabilities\n"
    yield (
        "*native*: the engine does it; *emulated*: nuthatch does it for the engine; –: it is "
        "refused or not promised, for the reason below.\n"
    )
    yield from _head("Capability", [f"`{card['backend']}`" for card in found])
    for name in dict.fromkeys(name for card in found for name in card["capabilities"]):
        levels = [card["capabilities"].get(name, {"level": "no"})["level"] for card in found]
        yield _row(f"`{name}`", *(LEVELS[level] for level in levels))
    limits = (card["max_limit"] for card in found)
    yield _row("`max_limit`", *("no bound" if limit is None else f"{limit:,}" for limit in limits))
    yield ""
    for card in found:
        refused = {
            name: support["reason"]
            for name, support in card["capabilities"].items()
            if support["level"] == "no"
        }
        for reason in dict.fromkeys(refused.values()):
            names = ", ".join(f"`{name}`" for name, told in refused.items() if told == reason)
            yield f"- **{card['backend']}**, {names}: {reason}."
    yield ""


def _tests(found: Sequence[Card]) -> Iterator[str]:
    yield "## Tests\n"
    yield "Tests of the kit that passed, of those that apply.\n"
    yield from _head("Topic", [f"`{card['backend']}`" for card in found])
    for topic in dict.fromkeys(test["topic"] for card in found for test in card["tests"]):
        yield _row(topic, *(_passed(card, topic) for card in found))
    yield ""
    told = [
        f"- **{card['backend']}**, `{test['id']}` ({test['deviation']['kind']}): "
        f"{test['deviation']['reason']}"
        for card in found
        for test in card["tests"]
        if test["outcome"] == "deviation"
    ]
    yield from told or ["No engine declares a deviation."]
    yield ""


def _passed(card: Card, topic: str) -> str:
    outcomes = [test["outcome"] for test in card["tests"] if test["topic"] == topic]
    apply = [outcome for outcome in outcomes if outcome != "not applicable"]
    return f"{apply.count('passed')} of {len(apply)}" if apply else "–"


def _head(first: str, others: Sequence[str]) -> Iterator[str]:
    yield _row(first, *others)
    yield "|---" * (1 + len(others)) + "|"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def run(engine: str) -> None:
    """Run the kit on an engine, by its name or the URL of a new index, and keep its card."""
    given = [engine] if ":" in engine else ["--backend", engine]
    place = CARDS / "new.json"
    CARDS.mkdir(exist_ok=True)
    start = "from nuthatch.cli.main import main; main()"
    command = [sys.executable, "-c", start, "conform", *given, "--json", str(place)]
    done = subprocess.run(command, check=False)
    if not place.exists():
        raise SystemExit(done.returncode)
    card = json.loads(place.read_text("utf-8"))
    place.rename(CARDS / f"{card['backend']}.json")


def main() -> int:
    """Return 1 where --check finds the page to be stale."""
    parser = argparse.ArgumentParser(prog="python docs/make_support.py")
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--run", nargs="*", metavar="ENGINE", help="run the kit first")
    given = parser.parse_args()
    for engine in own_engines() if given.run == [] else given.run or ():
        run(engine)
    made = page(cards())
    if not given.check:
        PAGE.write_text(made, "utf-8")
        return 0
    if PAGE.read_text("utf-8") == made:
        return 0
    print("docs/support.md is stale: run python docs/make_support.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
