"""Profiles: the number of examples, and whether every run draws the same ones.

    default    derandomized, 50 examples a property: for every change
               25 where the indexes lie behind a server, for there each costs requests
    nightly    random, 500: `--seed` repeats the examples; interrupts come by the clock

On a shared machine the time of an example means nothing, so there are no deadlines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from random import SystemRandom
from typing import Any, Final, Protocol

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as with_seed
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test
from hypothesis.strategies import SearchStrategy

_EXAMPLES: Final = {"default": 50, "nightly": 500}
_SERVER_EXAMPLES: Final = {"default": 25, "nightly": 500}
_STEPS: Final = {"default": 20, "nightly": 60}
#: Interrupts of each call, for each example of a property.
_INTERRUPTS: Final = {"default": 1, "nightly": 2}
NAMES: Final = tuple(_EXAMPLES)


class ExampleRunner(Protocol):
    """What the examples of a property are run with: an `Engine`."""

    def run_examples(self, run: Callable[[], object]) -> None: ...
    def example(self, describe: Callable[[], str]) -> AbstractContextManager[None]: ...


@dataclass(frozen=True, slots=True)
class Profile:
    """The size of a run; without a `seed` it is the same run every time.

    `shrink` looks for the smallest example of a failure, which takes most of a failure's time.
    `server_examples` are those of an engine behind a server, `examples` unless it is given.
    """

    name: str
    examples: int
    seed: int | None
    shrink: bool = True
    server_examples: int | None = None

    @property
    def interrupts(self) -> int:
        """The number of interrupts of each kind of call."""
        return self.examples * _INTERRUPTS[self.name]

    @classmethod
    def choose(cls, name: str, examples: int | None = None, seed: int | None = None) -> Profile:
        """Return the profile of this name; a nightly one without a seed draws its seed."""
        if seed is None and name == "nightly":
            seed = SystemRandom().randrange(2**32)
        return cls(
            name,
            examples or _EXAMPLES[name],
            seed,
            server_examples=examples or _SERVER_EXAMPLES[name],
        )

    def for_server(self) -> Profile:
        """Return the profile for an engine whose indexes lie behind a server."""
        return replace(self, examples=self.server_examples or self.examples)

    def run(
        self,
        name: str,
        strategies: Mapping[str, SearchStrategy[Any]],
        body: Callable[..., None],
        engine: ExampleRunner,
    ) -> None:
        """Run the body with drawn values, each example on indexes that hold nothing yet."""

        def example(**drawn: Any) -> None:
            with engine.example(lambda: describe_example(name, drawn)):
                body(**drawn)

        example.__name__ = example.__qualname__ = name
        test = settings(self._settings(self.examples))(given(**strategies)(example))
        engine.run_examples(test if self.seed is None else with_seed(self.seed)(test))

    def run_machine(self, machine: type[RuleBasedStateMachine], engine: ExampleRunner) -> None:
        """Run a state machine."""
        if self.seed is not None:
            with_seed(self.seed)(machine)
        steps = _STEPS[self.name]
        chosen = self._settings(self.examples, stateful_step_count=steps)
        engine.run_examples(lambda: run_state_machine_as_test(machine, settings=chosen))

    def _settings(self, examples: int, **others: Any) -> settings:
        return settings(
            max_examples=examples,
            derandomize=self.seed is None,
            database=None,
            deadline=None,
            print_blob=False,
            report_multiple_bugs=False,
            phases=(Phase.generate, *((Phase.shrink,) if self.shrink else ())),
            suppress_health_check=list(HealthCheck),
            **others,
        )


def describe_example(name: str, drawn: Mapping[str, Any]) -> str:
    """Return the note that Hypothesis makes of an example that fails."""
    values = "".join(f"    {argument}={value!r},\n" for argument, value in drawn.items())
    return f"Failing test case: {name}(\n{values})"
