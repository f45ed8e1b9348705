"""Expectations: each says in words what was wrong, for readers who do not know the kit."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, TypeVar

from nuthatch import NuthatchError

E = TypeVar("E", bound=BaseException)
_WIDEST = 600


def holds(condition: object, what: str) -> None:
    """Fail with the message `what` unless the condition holds."""
    if not condition:
        raise AssertionError(what)


def equal(found: Any, expected: Any, what: str) -> None:
    """Fail unless both are equal; `what` names the thing that is compared."""
    if found != expected:
        raise AssertionError(f"{what}:\n  found     {show(found)}\n  expected  {show(expected)}")


def same_set(found: Collection[Any], expected: Collection[Any], what: str) -> None:
    """Fail unless both hold the same items, each once."""
    twice = sorted({item for item in found if list(found).count(item) > 1}, key=repr)
    holds(not twice, f"{what}: found more than once: {show(twice)}")
    missing = sorted(set(expected) - set(found), key=repr)
    surplus = sorted(set(found) - set(expected), key=repr)
    if missing or surplus:
        lines = [f"  missing   {show(missing)}"] if missing else []
        lines += [f"  too much  {show(surplus)}"] if surplus else []
        raise AssertionError("\n".join((f"{what}:", *lines)))


def raises(kind: type[E], call: Callable[[], object], what: str) -> E:
    """Return the error of exactly this type that the call raises, or fail."""
    try:
        answer = call()
    except kind as error:
        if type(error) is kind:
            return error
        raise AssertionError(
            f"{what}: raised {type(error).__name__} ({error}) where {kind.__name__} was due"
        ) from error
    except Exception as error:
        raise AssertionError(
            f"{what}: raised {type(error).__name__} ({error}) where {kind.__name__} was due"
        ) from error
    raise AssertionError(f"{what}: quietly returned {show(answer)} where {kind.__name__} was due")


def check_typed(error: BaseException, what: str) -> None:
    """Fail unless the error is nuthatch's own and the engine's, if there was one, is chained."""
    if not isinstance(error, NuthatchError):
        raise AssertionError(
            f"{what}: a raw {type(error).__name__} reached the caller ({error}); errors of the "
            "engine are to be raised as one of nuthatch's, `from` the original"
        ) from error
    if error.__context__ is not None and error.__cause__ is None:
        raise AssertionError(
            f"{what}: {type(error).__name__} hides its cause "
            f"({type(error.__context__).__name__}); raise it `from` the original"
        ) from error


def show(value: object) -> str:
    """Return a value as text that fits a screen."""
    text = repr(value)
    return text if len(text) <= _WIDEST else f"{text[:_WIDEST]}… ({len(text)} characters)"
