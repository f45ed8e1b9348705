"""Online tests: clicks counted by units, the test errs as often as it says, bad sides are told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner, Result
from scipy.stats import binom, binomtest, ttest_ind

from nuthatch import Document, Interleave, InvalidConfig, Schema
from nuthatch import open as open_index
from nuthatch.cli.main import cli
from nuthatch_compare.online.aa_test import AACheck
from nuthatch_compare.online.clicks import analyze_events
from nuthatch_compare.online.command import format_result
from nuthatch_compare.online.events import Event, read_events
from nuthatch_compare.online.sample_ratio import binomial_p, check_sample_ratio


def interleaved(unit: str, clicks: tuple[int, ...], *teams: str, query: str = "x") -> Event:
    return Event(unit, query, clicks, teams=teams or ("a", "b", "a", "b"))


def split(unit: str, served: str, *clicked: bool) -> list[Event]:
    return [Event(unit, "x", (1,) if ranks else (), served=served) for ranks in clicked]


def searches(seed: int, loved: float, units: int = 60) -> list[Event]:
    """Draw lists led by either, clicked on b's hits with the given chance."""
    random = Random(seed)
    events = []
    for unit in range(units):
        for number in range(random.randint(1, 5)):
            teams = random.choice((("a", "b"), ("b", "a")))
            liked = "b" if random.random() < loved else "a"
            clicks = (teams.index(liked) + 1,) if random.random() < 0.7 else ()
            events.append(Event(f"u{unit}", str(number), clicks, teams=teams))
    return events


def test_a_list_is_won_by_the_team_with_more_clicks() -> None:
    found = analyze_events(
        [
            interleaved("1", (2, 4)),
            interleaved("1", (1, 2)),
            interleaved("2", (1,)),
            interleaved("3", (1, 2, 4)),
            interleaved("3", ()),
        ]
    )
    assert (found.wins, found.ties, found.losses, found.clicked) == (2, 1, 1, 4)
    # unit 1 won one list and tied one, 2 lost one, 3 won one
    assert found.value == pytest.approx((0.25 - 0.5 + 0.5) / 3)
    assert (found.unit_wins, found.unit_ties, found.unit_losses) == (2, 0, 1)
    assert (found.units, found.events) == (3, 5)
    assert (found.p, found.winner) == (1.0, None)  # half of the patterns of three signs are so far


def test_one_heavy_unit_has_one_vote_in_value_interval_and_p() -> None:
    """300 lists of one user against 30 of thirty others: all three are of what users prefer."""
    heavy = [interleaved("heavy", (2,), *teams) for teams in (("a", "b"), ("b", "a")) * 150]
    heavy = [replace(event, clicks=(event.teams.index("b") + 1,)) for event in heavy if event.teams]
    light = [
        interleaved(f"u{n}", (1,) if n % 2 else (2,), *(("a", "b") if n % 2 else ("b", "a")))
        for n in range(30)
    ]
    found = analyze_events([*heavy, *light])
    assert (found.wins, found.losses) == (300, 30)
    assert found.value == pytest.approx((0.5 - 30 * 0.5) / 31)
    assert found.high is not None
    assert found.high < 0
    assert found.p is not None
    assert found.p < 0.001
    assert (found.significant, found.winner) == (True, "a")
    assert "users prefer a." in format_result(found)[1]


def test_swapping_the_engines_turns_the_preference_around() -> None:
    events = searches(1, 0.6)
    there, back = analyze_events(events, a="a"), analyze_events(events, a="b")
    assert there.value is not None
    assert back.value == pytest.approx(-there.value)
    assert (there.p, there.wins) == (pytest.approx(back.p), back.losses)
    assert (there.low, there.high) == (
        pytest.approx(-back.high, abs=0.01),
        pytest.approx(-back.low, abs=0.01),
    )


def test_a_real_preference_is_found_and_none_is_not() -> None:
    loved = analyze_events(searches(2, 0.75), aa=True)
    assert loved.winner == "b"
    assert loved.low is not None
    assert loved.low > 0
    assert loved.ratio.passed
    assert loved.aa is not None
    assert loved.aa.passed
    equal = [analyze_events(searches(seed, 0.5), resamples=9) for seed in range(200)]
    called = sum(found.winner is not None for found in equal)
    assert called <= binom.ppf(0.9995, 200, 0.05)


def test_a_split_is_welchs_test_over_units() -> None:
    random = Random(5)
    events = []
    for unit in range(200):
        served = random.choice("ab")
        rate = 0.3 if served == "a" else 0.5
        clicked = (random.random() < rate for _ in range(random.randint(1, 6)))
        events += split(f"u{unit}", served, *clicked)
    found = analyze_events(events, aa=True)
    rates: dict[str, list[float]] = {"a": [], "b": []}
    for unit in {event.unit for event in events}:
        mine = [event for event in events if event.unit == unit]
        rates[str(mine[0].served)].append(sum(bool(one.clicks) for one in mine) / len(mine))
    theirs = ttest_ind(rates["b"], rates["a"], equal_var=False)
    assert found.p == pytest.approx(theirs.pvalue)
    ends = theirs.confidence_interval(0.95)
    assert (found.low, found.high) == (pytest.approx(ends.low), pytest.approx(ends.high))
    assert found.significant
    assert found.aa is not None
    assert found.aa.passed


