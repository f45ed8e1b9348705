"""A measure of relevance: its name, its parameters, its definition in words.

nDCG@10  AP  AP@100  RR@10  P@5  P(rel=2)@5  R@100  Success@1  Judged@10  Bpref  RBP(p=0.8)@20
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Literal, Self

from nuthatch import InvalidConfig


@dataclass(frozen=True, slots=True)
class Kind:
    """The definition of a kind of measure, and the parameters that it takes.

    In `text`, {k} stands for "the first 10 ranks" and {r} for what counts as relevant.
    """

    text: str
    source: str
    cut: Literal["needed", "optional", "none"] = "optional"
    rel: bool = True
    persistence: float | None = None


KINDS: Final = {
    "nDCG": Kind(
        "Σ grade / log2(rank + 1) over {k}, divided by the same sum of the best possible order of "
        "all judged documents; the gain is the grade itself, below 0 counts as 0",
        "Järvelin and Kekäläinen, TOIS 2002; trec_eval's ndcg_cut",
        rel=False,
    ),
    "AP": Kind(
        "the sum of the precisions at the ranks of relevant documents within {k}, divided by the "
        "number of all relevant documents; {r}",
        "trec_eval's map",
    ),
    "RR": Kind(
        "1 / rank of the first relevant document within {k}, 0 without one; {r}",
        "Voorhees, TREC-8 1999; trec_eval's recip_rank",
    ),
    "P": Kind(
        "the relevant documents within {k}, divided by the cut-off, also where fewer documents "
        "were found; {r}",
        "trec_eval's P",
        cut="needed",
    ),
    "R": Kind(
        "the relevant documents within {k}, divided by the number of all relevant documents; {r}",
        "trec_eval's recall",
        cut="needed",
    ),
    "Success": Kind(
        "1 where a relevant document is within {k}, else 0; {r}",
        "trec_eval's success",
        cut="needed",
    ),
    "Judged": Kind(
        "the judged documents within {k}, divided by the number of documents there; over the "
        "queries that were answered; tells how much of a list the judgments know, not how good "
        "it is",
        "ir-measures",
        rel=False,
    ),
    "Bpref": Kind(
        "the mean over relevant documents of 1 − min(n, R) / min(N, R), where n judged and not "
        "relevant documents are ranked above it, R are relevant and N are judged and not; one "
        "not found counts 0; unjudged documents are passed over; {r}",
        "Buckley and Voorhees, SIGIR 2004; trec_eval's bpref",
        cut="none",
    ),
    "RBP": Kind(
        "(1 − p) Σ p^(rank − 1) over the ranks of relevant documents within {k}; {r}",
        "Moffat and Zobel, TOIS 2008",
        persistence=0.8,
    ),
}
#: The measures that a comparison computes by default.
DEFAULT_MEASURES: Final = ("nDCG@10", "AP", "RR@10", "R@100", "Judged@10")
_ALIASES: Final = {"map": "AP", "mrr": "RR", "recall": "R", "precision": "P"}
_NAMES: Final = {kind.casefold(): kind for kind in KINDS} | _ALIASES
_SHAPE: Final = re.compile(r"(?P<kind>[A-Za-z]+)(?:\((?P<options>[^()]*)\))?(?:@(?P<cut>\d{1,6}))?")


@dataclass(frozen=True, slots=True)
class Measure:
    """A kind of measure with its parameters; `str` gives its name, `Measure.parse` reads it.

    `cut` is None where the whole list counts. A document of grade `rel` or more is relevant. `p`
    is the persistence of RBP, None for the others.
    """

    kind: str
    cut: int | None = None
    rel: int = 1
    p: float | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the measure of a name. Raise `InvalidConfig` with names that are known."""
        match = _SHAPE.fullmatch(text.strip())
        if match is None:
            raise InvalidConfig(f"{text!r} names no measure; write nDCG@10 or P(rel=2)@5, say")
        kind = _NAMES.get(match["kind"].casefold())
        if kind is None:
            near = get_close_matches(match["kind"].casefold(), _NAMES, 3)
            known = dict.fromkeys(_NAMES[name] for name in near) or KINDS
            raise InvalidConfig(f"the measure {text!r} is not known; there is {', '.join(known)}")
        cut = None if match["cut"] is None else int(match["cut"])
        if cut == 0 or (cut is None and KINDS[kind].cut == "needed"):
            raise InvalidConfig(f"{text!r} needs a cut-off of 1 or more, such as {kind}@10")
        if cut is not None and KINDS[kind].cut == "none":
            raise InvalidConfig(f"{kind} is of the whole list; write {kind}, not {text!r}")
        rel, p = _parameters(kind, text, match["options"] or "")
        return cls(kind, cut, rel, p)

    def __str__(self) -> str:
        given = [f"rel={self.rel}"] if self.rel != 1 else []
        given += [] if self.p is None else [f"p={self.p:g}"]
        options = f"({', '.join(given)})" if given else ""
        return f"{self.kind}{options}" + ("" if self.cut is None else f"@{self.cut}")

    @property
    def is_quality(self) -> bool:
        """Whether a higher value is better for a user; Judged@k only describes the judgments."""
        return self.kind != "Judged"

    @property
    def definition(self) -> str:
        """The formula in words, with its source."""
        kind = KINDS[self.kind]
        ranks = "the whole list" if self.cut is None else f"the first {self.cut} ranks"
        relevant = f"relevant is grade {self.rel} or more"
        formula = kind.text.format(k=ranks, r=relevant)
        return f"{formula}{'' if self.p is None else f'; p = {self.p:g}'} ({kind.source})"


def _parameters(kind: str, text: str, options: str) -> tuple[int, float | None]:
    allowed = KINDS[kind]
    rel, p = 1, allowed.persistence
    for option in filter(None, (part.strip() for part in options.split(","))):
        name, _, value = option.partition("=")
        try:
            if name == "rel" and allowed.rel and int(value) >= 1:
                rel = int(value)
                continue
            if name == "p" and p is not None and 0 < float(value) < 1:
                p = float(value)
                continue
        except ValueError:
            pass  # the message below covers it
        takes = ["rel=2 (a whole number of 1 or more)"] if allowed.rel else []
        takes += ["p=0.8 (between 0 and 1)"] if p is not None else []
        raise InvalidConfig(
            f"{option!r} in {text!r} is no parameter of {kind}; "
            f"it takes {' and '.join(takes) or 'none'}"
        )
    return rel, p
