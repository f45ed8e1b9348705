"""URLs, and how they are shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from nuthatch import InvalidConfig
from nuthatch.registry.url import redact, split_url
from support.site import Site


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("memory:", ("memory", "", {})),
        ("sqlite:movies.db", ("sqlite", "movies.db", {})),
        (
            "sqlite:movies.db?policy=ladder&budget=0",
            ("sqlite", "movies.db", {"policy": "ladder", "budget": "0"}),
        ),
        (
            "postgresql://user@host:5432/db?index=movies",
            ("postgresql", "//user@host:5432/db", {"index": "movies"}),
        ),
        (r"sqlite:C:\films\x.db", ("sqlite", r"C:\films\x.db", {})),
        ("sqlite:/a/b:c.db", ("sqlite", "/a/b:c.db", {})),
        ("sqlite:wh%3Fy%20100%25.db", ("sqlite", "wh?y 100%.db", {})),
        ("sqlite:a+b#c.db?x=a+b%26c", ("sqlite", "a+b#c.db", {"x": "a+b&c"})),
        ("postgresql://u:p%40ss@h/db", ("postgresql", "//u:p%40ss@h/db", {})),
        ("sqlite:movies.db?", ("sqlite", "movies.db", {})),
        ("sqlite:movies.db?a=", ("sqlite", "movies.db", {"a": ""})),
        ("sqlite:movies.db?a=b=c", ("sqlite", "movies.db", {"a": "b=c"})),
    ],
)
def test_a_url_says_backend_location_and_options(
    url: str, parts: tuple[str, str, dict[str, str]]
) -> None:
    assert split_url(url) == parts


@pytest.mark.parametrize("path", ["movies.db", r"C:\films\x.db", "./a/b.db", ""])
def test_a_bare_path_is_told_what_to_write(path: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        split_url(path)
    assert f"sqlite:{path}" in str(caught.value)


def test_a_path_object_is_no_url() -> None:
    with pytest.raises(InvalidConfig, match=r"sqlite:movies\.db"):
        split_url(Path("movies.db"))  # type: ignore[arg-type]


@pytest.mark.parametrize("query", ["a", "a=1&", "=1", "a=1&a=2", "a=1&%61=2"])
def test_options_are_given_once_and_with_a_value(query: str) -> None:
    with pytest.raises(InvalidConfig, match=r"name=value|given twice"):
        split_url(f"sqlite:movies.db?{query}")


def test_a_qualified_name_counts_only_where_the_distribution_provides_it(site: Site) -> None:
    site.install_backend("nuthatch-one", "one", "one_spec")
    assert split_url("nuthatch-one:one:x.db") == ("nuthatch-one:one", "x.db", {})
    assert split_url("Nuthatch_One:one:x.db") == ("Nuthatch_One:one", "x.db", {})
    assert split_url("sqlite:one:x.db") == ("sqlite", "one:x.db", {})
    assert split_url("nuthatch:memory:") == ("nuthatch:memory", "", {})


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:hunter2@host/db",
        "postgresql://user:hun/ter@hunter2@host/db",
        "postgresql://user:what?hunter2@host/db",
        "postgresql://:hunter2@host/db",
        "postgresql://host/db?password=hunter2&index=movies",
        "opensearch://host/i?a=1&api_key=hunter2",
        "opensearch://host/i?SESSION_TOKEN=hunter2",
        "//user:hunter2@host",
    ],
)
def test_secrets_are_never_shown(url: str) -> None:
    assert "hunter2" not in redact(url)
    assert "***" in redact(url)
    with pytest.raises(InvalidConfig) as caught:
        split_url(f"{url}?&&")
    assert "hunter2" not in str(caught.value)


def test_what_is_no_secret_is_shown() -> None:
    for url in ("sqlite:movies.db?policy=ladder", "postgresql://host:5432/db", "x"):
        assert redact(url) == url
