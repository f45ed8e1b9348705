"""HTML of titles and snippets, safe by construction.

Text is escaped piece by piece, between the marks, so no mark ever stands within an entity; nothing
of the text is ever a tag.
"""

from __future__ import annotations

import re
from typing import Final

from nuthatch.errors import InvalidQuery

#: Elements that stand within a line and show what is in them. Names of one's own have a hyphen.
_INLINE: Final = frozenset({"mark", "b", "strong", "i", "em", "u", "span"})
_OWN: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+")
#: HTML and its SVG and MathML keep these names for themselves.
_KEPT: Final = frozenset(
    {
        "annotation-xml",
        "color-profile",
        "font-face",
        "font-face-format",
        "font-face-name",
        "font-face-src",
        "font-face-uri",
        "missing-glyph",
    }
)
_ESCAPES: Final = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"}
)


class SafeHTML(str):
    """A text that is HTML already, as templates of Jinja, Django and others know it.

    They show it as it is, without a `safe` filter. What is added to it is a plain `str` again,
    which they escape.
    """

    __slots__ = ()

    def __html__(self) -> str:
        """Return the text: how templates find out that it is HTML."""
        return str(self)


def escape_html(text: str) -> str:
    """Return the HTML of a text, for the content of an element or a quoted attribute."""
    return text.translate(_ESCAPES)


def mark_tags(tag: str) -> tuple[str, str]:
    """Return the tags that mark a word. Raise `InvalidQuery` for a tag that is not for that."""
    is_own = isinstance(tag, str) and _OWN.fullmatch(tag) and tag not in _KEPT
    if not (is_own or tag in _INLINE):
        raise InvalidQuery(
            f"a word cannot be marked by the tag {tag!r}; use one of {', '.join(sorted(_INLINE))}, "
            "or a custom element such as search-hit"
        )
    return f"<{tag}>", f"</{tag}>"
