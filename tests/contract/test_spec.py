"""Specs and configuration: what a URL may say, and that errors never repeat it."""

from __future__ import annotations

import traceback
from dataclasses import MISSING, FrozenInstanceError, fields

import pytest
from pydantic import SecretStr

from nuthatch import CONTRACT, BackendConfig, BackendSpec, InvalidConfig, LexicalConfig
from nuthatch.memory import SPEC


def test_a_spec_cannot_be_changed_and_two_of_its_fields_have_defaults() -> None:
    with pytest.raises(FrozenInstanceError):
        SPEC.name = "other"  # type: ignore[misc]
    required = [field.name for field in fields(BackendSpec) if field.default is MISSING]
    assert {field.name for field in fields(BackendSpec)} - set(required) == {"score", "server"}
    with pytest.raises(TypeError, match=f"missing {len(required)} required"):
        BackendSpec()  # type: ignore[call-arg]


def test_the_contract_has_a_version_of_two_numbers() -> None:
    assert SPEC.contract == CONTRACT == (2, 0)


def test_options_of_a_url_are_texts_and_become_values() -> None:
    config = LexicalConfig.from_url("x", {"budget": "10", "timeout": "0.5", "policy": "ladder"})
    assert config == LexicalConfig(location="x", budget=10, timeout=0.5, policy="ladder")


@pytest.mark.parametrize("none", ["none", "None", None])
def test_none_stands_for_no_bound(none: str | None) -> None:
    config = LexicalConfig.from_url("", {"budget": none, "timeout": none})
    assert (config.budget, config.timeout) == (None, None)


def test_a_place_may_be_called_none() -> None:
    assert LexicalConfig.from_url("none", {}).location == "none"


@pytest.mark.parametrize(
    "options",
    [
        {"budget": "-1"},
        {"budget": "many"},
        {"timeout": "0"},
        {"timeout": "-3"},
        {"timeout": "inf"},
        {"timeout": "nan"},
        {"snippet": "19"},
        {"snippet": "100001"},
        {"snippet": "none"},
        {"policy": "best"},
        {"policy": "none"},
    ],
)
def test_a_value_out_of_bounds_is_refused_by_the_name_of_its_option(
    options: dict[str, str],
) -> None:
    with pytest.raises(InvalidConfig, match=f"options are not valid: {next(iter(options))}: "):
        LexicalConfig.from_url("", options)


def test_an_unknown_option_is_refused_with_those_there_are() -> None:
    with pytest.raises(InvalidConfig) as caught:
        LexicalConfig.from_url("", {"bugdet": "secret"})
    assert str(caught.value) == (
        "option 'bugdet' is not known here; options are: budget, entities, "
        "export_only, policy, relevance, snippet, timeout"
    )


class ServerConfig(BackendConfig):
    password: SecretStr = SecretStr("")
    port: int = 1


@pytest.mark.parametrize(
    "options",
    [
        {"port": "hunter2"},
        {"port": "none", "password": "hunter2"},
        {"password": "hunter2", "unknown": "hunter2"},
        {"password": ["hunter2"]},
    ],
)
def test_an_error_shows_no_value_not_even_in_its_traceback(options: dict[str, str]) -> None:
    with pytest.raises(InvalidConfig) as caught:
        ServerConfig.from_url("", options)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_a_secret_is_not_in_the_repr() -> None:
    assert "hunter2" not in repr(ServerConfig(password=SecretStr("hunter2")))
