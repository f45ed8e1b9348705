"""`vietnamese`: words with their tone marks, which tell them apart.

    "Hòa bình ở Đà Nẵng"  ->  hoà bình ở đà nẵng

A tone is written on either of two vowels (`hòa`, `hoà`): both are one word. Nothing is stemmed, and
no word is a stop word.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import product

from nuthatch.text.fold import Folding

_TONES = "\u0300\u0301\u0309\u0303\u0323"
_MOVED = {
    unicodedata.normalize("NFC", first + tone + second): unicodedata.normalize(
        "NFC", first + second + tone
    )
    for first, second, tone in product("ou", "aey", _TONES)
    if first + second in ("oa", "oe", "uy")
}
_EARLY = re.compile("|".join(_MOVED))


class VietnameseFolding(Folding):
    """Turns text into a line that keeps tone marks, each where dictionaries have it."""

    def __init__(self) -> None:
        super().__init__(keep_diacritics=True)

    def line(self, text: str) -> str:
        return _EARLY.sub(lambda early: _MOVED[early[0]], super().line(text))
