"""`nuthatch new-backend`: copies an example, which works, into a project with another name.

    nuthatch-heron/
        pyproject.toml              nuthatch-heron, its entry point `heron`
        README.md
        nuthatch_heron/plugin.py …  the spec, and an engine to be replaced
        tests/test_conformance.py   the kit's class

    embedded   plugins/example_backend   a library that keeps its index in files
    server     plugins/example_server    a server that is reached through HTTP

Each example is a backend of its own, shipped within this package. Its name is read from its entry
point and its files are listed when they are copied, so nothing here has to be kept up to date.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path
from typing import Final, Literal, get_args

import click

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LENGTHS: Final = range(2, 33)
_GROUP: Final = "nuthatch.backends"

#: Where the engine runs: in the process of the application, or behind a network.
Kind = Literal["embedded", "server"]
_FOLDERS: Final[dict[Kind, str]] = {"embedded": "example_backend", "server": "example_server"}
#: What to do with a new project, in its folder; `conform` tests it without its own tests.
_STEPS: Final[dict[Kind, str]] = {
    "embedded": "  nuthatch conform '{name}:{{dir}}/index'",
    "server": "  pytest    # starts tests/stand_in_server.py, in place of your server",
}


@dataclass(frozen=True, slots=True)
class Names:
    """The names of a backend: of its URLs, distribution, package and classes."""

    backend: str

    @property
    def distribution(self) -> str:
        return f"nuthatch-{self.backend}"

    @property
    def package(self) -> str:
        return f"nuthatch_{self.backend.replace('-', '_')}"

    @property
    def prefix(self) -> str:
        """The prefix of the names of its classes."""
        return "".join(part.capitalize() for part in self.backend.split("-"))


@click.command("new-backend", short_help="Start a backend of your own from a working one.")
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice(get_args(Kind)),
    default="embedded",
    show_default=True,
    help="A library that keeps files (368 lines of code), or a server (647 lines of code).",
)
@click.option(
    "--dir",
    "folder",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="The folder to make; nuthatch-NAME by default.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(name: str, kind: Kind, folder: Path | None, as_json: bool) -> None:
    """Make a project with a working backend called NAME.

    NAME becomes the scheme of its URLs (NAME:films.idx), its distribution nuthatch-NAME and its
    package nuthatch_NAME. The project is a copy of a backend that passes the conformance kit as it
    is: replace its engine with yours, file by file, and keep it passing.

    Exit codes: 0 done, 2 the name or the folder cannot be used.
    """
    names = check_name(name)
    target = folder or Path(names.distribution)
    try:
        files = make(names, target, kind)
    except FileExistsError as error:
        raise click.UsageError(f"{target} is there already; choose another --dir") from error
    except OSError as error:
        raise click.UsageError(f"{target} cannot be written ({error})") from error
    if as_json:
        summary = {"backend": names.backend, "kind": kind, "folder": str(target), "files": files}
        click.echo(json.dumps(summary | {"distribution": names.distribution}))
        return
    for file in files:
        click.echo(f"  {target / file}")
    click.echo(
        f"\n{names.distribution} works as it is. Look, then replace its engine with yours:\n"
        f"  cd {target}\n"
        f"  pip install -e '.[test]'\n{_STEPS[kind].format(name=names.backend)}"
    )


def check_name(name: str) -> Names:
    """Return the names of a new backend. Raise `click.BadParameter`."""
    names = Names(name)
    if not _NAME.fullmatch(name) or len(name) not in _LENGTHS:
        near = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-0123456789")
        hint = f"; {near!r} would do" if _NAME.fullmatch(near) and len(near) in _LENGTHS else ""
        raise click.BadParameter(
            f"{name!r} cannot be the scheme of a URL and the name of a package; write "
            f"{_LENGTHS.start} to {_LENGTHS.stop - 1} lower-case letters, digits and hyphens, a "
            f"letter first{hint}",
            param_hint="NAME",
        )
    if name.startswith("nuthatch-"):
        short = name.removeprefix("nuthatch-")
        raise click.BadParameter(
            f"{names.distribution} says it twice; write {short!r}", param_hint="NAME"
        )
    owner = _owner(names)
    if owner:
        raise click.BadParameter(
            f"{name!r} is taken: {owner} is installed; choose another name", param_hint="NAME"
        )
    return names


def _owner(names: Names) -> str | None:
    """Return the installed distribution that has the name already."""
    for point in entry_points(group=_GROUP, name=names.backend):
        return point.dist.name if point.dist else point.value
    try:
        return f"{names.distribution} {version(names.distribution)}"
    except PackageNotFoundError:
        return None


def make(names: Names, target: Path, kind: Kind = "embedded") -> list[str]:
    """Write the project; return its files. Raise `FileExistsError` for a folder that exists."""
    files = render(names, kind)
    target.mkdir(parents=True)
    for path, text in files.items():
        file = target / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")
    return list(files)


def render(names: Names, kind: Kind = "embedded") -> dict[str, str]:
    """Return the files of an example under other names: path → text."""
    source = example(kind)
    project = tomllib.loads((source / "pyproject.toml").read_text(encoding="utf-8"))
    (old,) = project["project"]["entry-points"][_GROUP]
    rules = _rules(Names(old), names)
    return {
        _rename(path.relative_to(source).as_posix(), rules): _rename(
            path.read_text(encoding="utf-8"), rules
        )
        for path in _files(source, Names(old).package)
    }


def example(kind: Kind = "embedded") -> Path:
    """Return the folder of an example: beside this file in a wheel, else in the repository."""
    here = Path(__file__).parent
    shipped = here / "template" / kind
    return shipped if shipped.exists() else here.parents[1] / _FOLDERS[kind]


def _files(source: Path, package: str) -> Iterator[Path]:
    yield source / "pyproject.toml"
    yield source / "README.md"
    for folder in (package, "tests"):
        for path in sorted((source / folder).rglob("*")):
            if path.suffix == ".py" or path.name == "py.typed":
                yield path


_Rules = list[tuple[re.Pattern[str], str]]


def _rules(old: Names, new: Names) -> _Rules:
    """Return patterns and replacements; the engine keeps its name in imports and in prose."""
    name = re.escape(old.backend)
    return [
        (re.compile(rf"\b{old.package}\b"), new.package),
        (re.compile(rf"\b{re.escape(old.distribution)}\b"), new.distribution),
        (re.compile(rf"{old.prefix}(?=Backend|Config|Reader|AsyncReader)"), new.prefix),
        (re.compile(rf'(?<="){name}(?=")'), new.backend),  # the spec's name
        (re.compile(rf"^{name}(?= = )", re.MULTILINE), new.backend),  # the entry point's
        (re.compile(rf"(?<![\w.-]){name}(?=:[\w{{`/])"), new.backend),  # the scheme of a URL
    ]


def _rename(text: str, rules: _Rules) -> str:
    for pattern, new in rules:
        text = pattern.sub(new, text)
    return text
