"""No secret of a URL is ever shown, however the URL was mistyped, and nothing is made of one.

The secret is two marks with something between them; neither mark may turn up anywhere.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nuthatch
from nuthatch import BackendConfig, NuthatchError, redact
from nuthatch.cli.main import cli
from nuthatch.pipeline.doctor import examine
from nuthatch.pipeline.opening import configure

MARKS = "zqxa", "zqxb"
BETWEEN = (
    *("", "/", "@", ":", "?", "#", "&", "%", "=", ";", ",", " ", "\\", "[", "é", "💥", "\n", "//"),
    *("%40", "%2F", "%3A", "%3F", "%26", "%2540", "?x=", "&x=", "@h:", "://", "'", '"', "<", "\t"),
)
SECRETS = st.builds("{}{}{}".format, st.just(MARKS[0]), st.sampled_from(BETWEEN), st.just(MARKS[1]))
#: Nobody listens at port 1.
HOST = "127.0.0.1:1"
URLS = (
    f"postgresql://me:{{s}}@{HOST}/films?index=x",
    f"postgresql://me:{{s}}@{HOST}/films?index=x&policy=auto&index=y",
    f"postgresql://:{{s}}@{HOST}/films?index=x",
    f"postgresql://{{s}}:me@{HOST}/films?index=x",
    f"postgresql://me::{{s}}@{HOST}/films?index=x",
    f"postgresql://me{{s}}@{HOST}/films?index=x",
    f"postgresql://me {{s}}@{HOST}/films?index=x",
    f"postgresql://me/{{s}}@{HOST}/films?index=x",
    f"postgresql://me@{{s}}@{HOST}/films?index=x",
    f"postgresql://me:{{s}}@@{HOST}/films?index=x",
    f"postgresql://me:{{s}}%40{HOST}/films?index=x",
    f"postgresql://me%3A{{s}}@{HOST}/films?index=x",
    f"postgresql://me%3a{{s}}%40{HOST}/films?index=x",
    "postgresql://me:{s}/films?index=x",
    "postgresql://me:{s}?index=x",
    f"postgresql:me:{{s}}@{HOST}/films",
    f"postgresql:me:{{s}}@{HOST}/films?index=x",
    "postgresql:me:{s}",
    "postgresql:me:{s}/films?index=x",
    f"postgresql:me%3A{{s}}%40{HOST}/films",
    f"postgresql:/me:{{s}}@{HOST}/films?index=x",
    f"postgresql:///me:{{s}}@{HOST}/films?index=x",
    "postgresql:///me:{s}/films?index=x",
    f"postgresql:////me:{{s}}@{HOST}/films?index=x",
    f"postgresql:\\\\me:{{s}}@{HOST}/films?index=x",
    f"postgresql//me:{{s}}@{HOST}/films?index=x",
    f"postgresql::{{s}}@{HOST}/films",
    f" postgresql://me:{{s}}@{HOST}/films?index=x",
    f"postgresql ://me:{{s}}@{HOST}/films?index=x",
    f"postgresql:// me:{{s}}@{HOST}/films?index=x",
    f"postgres://me:{{s}}@{HOST}/films?index=x",
    f"POSTGRESQL://me:{{s}}@{HOST}/films?index=x",
    f"nuthatch-postgres:postgresql:me:{{s}}@{HOST}/films",
    f"me:{{s}}@{HOST}/films?index=x",
    f"//me:{{s}}@{HOST}/films?index=x",
    f"sqlite://me:{{s}}@{HOST}/films",
    f"sqlite:me:{{s}}@{HOST}/films",
    f"tantivy://me:{{s}}@{HOST}/films",
    f"tantivy:me:{{s}}@{HOST}/films",
    f"memory://me:{{s}}@{HOST}/films?nothing=1",
    f"memory:me:{{s}}@{HOST}/films",
    f"http://me:{{s}}@{HOST}/films",
    "postgresql:host=h user=me password={s} dbname=films",
    f"postgresql://{HOST}/films?index=x&password={{s}}",
    f"postgresql://{HOST}/films?password={{s}}&index=x",
    f"postgresql://{HOST}/films?index=x&password={{s}}&password={{s}}",
    f"postgresql://{HOST}/films?index=x;password={{s}}",
    f"postgresql://{HOST}/films?index=x&password:{{s}}",
    f"postgresql://{HOST}/films?index=x&password {{s}}",
    f"postgresql://{HOST}/films?index=x&{{s}}",
    f"postgresql://{HOST}/films&index=x&password={{s}}",
    f"postgresql://{HOST}/films?index=x&password%3D{{s}}",
    "postgresql:films?password={s}",
    *(
        f"sqlite:films.db?{name}={{s}}"
        for name in (
            *("password", "PassWord", " password", "pass word", "pasword", "passwrd", "pwd", "PW"),
            *("p%61ssword", "api_key", "apikey", "API-KEY", "token", "tokn", "auth", "secret"),
            *("SECRET", "credentials", "ｐａｓｓｗｏｒｄ", "sslpassword", "access_key", "private"),
        )
    ),
)


def is_right(url: str, between: str) -> bool:
    """Return whether a slip and a sign of the secret make a URL that nobody can know to be wrong:
    its second half is a host then, or its first half the name of an option."""
    return ("@" in between and HOST not in url) or (between == "=" and "&{s}" in url)


def drawn() -> st.SearchStrategy[str]:
    """Draw URLs with a secret, right or with a slip: a sign lost, doubled, added or exchanged."""

    @st.composite
    def url(draw: st.DrawFn) -> str:
        text = draw(st.sampled_from(URLS))
        for _ in range(draw(st.integers(0, 2))):
            at = draw(st.integers(0, len(text)))
            sign = draw(st.sampled_from([*":/@?#&=%;, .\\x", ""]))
            until = at + draw(st.integers(0, 1))
            if "{s}" in text[:at] + sign + text[until:]:
                text = text[:at] + sign + text[until:]
        return text.replace("{s}", draw(SECRETS))

    return url()


def check(channel: str, *texts: object) -> None:
    for text in texts:
        for mark in MARKS:
            assert mark not in str(text), channel


def errors(call: Callable[[], object]) -> Iterator[BaseException]:
    """Yield what a call raises, and everything behind it that a traceback would show."""
    try:
        call()
    except NuthatchError as raised:
        check("traceback", "".join(traceback.format_exception(raised)))
        error: BaseException | None = raised
        while error is not None:
            yield error
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def look_at(url: str) -> None:
    """Look at every way out of the library."""
    check("redact", redact(url), redact(f"a={url}"))
    for call in (
        lambda: nuthatch.open(url),
        lambda: nuthatch.open(url, create=True),
        lambda: nuthatch.open(url.encode()),  # type: ignore[arg-type]
        lambda: nuthatch.open(Path(url)),  # type: ignore[arg-type]
        lambda: nuthatch.drop(url),
    ):
        for error in errors(call):
            check(type(error).__name__, error, repr(error), error.args)
    configs: list[BackendConfig] = []
    for _ in errors(lambda: configs.append(configure(url, {})[1])):
        pass
    check("config", *configs, *map(repr, configs))
    if not configs or "postgresql" in url:
        check("doctor", *(item for item in examine(url) if item.name in ("index", "configuration")))


def command_lines(url: str) -> Iterator[list[str]]:
    yield ["info", url]
    yield ["info", url, "--json"]
    yield ["--debug", "search", url, "thief", "--json"]
    yield ["add", url, "films.jsonl", "--create"]
    yield ["create", url, "--schema", url]
    yield ["drop", url, "--yes", "--json"]
    yield ["copy", url, url]
    yield ["check", url]
    yield ["get", url, "heat"]
    yield ["delete", url, "heat"]
    yield ["search", url]
    yield ["info", "sqlite:films.db", url]  # one argument too many
    yield [url]
    yield [f"--{url}"]
    yield ["verify", url]
    yield ["compare", f"a={url}", url, "--queries", "films.jsonl"]


def run(*arguments: str) -> None:
    result = CliRunner().invoke(cli, list(arguments))
    # What the command was called with is the test's own.
    check(" ".join(arguments[:1]), result.stdout, result.stderr)
    if "--json" in arguments:
        assert isinstance(json.loads(result.stdout), dict)


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Work in an empty folder, and see that it stays empty."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize("url", URLS)
def test_no_mistyped_url_is_shown_by_the_library(empty: Path, url: str) -> None:
    for between in BETWEEN:
        if not is_right(url, between):
            look_at(url.replace("{s}", between.join(MARKS)))


@pytest.mark.parametrize("url", URLS)
def test_no_mistyped_url_is_shown_by_the_command_line(empty: Path, url: str) -> None:
    for between in ("", "/", "@", "?", "%40"):
        if is_right(url, between):
            continue
        for arguments in command_lines(url.replace("{s}", between.join(MARKS))):
            run(*arguments)
            assert list(empty.iterdir()) == [], arguments


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(url=drawn(), data=st.data())
def test_no_slip_makes_a_secret_visible(empty: Path, url: str, data: st.DataObject) -> None:
    look_at(url)
    run(*data.draw(st.sampled_from(list(command_lines(url)))))


@pytest.mark.parametrize(
    "table",
    [
        "[indexes.movies]\nurl = {url}\n",
        "[indexes.movies]\nurl = {url}\npassword = {secret}\n",
        "[indexes.movies]\nurl = {secret}\n",
        "[indexes.movies]\nurl = [{url}]\n",
        '[indexes.movies]\nurl = "sqlite:films.db"\npasword = {secret}\n',
        '[indexes.movies]\nurl = "sqlite:films.db"\npolicy = {secret}\n',
        '[indexes.movies]\nurl = "postgresql:films"\npassword = {secret}\n',
        "[indexes]\nmovies = {url}\n",
        "[indexes]\n{url} = 1\n",
        "[indexes.{url}]\nurl = 1\n",
        "[indexes.movies.{url}]\nurl = 1\n",
        "[indexes.movies]\nurl = {url}\nurl = {url}\n",
        "[indexes.movies]\nurl = {raw}\n",
        "[indexes.movies]\nurl = {url}\npassword = {secret}\n[[indexes.movies]]\n",
        "[indexes.movies]\n{raw}\n",
    ],
)
def test_a_configuration_shows_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for between in ("", "/", "@", "é", "&"):
        secret = between.join(MARKS)
        for mistyped in URLS[:: len(URLS) // 12]:
            if is_right(mistyped, between):
                continue
            url = mistyped.replace("{s}", secret)
            quoted = json.dumps(url)
            text = table.format(url=quoted, raw=url, secret=json.dumps(f"x:{secret}"))
            (tmp_path / "nuthatch.toml").write_text(text)
            run("info", "movies")
        run("--debug", "info", "movies", "--json")
        run("doctor", "movies", "--json")
        run("drop", "movies", "--yes")
    assert [path.name for path in tmp_path.iterdir()] == ["nuthatch.toml"]
