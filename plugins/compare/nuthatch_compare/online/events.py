"""Events of an online test: the unit that searched, the engines that answered, the clicks.

    {"unit": "session 17", "query": "thief", "teams": ["old", "new", "old"], "clicks": [2]}
    {"unit": "user 4", "query": "shark", "served": "new", "clicks": []}

One JSON object a line and search. `teams` is of `Interleave`: the engine that each hit is credited
to, `hit.origin.backend`, in order of rank. `served` is of `Split`: the engine that answered, also
where it found nothing. `clicks` are the ranks clicked, from 1; a rank clicked twice counts once.
Other keys are ignored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, cast

from nuthatch import InvalidConfig
from nuthatch_compare.inputs.lines import Line, parse_json_object, read_lines

Kind = Literal["interleave", "split"]
_EXAMPLE: Final = '{"unit": "u1", "query": "thief", "served": "new", "clicks": [2]}'


@dataclass(frozen=True, slots=True)
class Event:
    """One search: `teams` by rank where it was interleaved, `served` where it was split."""

    unit: str
    query: str
    clicks: tuple[int, ...]
    teams: tuple[str, ...] | None = None
    served: str | None = None

    @property
    def kind(self) -> Kind:
        """The kind of the test."""
        return "split" if self.teams is None else "interleave"


def read_events(path: str) -> list[Event]:
    """Return the events of a file, plain or gzip; `-` is standard input.

    Raise `InvalidConfig` that names the line: no unit, neither teams nor served or both, a click
    on a rank that was not shown, two kinds of tests in one file, a file without events.
    """
    events: list[Event] = []
    for line in read_lines(path, "file of events"):
        event = _parse_event(line)
        if events and event.kind != events[0].kind:
            raise InvalidConfig(
                f"{line.where}: an event of {event.kind} after events of {events[0].kind}; "
                "analyse one test at a time"
            )
        events.append(event)
    if not events:
        raise InvalidConfig(f"{path} holds no events; it is empty")
    return events


def _parse_event(line: Line) -> Event:
    row = parse_json_object(line, _EXAMPLE)
    unit, query = row.get("unit"), row.get("query", "")
    if not isinstance(unit, str) or not unit or not isinstance(query, str):
        raise InvalidConfig(
            f"{line.where}: unit and query must be texts; found {unit!r} and {query!r}"
        )
    teams, served = row.get("teams"), row.get("served")
    if (teams is None) == (served is None):
        raise InvalidConfig(
            f"{line.where}: an event has either teams (interleaved) or served (split); {_EXAMPLE}"
        )
    clicks = _parse_ranks(line, row.get("clicks", []))
    if served is not None:
        if not isinstance(served, str) or not served:
            raise InvalidConfig(f"{line.where}: served must name an engine; found {served!r}")
        return Event(unit, query, clicks, served=served)
    if not isinstance(teams, list) or not all(isinstance(team, str) for team in teams):
        raise InvalidConfig(f"{line.where}: teams must be a list of engines; found {teams!r}")
    if clicks and clicks[-1] > len(teams):
        raise InvalidConfig(
            f"{line.where}: a click on rank {clicks[-1]} of {len(teams)} hits; ranks begin at 1"
        )
    return Event(unit, query, clicks, teams=tuple(teams))


def _parse_ranks(line: Line, value: object) -> tuple[int, ...]:
    ranks = cast(Sequence[object], value) if isinstance(value, list) else None
    if ranks is None or not all(type(rank) is int and rank >= 1 for rank in ranks):
        raise InvalidConfig(
            f"{line.where}: clicks must be a list of ranks from 1 on; found {value!r}"
        )
    return tuple(sorted(set(cast(Sequence[int], ranks))))
