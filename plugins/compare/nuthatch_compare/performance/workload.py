"""The load: how many requests at once, in which order, and when each is due.

closed:N    N clients, each asks again when it has its answer. Measures *service time*: how long
            an answer takes once it is requested. A stall also holds back the requests, so a
            closed loop cannot show how long users would have waited who keep coming.
open:R/s    R requests a second on average, at times drawn beforehand (Poisson). Measures
            *response time*, from when a request was due until its answer: a stall adds to
            the time of all requests that were due during it.

Within a pass every query is a block, in which every system answers once, in random order, so that
whatever the machine does meanwhile meets all systems alike.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Literal, Self

from nuthatch import InvalidConfig

#: More threads than this measure Python's switching between them.
MOST_CLIENTS = 64


@dataclass(frozen=True, slots=True)
class Load:
    """A closed loop of `clients`, or an open one of `rate` requests a second."""

    kind: Literal["closed", "open"] = "closed"
    clients: int = 1
    rate: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the load of `closed:N` or `open:R/s`. Raise `InvalidConfig`."""
        kind, _, amount = text.partition(":")
        try:
            if kind == "closed" and 1 <= int(amount) <= MOST_CLIENTS:
                return cls("closed", clients=int(amount))
            if kind == "open" and amount.endswith("/s"):
                rate = float(amount.removesuffix("/s"))
                if rate > 0 and math.isfinite(rate):
                    return cls("open", clients=MOST_CLIENTS, rate=rate)
        except ValueError:
            pass  # the message below covers it
        raise InvalidConfig(
            f"the load {text!r} is not known; use closed:N with 1 to {MOST_CLIENTS} clients, "
            "such as closed:4, or open:R/s with R requests a second, such as open:50/s"
        )

    def __str__(self) -> str:
        return f"closed:{self.clients}" if self.kind == "closed" else f"open:{self.rate:g}/s"

    @property
    def measures(self) -> str:
        """The name of the time that this load measures."""
        return "service time" if self.kind == "closed" else "response time"


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a run: `passes` over the queries, requests in all, seconds.

    A pass that does not fit any more is left out whole, so that every query counts alike.
    `warmup` is the most passes that are made beforehand; with 0 the caches are as they were.
    """

    passes: int = 5
    requests: int = 200_000
    seconds: float = 60.0
    warmup: int = 10

    def __post_init__(self) -> None:
        if self.passes < 1 or self.requests < 1 or self.seconds <= 0 or self.warmup < 0:
            raise InvalidConfig(
                f"passes, requests and seconds must be above 0; found {self.passes}, "
                f"{self.requests} and {self.seconds}"
            )


def shuffle_blocks(queries: int, systems: int, random: Random) -> Iterator[tuple[int, int]]:
    """Yield (query, system) of one pass: the queries in order, the systems of each shuffled."""
    order = list(range(systems))
    for query in range(queries):
        random.shuffle(order)
        for system in order:
            yield query, system


def draw_arrivals(requests: int, rate: float, random: Random) -> Sequence[float]:
    """Return when each request is due, in seconds: the arrivals of a Poisson process."""
    return list(accumulate(random.expovariate(rate) for _ in range(requests)))
