"""What a validator refuses, in plain words: which name, what it must be, what was found.

Values are never shown, for they may be secrets; what kind of value was found is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

_KINDS: Final[tuple[tuple[type, str], ...]] = (
    (bool, "true or false"),
    (int, "an integer"),
    (float, "a number"),
    (str, "text"),
    (bytes, "bytes"),
    (Mapping, "an object"),
    (Sequence, "a list"),
)
_MISSING: Final = frozenset(
    (
        "missing",
        "missing_argument",
        "missing_keyword_only_argument",
        "missing_positional_only_argument",
    )
)
_UNKNOWN: Final = frozenset(("extra_forbidden", "unexpected_keyword_argument"))
#: What must be where a value is of another kind.
_EXPECTED: Final[Mapping[str, str]] = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "an integer",
    "int_from_float": "an integer",
    "float_type": "a number",
    "tuple_type": "a list",
    "list_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "iterable_type": "a list",
    "dict_type": "an object of names and values",
    "mapping_type": "an object of names and values",
    "model_type": "an object of names and values",
    "model_attributes_type": "an object of names and values",
    "dataclass_type": "an object of names and values",
}
#: What must be where a text does not say it.
_PARSED: Final[Mapping[str, str]] = {
    "bool_parsing": "true or false",
    "int_parsing": "an integer",
    "int_parsing_size": "an integer within int64",
    "float_parsing": "a number",
    "finite_number": "a finite number",
}
_BOUNDS: Final[Mapping[str, tuple[str, str]]] = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}
_LENGTHS: Final = frozenset(("string_too_short", "string_too_long", "too_short", "too_long"))


def explain(error: ValidationError, known: Iterable[str] = ()) -> str:
    """Return in one line what is wrong. `known` are the names that could have been meant."""
    names = list(known)
    return "; ".join(_sentence(problem, names) for problem in error.errors(include_url=False))


def _sentence(problem: Any, known: Sequence[str]) -> str:
    kind, context = problem["type"], problem.get("ctx", {})
    place = [str(part + 1) if isinstance(part, int) else part for part in problem["loc"]]
    if kind in _UNKNOWN:
        return f"{_prefix(place[:-1])}{place[-1]!r} is not known here{_near(place[-1], known)}"
    if kind in _MISSING:
        return f"{_prefix(place[:-1])}{place[-1]!r} is missing"
    return f"{_prefix(place)}{_demand(kind, context, problem)}"


def _prefix(place: Sequence[str]) -> str:
    return f"{' '.join(place)}: " if place else ""


def _near(name: str, known: Sequence[str]) -> str:
    from difflib import get_close_matches  # only on the way to an error

    near = get_close_matches(name, known, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; known are {', '.join(known)}" if known else ""


def _demand(kind: str, context: Mapping[str, Any], problem: Any) -> str:
    """Return what a value must be."""
    if kind in _EXPECTED:
        return f"it must be {_EXPECTED[kind]}; found {_kind(problem['input'])}"
    if kind in _PARSED:
        return f"it must be {_PARSED[kind]}"
    if kind in _BOUNDS:
        bound, words = _BOUNDS[kind]
        return f"it must be {words} {context[bound]}"
    if kind in _LENGTHS:
        return _length(context)
    match kind:
        case "literal_error" | "enum":
            return f"it must be {context['expected']}"
        case "union_tag_invalid":
            tags = context["expected_tags"]
            return f"the {_bare(context)} {context['tag']!r} is not known; use one of {tags}"
        case "union_tag_not_found":
            return f"{_bare(context)!r} is missing"
        case "json_invalid":
            return f"it is not JSON: {context['error']}"
        case "value_error" | "assertion_error":
            return str(context["error"])
    return f"its value is not allowed ({kind.replace('_', ' ')})"


def _bare(context: Mapping[str, Any]) -> str:
    return str(context["discriminator"]).strip("'")


def _length(context: Mapping[str, Any]) -> str:
    if context.get("min_length") == 1:
        return "it must not be empty"
    least, most = context.get("min_length"), context.get("max_length")
    return f"it must be {f'at least {least}' if most is None else f'at most {most}'} long"


def _kind(value: object) -> str:
    return (
        "nothing"
        if value is None
        else next((name for kind, name in _KINDS if isinstance(value, kind)), type(value).__name__)
    )
