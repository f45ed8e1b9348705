"""The entry point of the `nuthatch` script: small, so that an interrupt finds it ready early."""

from __future__ import annotations

from typing import NoReturn

from nuthatch.cli.exits import exit_on_interrupt


def main() -> NoReturn:
    """Run the command line of this process."""
    exit_on_interrupt()
    from nuthatch.cli.main import main  # a tenth of a second

    main()