def test_units_that_both_served_are_left_out_and_counted() -> None:
    events = [*split("1", "a", True), *split("1", "b", True), *split("2", "a", False, True)]
    found = analyze_events([*events, *split("3", "b", True)])
    assert (found.moved, found.units, found.a_rate, found.b_rate) == (1, 3, 0.5, 1.0)
    assert (found.value, found.p) == (None, None)  # one unit a side tells nothing


def test_four_units_that_differ_wholly_prove_nothing() -> None:
    """No side varies, so t is not defined; chance parts four units so in one case of three."""
    events = [
        event for unit in range(4) for event in split(str(unit), "ab"[unit % 2], unit % 2 == 1)
    ]
    found = analyze_events(events)
    assert (found.value, found.p, found.winner) == (1.0, pytest.approx(1 / 3), None)


def test_identical_sides_differ_by_nothing() -> None:
    events = [event for unit in range(20) for event in split(str(unit), "ab"[unit % 2], True)]
    found = analyze_events(events)
    assert (found.value, found.low, found.high, found.p) == (0.0, 0.0, 0.0, 1.0)


def test_sides_of_the_wrong_size_are_told() -> None:
    assert check_sample_ratio("units", 500, 500).passed
    assert not check_sample_ratio("units", 600, 400).passed
    assert check_sample_ratio("units", 900, 100, 0.1).passed
    assert check_sample_ratio("units", 0, 0).p == 1.0
    assert binomial_p(40, 100) == pytest.approx(binomtest(40, 100).pvalue)


def test_a_list_that_one_engine_had_nothing_for_does_not_count_as_led() -> None:
    events = [interleaved("1", (1,), "a", "a"), interleaved("2", (1,), "b", "a")]
    assert (analyze_events(events).ratio.a, analyze_events(events).ratio.b) == (0, 1)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{}", ":1: unit and query must be texts"),
        ('{"unit": "1"}', ":1: an event has either teams"),
        ('{"unit": "1", "teams": ["a"], "served": "a"}', ":1: an event has either teams"),
        ('{"unit": "1", "served": ""}', ":1: served must name an engine"),
        ('{"unit": "1", "teams": "ab"}', ":1: teams must be a list"),
        ('{"unit": "1", "teams": ["a"], "clicks": [2]}', ":1: a click on rank 2 of 1 hits"),
        ('{"unit": "1", "served": "a", "clicks": [0]}', ":1: clicks must be a list of ranks"),
        ('{"unit": "1", "served": "a"}\n{"unit": "1", "teams": []}', ":2: an event of interleave"),
        ("", "holds no events"),
        ('{"unit": "1", "served": "a"}', "a test is of two engines; the events are of 1: a"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(line: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(line)
    with pytest.raises(InvalidConfig) as error:
        analyze_events(read_events(str(path)))
    assert told in str(error.value)


def run(path: Path, *options: str) -> Result:
    return CliRunner().invoke(cli, ["compare", "online", str(path), *options])


def test_the_command_analyses_what_interleave_served(tmp_path: Path) -> None:
    """Users who click on what b alone finds."""
    first = [Document(f"d{n}", f"thief {n}", "a thief") for n in range(6)]
    user = [""]
    path = tmp_path / "events.jsonl"
    with (
        open_index("memory:", schema=Schema(analyzer="english")) as old,
        open_index("memory:", schema=Schema(analyzer="english")) as new,
        path.open("w") as log,
    ):
        old.add(first)
        new.add([*first[:2], Document("better", "thief thief", "thief")])
        served = Interleave(old, new, unit=lambda: user[0], names=("old", "new"))
        for number in range(60):
            user[0] = f"session {number}"
            hits = list(served.search("thief", 4))
            clicks = [at for at, hit in enumerate(hits, 1) if hit.document_uri == "better"]
            teams = [hit.origin.backend for hit in hits if hit.origin is not None]
            row = {"unit": user[0], "query": "thief", "teams": teams, "clicks": clicks}
            log.write(json.dumps(row) + "\n")
    result = run(path, "--baseline", "old", "--aa")
    assert result.exit_code == 0
    assert "preference for new over old, mean over units: +0.500" in result.output
    assert "users prefer new." in result.output
    assert json.loads(run(path, "--json").output)["kind"] == "interleave"


def test_the_exit_code_tells_what_cannot_be_believed(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    rows = [{"unit": str(n), "served": "a" if n % 10 else "b", "clicks": []} for n in range(200)]
    path.write_text("\n".join(map(json.dumps, rows)))
    lopsided = run(path)
    assert lopsided.exit_code == 1
    assert lopsided.output.startswith("Do not believe what follows: units served by each are 180")
    assert run(path, "--share", "0.1").exit_code == 0
    path.write_text('{"unit": "1", "served": "a"}\n{"unit": "2", "served": "b"}\n')
    assert run(path).exit_code == 3
    assert run(path, "--share", "2").exit_code == 2


def test_a_test_that_errs_more_often_than_chance_allows_is_not_to_be_trusted() -> None:
    for found, passed in ((50, True), (72, True), (74, False), (0, True)):
        check = AACheck.of([0.04] * found + [0.05] * (1000 - found), 0.05)
        assert (check.share, check.passed) == (found / 1000, passed)
