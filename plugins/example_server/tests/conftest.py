"""The server that the tests talk to. Start your own here, and delete the stand-in."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

STAND_IN = Path(__file__).with_name("stand_in_server.py")


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Start the stand-in; yield the URL of a new index on it."""
    command = [sys.executable, str(STAND_IN), "0"]  # any free port
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()
