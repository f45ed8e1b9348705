"""`nuthatch.open`: options, their errors, and what is left alone."""

from __future__ import annotations

from typing import Any

import pytest

import nuthatch
from nuthatch import InvalidConfig
from support.site import Site


def test_options_stand_in_the_url_or_are_given_by_keyword() -> None:
    with nuthatch.open("memory:?policy=ladder", snippet=100) as index:
        assert (index.config.policy, index.config.snippet) == ("ladder", 100)


def test_an_option_given_twice_is_refused() -> None:
    with pytest.raises(InvalidConfig, match="'policy' is given in the URL and again"):
        nuthatch.open("memory:?policy=ladder", policy="ladder")


def test_an_unknown_option_is_told_with_those_that_look_alike() -> None:
    with pytest.raises(InvalidConfig, match=r"'polcy'.*did you mean policy"):
        nuthatch.open("memory:?polcy=ladder")


def test_a_wrong_value_is_told_with_its_option() -> None:
    with pytest.raises(InvalidConfig, match="budget"):
        nuthatch.open("memory:?budget=many")


@pytest.mark.parametrize(
    "wrong", [{"create": "yes"}, {"schema": {"analyzer": "ascii"}}, {"location": "x"}]
)
def test_wrong_arguments_are_told(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidConfig, match=next(iter(wrong))):
        nuthatch.open("memory:", **wrong)


def test_secrets_are_in_no_error() -> None:
    with pytest.raises(InvalidConfig) as caught:
        nuthatch.open("memory://user:hunter2@host?password=hunter2", budget="hunter2")
    error: BaseException | None = caught.value
    while error is not None:
        assert "hunter2" not in str(error)
        error = error.__cause__


def test_what_an_engine_raises_is_not_wrapped(site: Site) -> None:
    site.install_backend("nuthatch-odd", "odd", "odd_spec", backend="'odd_backend:Odd'")
    (site.path / "odd_backend.py").write_text(
        "from nuthatch.memory import MemoryBackend\n"
        "class Odd(MemoryBackend):\n"
        "    @classmethod\n"
        "    def open(cls, config, *, create, schema):\n"
        "        raise ZeroDivisionError('odd')\n"
    )
    with pytest.raises(ZeroDivisionError, match="odd"):
        nuthatch.open("odd:")
