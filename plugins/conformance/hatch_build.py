"""Put the example backend into wheel and sdist, where `nuthatch new-backend` finds it.

in the repository    plugins/example_backend, beside this project
in an sdist          nuthatch_conformance/template, which a wheel takes with the package
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

TEMPLATE = "nuthatch_conformance/template"


class Template(BuildHookInterface[Any]):
    """A build hook that adds the example's files to the package."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the example before a build; an editable install reads it where it is."""
        example = Path(self.root).parent / "example_backend"
        shipped = Path(self.root, TEMPLATE).is_dir()
        if version == "editable" or shipped:
            return
        if not example.is_dir():
            raise FileNotFoundError(f"neither {TEMPLATE} nor {example} is there to be shipped")
        build_data["force_include"][str(example)] = TEMPLATE
