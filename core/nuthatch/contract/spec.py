"""A backend's spec and configuration: what is known before its driver is imported.

BackendSpec ── capabilities, config ──▶ BackendConfig ◄── LexicalConfig (with EntitySettings)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, ClassVar, Final, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic.dataclasses import dataclass as pydantic_dataclass

from nuthatch.contract.capability import Capabilities
from nuthatch.contract.hit import AuditMode
from nuthatch.contract.query import Policy, Relevance
from nuthatch.contract.redaction import HIDDEN, is_secret, is_server, name_option, redact_location
from nuthatch.contract.validation import explain
from nuthatch.errors import InvalidConfig

#: The name that stands for the reference's own arithmetic, in a URL too.
REFERENCE: Final = "reference"


@pydantic_dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class EntitySettings:
    """How entities match and score. Two engines with the same settings give the same scores.

    `beta` weighs coverage over specificity in a title's score, from which an edit takes
    `edit_cost`; a score below `threshold` is none. `title_cap` bounds the documents that have a
    title score, for each title search and for their best; `phrase_cap` the phrases that a
    substring stands for. Title tokens match with one edit from `one_edit` code points on, two from
    `two_edits`; the best `expansions` count. More edits than by default are not to be had, as
    engines index for these. Titles are not found by a token that more than `frequent` documents
    have, unless nothing else finds any.

    The rules: `transpositions` makes one edit of two neighbours that changed places, otherwise it
    is two. `edit_digits` edits tokens with digits too. `count_all` counts in *k* tokens that stand
    for nothing, and frequent ones wherever they match; otherwise both are left out. `repeats` asks
    of a word's second occurrence that the title repeats it too. `bound_matches` lets no more
    tokens match than the title has. `exact_titles` gives 1.0 to a title that is the query, nearly
    as much to one that is the query but for blanks, and puts the former first among equals.
    `joins` finds words that were typed as one, and one that was typed as two. `best_title` counts
    the best of several title searches as one part of the whole; otherwise each is a part, and
    they add up.

    `EntitySettings.reference()`, or the text `reference`, is the arithmetic of the reference.
    Raises `InvalidConfig`.
    """

    beta: float = Field(default=2.0, gt=0, le=1000)
    threshold: float = Field(default=0.15, ge=0, le=1)
    title_cap: int = Field(default=10_000, ge=1)
    phrase_cap: int = Field(default=500, ge=1)
    frequent: int = Field(default=10_000, ge=0, le=10_000)
    expansions: int = Field(default=50, ge=1)
    one_edit: int = Field(default=3, ge=3)
    two_edits: int = Field(default=6, ge=6)
    edit_cost: float = Field(default=1.0, ge=0, le=1)
    transpositions: bool = True
    edit_digits: bool = False
    count_all: bool = True
    repeats: bool = True
    bound_matches: bool = True
    exact_titles: bool = True
    joins: bool = True
    best_title: bool = True

    @classmethod
    def reference(cls, **changed: Any) -> Self:
        """Return the reference's own constants and rules, but for those that are given."""
        rules: dict[str, Any] = dict.fromkeys(
            (
                "transpositions",
                "count_all",
                "repeats",
                "bound_matches",
                "exact_titles",
                "joins",
                "best_title",
            ),
            False,
        )
        return cls(**rules | {"edit_cost": 0.0, "edit_digits": True} | changed)

    @model_validator(mode="wrap")
    @classmethod
    def _raise_typed(cls, values: Any, build: ModelWrapValidatorHandler[Self]) -> Self:
        if values == REFERENCE:
            return cls.reference()
        if isinstance(values, str):
            raise InvalidConfig(
                f"the EntitySettings {values!r} are not known; the text {REFERENCE!r} stands for "
                "the reference's arithmetic, anything else is given as EntitySettings(…)"
            )
        try:
            return build(values)
        except ValidationError as error:
            from nuthatch.contract.validation import explain  # which imports no entities

            problem = explain(error, [field.name for field in fields(cls)])
            raise InvalidConfig(f"the EntitySettings are not valid: {problem}") from error


