"""The report in a real browser: no script error, it sorts, opens, fits a phone, turns dark.

A second page holds the report in a frame of a given width, uses it as a reader would, and writes
down what it saw. Chromium prints that page; nothing else is needed. `NUTHATCH_REQUIRE_BROWSER=1`
turns the skip into a failure.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from compare.report_page import page
from compare.scripted_backend import Scripted
from nuthatch_compare import Settings, compare
from nuthatch_compare.comparison import ListedDocument
from nuthatch_compare.performance.workload import Limits, Load
from nuthatch_compare.report.html import Page, QueryRow, build_page, render

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
REQUIRED = os.environ.get("NUTHATCH_REQUIRE_BROWSER") == "1"
pytestmark = pytest.mark.skipif(
    CHROMIUM is None and not REQUIRED, reason="no Chromium is installed; on Debian: chromium"
)

WATCH = "<script>window.errors = []; onerror = (told) => { errors.push(told); };</script>"
#: Chromium's clock runs ahead while the page waits for what is unpacked beside it: so each try
#: costs work, not time.
UNTIL = """const until = async (seen) => {
  for (let tries = 0, work = 0; !seen() && tries < 5000; tries++) {
    while (++work % 1e6);
    await new Promise((go) => setTimeout(go, 1));
  }
};
"""
READER = """<!doctype html><body><iframe src="report.html" width="WIDTH" height="900"></iframe>
<pre id="seen"></pre><script>
UNTILdocument.querySelector("iframe").onload = async (event) => {
  const frame = event.target.contentWindow, page = frame.document, seen = {};
  const table = page.querySelector("table.queries");
  await until(() => table.tBodies.length);
  const last = [...table.tHead.rows[0].cells].at(-2);
  const cells = (at) => [...table.tBodies].map((body) => body.rows[0].cells[at].textContent.trim());
  const gaps = () => cells(3);
  seen.first = gaps();
  seen.failed = cells(2).includes("failed");
  last.querySelector("button").click();
  seen.down = gaps();
  last.querySelector("button").click();
  seen.up = gaps();
  seen.sort = last.getAttribute("aria-sort");
  const buttons = [...page.querySelectorAll("button.open")];
  const open = buttons.find((each) => each.textContent.includes("bicycle"));
  const opened = () => page.querySelector("tr.detail");
  seen.before = Boolean(opened());
  open.click();
  await until(opened);
  const detail = opened();
  seen.places = [...detail.querySelectorAll(".place")].map((each) => each.textContent);
  seen.grades = [...detail.querySelectorAll(".grade")].map((each) => each.textContent);
  seen.height = detail.getBoundingClientRect().height;
  seen.lines = detail.querySelectorAll("path").length;
  const caption = page.querySelector("section caption").getBoundingClientRect();
  seen.caption = caption.right <= frame.innerWidth;
  last.querySelector("button").click();
  seen.kept = Boolean(opened());
  page.getElementById("search").value = "BICYCLE";
  page.getElementById("search").dispatchEvent(new frame.Event("input"));
  seen.matching = table.tBodies.length;
  seen.cut = [...page.querySelectorAll("main *")]
    .filter((one) => one.getBoundingClientRect().right > frame.innerWidth + 1)
    .map((one) => one.outerHTML.slice(0, 90));
  seen.overflow = page.documentElement.scrollWidth - page.documentElement.clientWidth;
  seen.width = frame.innerWidth;
  seen.background = frame.getComputedStyle(page.body).backgroundColor;
  seen.errors = frame.errors;
  seen.broken = frame.broken === undefined ? null : frame.broken;
  document.getElementById("seen").textContent = JSON.stringify(seen);
};
</script></body>"""


LARGE = """<!doctype html><body><iframe src="report.html" width="WIDTH" height="900"></iframe>
<pre id="seen"></pre><script>
UNTILdocument.querySelector("iframe").onload = async (event) => {
  const frame = event.target.contentWindow, page = frame.document, seen = {};
  const table = page.querySelector("table.queries"), more = page.getElementById("more");
  await until(() => table.tBodies.length);
  seen.rows = [table.tBodies.length];
  seen.first = table.tBodies[0].rows[0].cells[0].textContent;
  seen.more = more.textContent;
  page.querySelectorAll("button.open")[0].click();
  await until(() => page.querySelector("tr.detail"));
  seen.title = page.querySelector(".title bdi").textContent;
  more.click();
  seen.rows.push(table.tBodies.length);
  seen.kept = Boolean(page.querySelector("tr.detail"));
  while (!more.hidden) more.click();
  seen.rows.push(table.tBodies.length);
  seen.errors = frame.errors;
  document.getElementById("seen").textContent = JSON.stringify(seen);
};
</script></body>"""


CARDS = """<!doctype html><body><iframe src="report.html" width="WIDTH" height="900"></iframe>
<pre id="seen"></pre><script>
UNTILdocument.querySelector("iframe").onload = async (event) => {
  const frame = event.target.contentWindow, page = frame.document, seen = {};
  await until(() => page.querySelector("table.queries").tBodies.length);
  page.querySelectorAll("button.open")[0].click();
  await until(() => page.querySelector("tr.detail"));
  seen.cut = [...page.querySelectorAll("main *")]
    .filter((one) => one.getBoundingClientRect().right > frame.innerWidth + 1)
    .map((one) => one.outerHTML.slice(0, 90));
  seen.outcomes = [...page.querySelectorAll(".card h2")].map((one) => one.textContent);
  seen.bars = [...page.querySelectorAll("svg.bar")].map((one) => one.getBoundingClientRect().width);
  seen.last = [...page.querySelectorAll("main h2")].at(-1).textContent;
  seen.errors = frame.errors;
  document.getElementById("seen").textContent = JSON.stringify(seen);
};
</script></body>"""


def read_in_browser(
    folder: Path, width: int, *, dark: bool = False, shown: Page | None = None, reader: str = READER
) -> dict[str, Any]:
    assert CHROMIUM is not None, "NUTHATCH_REQUIRE_BROWSER=1 but there is no Chromium"
    html = render(shown or page()).replace("<head>", f"<head>{WATCH}", 1)
    (folder / "report.html").write_text(html, encoding="utf-8")
    (folder / "reader.html").write_text(
        reader.replace("WIDTH", str(width)).replace("UNTIL", UNTIL), encoding="utf-8"
    )
    command = [
        *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
        *("--allow-file-access-from-files", f"--user-data-dir={folder / 'profile'}"),
        f"--blink-settings=preferredColorScheme={0 if dark else 1}",
        *("--virtual-time-budget=20000", "--dump-dom", (folder / "reader.html").as_uri()),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    found = re.search(r'<pre id="seen">(.+?)</pre>', done.stdout, re.DOTALL)
    assert found, done.stdout[-2000:] + done.stderr[-2000:]
    seen: dict[str, Any] = json.loads(found[1])
    return seen


@pytest.mark.parametrize("width", [390, 1280])
def test_the_report_works_without_error_and_without_sideways_scrolling(
    tmp_path: Path, width: int
) -> None:
    seen = read_in_browser(tmp_path, width)
    assert (seen["errors"], seen["broken"]) == ([], None)
    assert seen["width"] == width
    assert seen["overflow"] <= 0
    assert width > 700 or seen["cut"] == []
    assert seen["first"] == ["+0.250", "−0.250", "+0.000", "–"]
    assert seen["failed"]
    assert seen["down"] == ["+0.250", "+0.000", "−0.250", "–"]
    assert seen["up"] == ["−0.250", "+0.000", "+0.250", "–"]
    assert seen["sort"] == "ascending"
    assert (seen["before"], seen["kept"], seen["matching"]) == (False, True, 1)
    assert seen["places"][0] == "tantivy 3 · rung 1: any word"
    assert seen["places"][4] == "only tantivy · rung 1: any word"
    assert seen["grades"][:3] == ["grade 2", "grade 0", "not judged"]
    assert seen["caption"]
    assert seen["height"] > 100
    assert (seen["lines"] > 0) is (width > 700)


def test_the_report_turns_dark_where_the_reader_prefers_that(tmp_path: Path) -> None:
    light = read_in_browser(tmp_path, 800)["background"]
    assert light == "rgb(252, 252, 251)"
    assert read_in_browser(tmp_path, 800, dark=True)["background"] == "rgb(21, 24, 27)"


def test_on_a_phone_nothing_is_cut_off_and_bars_have_room(tmp_path: Path) -> None:
    names = ("a baseline with quite a long name", "another_system_whose_name_does_not_break_" * 2)
    found = compare(
        {
            names[0]: Scripted(lambda query, limit: [("x", 0), ("b", 0)]),
            names[1]: Scripted(lambda query, limit: [("b", 0), ("x" * 90, 0)]),
            "third": Scripted(lambda query, limit: [("x", 0), ("b", 0), ("c", 0)]),
        },
        {f"q{n}": f"words {'many ' * (n % 4)}{n}" for n in range(40)},
        {f"q{n}": {"b": 1} for n in range(40)},
        slices=["length"],
        settings=Settings(min_effect=0.02),
        latency=Load(),
        limits=Limits(passes=1, warmup=0),
    )
    seen = read_in_browser(tmp_path, 390, shown=build_page(found), reader=CARDS)
    assert (seen["errors"], seen["cut"]) == ([], [])
    assert seen["outcomes"] == ["Better", "The same"]
    assert all(width > 250 for width in seen["bars"])
    assert seen["last"] == "Settings"


def test_of_many_queries_rows_are_drawn_when_they_are_wanted(tmp_path: Path) -> None:
    rows = tuple(
        QueryRow(
            f"query {at}",
            {"sqlite": 0.0, "tantivy": at / 5000},
            {"sqlite": (), "tantivy": (ListedDocument(uri="d", title=f"Film {at}"),)},
        )
        for at in range(5000)
    )
    seen = read_in_browser(
        tmp_path, 1280, shown=replace(page(), queries=rows, tables=()), reader=LARGE
    )
    assert seen["errors"] == []
    assert seen["rows"] == [100, 300, 5000]
    assert seen["first"] == "query 4999"
    assert seen["title"] == "Film 4999"
    assert seen["more"] == "Show more of 5,000 queries"
    assert seen["kept"]
