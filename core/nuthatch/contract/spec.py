"""What an installed backend says about itself before its driver is imported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nuthatch.contract.audit import AuditMode
from nuthatch.contract.capability import Capabilities
from nuthatch.contract.entity_settings import EntitySettings
from nuthatch.contract.query import Policy
from nuthatch.contract.redaction import HIDDEN, is_secret, is_server, name_option, redact_location
from nuthatch.contract.validation import explain
from nuthatch.errors import InvalidConfig

#: The version of the contract that this core serves, apart from package versions. A backend of
#: another major version, or of a newer minor one, is refused when it is loaded.
CONTRACT: Final = (1, 1)

#: False: the index must exist. True: where there is none it is made with its first batch. "new": it
#: must not exist, and is made at once.
Create = Literal[False, True, "new"]


class BackendConfig(BaseModel):
    """Is the base of every backend's configuration: what a URL or keyword options may say.

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
    """Adds what every `LexicalBackend` can be told.

    `policy` is used where a query names none; `budget` bounds what `auto` ranks, in postings
    (None: no bound); `timeout` is in seconds; `snippet` is the width of snippets in code points;
    `entities` are the constants of entity search. `export_only` opens an index whatever its
    analyzer: documents can be read, `search`, `add`
    and `delete` raise `BackendUnavailable`.
    """

    policy: Policy = "auto"
    budget: int | None = Field(default=2_000_000, ge=0)
    timeout: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    snippet: int = Field(default=240, ge=20, le=100_000)
    entities: EntitySettings = EntitySettings()
    export_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendSpec:
    """Describes a backend; lives in a module that imports no driver.

    `name` equals the entry point's name and the URL scheme. `contract` is the (major, minor)
    version it was written for. `backend` is `module:Class`, imported when an index is opened.
    """

    name: str
    summary: str
    contract: tuple[int, int]
    audit_mode: AuditMode
    capabilities: Capabilities
    config: type[BackendConfig]
    backend: str
