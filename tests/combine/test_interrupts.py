"""A search that is interrupted anywhere between its threads holds nobody up afterwards."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from inspect import CO_GENERATOR
from types import FrameType

import pytest

import nuthatch
from nuthatch import Fuse, Interleave, LexicalBackend, Shadow
from nuthatch.combine.combination import Combination

SOON = 20.0  # seconds that a loaded machine may take
#: Where threads are started, handed their calls, and waited for.
HANDING_OVER = ("combine/", "threading.py", "queue.py", "concurrent/futures/")
KINDS: dict[str, Callable[[LexicalBackend, LexicalBackend], Combination]] = {
    "fuse": Fuse,
    "interleave": lambda one, other: Interleave(one, other, unit=lambda: "u7"),
    "shadow": lambda one, other: Shadow(one, other, lambda pair: None),
}


class Interrupted(BaseException):
    pass


def interrupt(call: Callable[[], object], moment: int) -> bool:
    """Raise at the moment of this number; return whether there was one.

    Python runs a signal handler where a function of its own begins, and where one in C has
    returned: there a profiler is called too, and its exception takes the same way.
    """
    left = moment

    def profile(frame: FrameType, event: str, argument: object) -> None:
        nonlocal left
        code = frame.f_code
        if code.co_flags & CO_GENERATOR:  # whose end Python would interrupt without a caller
            return
        if event in ("call", "c_return") and any(part in code.co_filename for part in HANDING_OVER):
            left -= 1
            if left < 0:
                sys.setprofile(None)
                raise Interrupted

    sys.setprofile(profile)
    try:
        call()
    except Interrupted:
        return True
    finally:
        sys.setprofile(None)
    return False


def interrupt_everywhere(combination: Combination, counts: list[int]) -> None:
    expected = list(combination.search("alpha", 5))
    while interrupt(lambda: combination.search("alpha", 5), len(counts)):
        assert list(combination.search("alpha", 5)) == expected
        counts.append(len(counts))
    combination.close()
    counts.append(-1)


@pytest.mark.parametrize("kind", KINDS)
def test_the_next_search_and_the_end_come(
    kind: str, one: LexicalBackend, other: LexicalBackend
) -> None:
    counts: list[int] = []
    combination = KINDS[kind](one, other)
    # In a thread, so that a search that hangs fails this test and not the run.
    search = threading.Thread(target=interrupt_everywhere, args=(combination, counts), daemon=True)
    search.start()
    search.join(SOON)
    assert not search.is_alive(), f"it hangs after an interrupt at moment {len(counts)}"
    assert counts[-1] == -1
    assert len(counts) > 20


def test_a_search_after_the_end_says_so(one: LexicalBackend, other: LexicalBackend) -> None:
    combination = Fuse(one, other)
    combination.search("alpha")
    combination.close()
    with pytest.raises(nuthatch.NuthatchError, match="closed"):
        combination.search("alpha")
