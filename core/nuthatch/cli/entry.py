"""The entry point of the `nuthatch` script: small, so that an interrupt finds it ready early."""

from __future__ import annotations

import gc
from typing import NoReturn

from nuthatch.cli.exits import exit_on_interrupt


def main() -> NoReturn:
    """Run the command line of this process."""
    exit_on_interrupt()
    # What is imported stays: looking for garbage in it takes a twentieth of a start.
    gc.set_threshold(50_000, 20, 20)
    from nuthatch.cli.main import main  # a tenth of a second

    main()
