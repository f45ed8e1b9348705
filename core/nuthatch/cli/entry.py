"""The entry point of the `nuthatch` script: small, so that an interrupt finds it ready early."""

from __future__ import annotations

import gc
from typing import NoReturn

from nuthatch.cli.exits import exit_on_interrupt


def main() -> NoReturn:
    """Run the command line of this process."""
    exit_on_interrupt()
    # What is imported stays, some 50,000 objects: to look for garbage in it takes 20 ms.
    gc.set_threshold(200_000, 20, 20)
    try:
        from nuthatch.cli.main import main  # a tenth of a second

        main()
    finally:
        gc.freeze()  # a process that ends looks once more, unless nothing is left to look at
