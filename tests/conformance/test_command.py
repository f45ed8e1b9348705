"""`nuthatch conform`: exit codes, output, and what it leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from nuthatch_conformance import BackendConformance

from .conftest import Kit

QUICK = ("-k", "are_consistent")


def test_a_pass_is_0(command: Kit) -> None:
    run = command("sqlite:{dir}/index.db", *QUICK)
    assert run.code == 0
    assert "1 passed, 0 failed" in run.output


def test_a_failure_is_1(command: Kit, tmp_path: Path) -> None:
    entry = 'test = "shape.the_capabilities_are_consistent"\nkind = "never"\n'
    text = f'[[deviation]]\n{entry}error = "KeyError"\nreason = "x"\n'
    (tmp_path / "deviations.toml").write_text(text)
    run = command("--backend", "memory", "--deviations", "deviations.toml", *QUICK)
    assert run.code == 1
    assert "FAILED" in run.output


def test_the_tests_are_listed_for_k(command: Kit) -> None:
    run = command("--list")
    assert run.code == 0
    listed = [line for line in run.output.splitlines() if line and not line.startswith(" ")]
    assert listed == [case.id for case in BackendConformance.cases().values()]
    assert "    A reader that was begun before a write answers every request" in run.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give a URL, or --backend NAME"),
        (("memory:", "--backend", "memory"), "give a URL, or --backend NAME"),
        (("--backend", "sqlit"), "Did you mean sqlite"),
        (("sqlite:index.db",), "put {dir} or {n} into the URL"),
        (("sqlite:index.db",), "sqlite://host/database?index={n}"),
        (("sqlite:{dir}/i?no_such=1",), "no_such"),
        (("memory:", "-k", "nothing_of_that_name"), "no test matches"),
        (("memory:", "-k", "a ) b"), "-k"),
        (("memory:", "--deviations", "absent.toml"), "absent.toml"),
        (("memory:", "--json", "absent/card.json"), "absent"),
    ],
)
def test_wrong_use_is_2(command: Kit, arguments: tuple[str, ...], message: str) -> None:
    run = command(*arguments)
    assert run.code == 2
    assert message in run.output


def test_what_cannot_run_is_3(command: Kit, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert command("sqlite:file/{n}.db", *QUICK).code == 3


def test_a_url_without_places_touches_nothing(command: Kit, tmp_path: Path) -> None:
    """The kit makes every index anew: what is at the URL stays as it is."""
    path = tmp_path / "mine.db"
    path.write_text("precious")
    assert command(f"sqlite:{path}", *QUICK).code != 0
    assert path.read_text() == "precious"


def test_a_random_run_can_be_repeated(command: Kit) -> None:
    selected = ("-k", "any_sequence or are_consistent")
    run = command("--backend", "memory", "--profile", "nightly", *selected)
    assert run.card is not None
    seed = run.card["kit"]["seed"]
    assert f"seed {seed}" in run.output
    again = command("--backend", "memory", "--profile", "nightly", "--seed", str(seed), *QUICK)
    assert again.card is not None
    assert again.card["kit"] == run.card["kit"]


def test_the_card_goes_to_standard_output_alone(command: Kit) -> None:
    run = command("--backend", "memory", "--json", "-", *QUICK)
    assert run.output.lstrip().startswith("{")
