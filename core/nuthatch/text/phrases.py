"""Phrases: one spelling for the names of people, studios and characters.

    Spider-Man  ->  spider man        Amélie  POULAIN  ->  amelie poulain

Two spellings that normalize alike are one name.
"""

from __future__ import annotations

import re

from nuthatch.text.ascii import alphanumeric_line
from nuthatch.text.fold import FOLDING

_RUN = re.compile(r"[^\W_]\S*")


def normalize_phrase(text: str) -> str:
    """Return the folded letter-and-digit runs of a text, joined by single spaces.

    Run of Chinese or Thai stay whole. A text without letters and digits gives an empty string.
    """
    if text.isascii():
        return " ".join(alphanumeric_line(text).split())
    return " ".join(_RUN.findall(FOLDING.line(text)))
