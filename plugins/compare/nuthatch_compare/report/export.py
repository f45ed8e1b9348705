"""Files of a comparison: JSON with everything, CSV of the queries, TREC runs, JUnit, HTML."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from pydantic import ValidationError

from nuthatch import InvalidConfig
from nuthatch_compare.comparison import Comparison
from nuthatch_compare.inputs.runs import write_run

#: The name of the file that holds everything, in a comparison's folder.
JSON: Final = "comparison.json"


def make_folder(folder: Path) -> Path:
    """Make a folder where there is none, and return it. Raise `InvalidConfig`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidConfig(
            f"the folder {folder} cannot be made: {error.strerror or error}; name another"
        ) from error
    return folder


def write_json(comparison: Comparison, folder: Path) -> Path:
    """Write the whole comparison."""
    path = folder / JSON
    path.write_text(comparison.model_dump_json(), "utf-8")
    return path


def read_comparison(path: Path) -> Comparison:
    """Return the comparison of a file, or of the folder it was written to.

    Raise `InvalidConfig` where there is none, or one of another version.
    """
    file = path / JSON if path.is_dir() else path
    try:
        return Comparison.model_validate_json(file.read_bytes())
    except OSError as error:
        raise InvalidConfig(f"{file} cannot be read: {error.strerror}") from error
    except (ValidationError, InvalidConfig) as error:
        raise InvalidConfig(
            f"{file} is no comparison of this version; compare again with --emit json"
        ) from error


def write_csv(comparison: Comparison, folder: Path) -> Path:
    """Write a row for each query, system and measure."""
    path = folder / "queries.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(("query", "text", "system", "status", "measure", "value"))
        for query in comparison.queries:
            for system, status in query.status.items():
                head = (_cell(query.name), _cell(query.text), _cell(system), status)
                for measure, values in query.values.items():
                    rows.writerow((*head, measure, values.get(system, "")))
                if not query.values:
                    rows.writerow((*head, "", ""))
    return path


def _cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in tuple("=+-@\t\r") else text


def write_trec(comparison: Comparison, folder: Path) -> Path:
    """Write a run for each system, `NAME.trec`; return the folder.

    A name may come from a run's own tag: what no file name should hold becomes `_`.
    """
    taken: set[str] = set()
    for system, rankings in comparison.rankings.items():
        plain = re.sub(r"[^\w.-]+", "_", system).lstrip(".") or "run"
        name, number = plain, 2
        while name.casefold() in taken:
            name, number = f"{plain}-{number}", number + 1
        taken.add(name.casefold())
        text = "".join(write_run(rankings, system))
        (folder / f"{name}.trec").write_text(text, "utf-8")
    return folder


def write_junit(comparison: Comparison, folder: Path) -> Path:
    """Write a test case for each rule of the gate; without a gate one that passed."""
    failed = sum(result.passed is False for result in comparison.gate)
    errors = sum(result.passed is None for result in comparison.gate)
    suite = ElementTree.Element(
        "testsuite",
        name="nuthatch compare",
        tests=str(len(comparison.gate) or 1),
        failures=str(failed),
        errors=str(errors),
        timestamp=comparison.created,
    )
    for result in comparison.gate:
        case = ElementTree.SubElement(
            suite, "testcase", classname=_xml(result.system), name=_xml(result.rule)
        )
        if result.passed is not True:
            kind = "error" if result.passed is None else "failure"
            ElementTree.SubElement(case, kind, message=_xml(result.found))
    if not comparison.gate:
        ElementTree.SubElement(suite, "testcase", classname="compare", name="the comparison ran")
    path = folder / "junit.xml"
    ElementTree.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)
    return path


def _xml(text: str) -> str:
    """Return a text without the characters that XML 1.0 cannot hold."""
    return "".join(
        char if char >= " " and not "\ud800" <= char <= "\udfff" else " " for char in text
    )


def write_html(comparison: Comparison, folder: Path) -> Path:
    """Write the report."""
    from nuthatch_compare.report.html import (
        write_report,  # jinja2: other outputs need not wait for it
    )

    return write_report(comparison, folder)


#: What `--emit` may name, besides `table`.
WRITERS: Final[Mapping[str, Callable[[Comparison, Path], Path]]] = {
    "json": write_json,
    "csv": write_csv,
    "trec": write_trec,
    "html": write_html,
    "junit": write_junit,
}
