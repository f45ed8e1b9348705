"""What the user types to run this program, for commands that are shown to be copied."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

NAME = "nuthatch"


def program() -> str:
    """Return `nuthatch` where the shell finds this very program by it, else the path it ran by.

    What was not started as a script of this name (a test, say) is called `nuthatch` too.
    """
    invoked = Path(sys.argv[0])
    if invoked.stem != NAME or not invoked.is_file():
        return NAME
    found = shutil.which(NAME)
    return NAME if found and invoked.samefile(found) else shlex.quote(str(invoked))
