"""Put the example backends into wheel and sdist, where `nuthatch new-backend` finds them.

in the repository    plugins/example_backend and plugins/example_server, beside this project
in an sdist          nuthatch_conformance/template, which a wheel takes with the package
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

TEMPLATE = "nuthatch_conformance/template"
EXAMPLES = {"embedded": "example_backend", "server": "example_server"}


class Template(BuildHookInterface[Any]):
    """A build hook that adds the examples' files to the package."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the examples before a build; an editable install reads them where they are."""
        shipped = Path(self.root, TEMPLATE).is_dir()
        if version == "editable" or shipped:
            return
        for kind, name in EXAMPLES.items():
            example = Path(self.root).parent / name
            if not example.is_dir():
                raise FileNotFoundError(f"neither {TEMPLATE} nor {example} is there to be shipped")
            build_data["force_include"][str(example)] = f"{TEMPLATE}/{kind}"