#: The version of the contract that this core serves, apart from package versions. A backend of
#: another major version, or of a newer minor one, is refused when it is loaded.
CONTRACT: Final = (2, 0)

#: False: the index must exist. True: where there is none it is made with its first batch. "new": it
#: must not exist, and is made at once.
Create = Literal[False, True, "new"]


#: What the score of a text search is called where no parts of it are known.
ScoreName = Literal["bm25", "score"]


class BackendConfig(BaseModel):
    """The base of every backend's configuration: what a URL or keyword options may say.

    `location` is the part of the URL between the scheme and the question mark. Declare secrets
    as `pydantic.SecretStr`, so that no repr, log or error shows them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    location: str = ""

    #: The option values of a URL that mean "none", for options that may be None.
    _none: ClassVar[frozenset[str]] = frozenset({"none", "None"})

    @property
    def shown(self) -> str:
        """The location as messages may show it: without a password, or what may be one."""
        return redact_location(self.location)

    @cached_property
    def place(self) -> str:
        """What tells this index from others: `shown`, and the option `index` where there is one."""
        index = getattr(self, "index", None)
        return f"{self.shown}?index={index}" if index else self.shown

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            if name == "location":
                yield name, self.shown
            else:
                yield name, HIDDEN if name and is_secret(name) and value is not None else value

    @classmethod
    def from_url(cls, location: str, options: Mapping[str, Any]) -> Self:
        """Return the configuration for a location and options (texts, if from a URL).

        Raise `InvalidConfig` that names the option, never its value. Override it where the
        engine's own URLs hold more, such as a user and a host.
        """
        values = {
            name: None if isinstance(value, str) and value in cls._none else value
            for name, value in options.items()
        }
        earlier: dict[str, Any] = {}
        if not is_server(location):
            earlier = {"location": redact_location(location)}
        for name, value in values.items():
            if name not in cls.model_fields:
                known = ", ".join(sorted(cls.model_fields.keys() - {"location"}))
                named = name_option(name, earlier)
                raise InvalidConfig(f"{named} is not known here; options are: {known}")
            earlier[name] = value
        try:
            return cls(location=location, **values)
        except ValidationError as error:
            raise InvalidConfig(f"the options are not valid: {explain(error)}") from error


class LexicalConfig(BackendConfig):
    """The options that every `LexicalBackend` has.

    `policy` and `relevance` are used where a query names none; `budget` bounds what `auto` ranks,
    in postings (None: no bound); `timeout` is in seconds; `snippet` is the width of snippets in
    code points; `entities` are the constants of entity search. `export_only` opens an index
    whatever its analyzer: documents can be read, `search`, `add` and `delete` raise
    `BackendUnavailable`.
    """

    policy: Policy = "auto"
    relevance: Relevance = "bm25"
    budget: int | None = Field(default=2_000_000, ge=0)
    timeout: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    snippet: int = Field(default=240, ge=20, le=100_000)
    entities: EntitySettings = EntitySettings()
    export_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendSpec:
    """A description of a backend, in a module that imports no driver.

    `name` equals the entry point's name and the URL scheme. `contract` is the (major, minor)
    version it was written for. `backend` is `module:Class`, imported when an index is opened.
    `score` is "bm25" only if the scores of text searches are: a sum over the words, of inverse
    document frequency times a frequency that saturates and is normalized by length. Hits name
    their score so among `score_parts`. An engine behind a server may name in `server` the function,
    `module:function`, that starts one for a demo: given a folder, it returns a context manager
    that yields the URL of an index there, and stops the server in the end.
    """

    name: str
    summary: str
    contract: tuple[int, int]
    audit_mode: AuditMode
    capabilities: Capabilities
    config: type[BackendConfig]
    backend: str
    score: ScoreName = "score"
    server: str | None = None
