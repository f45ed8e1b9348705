"""The filter language: what a command line, a URL and a configuration say filters in.

    year>=1990 and not (genres=Horror or genres="Film noir") and exists(price)

    filter     part, joined by `and` and `or`; `and` binds closer
    part       condition · `not` part · ( filter ) · all(filter, …) · any(filter, …)
    condition  FIELD = VALUE · != · > · >= · < · <= · LOW <= FIELD < HIGH
               FIELD in (VALUE, …) · FIELD not in (VALUE, …) · exists(FIELD)
               FIELD starts with TEXT · FIELD mentions PHRASE · FIELD mentions (PHRASE, …)

The schema gives each value its type. `str` of a filter is its text in this language, and reading
that gives the filter back; dates and instants come back as the texts that stand for them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NoReturn, TypeVar

from nuthatch.contract.filter_tokens import Token, invalid, quote, tokenize
from nuthatch.contract.filter_validation import check_leaf
from nuthatch.contract.filters import (
    MAX_DEPTH,
    All,
    Any,
    AnyOf,
    Bound,
    Exists,
    Filter,
    Leaf,
    Mentions,
    Not,
    Range,
    StartsWith,
)
from nuthatch.contract.schema import AnyField, PhraseField, Schema
from nuthatch.errors import InvalidFilter, InvalidQuery
from nuthatch.text.pattern import lazy_pattern

_BOUNDS: Final = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}
_COMPARISONS: Final = frozenset(("=", "!=", *_BOUNDS))
_INTEGER: Final = lazy_pattern(r"[+-]?[0-9]+")
_NUMBER: Final = lazy_pattern(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_CONDITION: Final = (
    'a condition is due here, such as year>=1990, genres="Film noir" or exists(price)'
)
_OPERATOR: Final = (
    "after the field there is due =, !=, >, >=, <, <=, in (…), starts with, or mentions"
)
_Item = TypeVar("_Item")


def parse_filter(text: str, schema: Schema) -> Filter:
    """Return the filter that a text in the filter language stands for.

    Raise `InvalidFilter`, which points at the place, for a text that cannot be read, a field that
    the schema does not declare, and a value that does not fit its field.
    """
    if not isinstance(text, str):
        raise InvalidQuery(f"a filter in the filter language is a text; found {text!r}")
    try:
        return _Parser(text, schema).parse()
    except InvalidFilter:
        raise
    except InvalidQuery as error:  # conditions nest too deep
        raise invalid(text, 0, len(text), str(error)) from error


class _Parser:
    """A parser by recursive descent, of two calls a level."""

    def __init__(self, text: str, schema: Schema) -> None:
        self._text = text
        self._schema = schema
        self._tokens = tokenize(text)
        self._at = 0
        self._depth = 0

    def parse(self) -> Filter:
        condition = self._read_filter()
        if self._next.kind != "end":
            self._refuse_rest()
        return condition

    # Parts and what joins them

    def _read_filter(self) -> Filter:
        either = [[self._read_part()]]
        while self._next.lower in ("and", "or"):
            if self._take().lower == "or":
                either.append([])
            either[-1].append(self._read_part())
        parts = [parts[0] if len(parts) == 1 else All(*parts) for parts in either]
        return parts[0] if len(parts) == 1 else Any(*parts)

    def _read_part(self) -> Filter:
        negations = 0
        while self._next.lower == "not":
            self._take()
            negations += 1
        name = self._next
        if name.sign == "(":
            condition = self._nest(self._read_group)
        elif self._is_call("all", "any"):
            self._take()
            parts = self._nest(lambda: self._read_list(self._read_filter, may_be_empty=True))
            condition = All(*parts) if name.lower == "all" else Any(*parts)
        else:
            condition = self._read_condition()
        for _ in range(negations):
            condition = Not(condition)
        return condition

    def _nest(self, read: Callable[[], _Item]) -> _Item:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._refuse(f"parentheses nest at most {MAX_DEPTH} deep", self._next)
        item = read()
        self._depth -= 1
        return item

    def _read_group(self) -> Filter:
        self._take()
        condition = self._read_filter()
        self._expect(")", "the parenthesis is not closed: and, or, or ) is due here")
        return condition

    def _read_list(self, read: Callable[[], _Item], *, may_be_empty: bool = False) -> list[_Item]:
        """Return what stands between parentheses and commas."""
        self._expect("(", "a list in parentheses is due here, such as (Horror, War)")
        items: list[_Item] = []
        if not (may_be_empty and self._next.sign == ")"):
            items.append(read())
            while self._next.sign == ",":
                self._take()
                items.append(read())
        self._expect(")", "the list is not closed: a comma or ) is due here")
        return items

    # Conditions on one field

    def _read_condition(self) -> Filter:
        if self._is_call("exists"):
            self._take()
            self._take()
            field = self._get_field(self._read_operand("the name of a field is due here"))
            self._expect(")", "exists is not closed: ) is due here")
            return Exists(field.name)
        name = self._read_operand(_CONDITION)
        operator = self._take()
        match operator.lower, self._next.lower:
            case "in", _:
                return self._read_choice(name, operator)
            case "not", "in":
                return Not(self._read_choice(name, self._take()))
            case "starts", "with":
                self._take()
                return self._read_beginning(name)
            case "mentions", _:
                return self._read_mentions(name, operator)
        if operator.sign not in _COMPARISONS:
            self._get_field(name)
            self._refuse(_OPERATOR, operator)
        return self._read_comparison(name, operator)

    def _read_comparison(self, first: Token, operator: Token) -> Filter:
        """Return what follows `FIELD =`, or `LOW <`."""
        second = self._read_operand(_describe_value(operator))
        if self._next.sign in _COMPARISONS:
            return self._read_span(first, operator, second)
        field = self._get_field(first)
        self._refuse_phrases(field, operator)
        value = self._get_value(field, second)
        if operator.sign in _BOUNDS:
            bound = Range(field.name, **{_BOUNDS[operator.sign]: value})
            return self._check(field, bound, second)
        choice = self._check(field, AnyOf(field.name, (value,)), second)
        return choice if operator.sign == "=" else Not(choice)

    def _read_span(self, low: Token, first: Token, name: Token) -> Filter:
        """Return a range with both of its bounds."""
        second = self._take()
        if not (first.sign in ("<", "<=") and second.sign in ("<", "<=")):
            self._refuse("between two bounds write LOW<=FIELD<HIGH, each with < or <=", second)
        high = self._read_operand(_describe_value(second))
        field = self._get_field(name)
        self._refuse_phrases(field, first)
        lower, upper = self._get_value(field, low), self._get_value(field, high)
        begin = "gt" if first.sign == "<" else "gte"
        end = _BOUNDS[second.sign]
        self._check(field, Range(field.name, **{begin: lower}), low)
        self._check(field, Range(field.name, **{end: upper}), high)
        return Range(field.name, **{begin: lower, end: upper})

    def _read_choice(self, name: Token, operator: Token) -> Filter:
        field = self._get_field(name)
        self._refuse_phrases(field, operator)

        def read_value() -> Bound:
            token = self._read_operand(_describe_value(operator))
            value = self._get_value(field, token)
            self._check(field, AnyOf(field.name, (value,)), token)
            return value

        return AnyOf(field.name, self._read_list(read_value))

    def _read_beginning(self, name: Token) -> Filter:
        field = self._get_field(name)
        token = self._read_operand("the text that a keyword starts with is due here")
        return self._check(field, StartsWith(field.name, token.text), name, token)

    def _read_mentions(self, name: Token, operator: Token) -> Filter:
        field = self._get_field(name)
        if not isinstance(field, PhraseField):
            self._refuse(
                f"only phrase fields mention phrases, and {field.name!r} is declared as "
                f"{field.type}; write {quote(field.name)}=VALUE",
                operator,
            )

        def read_phrase() -> str:
            token = self._read_operand('a phrase is due here, such as "al pacino"')
            self._check(field, Mentions(field.name, (token.text,)), token)
            return token.text

        phrases = self._read_list(read_phrase) if self._next.sign == "(" else [read_phrase()]
        return Mentions(field.name, phrases)

    # Fields and values

    def _get_field(self, token: Token) -> AnyField:
        field = self._schema.field(token.text)
        if field is None:
            from difflib import get_close_matches  # only on the way to an error

            names = [declared.name for declared in self._schema.fields]
            near = get_close_matches(token.text, names, n=1)
            hint = f"did you mean {near[0]!r}? declared" if near else "declared"
            known = ", ".join(names) or "none"
            self._refuse(f"the schema declares no field {token.text!r}; {hint}: {known}", token)
        return field

    def _get_value(self, field: AnyField, token: Token) -> Bound:
        """Return what a token stands for in a field, as filters are given it."""
        text = token.text
        match field.type:
            case "integer" | "number":
                if _NUMBER.fullmatch(text):
                    try:
                        return int(text) if _INTEGER.fullmatch(text) else float(text)
                    except ValueError:  # Python reads integers of up to 4,300 digits
                        self._refuse("no number has so many digits", token)
                self._refuse(f"{text!r} is no number, and {field.name!r} holds numbers", token)
            case "boolean":
                if text not in ("true", "false"):
                    self._refuse(f"{field.name!r} is true or false; found {text!r}", token)
                return text == "true"
        return text

    def _refuse_phrases(self, field: AnyField, operator: Token) -> None:
        if isinstance(field, PhraseField):
            self._refuse(
                f"{field.name!r} is a phrase field; write {quote(field.name)} mentions "
                '"a phrase", or mentions ("this", "that")',
                operator,
            )

    def _check(self, field: AnyField, condition: Leaf, token: Token, *more: Token) -> Leaf:
        """Return a condition that is valid; these tokens are at fault where it is not."""
        try:
            check_leaf(field, condition)
        except (ValueError, OverflowError) as error:
            end = (token, *more)[-1].end
            problem = f"{field.name!r}: {error}"
            raise invalid(self._text, token.start, end, problem) from error
        return condition

    # Tokens

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _is_call(self, *names: str) -> bool:
        """Return whether one of these names comes next, with a parenthesis behind it."""
        return self._next.lower in names and self._tokens[self._at + 1].sign == "("

    def _read_operand(self, due: str) -> Token:
        if not self._next.is_operand:
            self._refuse(due, self._next)
        return self._take()

    def _expect(self, sign: str, due: str) -> None:
        if self._next.sign != sign:
            self._refuse(due, self._next)
        self._take()

    def _refuse_rest(self) -> NoReturn:
        token, before = self._next, self._tokens[self._at - 1]
        problem = "and, or, or the end is due here"
        is_followed = self._tokens[min(self._at + 1, len(self._tokens) - 1)].sign
        if token.is_operand and before.is_operand and not is_followed:
            problem += f"; a text with blanks stands in quotes: {quote(before.text + ' …')}"
        self._refuse(problem, token)

    def _refuse(self, problem: str, token: Token) -> NoReturn:
        found = ""
        if token.lower and not token.is_operand:
            found = f"; found {token.text!r}, which is a text only in quotes"
        elif token.kind == "end":
            found = "; the text ends"
        elif token.sign in ("=", ">") and self._tokens[self._at - 1].sign == "=":
            found = "; equal is =, at least is >=, at most is <="
        raise invalid(self._text, token.start, token.end, problem + found)


def _describe_value(operator: Token) -> str:
    """Say that a value is due behind an operator."""
    return f"a value is due after {operator.text!r}"
