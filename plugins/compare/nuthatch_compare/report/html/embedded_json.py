"""The queries of a report as packed JSON, which the page's script shows on demand.

    index    {"systems", "judged", "size", "rows": [[text, values, states, shared], ...]}
    blocks   of `size` queries each: by query, by system, [[uri, title, grade, rung, pieces], ...]

Each is JSON, gzip, base64: 5,000 queries with twenty documents each are some megabytes instead
of fifty, and a browser unpacks only what is opened. Base64 has no character that HTML could take
for markup, and the script makes text nodes of what it unpacks, so nothing needs to be escaped.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from typing import Any, Final

from nuthatch_compare.comparison import ListedDocument
from nuthatch_compare.report.html.page import Page, QueryRow

#: Queries in a block: what is unpacked when one of them is opened.
_SIZE: Final = 50
#: NUL and lone surrogates cannot stand in HTML; bidirectional controls reorder what is around.
_REPLACED: Final = dict.fromkeys(
    [
        *(code for code in range(0x20) if code not in (9, 10, 13)),
        *range(0x7F, 0xA0),
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
        *range(0xD800, 0xE000),
    ],
    "\ufffd",
)


def clean_text(text: str) -> str:
    """Return a text without what a page cannot hold or would obey."""
    return text.translate(_REPLACED)


def embed_queries(page: Page) -> Iterator[str]:
    """Yield the packed index of a page's queries, then their packed blocks.

    Yield nothing if the page has no queries.
    """
    if not page.queries:
        return
    yield _pack(
        {
            "systems": [clean_text(name) for name in page.systems],
            "judged": page.judged,
            "size": _SIZE,
            "rows": [_row(row, page.systems) for row in page.queries],
        }
    )
    for begin in range(0, len(page.queries), _SIZE):
        block = page.queries[begin : begin + _SIZE]
        yield _pack([[_list(row.lists.get(name, ())) for name in page.systems] for row in block])


def _pack(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def _row(row: QueryRow, systems: tuple[str, ...]) -> list[Any]:
    return [
        clean_text(row.text),
        [row.values.get(name) for name in systems],
        [row.states.get(name, "") for name in systems],
        [row.shared.get(name) for name in systems],
    ]


def _list(documents: tuple[ListedDocument, ...]) -> list[Any]:
    return [
        [
            clean_text(document.uri),
            clean_text(document.title),
            document.grade,
            clean_text(document.rung),
            [[clean_text(text), marked] for text, marked in document.pieces],
        ]
        for document in documents
    ]
